//! Character references that XML 1.0 forbids and WinRM writes anyway.
//!
//! A name may contain a control character, and Windows sends it as a reference (`&#x1B;`). XML 1.0 allows none of them, so
//! a strict parser would refuse the whole message because of one name in one row.

use std::borrow::Cow;

/// What stands in the place of a character that XML cannot carry. It is never longer than the reference was.
const REPLACEMENT: &str = "\u{fffd}";

/// Replaces every reference to a character that XML 1.0 forbids with U+FFFD, and leaves everything else as it is: text in
/// CDATA sections, comments and processing instructions that only looks like a reference, and incomplete references. Any
/// other error in the text is left for its parser to find.
pub fn readable(text: &str) -> Cow<'_, str> {
    if !text.contains("&#") {
        return Cow::Borrowed(text);
    }
    let mut written = String::new();
    let mut rest = text;
    let mut kept = 0;
    while let Some(at) = rest.find(['&', '<']) {
        let (before, found) = rest.split_at(at);
        kept += before.len();
        let (length, forbidden) = part(found);
        let (whole, after) = found.split_at(length);
        if forbidden {
            let done = text.len() - found.len();
            written.push_str(text.get(done - kept..done).unwrap_or_default());
            written.push_str(REPLACEMENT);
            kept = 0;
        } else {
            kept += whole.len();
        }
        rest = after;
    }
    if written.is_empty() {
        return Cow::Borrowed(text);
    }
    let kept = kept + rest.len();
    written.push_str(text.get(text.len() - kept..).unwrap_or_default());
    Cow::Owned(written)
}

/// Returns the length in bytes of the section that begins here, if it is one in which neither tags nor references count:
/// CDATA, a comment or a processing instruction. A section that is never closed extends to the end; the parser reports it.
pub(crate) fn unparsed(text: &str) -> Option<usize> {
    let parts = [("<![CDATA[", "]]>"), ("<!--", "-->"), ("<?", "?>")];
    parts.into_iter().find_map(|(open, close)| {
        let inner = text.strip_prefix(open)?;
        Some(inner.find(close).map_or(text.len(), |end| open.len() + end + close.len()))
    })
}

/// How many bytes from here on belong together, and whether they are a reference to a forbidden character.
fn part(text: &str) -> (usize, bool) {
    if let Some(length) = unparsed(text) {
        return (length, false);
    }
    let Some(number) = text.strip_prefix("&#") else { return (1, false) };
    let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |hex| (hex, 16));
    let length = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    let (digits, after) = digits.split_at(length);
    if digits.is_empty() || !after.starts_with(';') {
        return (2, false);
    }
    // A number too large for its type is no character either.
    let is_forbidden = !u32::from_str_radix(digits, radix).ok().and_then(char::from_u32).is_some_and(is_allowed);
    (text.len() - after.len() + 1, is_forbidden)
}

/// XML 1.0, production 2 (`Char`).
fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::markup::{self, Bounds};

    const BOUNDS: Bounds = Bounds { length: 4_096, nodes: 1_000, depth: 64 };

    #[test]
    fn what_xml_forbids_is_replaced_and_nothing_else() {
        for (text, expected) in [
            ("<a>&#x1B;[31m</a>", "<a>\u{fffd}[31m</a>"),
            ("<a b='&#7;'>&#0;&#x0;&#8;c</a>", "<a b='\u{fffd}'>\u{fffd}\u{fffd}\u{fffd}c</a>"),
            (
                "<a>&#xD83D;&#xDE00;&#xFFFE;&#x110000;&#99999999999999999999;</a>",
                "<a>\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}</a>",
            ),
            (
                "<a><![CDATA[&#x1B;]]>&#x1B;<![CDATA[&#x1B;]]></a>",
                "<a><![CDATA[&#x1B;]]>\u{fffd}<![CDATA[&#x1B;]]></a>",
            ),
            ("<a><!-- &#x1B; --><?p &#x1B; ?>&#x1B;</a>", "<a><!-- &#x1B; --><?p &#x1B; ?>\u{fffd}</a>"),
            ("\u{e9}&#x1B;\u{20ac}&#x1b;\u{1F480}", "\u{e9}\u{fffd}\u{20ac}\u{fffd}\u{1F480}"),
        ] {
            assert_eq!(readable(text), expected);
        }
        for untouched in [
            "<a>&#9;&#10;&#13;&#32;&#x20AC;&#xFFFD;&#x1F480;&#127;&#x80;</a>",
            "<a>&amp;#x1B; &lt;&#38;&#60;</a>",
            "<a>&#;&#x;&#xG;&#1B;&#x1B &#X1B;&# 7;&#",
            "<![CDATA[&#x1B;",
            "<!-- &#x1B;",
            "no reference at all",
            "",
        ] {
            assert!(matches!(readable(untouched), Cow::Borrowed(text) if text == untouched), "{untouched}");
        }
    }

    /// The time is that of one walk: what never closes is not looked for again at every place.
    #[test]
    fn a_text_of_openings_alone_is_walked_once() {
        for open in ["&#x1B;", "&#", "<![CDATA[", "<!--", "<?", "&#x0"] {
            let text = open.repeat(200_000);
            assert!(readable(&text).len() <= text.len(), "{open}");
        }
    }

    proptest! {
        /// Markup of all kinds, with references of all kinds within.
        #[test]
        fn it_is_readable_afterwards_and_what_was_readable_is_untouched(
            parts in proptest::collection::vec(prop_oneof![
                Just("<![CDATA[".to_owned()), Just("]]>".to_owned()), Just("<!--".to_owned()), Just("-->".to_owned()),
                Just("<b>".to_owned()), Just("</b>".to_owned()), Just("<?p ".to_owned()), Just("?>".to_owned()),
                any::<u32>().prop_map(|n| format!("&#{};", n % 0x12_0000)), (0_u32..64).prop_map(|n| format!("&#x{n:X};")),
                "[a-z&#;x0-9]{0,6}",
            ], 0..12)
        ) {
            let text = format!("<a>{}</a>", parts.concat());
            let cleaned = readable(&text);
            prop_assert!(cleaned.len() <= text.len());
            if let Ok(document) = markup::parse(&text, &BOUNDS) {
                // Numbers that no character has are U+FFFD to the parser too.
                let again = markup::parse(&cleaned, &BOUNDS).unwrap();
                let said = |document: &roxmltree::Document<'_>| -> Vec<String> {
                    document.descendants().map(|node| format!("{:?} {:?}", node.node_type(), node.text())).collect()
                };
                prop_assert_eq!(said(&document), said(&again));
            }
            prop_assert_eq!(readable(&cleaned), cleaned.clone(), "once is enough");
        }

        #[test]
        fn any_one_character_as_a_reference_can_be_read(number in 0_u32..0x11_0000) {
            let text = format!("<a b=\"&#{number};\">&#x{number:X};</a>");
            let cleaned = readable(&text);
            let document = markup::parse(&cleaned, &BOUNDS).unwrap();
            let expected = char::from_u32(number).filter(|c| is_allowed(*c)).unwrap_or('\u{fffd}');
            let expected = expected.to_string();
            prop_assert_eq!(document.root_element().text(), Some(expected.as_str()));
        }
    }
}
