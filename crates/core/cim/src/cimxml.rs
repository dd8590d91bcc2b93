//! Embedded instances as text: CIM-XML, which WMI calls "DTD 2.0" (DSP0201).
//!
//! Hyper-V's methods take and return instances in this form, as ordinary strings.

use std::fmt::Write as _;

use crate::markup::{self, Bounds, ParseError};
use crate::{CimType, Name, Row, Value, ValueError};

/// Maximum size of a text, in bytes: far above any embedded instance, far below what would hurt.
const TEXT_LENGTH_MAX: usize = 4 * 1024 * 1024;
/// Bounds on one embedded instance.
const BOUNDS: Bounds = Bounds { length: TEXT_LENGTH_MAX, nodes: 100_000, depth: 64 };

/// The text is not a CIM-XML instance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CimXmlError {
    /// The text is too long.
    #[error("embedded instance of {length} bytes is longer than the maximum of {TEXT_LENGTH_MAX}")]
    TooLong {
        /// Its length.
        length: usize,
    },
    /// Not well-formed XML.
    #[error("embedded instance is not well-formed XML: {0}")]
    Xml(String),
    /// Well-formed, but not an instance.
    #[error("embedded instance lacks {0}")]
    Lacks(&'static str),
    /// A property's text is not a value of its type.
    #[error("property {property} of the embedded instance cannot be read")]
    Value {
        /// Its name.
        property: String,
        /// What was expected and found.
        #[source]
        source: ValueError,
    },
}

/// A value that this form cannot carry here: a reference or an object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("property {property} holds {kind}, which is not written as CIM-XML")]
pub struct WriteError {
    /// The property.
    pub property: String,
    /// What it holds.
    pub kind: &'static str,
}

/// Writes an instance: NULL properties are left out, text of unknown type is written as a string, datetimes in the
/// 25-character form.
///
/// # Errors
/// [`WriteError`] if a property holds a reference or an object.
pub fn write(row: &Row) -> Result<String, WriteError> {
    let mut text = format!("<INSTANCE CLASSNAME=\"{}\">", escape(row.class.as_str()));
    for (name, value) in row.properties.iter().filter(|(_, value)| !value.is_nil()) {
        let error = |kind| WriteError { property: name.to_string(), kind };
        let kind = value.cim_type().unwrap_or(CimType::String).name();
        let name = escape(name.as_str());
        if let Value::List(items) = value {
            let _infallible = write!(text, "<PROPERTY.ARRAY NAME=\"{name}\" TYPE=\"{kind}\"><VALUE.ARRAY>");
            for item in items {
                text.push_str(&scalar(item).ok_or_else(|| error(item.kind()))?);
            }
            text.push_str("</VALUE.ARRAY></PROPERTY.ARRAY>");
        } else {
            let value = scalar(value).ok_or_else(|| error(value.kind()))?;
            let _infallible = write!(text, "<PROPERTY NAME=\"{name}\" TYPE=\"{kind}\">{value}</PROPERTY>");
        }
    }
    text.push_str("</INSTANCE>");
    Ok(text)
}

fn scalar(value: &Value) -> Option<String> {
    let text = if let Value::Boolean(b) = value {
        b.to_string().to_uppercase()
    } else if let Value::DateTime(d) = value {
        d.to_dmtf()
    } else {
        value.lexical()?
    };
    Some(format!("<VALUE>{}</VALUE>", escape(&text)))
}

