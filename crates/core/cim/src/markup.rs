//! The one way to parse XML here: within bounds that are checked in one walk over the text before the parser sees it.
//!
//! The parser compares each attribute of an element with the others, and copies all namespaces in scope to each element that
//! declares one. Without bounds, an answer of a few megabytes keeps it busy for hours. It also reserves memory for each `<`
//! and `=` of the text before it reads any.

use roxmltree::{Document, Error, ParsingOptions};

/// Maximum attributes of one element. WS-Management's own have fewer than ten.
const ATTRIBUTES_MAX: usize = 256;
/// Maximum namespace declarations in scope. Windows declares about fifteen in an envelope and three in an instance.
const NAMESPACES_MAX: usize = 64;
/// Maximum comparisons of the parser per byte of the text. The rows of Windows need fewer than four.
const WORK_PER_BYTE: usize = 8;
/// Comparisons that are always allowed: a millisecond.
const WORK_LEAST: usize = 200_000;

/// Bounds that depend on what is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Maximum size of the text, in bytes.
    pub length: usize,
    /// Maximum number of elements, texts and comments. There may be twice as many attributes.
    pub nodes: u32,
    /// Maximum number of elements within each other.
    pub depth: usize,
}

/// Why a text was not parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// It is larger than is read.
    #[error("it has {length} bytes, more than the {most} that are read")]
    TooLong {
        /// Its size in bytes.
        length: usize,
        /// The maximum.
        most: usize,
    },
    /// It has too many of something.
    #[error(transparent)]
    Excess(#[from] Excess),
    /// It is not well-formed, or has a DTD.
    #[error("it is not well-formed XML: {0}")]
    Xml(String),
}

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
    #[error("it is nested more than {0} deep")]
    Depth(usize),
    /// Elements, texts and comments.
    #[error("it has more than {0} elements")]
    Nodes(u32),
    /// Attributes of all elements together.
    #[error("it has more than {0} attributes")]
    Assignments(usize),
    /// Attributes and namespaces that are each allowed, but too many for the size of the text.
    #[error("it has too many attributes or namespaces for its {0} bytes")]
    Work(usize),
}

/// Parses a text in a time that grows with its length alone. DTDs are refused, so there are no entities to expand.
///
/// # Errors
/// [`ParseError`] says which bound is exceeded, or where the text is not well-formed.
pub fn parse<'i>(text: &'i str, bounds: &Bounds) -> Result<Document<'i>, ParseError> {
    check(text, bounds)?;
    let options = ParsingOptions { allow_dtd: false, nodes_limit: bounds.nodes, ..ParsingOptions::default() };
    #[expect(clippy::disallowed_methods, reason = "the text has just been checked")]
    let parsed = Document::parse_with_options(text, options);
    parsed.map_err(|error| match error {
        Error::NodesLimitReached => Excess::Nodes(bounds.nodes).into(),
        other => ParseError::Xml(other.to_string()),
    })
}

/// Checks that the parser can read the text in a time and memory that grow with its length alone. Text that is not
/// well-formed passes up to the place where the parser stops.
fn check(text: &str, bounds: &Bounds) -> Result<(), ParseError> {
    if text.len() > bounds.length {
        return Err(ParseError::TooLong { length: text.len(), most: bounds.length });
    }
    let most = usize::try_from(bounds.nodes).unwrap_or(usize::MAX);
    let count = |wanted: u8| text.bytes().filter(|byte| *byte == wanted).count();
    // An element has two tags at most, and few have more than two attributes.
    let most = most.saturating_mul(2);
    if count(b'<') > most {
        return Err(Excess::Nodes(bounds.nodes).into());
    }
    if count(b'=') > most {
        return Err(Excess::Assignments(most).into());
    }
    Ok(walk(text, bounds.depth)?)
}

