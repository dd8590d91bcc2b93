//! Resource URIs and selectors: which class, which instance (MS-WSMV 2.2.4.34, 2.2.4.35).

use std::fmt::Write as _;

use roxmltree::Node;

use cim::{Key, Name, Namespace, ObjectPath};

use crate::namespace as ns;
use crate::xml::{self, ElementForm};

/// What every WMI class's resource URI begins with.
const WMI: &str = "http://schemas.microsoft.com/wbem/wsman/1/wmi/";
/// What the URI of a class begins with where its namespace is a selector (MS-WSMV 3.1.4.1.1).
const DMTF: &str = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/";
/// The URI of all classes where their namespace is a selector (DSP0227 6.1).
const ALL_OF_DMTF: &str = "http://schemas.dmtf.org/wbem/wscim/1/*";
/// The namespace of such a URI without the selector (MS-WSMV 3.1.4.1.1).
const NAMESPACE_DEFAULT: &str = "root/hardware";
/// In place of a class: all classes of the namespace.
pub const ALL_CLASSES: &str = "*";
/// The selector that Windows adds to the references it returns; it repeats the namespace.
const NAMESPACE_SELECTOR: &str = "__cimnamespace";
/// Maximum nesting of references within selectors.
const DEPTH_MAX: usize = 4;

/// Where a class's URI names its namespace. A response uses the form of its request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum UriForm {
    /// In the URI itself, which is Microsoft's form.
    #[default]
    Wmi,
    /// In a selector, which is DMTF's.
    Dmtf,
}

impl UriForm {
    /// The form of a class's URI.
    pub(crate) fn of(uri: &str) -> Self {
        if behind(uri.trim(), "http://schemas.dmtf.org/").is_some() { Self::Dmtf } else { Self::Wmi }
    }
}

/// A class, or all classes, of a WMI namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The namespace.
    pub namespace: Namespace,
    /// The class, or [`ALL_CLASSES`].
    pub class: Name,
    pub(crate) uri_form: UriForm,
}

impl Resource {
    /// A class of a namespace.
    pub fn new(namespace: impl Into<Namespace>, class: impl Into<Name>) -> Self {
        Self { namespace: namespace.into(), class: class.into(), uri_form: UriForm::Wmi }
    }

    /// The URI.
    pub fn uri(&self) -> String {
        match self.uri_form {
            UriForm::Wmi => format!("{WMI}{}/{}", self.namespace.as_str().trim_matches('/'), self.class),
            UriForm::Dmtf => format!("{DMTF}{}", self.class),
        }
    }

    /// Reads a URI; `None` if it is not one of a WMI class. Compared without case, as Windows does.
    pub fn parse(uri: &str) -> Option<Self> {
        let (namespace, class) = behind(uri.trim(), WMI)?.rsplit_once('/')?;
        let namespace_ok = namespace.split('/').all(is_identifier);
        (namespace_ok && is_class(class)).then(|| Self::new(namespace, class))
    }

    /// Reads a URI of either form, with the namespace from its selectors; `None` if it does not name a class.
    pub(crate) fn read(uri: &str, set: Option<Node<'_, '_>>) -> Result<Option<Self>, SelectorError> {
        Self::read_in(ElementForm::Qualified, uri, set)
    }

    fn read_in(form: ElementForm, uri: &str, set: Option<Node<'_, '_>>) -> Result<Option<Self>, SelectorError> {
        let is_namespace = |node: &Node<'_, '_>| {
            let name = node.attribute("Name").filter(|_| form.is(*node, ns::WSMAN, "Selector"));
            name.is_some_and(|name| name.eq_ignore_ascii_case(NAMESPACE_SELECTOR))
        };
        let named = set.into_iter().flat_map(xml::elements).find(is_namespace);
        let named = named.map(|selector| xml::token(selector).replace('\\', "/").trim_matches('/').to_owned());
        if let Some(resource) = Self::parse(uri) {
            let fits = named.is_none_or(|named| resource.namespace == *named);
            return if fits { Ok(Some(resource)) } else { Err(SelectorError::Namespace) };
        }
        let uri = uri.trim();
        let all = uri.eq_ignore_ascii_case(ALL_OF_DMTF).then_some(ALL_CLASSES);
        let class = all.or_else(|| behind(uri, DMTF)).filter(|class| is_class(class));
        let namespace = named.unwrap_or_else(|| NAMESPACE_DEFAULT.to_owned());
        Ok(class.map(|class| Self { uri_form: UriForm::Dmtf, ..Self::new(namespace, class) }))
    }

    /// Sets the form of the URI.
    pub(crate) fn named_in(self, uri_form: UriForm) -> Self {
        Self { uri_form, ..self }
    }

    /// Another class of the same namespace, in the same form.
    pub(crate) fn sibling(&self, class: &Name) -> Self {
        Self { class: class.clone(), ..self.clone() }
    }

    /// Whether a Pull that names this resource may continue an enumeration of `enumerated`. A Pull may leave the namespace
    /// selector out, since its context determines the namespace.
    pub(crate) fn may_pull_from(&self, enumerated: &Self) -> bool {
        let is_open = self.uri_form == UriForm::Dmtf && self.namespace == NAMESPACE_DEFAULT;
        is_open || self.namespace == enumerated.namespace
    }

    /// Whether it stands for all classes of its namespace.
    pub fn is_all(&self) -> bool {
        self.class == ALL_CLASSES
    }

