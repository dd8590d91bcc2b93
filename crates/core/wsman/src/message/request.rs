//! Requests: written by a client, read by a server.

use std::fmt::Write as _;

use roxmltree::Node;

use cim::{Argument, Name};

use super::{Enumerate, Filter, Mode, Operation, action};
use crate::eventing;
use crate::fault::{SoapFault, code};
use crate::header::{Header, Received};
use crate::instance;
use crate::namespace as ns;
use crate::resource::{self, Resource, SelectorError};
use crate::xml::{self, ElementForm};

impl Operation {
    /// Writes the whole request.
    pub fn write(&self, header: &Header) -> String {
        write(self, header)
    }
}

fn write(operation: &Operation, header: &Header) -> String {
    let (resource, selectors, body) = match operation {
        Operation::Identify => {
            let (soap, identity) = (ns::SOAP, ns::IDENTITY);
            return format!(
                r#"<s:Envelope xmlns:s="{soap}" xmlns:wsmid="{identity}"><s:Header/><s:Body><wsmid:Identify/></s:Body></s:Envelope>"#
            );
        }
        Operation::Eventing(operation) => {
            let head = header.write(operation.action(), &operation.resource(), &eventing::header_parts(operation));
            let body = eventing::request_body(operation);
            return format!("<s:Envelope{}>{head}<s:Body>{body}</s:Body></s:Envelope>", ns::DECLARATIONS);
        }
        Operation::Get(path) => (Resource::of(path), resource::selectors(path, false), String::new()),
        Operation::Enumerate(enumerate) => (enumerate.resource.clone(), String::new(), write_enumerate(enumerate)),
        Operation::Pull { resource, context, max_elements } => {
            let most = max_elements.map_or_else(String::new, |n| format!("<n:MaxElements>{n}</n:MaxElements>"));
            let context = xml::escape(context);
            let body = format!("<n:Pull><n:EnumerationContext>{context}</n:EnumerationContext>{most}</n:Pull>");
            (resource.clone(), String::new(), body)
        }
        Operation::Release { resource, context } => {
            let context = xml::escape(context);
            let body = format!("<n:Release><n:EnumerationContext>{context}</n:EnumerationContext></n:Release>");
            (resource.clone(), String::new(), body)
        }
        Operation::Invoke { path, method, arguments } => {
            let resource = Resource::of(path);
            let body = write_input(&resource, method, arguments);
            (resource, resource::selectors(path, false), body)
        }
    };
    format!(
        "<s:Envelope{}>{}<s:Body>{body}</s:Body></s:Envelope>",
        ns::DECLARATIONS,
        header.write(&operation.action(), &resource.uri(), &selectors)
    )
}

fn write_enumerate(enumerate: &Enumerate) -> String {
    let optimize = if enumerate.optimize { "<w:OptimizeEnumeration/>" } else { "" };
    let most = enumerate.max_elements.map_or_else(String::new, |n| format!("<w:MaxElements>{n}</w:MaxElements>"));
    let mode = match enumerate.mode {
        Mode::Object => "",
        Mode::Reference => "<w:EnumerationMode>EnumerateEPR</w:EnumerationMode>",
        Mode::ObjectAndReference => "<w:EnumerationMode>EnumerateObjectAndEPR</w:EnumerationMode>",
    };
    let filter = enumerate.filter.as_ref().map_or_else(String::new, Filter::write);
    format!("<n:Enumerate>{optimize}{most}{mode}{filter}</n:Enumerate>")
}

fn write_input(resource: &Resource, method: &Name, arguments: &[Argument]) -> String {
    let uri = resource.uri();
    let method = xml::name(method);
    let mut text = format!(
        r#"<p:{method}_INPUT xmlns:p="{}" xmlns:xsi="{}" xmlns:cim="{}">"#,
        xml::escape(&uri),
        ns::XSI,
        ns::CIM
    );
    // In the order given, which is the order of the method's definition.
    for argument in arguments.iter().filter(|argument| !argument.value.is_nil()) {
        let name = xml::name(&argument.name);
        instance::write_value(&mut text, &name, &argument.value, instance::INPUT, resource);
    }
    let _infallible = write!(text, "</p:{method}_INPUT>");
    text
}

