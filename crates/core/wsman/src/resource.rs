//! Resource URIs and selectors: which class, which instance (MS-WSMV 2.2.4.34, 2.2.4.35).

use std::fmt::Write as _;

use roxmltree::Node;

use cim::{Key, Name, Namespace, ObjectPath};

use crate::namespace as ns;
use crate::xml;

/// What every WMI class's resource URI begins with.
const WMI: &str = "http://schemas.microsoft.com/wbem/wsman/1/wmi/";
/// In place of a class: all classes of the namespace.
pub const ALL_CLASSES: &str = "*";
/// The selector that Windows adds to the references it returns; it repeats the namespace.
const NAMESPACE_SELECTOR: &str = "__cimnamespace";
/// Deepest nesting of references within selectors.
const DEPTH_MAX: usize = 4;

/// A class, or all classes, of a WMI namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The namespace.
    pub namespace: Namespace,
    /// The class, or [`ALL_CLASSES`].
    pub class: Name,
}

impl Resource {
    /// A class of a namespace.
    pub fn new(namespace: impl Into<Namespace>, class: impl Into<Name>) -> Self {
        Self { namespace: namespace.into(), class: class.into() }
    }

    /// The URI.
    pub fn uri(&self) -> String {
        format!("{WMI}{}/{}", self.namespace.as_str().trim_matches('/'), self.class)
    }

    /// Reads a URI; `None` if it is not one of a WMI class. Compared without case, as Windows does.
    pub fn parse(uri: &str) -> Option<Self> {
        let uri = uri.trim();
        let head = uri.get(..WMI.len())?;
        let rest = uri.get(WMI.len()..)?;
        if !head.eq_ignore_ascii_case(WMI) {
            return None;
        }
        let (namespace, class) = rest.rsplit_once('/')?;
        let identifier = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let namespace_ok = namespace.split('/').all(identifier);
        (namespace_ok && (class == ALL_CLASSES || identifier(class))).then(|| Self::new(namespace, class))
    }

    /// Whether it stands for all classes of its namespace.
    pub fn is_all(&self) -> bool {
        self.class == ALL_CLASSES
    }

    /// The URI of an object path's class.
    pub(crate) fn of(path: &ObjectPath) -> Self {
        Self { namespace: path.namespace.clone(), class: path.class.clone() }
    }
}

/// Writes the selectors of a path; nothing for a path without keys.
pub(crate) fn selectors(path: &ObjectPath, with_namespace: bool) -> String {
    let mut text = String::new();
    if with_namespace {
        let value = xml::escape(path.namespace.as_str()).into_owned();
        let _infallible = write!(text, r#"<w:Selector Name="{NAMESPACE_SELECTOR}">{value}</w:Selector>"#);
    }
    for (name, key) in &path.keys {
        let value = match key {
            Key::Text(value) => xml::escape(value).into_owned(),
            Key::Path(inner) => format!("<a:EndpointReference>{}</a:EndpointReference>", reference(inner)),
        };
        let _infallible = write!(text, r#"<w:Selector Name="{}">{value}</w:Selector>"#, xml::escape(name.as_str()));
    }
    if text.is_empty() { text } else { format!("<w:SelectorSet>{text}</w:SelectorSet>") }
}

/// Writes the children of an endpoint reference, as Windows does: with the namespace selector.
pub(crate) fn reference(path: &ObjectPath) -> String {
    parts_of_reference(path, &selectors(path, true))
}

/// Writes a reference as the value of an instance's property, which comes without the namespace selector.
pub(crate) fn reference_in_instance(path: &ObjectPath) -> String {
    parts_of_reference(path, &selectors(path, false))
}

fn parts_of_reference(path: &ObjectPath, selectors: &str) -> String {
    format!(
        "<a:Address>{}</a:Address><a:ReferenceParameters><w:ResourceURI>{}</w:ResourceURI>{selectors}</a:ReferenceParameters>",
        ns::ANONYMOUS,
        xml::escape(&Resource::of(path).uri()),
    )
}

/// What is wrong with selectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SelectorError {
    /// A name occurs twice.
    Duplicate,
    /// A selector has no name, or a reference in one cannot be read.
    Unreadable,
    /// The namespace selector names another namespace.
    Namespace,
}

/// Reads a path from a resource and a SelectorSet, if there is one.
pub(crate) fn path(resource: &Resource, set: Option<Node<'_, '_>>, depth: usize) -> Result<ObjectPath, SelectorError> {
    let mut path = ObjectPath::new(resource.namespace.clone(), resource.class.clone());
    let selectors = set.into_iter().flat_map(xml::elements).filter(|n| xml::is(*n, ns::WSMAN, "Selector"));
    for selector in selectors {
        let name = selector.attribute("Name").ok_or(SelectorError::Unreadable)?;
        if name.eq_ignore_ascii_case(NAMESPACE_SELECTOR) {
            if xml::token(selector).replace('\\', "/").to_lowercase() != resource.namespace.as_str().to_lowercase() {
                return Err(SelectorError::Namespace);
            }
            continue;
        }
        let key = match xml::child(selector, ns::ADDRESSING, "EndpointReference") {
            Some(inner) if depth < DEPTH_MAX => {
                Key::Path(Box::new(read_reference(inner, depth + 1).ok_or(SelectorError::Unreadable)?))
            }
            Some(_) => return Err(SelectorError::Unreadable),
            None => Key::Text(xml::text(selector)),
        };
        if path.keys.insert(Name::new(name), key).is_some() {
            return Err(SelectorError::Duplicate);
        }
    }
    Ok(path)
}

/// Reads an endpoint reference from the element that holds its parts, with or without a wrapper inside.
pub(crate) fn read_reference(node: Node<'_, '_>, depth: usize) -> Option<ObjectPath> {
    let node = xml::child(node, ns::ADDRESSING, "EndpointReference").unwrap_or(node);
    let parameters = xml::child(node, ns::ADDRESSING, "ReferenceParameters")
        .or_else(|| xml::child(node, ns::ADDRESSING, "ReferenceProperties"))?;
    let resource = Resource::parse(&xml::token(xml::child(parameters, ns::WSMAN, "ResourceURI")?))?;
    path(&resource, xml::child(parameters, ns::WSMAN, "SelectorSet"), depth).ok()
}