    /// The URI of an object path's class.
    pub(crate) fn of(path: &ObjectPath) -> Self {
        Self::new(path.namespace.clone(), path.class.clone())
    }
}

/// The rest of a URI after a prefix, which is compared without case.
fn behind<'u>(uri: &'u str, prefix: &str) -> Option<&'u str> {
    let head = uri.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| uri.get(prefix.len()..))?
}

/// Whether an action is a method's: the URI of its class, followed by a name.
pub(crate) fn is_method(action: &str) -> bool {
    let class = action.trim().rsplit_once('/').map(|(class, _)| class);
    class.is_some_and(|class| matches!(Resource::read(class, None), Ok(Some(_))))
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn is_class(text: &str) -> bool {
    text == ALL_CLASSES || is_identifier(text)
}

/// Writes the selectors of a path; nothing for a path without keys.
pub(crate) fn selectors(path: &ObjectPath, with_namespace: bool) -> String {
    selectors_in(ElementForm::Qualified, UriForm::Wmi, path, with_namespace)
}

fn selectors_in(form: ElementForm, uri_form: UriForm, path: &ObjectPath, with_namespace: bool) -> String {
    let (a, w) = (form.prefix("a:"), form.prefix("w:"));
    let mut text = String::new();
    if with_namespace {
        let value = xml::escape(path.namespace.as_str()).into_owned();
        let _infallible = write!(text, r#"<{w}Selector Name="{NAMESPACE_SELECTOR}">{value}</{w}Selector>"#);
    }
    for (name, key) in &path.keys {
        let value = match key {
            Key::Text(value) => xml::escape(value).into_owned(),
            Key::Path(inner) => {
                let parts = parts_of_reference(form, uri_form, inner, true);
                format!("<{a}EndpointReference>{parts}</{a}EndpointReference>")
            }
        };
        let _infallible = write!(text, r#"<{w}Selector Name="{}">{value}</{w}Selector>"#, xml::escape(name.as_str()));
    }
    if text.is_empty() { text } else { format!("<{w}SelectorSet>{text}</{w}SelectorSet>") }
}

/// Writes the children of an endpoint reference, as Windows does: with the namespace selector.
pub(crate) fn reference(path: &ObjectPath) -> String {
    parts_of_reference(ElementForm::Qualified, UriForm::Wmi, path, true)
}

/// Writes the children of an endpoint reference whose URI has the form of the request's, with the namespace selector.
pub(crate) fn reference_as(uri_form: UriForm, path: &ObjectPath) -> String {
    parts_of_reference(ElementForm::Qualified, uri_form, path, true)
}

/// Writes a reference as the value of an instance's property, in the form of what is around it. It comes without the
/// namespace selector, unless its URI does not contain the namespace.
pub(crate) fn reference_in_instance(form: ElementForm, uri_form: UriForm, path: &ObjectPath) -> String {
    parts_of_reference(form, uri_form, path, uri_form == UriForm::Dmtf)
}

fn parts_of_reference(form: ElementForm, uri_form: UriForm, path: &ObjectPath, with_namespace: bool) -> String {
    let (a, w) = (form.prefix("a:"), form.prefix("w:"));
    format!(
        "<{a}Address>{}</{a}Address><{a}ReferenceParameters><{w}ResourceURI>{}</{w}ResourceURI>{}</{a}ReferenceParameters>",
        ns::ANONYMOUS,
        xml::escape(&Resource::of(path).named_in(uri_form).uri()),
        selectors_in(form, uri_form, path, with_namespace)
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

/// Reads a path from a resource and the SelectorSet that it was read with, if there is one.
pub(crate) fn path(resource: &Resource, set: Option<Node<'_, '_>>, depth: usize) -> Result<ObjectPath, SelectorError> {
    path_in(ElementForm::Qualified, resource, set, depth)
}

fn path_in(
    form: ElementForm,
    resource: &Resource,
    set: Option<Node<'_, '_>>,
    depth: usize,
) -> Result<ObjectPath, SelectorError> {
    let mut path = ObjectPath::new(resource.namespace.clone(), resource.class.clone());
    let selectors = set.into_iter().flat_map(xml::elements).filter(|n| form.is(*n, ns::WSMAN, "Selector"));
    for selector in selectors {
        let name = selector.attribute("Name").ok_or(SelectorError::Unreadable)?;
        if name.eq_ignore_ascii_case(NAMESPACE_SELECTOR) {
            continue;
        }
        let key = match form.child(selector, ns::ADDRESSING, "EndpointReference") {
            Some(inner) if depth < DEPTH_MAX => {
                Key::Path(Box::new(read_reference_in(form, inner, depth + 1).ok_or(SelectorError::Unreadable)?))
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
    read_reference_in(ElementForm::Qualified, node, depth)
}

/// The same in the form of what is around it.
pub(crate) fn read_reference_in(form: ElementForm, node: Node<'_, '_>, depth: usize) -> Option<ObjectPath> {
    let node = form.child(node, ns::ADDRESSING, "EndpointReference").unwrap_or(node);
    let parameters = form
        .child(node, ns::ADDRESSING, "ReferenceParameters")
        .or_else(|| form.child(node, ns::ADDRESSING, "ReferenceProperties"))?;
    let set = form.child(parameters, ns::WSMAN, "SelectorSet");
    let resource =
        Resource::read_in(form, &xml::token(form.child(parameters, ns::WSMAN, "ResourceURI")?), set).ok()??;
    path_in(form, &resource, set, depth).ok()
}
