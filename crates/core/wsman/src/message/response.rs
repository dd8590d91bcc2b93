//! Answers: written by a server, read by a client.

use std::fmt::Write as _;

use roxmltree::Node;

use cim::{Name, Output, Row};

use super::{Batch, Identity, Mode, Operation, Response};
use crate::instance;
use crate::namespace as ns;
use crate::resource::{self, Resource, UriForm};
use crate::xml::{self, ElementForm};

/// Writes an answer's envelope. `relates_to` is the request's MessageID, byte for byte.
pub(crate) fn write_envelope(action: &str, message_id: &str, relates_to: Option<&str>, body: &str) -> String {
    write_envelope_with("", action, message_id, relates_to, body)
}

/// Writes an envelope with additional header elements.
pub(crate) fn write_envelope_with(
    more: &str,
    action: &str,
    message_id: &str,
    relates_to: Option<&str>,
    body: &str,
) -> String {
    envelope("", (action, message_id, relates_to), more, body)
}

/// The envelope of a fault: it declares every prefix that a subcode can have, which stands there in text.
pub(crate) fn write_fault_envelope(action: &str, message_id: &str, relates_to: Option<&str>, body: &str) -> String {
    envelope(ns::FAULT_DECLARATIONS, (action, message_id, relates_to), "", body)
}

fn envelope(
    namespaces: &str,
    (action, message_id, relates_to): (&str, &str, Option<&str>),
    more: &str,
    body: &str,
) -> String {
    let relates = relates_to.map_or_else(String::new, |id| format!("<a:RelatesTo>{}</a:RelatesTo>", xml::escape(id)));
    format!(
        concat!(
            r#"<s:Envelope xml:lang="en-US"{}{}><s:Header><a:Action>{}</a:Action><a:MessageID>{}</a:MessageID>"#,
            "<a:To>{}</a:To>{}{}</s:Header><s:Body>{}</s:Body></s:Envelope>"
        ),
        ns::DECLARATIONS,
        namespaces,
        xml::escape(action),
        xml::escape(message_id),
        ns::ANONYMOUS,
        relates,
        more,
        body
    )
}

/// The action of the answer to an action.
pub(crate) fn action_of(action: &str) -> String {
    format!("{action}Response")
}

/// Writes the items of one enumeration.
pub(crate) struct ItemWriter {
    pub(crate) resource: Resource,
    pub(crate) mode: Mode,
    /// The form of rows, if a column list was asked for.
    pub(crate) fragments: Option<ElementForm>,
}

impl ItemWriter {
    pub(crate) fn item(&self, row: &Row) -> String {
        let object = || match self.fragments {
            Some(form) => instance::write_fragment(row, &self.resource, form),
            None => instance::write(row, &self.resource),
        };
        let reference =
            || row.path.as_ref().map(|path| instance::write_epr(path, self.resource.uri_form)).unwrap_or_default();
        match self.mode {
            Mode::Object => object(),
            Mode::Reference => reference(),
            Mode::ObjectAndReference => format!("<w:Item>{}{}</w:Item>", object(), reference()),
        }
    }
}

/// Writes the body of any answer but a fault, with Microsoft's URIs.
#[cfg(test)]
pub(crate) fn write_body(response: &Response, operation: &Operation, items: &[String]) -> String {
    write_body_in(UriForm::Wmi, response, operation, items)
}

/// Writes the body of any answer but a fault, with URIs of the request's form.
pub(crate) fn write_body_in(form: UriForm, response: &Response, operation: &Operation, items: &[String]) -> String {
    let items = items.concat();
    match (response, operation) {
        (Response::Identity(identity), _) => write_identity(identity, ns::IDENTITY),
        (Response::Instance(row), Operation::Get(path)) => instance::write(row, &Resource::of(path).named_in(form)),
        (Response::Enumeration(batch), Operation::Enumerate(enumerate)) => {
            // The context is written even at the end, where it is empty; items only if they were asked for.
            let context = xml::escape(batch.context.as_deref().unwrap_or_default()).into_owned();
            let items = if enumerate.optimize { format!("<w:Items>{items}</w:Items>") } else { String::new() };
            let end = if batch.end && enumerate.optimize { "<w:EndOfSequence/>" } else { "" };
            format!(
                "<n:EnumerateResponse><n:EnumerationContext>{context}</n:EnumerationContext>{items}{end}</n:EnumerateResponse>"
            )
        }
        (Response::Items(batch), _) => {
            let context = batch.context.as_ref().map_or_else(String::new, |context| {
                format!("<n:EnumerationContext>{}</n:EnumerationContext>", xml::escape(context))
            });
            let end = if batch.end { "<n:EndOfSequence/>" } else { "" };
            format!("<n:PullResponse>{context}<n:Items>{items}</n:Items>{end}</n:PullResponse>")
        }
        (Response::Output(output), Operation::Invoke { path, method, .. }) => {
            write_output(output, &Resource::of(path).named_in(form), method)
        }
        (Response::Released | Response::Instance(_) | Response::Enumeration(_) | Response::Output(_), _) => {
            String::new()
        }
    }
}

