//! One message in, one answer out. Strict where Windows is strict.

use std::time::Duration;

use cim::{CallError, Reply, Request};

use super::Ask;
use super::enumeration::no_such_context;
use super::events::{Message, NoLogs, Served};
use super::kind::{HttpResponse, Outline, RequestKind, asks_who, kind_of, kind_of_action};
use super::state::Server;
use crate::eventing::{EventLogs, Eventing};
use crate::fault::{SoapFault, code};
use crate::header;
use crate::message::{
    Identity, Operation, Response, action_of, read_operation, write_body_in, write_envelope, write_identity,
};
use crate::namespace as ns;
use crate::provider;
use crate::resource::UriForm;
use crate::xml;

/// An enumeration that nobody pulls from ends after this long (`EnumerationTimeoutms`).
const CONTEXT_IDLE: Duration = Duration::from_mins(4);
impl Server {
    /// Answers one message of a service that has no event logs. `now` is any clock that does not run backwards; `ask`
    /// answers CIM requests.
    pub fn handle(&mut self, now: Duration, bytes: &[u8], charset: Option<&str>, ask: &mut Ask<'_>) -> HttpResponse {
        match self.serve(now, bytes, charset, ask, &mut NoLogs) {
            Served::Answer(answer) => answer,
            // Nobody can have subscribed.
            Served::Later(waiting) => {
                let fault = SoapFault::new(code::TIMED_OUT, "there are no event logs");
                self.fault(RequestKind::Pull, waiting.message_id.as_deref(), &fault)
            }
        }
    }

    /// Answers one message, or says that it is to wait. `now` is any clock that does not run backwards; `ask` answers CIM
    /// requests.
    pub fn serve(
        &mut self,
        now: Duration,
        bytes: &[u8],
        charset: Option<&str>,
        ask: &mut Ask<'_>,
        logs: &mut dyn EventLogs,
    ) -> Served {
        self.sources.expire(now);
        self.contexts.retain(|_, context| now.saturating_sub(context.used) < CONTEXT_IDLE);
        let text = match xml::decode_text(bytes, charset) {
            Ok(text) => text,
            Err(error) => return Served::Answer(self.fault(RequestKind::Other, None, &unreadable(&error))),
        };
        let document = match xml::parse_request(&text) {
            Ok(document) => document,
            Err(error) => return Served::Answer(self.fault(RequestKind::Other, None, &unreadable(&error))),
        };
        let root = document.root_element();
        let Some(body) = xml::child(root, ns::SOAP, "Body").filter(|_| xml::is(root, ns::SOAP, "Envelope")) else {
            let fault = SoapFault::new(code::SCHEMA, "the message is no SOAP 1.2 envelope");
            return Served::Answer(self.fault(RequestKind::Other, None, &fault));
        };
        if let Some(namespace) = asks_who(body) {
            let mut answer = identify(&self.identity, namespace);
            answer.body = self.in_language(answer.body);
            return Served::Answer(answer);
        }
        let Some(head) = xml::child(root, ns::SOAP, "Header") else {
            let fault = SoapFault::new(code::HEADER_REQUIRED, "the message has no header");
            return Served::Answer(self.fault(RequestKind::Other, None, &fault));
        };
        // Byte for byte: clients compare it.
        let message_id = xml::child(head, ns::ADDRESSING, "MessageID").map(xml::text);
        let received = match header::read(head) {
            Ok(received) => received,
            Err(fault) => return Served::Answer(self.fault(RequestKind::Other, message_id.as_deref(), &fault)),
        };
        let mut operation = match read_operation(&received, body) {
            Ok(operation) => operation,
            Err(fault) => {
                return Served::Answer(self.fault(kind_of_action(&received.action), message_id.as_deref(), &fault));
            }
        };
        let wanted = received.header.max_envelope_size.and_then(|size| usize::try_from(size).ok());
        if let Operation::Pull { resource, context, max_elements } = &operation
            && self.sources.knows(context)
        {
            let (resource, context) = (resource.uri(), context.clone());
            operation =
                Operation::Eventing(Eventing::Pull { resource, context, max_elements: *max_elements, options: None });
        }
        let size_max = wanted.unwrap_or(self.envelope_max).min(self.envelope_max);
        // The answer repeats the message's id, which may be longer than the rest of its frame.
        let left = size_max.saturating_sub(message_id.as_deref().map_or(0, |id| xml::escape(id).len()));
        if let Operation::Eventing(eventing) = &operation {
            let message = Message {
                id: message_id,
                action: received.action,
                patience: received.header.operation_timeout,
                room: left,
            };
            return self.eventing(now, eventing, message, logs);
        }
        let message = (message_id.as_deref(), received.action.as_str(), UriForm::of(&received.resource_uri));
        Served::Answer(self.answer(now, &operation, message, (size_max, left), ask))
    }