/// Escapes text for XML content and double-quoted attributes, by numeric references alone: a Hyper-V host refused `&amp;`
/// and `&lt;` in a VALUE and accepted `&#38;` and `&#60;` (docs/fidelity.md). Characters that XML cannot carry become `?`, as
/// on Windows (MS-WSMV 2.2.4.8).
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' | '<' | '>' | '"' | '\r' | '\n' | '\t' => {
                let _infallible = write!(escaped, "&#{};", u32::from(c));
            }
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('?'),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Reads an instance. QUALIFIER, CLASSORIGIN and PROPAGATED are skipped; a property without a value is NULL; references
/// and objects stay text.
///
/// # Errors
/// [`CimXmlError`] says what is wrong.
pub fn read(text: &str) -> Result<Row, CimXmlError> {
    if text.len() > TEXT_LENGTH_MAX {
        return Err(CimXmlError::TooLong { length: text.len() });
    }
    let text = crate::reference::readable(text);
    let document = markup::parse(&text, &BOUNDS).map_err(|error| match error {
        ParseError::Xml(why) => CimXmlError::Xml(why),
        other @ (ParseError::TooLong { .. } | ParseError::Excess(_)) => CimXmlError::Xml(other.to_string()),
    })?;
    let root = document.root_element();
    if !root.has_tag_name("INSTANCE") {
        return Err(CimXmlError::Lacks("an INSTANCE element"));
    }
    let class = root.attribute("CLASSNAME").ok_or(CimXmlError::Lacks("a CLASSNAME"))?;
    let mut properties = Vec::new();
    for element in root.children().filter(roxmltree::Node::is_element) {
        let is_property = ["PROPERTY", "PROPERTY.ARRAY", "PROPERTY.REFERENCE", "PROPERTY.OBJECT"];
        if is_property.contains(&element.tag_name().name()) {
            let name = element.attribute("NAME").ok_or(CimXmlError::Lacks("a property's NAME"))?;
            properties.push((Name::new(name), property(&element, name)?));
        }
    }
    Ok(Row { properties: properties.into_iter().collect(), ..Row::new(class) })
}

