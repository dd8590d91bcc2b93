//! Reading XML strictly and writing it escaped.

use std::borrow::Cow;
use std::fmt::Write as _;

use cim::markup::{self, Bounds, Excess, ParseError};
use roxmltree::{Document, Node};

/// Maximum size of a message that is parsed, in bytes of text. WinRM's own limit is 500 KiB; a server may be set to more.
const LENGTH_MAX: usize = 16 * 1024 * 1024;
/// Maximum nesting: an instance in an item in a body is nine deep; embedded objects add three each.
const DEPTH_MAX: usize = 64;
/// Bounds on one message. A million nodes take about a hundred megabytes.
const BOUNDS: Bounds = Bounds { length: LENGTH_MAX, nodes: 1_000_000, depth: DEPTH_MAX };

/// The namespace that the prefix `xml` stands for.
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// A message cannot be read as XML.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Neither UTF-8 nor UTF-16 as announced.
    #[error("the message is not valid {0}")]
    Charset(&'static str),
    /// Larger than is read.
    #[error("the message has {0} bytes, more than the {LENGTH_MAX} that are read")]
    TooLong(usize),
    /// Nested more deeply than is read.
    #[error("the message is nested more than {DEPTH_MAX} deep")]
    TooDeep,
    /// More elements, attributes or namespaces than are read.
    #[error("the message cannot be read: {0}")]
    Excess(Excess),
    /// Not well-formed, or with a DTD.
    #[error("the message is not well-formed XML: {0}")]
    Xml(String),
}

/// The text of a message: UTF-8, or UTF-16 by its byte order mark or its announced charset (MS-WSMV 2.2.1).
///
/// # Errors
/// [`ReadError::Charset`] or [`ReadError::TooLong`].
pub fn decode_text<'a>(bytes: &'a [u8], charset: Option<&str>) -> Result<Cow<'a, str>, ReadError> {
    if bytes.len() > LENGTH_MAX {
        return Err(ReadError::TooLong(bytes.len()));
    }
    let announced_wide = charset.is_some_and(|name| name.trim_matches('"').to_ascii_lowercase().starts_with("utf-16"));
    let (rest, big_endian) = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => return utf8(rest),
        [0xFF, 0xFE, rest @ ..] => (rest, false),
        [0xFE, 0xFF, rest @ ..] => (rest, true),
        _ if announced_wide => (bytes, false),
        _ => return utf8(bytes),
    };
    let units = rest.chunks_exact(2).map(|pair| match pair {
        [a, b] if big_endian => u16::from_be_bytes([*a, *b]),
        [a, b] => u16::from_le_bytes([*a, *b]),
        _ => 0,
    });
    let text: Result<String, _> = char::decode_utf16(units).collect();
    match text {
        Ok(text) if rest.len().is_multiple_of(2) => Ok(Cow::Owned(text)),
        Ok(_) | Err(_) => Err(ReadError::Charset("UTF-16")),
    }
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, ReadError> {
    std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| ReadError::Charset("UTF-8"))
}

/// Parses a message. DTDs are refused, so there are no entities to expand.
pub(crate) fn parse(text: &str) -> Result<Document<'_>, ReadError> {
    markup::parse(text, &BOUNDS).map_err(|error| match error {
        ParseError::TooLong { length, .. } => ReadError::TooLong(length),
        ParseError::Excess(Excess::Depth(_)) => ReadError::TooDeep,
        ParseError::Excess(excess) => ReadError::Excess(excess),
        ParseError::Xml(why) => ReadError::Xml(why),
    })
}

/// Parses a request, and ignores zeros after its text: clients pad what they seal, or send the end of a C string.
pub(crate) fn parse_request(text: &str) -> Result<Document<'_>, ReadError> {
    parse(text.trim_end_matches('\0'))
}

/// The element children of a node.
pub(crate) fn elements<'a, 'i>(node: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(Node::is_element)
}

/// Whether a node is the element of that namespace and local name. Namespaces compare without case, as on Windows.
pub(crate) fn is(node: Node<'_, '_>, namespace: &str, local: &str) -> bool {
    let own = node.tag_name();
    own.name() == local && own.namespace().is_some_and(|ns| ns.eq_ignore_ascii_case(namespace))
}

/// The first child element of that name.
pub(crate) fn child<'a, 'i>(node: Node<'a, 'i>, namespace: &str, local: &str) -> Option<Node<'a, 'i>> {
    elements(node).find(|n| is(*n, namespace, local))
}

/// Whether elements have their namespaces (the terms are XML Schema's, `elementFormDefault`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ElementForm {
    /// Without, as Windows writes the rows of a column list. Elements with their namespaces are read as well.
    #[default]
    Unqualified,
    /// With, as everywhere else.
    Qualified,
}

impl ElementForm {
    /// What stands before a name: this prefix, or nothing.
    pub(crate) fn prefix(self, prefix: &str) -> &str {
        match self {
            Self::Unqualified => "",
            Self::Qualified => prefix,
        }
    }

    /// As [`is`].
    pub(crate) fn is(self, node: Node<'_, '_>, namespace: &str, local: &str) -> bool {
        let own = node.tag_name();
        is(node, namespace, local) || (self == Self::Unqualified && own.namespace().is_none() && own.name() == local)
    }

    /// As [`child`].
    pub(crate) fn child<'a, 'i>(self, node: Node<'a, 'i>, namespace: &str, local: &str) -> Option<Node<'a, 'i>> {
        elements(node).find(|n| self.is(*n, namespace, local))
    }
}

