//! The server's side: envelopes in, envelopes out, with enumeration contexts in between. Strict where Windows is strict.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use cim::{CallError, ObjectPath, Reply, Request, wql};
use roxmltree::Node;

use crate::client::every;
use crate::eventing::{self, EventLogs, Eventing, Message, NoLogs, Served, Sources, kind_of_eventing};
use crate::fault::{Fault, code};
use crate::header;
use crate::language::ENGLISH;
use crate::message::{
    Asked, Batch, Enumerate, Identity, ItemWriter, Mode, Operation, Response, action_of, read_operation, write_body_in,
    write_envelope, write_fault_envelope, write_identity,
};
use crate::namespace as ns;
use crate::provider;
use crate::resource::{self, Resource, UriForm};
use crate::xml::{self, ElementForm};

/// Largest answer, in bytes (`MaxEnvelopeSizekb` 500 of current Windows).
const ENVELOPE_MAX: usize = 500 * 1024;
/// Room for an envelope around its items.
pub(crate) const ENVELOPE_FRAME: usize = 2 * 1024;
/// Most items in one batch (MaxBatchItems).
const BATCH_MAX: usize = 32_000;
/// An enumeration that nobody pulls from ends after this long (`EnumerationTimeoutms`).
const CONTEXT_IDLE: Duration = Duration::from_mins(4);
/// Most enumerations open at once (`MaxConcurrentOperationsPerUser`).
const CONTEXTS_MAX: usize = 1_500;

/// What is asked of whatever stands behind the server.
pub type Ask<'a> = dyn FnMut(Request) -> Result<Reply, CallError> + 'a;

/// One WS-Management service.
#[derive(Debug)]
pub struct Server {
    machine: String,
    identity: Identity,
    pub(crate) contexts: BTreeMap<String, Context>,
    pub(crate) sources: Sources,
    pub(crate) issued: u64,
    shape: FaultShape,
    fragments: ElementForm,
    pub(crate) language: String,
}

/// The shape of a fault's detail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FaultShape {
    /// `WSManFault`, Microsoft's own element.
    #[default]
    Wsman,
    /// `MSFT_WmiError`, the error instance of newer Windows.
    Wmi,
}

/// What a message asks for, before anything is done for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Outline {
    /// The kind of request.
    pub kind: RequestKind,
    /// The object that a Get or an Invoke names.
    pub path: Option<ObjectPath>,
    message_id: Option<String>,
}

/// One enumeration under way.
#[derive(Debug)]
pub(crate) struct Context {
    resource: Resource,
    items: VecDeque<String>,
    used: Duration,
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

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status: 200, or 500 with a fault.
    pub status: u16,
    /// The envelope.
    pub body: String,
    /// What was asked.
    pub kind: RequestKind,
    /// Whether the answer is a fault.
    pub fault: bool,
}

impl Server {
    /// A service on a machine of that name. `version` is what Identify says: `OS: 6.3.9600 SP: 0.0 Stack: 3.0`.
    pub fn new(machine: &str, version: &str) -> Self {
        let identity = Identity {
            protocol: ns::WSMAN.to_owned(),
            vendor: "Microsoft Corporation".to_owned(),
            version: version.to_owned(),
            profiles: Vec::new(),
        };
        Self {
            machine: machine.to_owned(),
            identity,
            contexts: BTreeMap::new(),
            sources: Sources::default(),
            issued: 0,
            shape: FaultShape::default(),
            fragments: ElementForm::default(),
            language: ENGLISH.to_owned(),
        }
    }

    /// Sets the form of dates and references in rows of a column list. Windows writes them [`ElementForm::Unqualified`],
    /// the default.
    #[must_use]
    pub fn with_fragments(mut self, form: ElementForm) -> Self {
        self.fragments = form;
        self
    }

    /// The same, telling who has logged in by which ways one can: `http://…/wsman/secprofile/http/basic` and so on
    /// (DSP0226 section 11).
    #[must_use]
    pub fn with_profiles(mut self, profiles: Vec<String>) -> Self {
        self.identity.profiles = profiles;
        self
    }