fn property(element: &roxmltree::Node<'_, '_>, name: &str) -> Result<Value, CimXmlError> {
    let kind = element.attribute("TYPE").and_then(CimType::from_name).unwrap_or(CimType::Object);
    let value = |node: roxmltree::Node<'_, '_>| {
        let text: String = node.children().filter_map(|c| c.text()).collect();
        kind.read(&text).map_err(|source| CimXmlError::Value { property: name.to_owned(), source })
    };
    if element.has_tag_name("PROPERTY.ARRAY") {
        let Some(array) = element.children().find(|c| c.has_tag_name("VALUE.ARRAY")) else {
            return Ok(Value::Nil);
        };
        let items = array.children().filter(|c| c.has_tag_name("VALUE"));
        return Ok(Value::List(items.map(value).collect::<Result<_, _>>()?));
    }
    if element.has_tag_name("PROPERTY") {
        return element.children().find(|c| c.has_tag_name("VALUE")).map_or(Ok(Value::Nil), value);
    }
    let text: String = element.descendants().filter(roxmltree::Node::is_text).filter_map(|t| t.text()).collect();
    Ok(if text.is_empty() { Value::Nil } else { Value::Lexical(text) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{CimTimestamp, DateTime};

    #[test]
    fn reads_what_windows_writes() {
        let text = r#"<INSTANCE CLASSNAME="Msvm_ReplicationRelationship"><QUALIFIER NAME="x" TYPE="string"></QUALIFIER>
<PROPERTY NAME="Caption" PROPAGATED="true" TYPE="string"></PROPERTY>
<PROPERTY NAME="ReplicationState" CLASSORIGIN="X" TYPE="uint16"><VALUE>8</VALUE></PROPERTY>
<PROPERTY.ARRAY NAME="OperationalStatus" TYPE="uint16"><VALUE.ARRAY><VALUE>2</VALUE><VALUE>3</VALUE></VALUE.ARRAY></PROPERTY.ARRAY>
</INSTANCE>"#;
        let row = read(text).unwrap();
        assert_eq!(row.class, "msvm_replicationrelationship");
        assert_eq!(row.get::<u16>("ReplicationState"), Ok(8));
        assert_eq!(row.get_opt::<String>("Caption"), Ok(None));
        assert_eq!(row.get::<Vec<u16>>("OperationalStatus"), Ok(vec![2, 3]));
    }

    #[test]
    fn attributes_without_measure_are_refused_before_they_are_parsed() {
        let many = (0..1_000).map(|n| format!(" a{n}=''")).collect::<Vec<_>>().concat();
        let text = format!("<INSTANCE CLASSNAME='X'{many}/>");
        assert!(matches!(read(&text), Err(CimXmlError::Xml(_))));
    }

    #[test]
    fn a_control_character_in_one_value_does_not_cost_the_instance() {
        let text = r#"<INSTANCE CLASSNAME="X"><PROPERTY NAME="N" TYPE="string"><VALUE>a&#x1B;&#0;b&#9;</VALUE></PROPERTY></INSTANCE>"#;
        assert_eq!(read(text).unwrap().get::<String>("N").unwrap(), "a\u{fffd}\u{fffd}b\t");
    }

    /// As many as are read, from last to first: they are sorted once, not inserted one by one.
    #[test]
    fn many_properties_in_any_order_are_read_and_the_last_of_a_name_stays() {
        let empty = |n: u32| format!(r#"<PROPERTY NAME="P{n:05}" TYPE="string"/>"#);
        let named = r#"<PROPERTY NAME="p00007" TYPE="uint32"><VALUE>8</VALUE></PROPERTY>"#;
        let all: String = (0..BOUNDS.nodes - 10).rev().map(empty).collect();
        let row = read(&format!(r#"<INSTANCE CLASSNAME="X">{all}{named}</INSTANCE>"#)).unwrap();
        assert_eq!(row.properties.len(), usize::try_from(BOUNDS.nodes - 10).unwrap());
        assert_eq!((row.get("P00007"), row.get_opt::<String>("P99989")), (Ok(8_u32), Ok(None)));
    }

    #[test]
    fn refuses_entities_and_other_documents() {
        assert!(matches!(read(r#"<!DOCTYPE x [<!ENTITY a "b">]><INSTANCE CLASSNAME="X"/>"#), Err(CimXmlError::Xml(_))));
        assert!(matches!(read("<CLASS/>"), Err(CimXmlError::Lacks(_))));
        let bad = r#"<INSTANCE CLASSNAME="X"><PROPERTY NAME="N" TYPE="uint8"><VALUE>999</VALUE></PROPERTY></INSTANCE>"#;
        assert!(matches!(read(bad), Err(CimXmlError::Value { .. })));
    }

    #[test]
    fn no_named_entity_is_written_and_the_text_reads_back() {
        for (name, written) in [
            ("R&D <web>", "R&#38;D &#60;web&#62;"),
            ("a > b \"c\" 'd'", "a &#62; b &#34;c&#34; 'd'"),
            ("&amp;]]>", "&#38;amp;]]&#62;"),
            ("ü\t\r\n\u{1b}", "ü&#9;&#13;&#10;?"),
        ] {
            let row = Row::new("X").with("Name", Value::String(name.to_owned()));
            let text = write(&row).unwrap();
            assert!(text.contains(&format!("<VALUE>{written}</VALUE>")), "{text}");
            assert_eq!(read(&text).unwrap().get::<String>("Name"), Ok(name.replace('\u{1b}', "?")));
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<bool>().prop_map(Value::Boolean),
            any::<u16>().prop_map(Value::Uint16),
            any::<u64>().prop_map(Value::Uint64),
            any::<i32>().prop_map(Value::Sint32),
            "[^\u{0}-\u{8}\u{b}\u{c}\u{e}-\u{1f}\u{fffe}\u{ffff}]{0,20}".prop_map(Value::String),
            (0_i64..4_000_000_000_000_000)
                .prop_map(|us| Value::DateTime(DateTime::Timestamp(CimTimestamp::from_unix_us(us)))),
            proptest::collection::vec(any::<u16>().prop_map(Value::Uint16), 1..4).prop_map(Value::List),
        ]
    }

    proptest! {
        #[test]
        fn an_instance_survives_its_text(values in proptest::collection::btree_map("[A-Z][a-z]{1,8}", any_value(), 0..6)) {
            let mut row = Row::new("Msvm_Thing");
            for (name, value) in values {
                row.properties.set(name, value);
            }
            let text = write(&row).unwrap();
            prop_assert!(!text.replace("&#", "").contains('&'), "{}", text);
            prop_assert_eq!(read(&text), Ok(row));
        }

        #[test]
        fn no_text_panics(text in "[<>A-Z =\"/.]{0,60}") {
            let _read = read(&text);
        }
    }
}