/// All text directly within a node.
pub(crate) fn text(node: Node<'_, '_>) -> String {
    let mut parts = node.children().filter(Node::is_text).filter_map(|n| n.text());
    // Nearly always there is one: it needs no buffer that grows.
    let mut text = parts.next().unwrap_or_default().to_owned();
    text.extend(parts);
    text
}

/// An element by itself, written anew: it declares what it needs, wherever it stood. Namespaces are declared as default
/// ones; attributes in namespaces keep those of XML itself only, since nothing that is passed on has others.
pub(crate) fn outer(node: Node<'_, '_>) -> String {
    let mut text = String::new();
    write_element(&mut text, node, "");
    text
}

/// Depth is bounded by [`parse`].
fn write_element(text: &mut String, node: Node<'_, '_>, within: &str) {
    let (name, namespace) = (node.tag_name().name(), node.tag_name().namespace().unwrap_or_default());
    text.push('<');
    text.push_str(name);
    if namespace != within {
        let _infallible = write!(text, r#" xmlns="{}""#, escape(namespace));
    }
    for attribute in node.attributes() {
        let prefix = match attribute.namespace() {
            None => "",
            Some(XML) => "xml:",
            Some(_) => continue,
        };
        let _infallible = write!(text, r#" {prefix}{}="{}""#, attribute.name(), escape(attribute.value()));
    }
    if !node.has_children() {
        text.push_str("/>");
        return;
    }
    text.push('>');
    for child in node.children() {
        if child.is_element() {
            write_element(text, child, namespace);
        } else if child.is_text() {
            text.push_str(&escape(child.text().unwrap_or_default()));
        }
    }
    let _infallible = write!(text, "</{name}>");
}

/// Text of codes, URIs and ids: fixtures and proxies pad it, the meaning does not.
pub(crate) fn token(node: Node<'_, '_>) -> String {
    text(node).trim().to_owned()
}

/// Escapes text for content and double-quoted attributes. What XML cannot carry becomes `?`.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    escaped(text, |text, _| text.push('?'))
}

/// Escapes a property's value as WinRM is seen to: a control character stays one, as a reference that XML 1.0 forbids.
/// MS-WSMV 2.2.4 says `?` instead; a reader must be ready for both.
pub(crate) fn escape_value(text: &str) -> Cow<'_, str> {
    escaped(text, |text, c| {
        let _infallible = write!(text, "&#x{:X};", u32::from(c));
    })
}

/// `control` writes what XML cannot carry.
fn escaped(text: &str, control: impl Fn(&mut String, char)) -> Cow<'_, str> {
    let plain = |c: char| !matches!(c, '&' | '<' | '>' | '"' | '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    if text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' => escaped.push_str("&#9;"),
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => control(&mut escaped, c),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

/// A CIM name as an XML name: CIM names are identifiers, and anything else could not be one.
pub(crate) fn name(name: &cim::Name) -> String {
    let kept: String =
        name.as_str().chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
    if kept.starts_with(|c: char| c.is_ascii_digit()) || kept.is_empty() { format!("_{kept}") } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf16_is_read_by_its_mark_or_its_announcement() {
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let mut marked = vec![0xFF, 0xFE];
        marked.extend(wide("<é/>"));
        assert_eq!(decode_text(&marked, None).unwrap(), "<é/>");
        assert_eq!(decode_text(&wide("<é/>"), Some("UTF-16")).unwrap(), "<é/>");
        assert_eq!(decode_text(b"\xEF\xBB\xBF<a/>", None).unwrap(), "<a/>");
        assert_eq!(decode_text(&[0xFF, 0xFE, 0x41], None), Err(ReadError::Charset("UTF-16")));
        assert_eq!(decode_text(&[0xC3], None), Err(ReadError::Charset("UTF-8")));
    }

    #[test]
    fn entities_and_deep_nesting_are_refused() {
        let bomb = r#"<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>"#;
        assert!(matches!(parse(bomb), Err(ReadError::Xml(_))));
        let deep = format!("{}{}", "<a>".repeat(70), "</a>".repeat(70));
        assert_eq!(parse(&deep).err(), Some(ReadError::TooDeep));
        let very_deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
        assert!(parse(&very_deep).is_err());
        let wide = format!("<a>{}</a>", "<b><c/></b>".repeat(1_000));
        assert!(parse(&wide).is_ok());
    }

    /// Either keeps the parser busy for hours in a message of eight megabytes.
    #[test]
    fn attributes_and_namespaces_without_measure_are_refused_before_they_are_parsed() {
        let many = |prefix: &str| (0..1_000).map(|n| format!(" {prefix}a{n}=\"u\"")).collect::<Vec<_>>().concat();
        let texts = [
            format!("<a{}/>", many("")),
            format!("<a{}/>", many("xmlns:")),
            format!("<a{}>{}</a>", many("xmlns:"), "<b xmlns=\"u\"/>".repeat(10)),
        ];
        for text in texts {
            assert!(matches!(parse(&text), Err(ReadError::Excess(_))), "{text:.40}");
        }
    }

    #[test]
    fn a_message_of_too_many_or_too_long_parts_is_refused_before_it_fills_the_memory() {
        let many = format!("<a>{}</a>", "<b/>".repeat(2_000_001));
        assert_eq!(parse(&many).err(), Some(ReadError::Excess(Excess::Nodes(BOUNDS.nodes))));
        let long = format!("<a>{}</a>", " ".repeat(LENGTH_MAX));
        assert_eq!(parse(&long).err(), Some(ReadError::TooLong(long.len())));
        assert_eq!(decode_text(long.as_bytes(), None), Err(ReadError::TooLong(long.len())));
    }
}