/// Writes an answer to Identify in the spelling of the namespace that was asked with.
pub(crate) fn write_identity(identity: &Identity, namespace: &str) -> String {
    let mut profiles = String::new();
    for profile in &identity.profiles {
        let profile = xml::escape(profile);
        let _infallible = write!(profiles, "<wsmid:SecurityProfileName>{profile}</wsmid:SecurityProfileName>");
    }
    if !profiles.is_empty() {
        profiles = format!("<wsmid:SecurityProfiles>{profiles}</wsmid:SecurityProfiles>");
    }
    format!(
        concat!(
            r#"<wsmid:IdentifyResponse xmlns:wsmid="{}"><wsmid:ProtocolVersion>{}</wsmid:ProtocolVersion>"#,
            "<wsmid:ProductVendor>{}</wsmid:ProductVendor><wsmid:ProductVersion>{}</wsmid:ProductVersion>{}</wsmid:IdentifyResponse>"
        ),
        namespace,
        xml::escape(&identity.protocol),
        xml::escape(&identity.vendor),
        xml::escape(&identity.version),
        profiles
    )
}

fn write_output(output: &Output, resource: &Resource, method: &Name) -> String {
    let method = xml::name(method);
    let mut text = format!(
        r#"<p:{method}_OUTPUT xmlns:xsi="{}" xmlns:p="{}" xmlns:cim="{}" xsi:type="p:{method}_OUTPUT_Type">"#,
        ns::XSI,
        xml::escape(&resource.uri()),
        ns::CIM
    );
    instance::write_properties(&mut text, &output.parameters, instance::INSTANCE, resource);
    let _infallible = write!(text, "</p:{method}_OUTPUT>");
    text
}

/// Reads the body of an answer to `operation`.
///
/// # Errors
/// In words, what the body lacks.
pub(crate) fn read(body: Node<'_, '_>, operation: &Operation) -> Result<Response, String> {
    match operation {
        Operation::Identify => read_identity(body),
        Operation::Get(path) => {
            let instance = xml::elements(body).next().ok_or("the answer to Get holds no instance")?;
            let row = instance::read(instance);
            // A derived class's element is right too; a class that shares nothing with the request is recognized by its keys.
            Ok(Response::Instance(Row { path: Some(path.clone()), ..row }))
        }
        Operation::Enumerate(_) => {
            let node = answer(body, "EnumerateResponse")?;
            let mut batch = read_batch(node, ns::WSMAN);
            // Without items this is only the beginning, whatever the context says.
            batch.end |= batch.context.is_none();
            Ok(Response::Enumeration(batch))
        }
        Operation::Pull { .. } => {
            let node = answer(body, "PullResponse")?;
            let batch = read_batch(node, ns::ENUMERATION);
            if !batch.end && batch.context.is_none() {
                return Err("the answer to Pull has neither an end nor a context to go on with".to_owned());
            }
            Ok(Response::Items(batch))
        }
        Operation::Release { .. } => Ok(Response::Released),
        Operation::Eventing(_) => Err("answers about events are read by who listens to them".to_owned()),
        Operation::Invoke { method, .. } => {
            let expected = format!("{method}_OUTPUT");
            let output = xml::elements(body).next().ok_or_else(|| format!("the answer holds no {expected}"))?;
            if !output.tag_name().name().eq_ignore_ascii_case(&expected) {
                return Err(format!("the answer holds {} where {expected} is due", output.tag_name().name()));
            }
            Ok(Response::Output(Output { parameters: instance::read_properties(output, ElementForm::Qualified) }))
        }
    }
}

fn answer<'a, 'i>(body: Node<'a, 'i>, local: &str) -> Result<Node<'a, 'i>, String> {
    xml::child(body, ns::ENUMERATION, local).ok_or_else(|| format!("the answer holds no {local}"))
}

/// Items and end are in one namespace in the answer to Enumerate, and in another in the answer to Pull.
fn read_batch(node: Node<'_, '_>, namespace: &str) -> Batch {
    let context = xml::child(node, ns::ENUMERATION, "EnumerationContext").map(xml::token).filter(|c| !c.is_empty());
    let mut rows: Vec<Row> = Vec::new();
    for item in xml::child(node, namespace, "Items").into_iter().flat_map(xml::elements) {
        rows.push(read_item(item, rows.last()));
    }
    Batch { rows, context, end: xml::child(node, namespace, "EndOfSequence").is_some() }
}

fn read_item(node: Node<'_, '_>, before: Option<&Row>) -> Row {
    if xml::is(node, ns::WSMAN, "Item") {
        let mut parts = xml::elements(node);
        let mut row = parts.next().map_or_else(|| Row::new(""), |object| instance::read_like(object, before));
        row.path = parts.next().and_then(|epr| resource::read_reference(epr, 0));
        return row;
    }
    if xml::is(node, ns::ADDRESSING, "EndpointReference") {
        let path = resource::read_reference(node, 0);
        return Row { class: path.as_ref().map_or(Name::new(""), |p| p.class.clone()), path, ..Row::new("") };
    }
    instance::read_like(node, before)
}

fn read_identity(body: Node<'_, '_>) -> Result<Response, String> {
    let identity = [ns::IDENTITY, ns::IDENTIFY].into_iter().find_map(|namespace| {
        let node = xml::child(body, namespace, "IdentifyResponse")?;
        let text = |local| xml::child(node, namespace, local).map(xml::token).unwrap_or_default();
        Some(Identity {
            protocol: text("ProtocolVersion"),
            vendor: text("ProductVendor"),
            version: text("ProductVersion"),
            profiles: xml::child(node, namespace, "SecurityProfiles")
                .into_iter()
                .flat_map(xml::elements)
                .map(xml::token)
                .collect(),
        })
    });
    identity.map(Response::Identity).ok_or_else(|| "the answer holds no IdentifyResponse".to_owned())
}
