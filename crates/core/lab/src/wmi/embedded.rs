//! Embedded instances in methods' parameters, as hosts read them: CIM-XML in a dialect of its own.

use cim::Row;

use super::code::INVALID_PARAMETER;

/// The operation failed.
const FAILED: u32 = 32_768;

/// Named entities that a host refused in a VALUE, and what its method returned. Numeric references to the same characters
/// were accepted, and so was `&gt;`; `&quot;` and `&apos;` were not tried, and are assumed to be.
const REFUSED: [(&str, u32); 2] = [("&amp;", FAILED), ("&lt;", INVALID_PARAMETER)];

/// Reads an embedded instance.
///
/// # Errors
/// What the method returns for a text that isn't an embedded instance.
pub(super) fn read(text: &str) -> Result<Row, u32> {
    if let Some(code) = values(text).find_map(refusal) {
        return Err(code);
    }
    cim::cimxml::read(text).map_err(|_| INVALID_PARAMETER)
}

/// The code for the first of the refused entities in a value. In a CDATA section they are text like any other.
fn refusal(value: &str) -> Option<u32> {
    let outside = value.split("<![CDATA[").enumerate().map(|(number, part)| match part.split_once("]]>") {
        Some((_, behind)) if number > 0 => behind,
        _ => part,
    });
    let entities =
        outside.flat_map(|part| REFUSED.iter().filter_map(move |(name, code)| Some((part.find(name)?, code))));
    entities.min_by_key(|(at, _)| *at).map(|(_, code)| *code)
}

/// What stands in each VALUE, as it was written.
fn values(text: &str) -> impl Iterator<Item = &str> {
    text.split("<VALUE").skip(1).filter_map(|rest| {
        let (tag, content) = rest.split_once('>')?;
        // Neither VALUE.ARRAY nor VALUE.REFERENCE, nor one that ends at once.
        (tag.trim().is_empty()).then(|| content.split("</VALUE").next().unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(value: &str) -> String {
        format!(
            r#"<INSTANCE CLASSNAME="X"><PROPERTY.ARRAY NAME="A" TYPE="string"><VALUE.ARRAY><VALUE>a</VALUE><VALUE>{value}</VALUE></VALUE.ARRAY></PROPERTY.ARRAY></INSTANCE>"#
        )
    }

    #[test]
    fn named_entities_in_values_are_refused_as_a_host_was_seen_to() {
        for (value, code) in [
            ("a &amp; b", 32_768),
            ("a &lt; b", 32_773),
            ("&lt;&amp;", 32_773),
            ("&gt;&amp;&lt;", 32_768),
            ("<![CDATA[a]]>&lt;", 32_773),
        ] {
            assert_eq!(read(&instance(value)), Err(code), "{value}");
        }
        for (value, text) in [
            ("a &#38; &#60; &#x3C; b", "a & < < b"),
            ("&gt; &quot; &apos;", "> \" '"),
            ("<![CDATA[&amp; &lt;]]>", "&amp; &lt;"),
            ("&#38;amp;", "&amp;"),
        ] {
            assert_eq!(read(&instance(value)).unwrap().get::<Vec<String>>("A").unwrap()[1], text, "{value}");
        }
        let elsewhere = r#"<INSTANCE CLASSNAME="A&amp;B"/>"#;
        assert_eq!(read(elsewhere).unwrap().class, "A&B", "only values were tried");
        assert_eq!(read("A&amp;B"), Err(32_773));
    }
}