    /// Answers one message of a service that has no event logs. `now` is any clock that does not run backwards; `ask`
    /// answers CIM requests.
    pub fn handle(&mut self, now: Duration, bytes: &[u8], charset: Option<&str>, ask: &mut Ask<'_>) -> Answer {
        match self.serve(now, bytes, charset, ask, &mut NoLogs) {
            Served::Answer(answer) => answer,
            // Nobody can have subscribed.
            Served::Later(waiting) => {
                let fault = Fault::new(code::TIMED_OUT, "there are no event logs");
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
            let fault = Fault::new(code::SCHEMA, "the message is no SOAP 1.2 envelope");
            return Served::Answer(self.fault(RequestKind::Other, None, &fault));
        };
        if let Some(namespace) = asks_who(body) {
            let mut answer = identify(&self.identity, namespace);
            answer.body = self.in_language(answer.body);
            return Served::Answer(answer);
        }
        let Some(head) = xml::child(root, ns::SOAP, "Header") else {
            let fault = Fault::new(code::HEADER_REQUIRED, "the message has no header");
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
        let size_max = wanted.unwrap_or(ENVELOPE_MAX).min(ENVELOPE_MAX);
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
    ) -> Answer {
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
                    let fault = Fault::new(code, "the answer is larger than MaxEnvelopeSize");
                    return self.fault(kind, message_id, &fault.with_detail(detail));
                }
                Answer { status: 200, body, kind, fault: false }
            }
            Err(fault) => self.fault(kind, message_id, &fault),
        }
    }

    /// The shape in which faults tell their details from now on.
    pub fn shape_faults(&mut self, shape: FaultShape) {
        self.shape = shape;
    }

    /// Answers a message with a fault, and does nothing else for it.
    pub fn refuse(&mut self, asked: &Outline, fault: &Fault) -> Answer {
        self.fault(asked.kind, asked.message_id.as_deref(), fault)
    }

    /// Answers one message of somebody who has not logged in: Identify alone, without saying which Windows this is
    /// (MS-WSMV 3.1.4.1.31). `None` for everything else, which is to be refused.
    pub fn handle_unknown(&self, bytes: &[u8], charset: Option<&str>) -> Option<Answer> {
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
    ) -> Result<(Response, Vec<String>), Fault> {
        let other = || Fault::new(code::INTERNAL, "the provider answered with something else");
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

    fn enumerate(
        &mut self,
        now: Duration,
        enumerate: &Enumerate,
        room: usize,
        ask: &mut Ask<'_>,
    ) -> Result<(Response, Vec<String>), Fault> {
        let asked = match &enumerate.filter {
            Some(filter) => filter.asked(&enumerate.resource)?,
            None => Asked::Select(every(&enumerate.resource.class)),
        };
        let fragments = matches!(&asked, Asked::Select(select) if select.columns != wql::Columns::All);
        if fragments && enumerate.mode != Mode::Object {
            return Err(Fault::new(code::ENUMERATION_MODE, "rows of a column list have no references"));
        }
        if self.contexts.len() >= CONTEXTS_MAX {
            return Err(Fault::new(code::QUOTA, "too many enumerations are open"));
        }
        let request = match asked {
            Asked::Select(select) => Request::Query { namespace: enumerate.resource.namespace.clone(), select },
            Asked::Related(related) => Request::Related { related },
        };
        let rows = match ask(request).map_err(|error| provider::fault(&error, self.shape))? {
            Reply::Rows(rows) => rows,
            Reply::Instance(_) | Reply::Output(_) => {
                return Err(Fault::new(code::INTERNAL, "the provider answered with something else"));
            }
        };
        let fragments = fragments.then_some(self.fragments);
        let writer = ItemWriter { resource: enumerate.resource.clone(), mode: enumerate.mode, fragments };
        let mut items: VecDeque<String> = rows.iter().map(|row| writer.item(row)).collect();
        let first = if enumerate.optimize { batch(&mut items, enumerate.max_elements, room)? } else { Vec::new() };
        let end = enumerate.optimize && items.is_empty();
        let context = (!end).then(|| self.open(now, enumerate.resource.clone(), items));
        Ok((Response::Enumeration(Batch { rows: Vec::new(), context, end }), first))
    }

    fn pull(
        &mut self,
        now: Duration,
        resource: &Resource,
        context: &str,
        max_elements: Option<u32>,
        room: usize,
    ) -> Result<(Response, Vec<String>), Fault> {
        if self.contexts.get(context).is_some_and(|open| !resource.may_pull_from(&open.resource)) {
            return Err(Fault::new(2_150_859_181, "the Pull is for another resource than the Enumerate"));
        }
        let mut under_way = self.contexts.remove(context).ok_or_else(no_such_context)?;
        let items = batch(&mut under_way.items, max_elements, room)?;
        let end = under_way.items.is_empty();
        // The context changes in every answer.
        let context = (!end).then(|| self.open(now, under_way.resource, under_way.items));
        Ok((Response::Items(Batch { rows: Vec::new(), context, end }), items))
    }

    fn open(&mut self, now: Duration, resource: Resource, items: VecDeque<String>) -> String {
        let id = self.next_id();
        self.contexts.insert(id.clone(), Context { resource, items, used: now });
        id
    }

    pub(crate) fn fault(&mut self, kind: RequestKind, relates_to: Option<&str>, fault: &Fault) -> Answer {
        let id = self.next_id();
        let written = match self.shape {
            FaultShape::Wsman => fault.write(&self.machine),
            FaultShape::Wmi => fault.write_as_wmi(),
        };
        let body = self.in_language(write_fault_envelope(fault.action(), &id, relates_to, &written));
        Answer { status: 500, body, kind, fault: true }
    }

    /// A name that this service has not used: its own, so that two runs give the same bytes.
    pub(crate) fn next_id(&mut self) -> String {
        next_id(&mut self.issued)
    }
}