/// Reads the operation of a request whose header has been read.
pub(crate) fn read_operation(received: &Received<'_, '_>, body: Node<'_, '_>) -> Result<Operation, SoapFault> {
    if received.resource_uri.trim().eq_ignore_ascii_case(eventing::EVENT_LOG) {
        return eventing::read_operation(received, body).map(Operation::Eventing);
    }
    let resource = Resource::read(&received.resource_uri, received.selectors).map_err(selector_fault)?;
    let resource = resource.ok_or_else(|| {
        let uri: String = received.resource_uri.chars().take(200).collect();
        SoapFault::new(code::INVALID_RESOURCE, format!("no resource has the URI `{uri}`"))
            .with_detail("InvalidResourceURI")
    })?;
    if let Some(eventing) = eventing::read_of_class(received, &resource, body)? {
        return Ok(Operation::Eventing(eventing));
    }
    let path = || resource::path(&resource, received.selectors, 0).map_err(selector_fault);
    let action = received.action.as_str();
    match action {
        action::GET => Ok(Operation::Get(path()?)),
        action::ENUMERATE => read_enumerate(resource, body),
        action::PULL => {
            let pull = part(body, "Pull")?;
            let max_elements = number(xml::child(pull, ns::ENUMERATION, "MaxElements"))?;
            Ok(Operation::Pull { context: context(pull)?, resource, max_elements })
        }
        action::RELEASE => Ok(Operation::Release { context: context(part(body, "Release")?)?, resource }),
        _ => {
            let method = method_of(action, &received.resource_uri).ok_or_else(|| {
                SoapFault::new(code::ACTION_NOT_SUPPORTED, "the action is none that this resource supports")
            })?;
            read_invoke(path()?, method, body)
        }
    }
}

/// The method, if the action is the resource's URI and a name.
fn method_of(action: &str, uri: &str) -> Option<Name> {
    let (resource, method) = action.rsplit_once('/')?;
    let identifier = !method.is_empty() && method.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    (identifier && resource.eq_ignore_ascii_case(uri)).then(|| Name::new(method))
}

fn read_invoke(path: cim::ObjectPath, method: Name, body: Node<'_, '_>) -> Result<Operation, SoapFault> {
    let expected = format!("{method}_INPUT");
    let input = xml::elements(body).next();
    let arguments = match input {
        Some(input) if input.tag_name().name().eq_ignore_ascii_case(&expected) => {
            instance::read_properties(input, ElementForm::Qualified)
                .into_iter()
                .map(|(name, value)| Argument { name, value })
                .collect()
        }
        Some(_) => return Err(SoapFault::new(code::SCHEMA, format!("the body does not hold {expected}"))),
        None => Vec::new(),
    };
    Ok(Operation::Invoke { path, method, arguments })
}

fn read_enumerate(resource: Resource, body: Node<'_, '_>) -> Result<Operation, SoapFault> {
    let enumerate = part(body, "Enumerate")?;
    let mode = match xml::child(enumerate, ns::WSMAN, "EnumerationMode").map(xml::token).as_deref() {
        None | Some("EnumerateObject") => Mode::Object,
        Some("EnumerateEPR") => Mode::Reference,
        Some("EnumerateObjectAndEPR") => Mode::ObjectAndReference,
        Some(_) => return Err(SoapFault::new(code::ENUMERATION_MODE, "no such enumeration mode")),
    };
    let filter =
        xml::child(enumerate, ns::WSMAN, "Filter").or_else(|| xml::child(enumerate, ns::ENUMERATION, "Filter"));
    let filter = filter.map(|filter| Filter::read(filter, &resource)).transpose()?;
    if filter.is_none() && resource.is_all() {
        return Err(SoapFault::new(code::CANNOT_PROCESS_FILTER, "all classes can be enumerated by a query only"));
    }
    Ok(Operation::Enumerate(Enumerate {
        resource,
        filter,
        mode,
        optimize: xml::child(enumerate, ns::WSMAN, "OptimizeEnumeration").is_some(),
        max_elements: number(xml::child(enumerate, ns::WSMAN, "MaxElements"))?,
    }))
}

fn part<'a, 'i>(body: Node<'a, 'i>, local: &str) -> Result<Node<'a, 'i>, SoapFault> {
    xml::child(body, ns::ENUMERATION, local)
        .ok_or_else(|| SoapFault::new(code::SCHEMA, format!("the body does not hold {local}")))
}

fn context(node: Node<'_, '_>) -> Result<String, SoapFault> {
    let context = xml::child(node, ns::ENUMERATION, "EnumerationContext").map(xml::token).unwrap_or_default();
    if context.is_empty() {
        return Err(SoapFault::new(code::INVALID_CONTEXT, "the enumeration context is missing"));
    }
    Ok(context)
}

fn number(node: Option<Node<'_, '_>>) -> Result<Option<u32>, SoapFault> {
    let Some(node) = node else { return Ok(None) };
    match xml::token(node).parse() {
        Ok(0) | Err(_) => Err(SoapFault::new(code::SCHEMA, "MaxElements is not a positive number")),
        Ok(number) => Ok(Some(number)),
    }
}

fn selector_fault(error: SelectorError) -> SoapFault {
    match error {
        SelectorError::Duplicate => {
            SoapFault::new(code::DUPLICATE_SELECTORS, "a selector occurs twice").with_detail("DuplicateSelectors")
        }
        SelectorError::Unreadable => {
            SoapFault::new(2_150_858_813, "a selector cannot be read").with_detail("InvalidValue")
        }
        SelectorError::Namespace => SoapFault::new(
            code::NAMESPACE_MISMATCH,
            "the selector __cimnamespace differs from the resource's namespace",
        ),
    }
}
