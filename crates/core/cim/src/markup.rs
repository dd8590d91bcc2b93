//! Bounds on the start tags of a document, checked before it is parsed.
//!
//! The parser compares each attribute of an element with the others, and each element that declares a namespace with all
//! that are in scope. Without bounds, an answer of a few megabytes keeps it busy for hours.

/// Maximum attributes of one element. WS-Management's own have fewer than ten.
const ATTRIBUTES_MAX: usize = 256;
/// Maximum namespace declarations in scope. Windows declares about fifteen in an envelope and three in an instance.
const NAMESPACES_MAX: usize = 64;
/// Maximum nesting that is walked; the readers' own limits on depth are lower.
const DEPTH_MAX: usize = 1_024;

/// What a document has too many of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Excess {
    /// Attributes of one element.
    #[error("an element has more than {ATTRIBUTES_MAX} attributes")]
    Attributes,
    /// Namespace declarations in scope.
    #[error("more than {NAMESPACES_MAX} namespaces are declared at once")]
    Namespaces,
    /// Elements within elements.
    #[error("it is nested more than {DEPTH_MAX} deep")]
    Depth,
}

/// Checks that a parser can read the text in a time that grows with its length alone. Text that is not well-formed passes
/// up to the place where the parser stops.
///
/// # Errors
/// [`Excess`] says which bound is exceeded.
pub fn check(text: &str) -> Result<(), Excess> {
    // Declarations of each open element, and their sum.
    let (mut open, mut declared): (Vec<usize>, usize) = (Vec::new(), 0);
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let found = rest.get(at..).unwrap_or_default();
        // A section begins with one of these, and a tag with neither.
        if let Some(b'!' | b'?') = found.as_bytes().get(1)
            && let Some(length) = crate::reference::unparsed(found)
        {
            rest = found.get(length..).unwrap_or_default();
            continue;
        }
        let (length, attributes) = measure(found)?;
        let (tag, after) = found.split_at(length);
        rest = after;
        if tag.starts_with("</") {
            declared -= open.pop().unwrap_or_default();
            continue;
        }
        let own = if attributes == 0 { 0 } else { tag.matches("xmlns").count() };
        if declared + own > NAMESPACES_MAX {
            return Err(Excess::Namespaces);
        }
        if !tag.ends_with("/>") {
            open.push(own);
            declared += own;
            if open.len() > DEPTH_MAX {
                return Err(Excess::Depth);
            }
        }
    }
    Ok(())
}

/// The bytes from `<` to the `>` that ends the tag, which one within quotes does not, and its attributes.
fn measure(text: &str) -> Result<(usize, usize), Excess> {
    let (mut rest, mut attributes) = (text, 0);
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'>' | b'"' | b'\'')) {
        let (found, after) = rest.split_at(at + 1);
        let quote = if found.ends_with('"') { '"' } else { '\'' };
        if found.ends_with('>') {
            return Ok((text.len() - after.len(), attributes));
        }
        attributes += 1;
        if attributes > ATTRIBUTES_MAX {
            return Err(Excess::Attributes);
        }
        let Some(closed) = after.find(quote) else { break };
        rest = after.get(closed + 1..).unwrap_or_default();
    }
    Ok((text.len(), attributes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Declarations or attributes, each with a name of its own.
    fn many(prefix: &str, count: usize) -> String {
        (0..count).map(|number| format!(" {prefix}a{number}='u'")).collect::<Vec<_>>().concat()
    }

    #[test]
    fn what_a_parser_needs_far_more_than_one_walk_for_is_found_before_it_is_parsed() {
        assert_eq!(check(&format!("<a{}/>", many("", ATTRIBUTES_MAX))), Ok(()));
        assert_eq!(check(&format!("<a{}/>", many("", ATTRIBUTES_MAX + 1))), Err(Excess::Attributes));
        assert_eq!(check(&format!("<a{}/>", many("xmlns:", NAMESPACES_MAX))), Ok(()));
        assert_eq!(check(&format!("<a{}/>", many("xmlns:", NAMESPACES_MAX + 1))), Err(Excess::Namespaces));
        let within = format!("<a{}><b xmlns='u'/></a>", many("xmlns:", NAMESPACES_MAX));
        assert_eq!(check(&within), Err(Excess::Namespaces));
        assert_eq!(check(&"<a>".repeat(DEPTH_MAX + 1)), Err(Excess::Depth));
    }

    #[test]
    fn what_is_declared_side_by_side_or_only_looks_like_a_tag_is_not_added_up() {
        let item = "<b xmlns='u' xmlns:p='v' c='a &gt; b > d'/><b xmlns='u'></b>";
        assert_eq!(check(&format!("<a xmlns='u'>{}</a>", item.repeat(10_000))), Ok(()));
        let tags = "<b>".repeat(DEPTH_MAX + 1);
        let text = format!("<?p {tags}?><!-- {tags} --><a b='>'><![CDATA[{tags}]]></a>");
        assert_eq!(check(&text), Ok(()));
        for broken in ["<", "<a", "<a b='", "</", "</a></a>", "<!", "<![CDATA[", "<!--", "", "é<é b=\"é"] {
            assert_eq!(check(broken), Ok(()), "{broken}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_walked(text in "[<>/!a\"' é=\\[\\]-]{0,64}") {
            prop_assert_eq!(check(&text), Ok(()));
        }
    }
}