pub(crate) fn next_id(issued: &mut u64) -> String {
    *issued += 1;
    format!("uuid:{:08X}-0000-4000-8000-{:012X}", 0x5EED_u32, *issued)
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
fn asks_who(body: Node<'_, '_>) -> Option<&'static str> {
    [ns::IDENTITY, ns::IDENTIFY].into_iter().find(|namespace| xml::child(body, namespace, "Identify").is_some())
}

fn identify(identity: &Identity, namespace: &str) -> Answer {
    let body = write_identity(identity, namespace);
    let soap = ns::SOAP;
    let body =
        format!(r#"<s:Envelope xml:lang="en-US" xmlns:s="{soap}"><s:Header/><s:Body>{body}</s:Body></s:Envelope>"#);
    Answer { status: 200, body, kind: RequestKind::Identify, fault: false }
}

/// Takes items from the front while they fit; at least one, or a fault if not even one does.
fn batch(items: &mut VecDeque<String>, most: Option<u32>, room: usize) -> Result<Vec<String>, Fault> {
    let most = most.and_then(|n| usize::try_from(n).ok()).unwrap_or(1).min(BATCH_MAX);
    let mut left = room.saturating_sub(ENVELOPE_FRAME);
    let mut taken = Vec::new();
    while taken.len() < most {
        match items.front() {
            Some(item) if item.len() <= left => left -= item.len(),
            Some(_) if taken.is_empty() => {
                let fault = Fault::new(code::ANSWER_TOO_LARGE, "one item is larger than MaxEnvelopeSize");
                return Err(fault.with_detail("MaxEnvelopeSizeExceeded"));
            }
            Some(_) | None => break,
        }
        taken.extend(items.pop_front());
    }
    Ok(taken)
}

fn no_such_context() -> Fault {
    Fault::new(code::INVALID_CONTEXT, "the enumeration context is unknown or has expired")
}

fn unreadable(error: &crate::ReadError) -> Fault {
    match error {
        crate::ReadError::TooLong(_) => Fault::new(code::ENCODING_LIMIT, error.to_string()),
        crate::ReadError::Charset(_)
        | crate::ReadError::TooDeep
        | crate::ReadError::Excess(_)
        | crate::ReadError::Xml(_) => Fault::new(code::INVALID_XML, error.to_string()),
    }
}

fn kind_of(operation: &Operation) -> RequestKind {
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
fn kind_of_action(action: &str) -> RequestKind {
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
