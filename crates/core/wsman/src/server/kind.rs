//! What kind of message a service got, before anything is done for it, and what it answers.

use cim::ObjectPath;
use roxmltree::Node;

use crate::eventing::{self, Eventing};
use crate::header;
use crate::message::{Operation, read_operation};
use crate::namespace as ns;
use crate::resource;
use crate::xml;

/// What a message asks for, before anything is done for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Outline {
    /// The kind of request.
    pub kind: RequestKind,
    /// The object that a Get or an Invoke names.
    pub path: Option<ObjectPath>,
    pub(super) message_id: Option<String>,
}

/// What kind of request was answered, for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequestKind {
    /// Identify.
    Identify,
    /// Get.
    Get,
    /// Enumerate.
    Enumerate,
    /// Pull.
    Pull,
    /// Release.
    Release,
    /// Invoke.
    Invoke,
    /// Subscribe.
    Subscribe,
    /// Unsubscribe.
    Unsubscribe,
    /// None of these, or not readable.
    Other,
}

/// The HTTP response to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpResponse {
    /// The HTTP status: 200, or 500 with a fault.
    pub status: u16,
    /// The envelope.
    pub body: String,
    /// What was asked.
    pub kind: RequestKind,
    /// Whether the answer is a fault.
    pub fault: bool,
}

/// What a message asks for; nothing is done for it.
pub fn asked(bytes: &[u8], charset: Option<&str>) -> Outline {
    let mut asked = Outline { kind: RequestKind::Other, path: None, message_id: None };
    let Ok(text) = xml::decode_text(bytes, charset) else { return asked };
    let Ok(document) = xml::parse_request(&text) else { return asked };
    let root = document.root_element();
    let Some(body) = xml::child(root, ns::SOAP, "Body") else { return asked };
    if asks_who(body).is_some() {
        asked.kind = RequestKind::Identify;
        return asked;
    }
    let Some(head) = xml::child(root, ns::SOAP, "Header") else { return asked };
    asked.message_id = xml::child(head, ns::ADDRESSING, "MessageID").map(xml::text);
    let Ok(received) = header::read(head) else { return asked };
    match read_operation(&received, body) {
        Ok(operation) => {
            asked.kind = kind_of(&operation);
            if let Operation::Get(path) | Operation::Invoke { path, .. } = operation {
                asked.path = Some(path);
            }
        }
        Err(_) => asked.kind = kind_of_action(&received.action),
    }
    asked
}

/// The namespace that Identify was asked in, if it was.
pub(super) fn asks_who(body: Node<'_, '_>) -> Option<&'static str> {
    [ns::IDENTITY, ns::IDENTIFY].into_iter().find(|namespace| xml::child(body, namespace, "Identify").is_some())
}

pub(super) fn kind_of(operation: &Operation) -> RequestKind {
    match operation {
        Operation::Identify => RequestKind::Identify,
        Operation::Get(_) => RequestKind::Get,
        Operation::Enumerate(_) => RequestKind::Enumerate,
        Operation::Pull { .. } => RequestKind::Pull,
        Operation::Release { .. } => RequestKind::Release,
        Operation::Invoke { .. } => RequestKind::Invoke,
        Operation::Eventing(eventing) => kind_of_eventing(eventing),
    }
}

/// The kind of a request whose body could not be read.
pub(super) fn kind_of_action(action: &str) -> RequestKind {
    use crate::message::action as a;
    match action {
        a::GET => RequestKind::Get,
        a::ENUMERATE => RequestKind::Enumerate,
        a::PULL => RequestKind::Pull,
        a::RELEASE => RequestKind::Release,
        eventing::action::SUBSCRIBE => RequestKind::Subscribe,
        eventing::action::UNSUBSCRIBE => RequestKind::Unsubscribe,
        other if resource::is_method(other) => RequestKind::Invoke,
        _ => RequestKind::Other,
    }
}

pub(super) fn kind_of_eventing(operation: &Eventing) -> RequestKind {
    match operation {
        Eventing::Subscribe(_) | Eventing::Indications(_) => RequestKind::Subscribe,
        Eventing::Pull { .. } => RequestKind::Pull,
        Eventing::Unsubscribe { .. } => RequestKind::Unsubscribe,
    }
}