/// Walks over the tags.
fn walk(text: &str, depth_max: usize) -> Result<(), Excess> {
    let work_max = text.len().saturating_mul(WORK_PER_BYTE).saturating_add(WORK_LEAST);
    // Declarations of each open element, and their sum.
    let (mut open, mut declared): (Vec<usize>, usize) = (Vec::new(), 0);
    let (mut rest, mut work) = (text, 0_usize);
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
        let scope = declared + own;
        if scope > NAMESPACES_MAX {
            return Err(Excess::Namespaces);
        }
        // Each name is looked up in the scope, attributes are compared with each other, and so are declarations with the scope.
        let compared = scope * (attributes + 1) + attributes * attributes + if own > 0 { scope * scope } else { 0 };
        work = work.saturating_add(compared);
        if work > work_max {
            return Err(Excess::Work(text.len()));
        }
        if !tag.ends_with("/>") {
            open.push(own);
            declared += own;
            if open.len() > depth_max {
                return Err(Excess::Depth(depth_max));
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

    const BOUNDS: Bounds = Bounds { length: 16 * 1024 * 1024, nodes: 1_000_000, depth: 64 };

    fn excess(text: &str) -> Option<Excess> {
        match check(text, &BOUNDS) {
            Ok(()) => None,
            Err(ParseError::Excess(excess)) => Some(excess),
            Err(other) => panic!("{other}"),
        }
    }

    /// Declarations or attributes, each with a name of its own.
    fn many(prefix: &str, count: usize) -> String {
        (0..count).map(|number| format!(" {prefix}a{number}='u'")).collect::<Vec<_>>().concat()
    }

    /// As many as fit into a message of eight megabytes.
    fn filled(open: &str, element: &str) -> String {
        format!("{open}{}</a>", element.repeat((8 * 1024 * 1024 - open.len()) / element.len()))
    }

    #[test]
    fn what_a_parser_needs_far_more_than_one_walk_for_is_found_before_it_is_parsed() {
        assert_eq!(excess(&format!("<a{}/>", many("", ATTRIBUTES_MAX))), None);
        assert_eq!(excess(&format!("<a{}/>", many("", ATTRIBUTES_MAX + 1))), Some(Excess::Attributes));
        assert_eq!(excess(&format!("<a{}/>", many("xmlns:", NAMESPACES_MAX))), None);
        assert_eq!(excess(&format!("<a{}/>", many("xmlns:", NAMESPACES_MAX + 1))), Some(Excess::Namespaces));
        let within = format!("<a{}><b xmlns='u'/></a>", many("xmlns:", NAMESPACES_MAX));
        assert_eq!(excess(&within), Some(Excess::Namespaces));
        assert_eq!(excess(&"<a>".repeat(BOUNDS.depth + 1)), Some(Excess::Depth(BOUNDS.depth)));
        let nested = (0..15_000).map(|number| format!("<a xmlns:n{number}='u'>")).collect::<Vec<_>>().concat();
        assert_eq!(excess(&nested), Some(Excess::Namespaces));
    }

    /// Each of these keeps within the bounds of each element, and kept the parser busy for seconds to minutes.
    #[test]
    fn many_elements_that_each_need_much_work_are_too_many_for_their_size() {
        let scope = format!("<a{}>", many("xmlns:", NAMESPACES_MAX - 2));
        let attributes = |prefix: &str| format!("<b{}/>", many(prefix, 250));
        for text in [
            filled(&scope, "<b xmlns=''/>"),
            filled(&scope, "<a1:b/>"),
            filled(&scope, &attributes("a1:")),
            filled("<a>", &attributes("")),
        ] {
            assert_eq!(excess(&text), Some(Excess::Work(text.len())), "{text:.40}");
        }
    }

    #[test]
    fn memory_that_the_parser_would_reserve_is_bounded_too() {
        let section = |inner: &str| format!("<a><![CDATA[{}]]></a>", inner.repeat(2_500_000));
        assert_eq!(excess(&section("<")), Some(Excess::Nodes(BOUNDS.nodes)));
        assert_eq!(excess(&section("=")), Some(Excess::Assignments(2_000_000)));
        let long = " ".repeat(BOUNDS.length + 1);
        let error = ParseError::TooLong { length: long.len(), most: BOUNDS.length };
        assert_eq!(check(&long, &BOUNDS), Err(error));
        let few = Bounds { nodes: 10, ..BOUNDS };
        let error = parse(&format!("<a>{}</a>", "<b>c</b>".repeat(9)), &few).unwrap_err();
        assert_eq!(error, ParseError::Excess(Excess::Nodes(10)));
    }

    #[test]
    fn what_is_declared_side_by_side_or_only_looks_like_a_tag_is_not_added_up() {
        let item = "<b xmlns='u' xmlns:p='v' c='a &gt; b > d'/><b xmlns='u'></b>";
        assert_eq!(excess(&format!("<a xmlns='u'>{}</a>", item.repeat(10_000))), None);
        let tags = "<b>".repeat(BOUNDS.depth + 1);
        let text = format!("<?p {tags}?><!-- {tags} --><a b='>'><![CDATA[{tags}]]></a>");
        assert_eq!(excess(&text), None);
        for broken in ["<", "<a", "<a b='", "</", "</a></a>", "<!", "<![CDATA[", "<!--", "", "é<é b=\"é"] {
            assert_eq!(excess(broken), None, "{broken}");
        }
    }

    /// Fifteen namespaces in the envelope, three more in each row, and short names.
    #[test]
    fn the_rows_of_windows_are_far_from_the_bounds() {
        let properties = "<p:A>1</p:A><p:B xsi:nil='true'/><p:C><cim:Datetime>x</cim:Datetime></p:C>".repeat(10);
        let row = format!("<p:R xmlns:p='u' xmlns:cim='v' xmlns:xsi='w'>{properties}</p:R>");
        let text = filled(&format!("<a{}>", many("xmlns:", 15)), &row);
        assert_eq!(excess(&text), None);
    }

    proptest! {
        #[test]
        fn any_text_is_walked(text in "[<>/!a\"' é=\\[\\]-]{0,64}") {
            prop_assert_eq!(excess(&text), None);
        }
    }
}