    fn answer(
        &mut self,
        now: Duration,
        operation: &Operation,
        (message_id, action, form): (Option<&str>, &str, UriForm),
        (size_max, room): (usize, usize),
        ask: &mut Ask<'_>,
    ) -> HttpResponse {
        let kind = kind_of(operation);
        match self.perform(now, operation, room, ask) {
            Ok((response, items)) => {
                let body = write_body_in(form, &response, operation, &items);
                let own_id = self.next_id();
                let body = self.in_language(write_envelope(&action_of(action), &own_id, message_id, &body));
                if body.len() > size_max {
                    let (code, detail) = if kind == RequestKind::Invoke {
                        (code::UNREPORTABLE_SUCCESS, "UnreportableSuccess")
                    } else {
                        (code::ANSWER_TOO_LARGE, "MaxEnvelopeSizeExceeded")
                    };
                    let fault = SoapFault::new(code, "the answer is larger than MaxEnvelopeSize");
                    return self.fault(kind, message_id, &fault.with_detail(detail));
                }
                HttpResponse { status: 200, body, kind, fault: false }
            }
            Err(fault) => self.fault(kind, message_id, &fault),
        }
    }

    /// Answers a message with a fault, and does nothing else for it.
    pub fn refuse(&mut self, asked: &Outline, fault: &SoapFault) -> HttpResponse {
        self.fault(asked.kind, asked.message_id.as_deref(), fault)
    }

    /// Answers one message of somebody who has not logged in: Identify alone, without saying which Windows this is
    /// (MS-WSMV 3.1.4.1.31). `None` for everything else, which is to be refused.
    pub fn handle_unknown(&self, bytes: &[u8], charset: Option<&str>) -> Option<HttpResponse> {
        let text = xml::decode_text(bytes, charset).ok()?;
        let document = xml::parse_request(&text).ok()?;
        let root = document.root_element();
        let body = xml::child(root, ns::SOAP, "Body").filter(|_| xml::is(root, ns::SOAP, "Envelope"))?;
        let identity = Identity {
            version: "OS: 0.0.0 SP: 0.0 Stack: 3.0".to_owned(),
            profiles: Vec::new(),
            ..self.identity.clone()
        };
        Some(identify(&identity, asks_who(body)?))
    }

    fn perform(
        &mut self,
        now: Duration,
        operation: &Operation,
        room: usize,
        ask: &mut Ask<'_>,
    ) -> Result<(Response, Vec<String>), SoapFault> {
        let other = || SoapFault::new(code::INTERNAL, "the provider answered with something else");
        let shape = self.shape;
        let failed = |error: CallError| provider::fault(&error, shape);
        match operation {
            Operation::Identify => Ok((Response::Identity(self.identity.clone()), Vec::new())),
            Operation::Get(path) => match ask(Request::Get { path: path.clone() }).map_err(failed)? {
                Reply::Instance(row) => Ok((Response::Instance(row), Vec::new())),
                Reply::Rows(_) | Reply::Output(_) => Err(other()),
            },
            Operation::Invoke { path, method, arguments } => {
                let request =
                    Request::Invoke { path: path.clone(), method: method.clone(), arguments: arguments.clone() };
                match ask(request).map_err(failed)? {
                    Reply::Output(output) => Ok((Response::Output(output), Vec::new())),
                    Reply::Rows(_) | Reply::Instance(_) => Err(other()),
                }
            }
            Operation::Enumerate(enumerate) => self.enumerate(now, enumerate, room, ask),
            Operation::Pull { resource, context, max_elements } => {
                self.pull(now, resource, context, *max_elements, room)
            }
            Operation::Release { context, .. } => match self.contexts.remove(context) {
                Some(_) => Ok((Response::Released, Vec::new())),
                None => Err(no_such_context()),
            },
            // It has been dealt with before anything was asked.
            Operation::Eventing(_) => Err(other()),
        }
    }
}

fn identify(identity: &Identity, namespace: &str) -> HttpResponse {
    let body = write_identity(identity, namespace);
    let soap = ns::SOAP;
    let body =
        format!(r#"<s:Envelope xml:lang="en-US" xmlns:s="{soap}"><s:Header/><s:Body>{body}</s:Body></s:Envelope>"#);
    HttpResponse { status: 200, body, kind: RequestKind::Identify, fault: false }
}

fn unreadable(error: &crate::ReadError) -> SoapFault {
    match error {
        crate::ReadError::TooLong(_) => SoapFault::new(code::ENCODING_LIMIT, error.to_string()),
        crate::ReadError::Charset(_)
        | crate::ReadError::TooDeep
        | crate::ReadError::Excess(_)
        | crate::ReadError::Xml(_) => SoapFault::new(code::INVALID_XML, error.to_string()),
    }
}
