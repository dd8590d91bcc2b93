//! The client's side of one call: which messages it needs, and what their answers mean. The transport sends them.

use std::time::Duration;

use cim::markup::Excess;
use cim::reference::readable;
use cim::{CallError, ErrorKind, Hint, Name, Namespace, Reached, Reply, Request, Row, wql};

use crate::fault::{Meaning, SoapFault, code};
use crate::header::Header;
use crate::message::{Batch, Enumerate, Filter, Identity, Mode, Operation, Response, read_response};
use crate::namespace as ns;
use crate::resource::{ALL_CLASSES, Resource};
use crate::xml;

/// Maximum number of items in one batch: Windows' own limit (MaxBatchItems). The envelope's size is what ends a batch.
const BATCH_MAX: u32 = 32_000;
/// Maximum number of rows of one query: a host has hundreds of VMs, not hundreds of thousands.
const ROWS_MAX: usize = 500_000;
/// Maximum number of answers in a row without an item: a server that never ends must not hold us.
const EMPTY_MAX: u32 = 8;

/// The settings that every message of a client carries.
#[derive(Clone, Debug)]
pub struct MessageSettings {
    /// The address of the service.
    pub to: String,
    /// Maximum size of an answer, in bytes.
    pub max_envelope_size: u32,
    /// How long the server may take.
    pub operation_timeout: Duration,
}

/// One call in progress.
#[derive(Debug)]
pub struct Call {
    operation: Operation,
    rows: Vec<Row>,
    empty: u32,
    message_id: String,
    /// Maximum number of items in one batch.
    batch: Option<u32>,
    /// The size of all answers and of the rows that are kept, in bytes.
    weight: usize,
}

/// The kind of the next message.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// Send the next message.
    Next,
    /// The call is done.
    Done(Reply),
}

impl Call {
    /// Begins a call.
    pub fn new(request: Request) -> Self {
        let operation = match request {
            Request::Get { path } => Operation::Get(path),
            Request::Invoke { path, method, arguments } => Operation::Invoke { path, method, arguments },
            Request::Query { namespace, select } => enumerate(namespace, Filter::Wql(select.to_string())),
            Request::Related { related } => enumerate(related.object.namespace.clone(), Filter::Related(related)),
        };
        Self { operation, rows: Vec::new(), empty: 0, message_id: String::new(), batch: Some(BATCH_MAX), weight: 0 }
    }

    /// Begins an enumeration with a given batch size and kind of items. It ends with [`Reply::Rows`].
    pub fn enumerate(enumerate: Enumerate) -> Self {
        let batch = enumerate.max_elements;
        let operation = Operation::Enumerate(enumerate);
        Self { operation, rows: Vec::new(), empty: 0, message_id: String::new(), batch, weight: 0 }
    }

    /// The size of all answers so far and, approximately, of the rows that are kept, in bytes. The caller bounds it: a server
    /// may hand out rows without end.
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// Whether the next message may change something, so that it must never be sent twice.
    pub fn changes_something(&self) -> bool {
        matches!(self.operation, Operation::Invoke { .. })
    }

    /// Whether the message to be sent now goes on with something that the server keeps. If its answer is lost, nobody
    /// knows what the server has already handed out: the call begins anew or fails.
    pub fn goes_on(&self) -> bool {
        matches!(self.operation, Operation::Pull { .. })
    }

    /// The next message to send.
    pub fn message(&mut self, settings: &MessageSettings, message_id: &str) -> String {
        message_id.clone_into(&mut self.message_id);
        self.operation.write(&header(settings, message_id))
    }

    /// The message that ends an enumeration early, if one is open. Its answer does not matter.
    pub fn release(&self, settings: &MessageSettings, message_id: &str) -> Option<String> {
        let Operation::Pull { resource, context, .. } = &self.operation else { return None };
        let release = Operation::Release { resource: resource.clone(), context: context.clone() };
        Some(release.write(&header(settings, message_id)))
    }

    /// Processes an answer.
    ///
    /// # Errors
    /// A fault of the server, or an answer that cannot be understood, as a [`CallError`].
    pub fn take(&mut self, text: &str) -> Result<Progress, CallError> {
        self.weight = self.weight.saturating_add(text.len());
        let text = readable(text);
        let document = xml::parse(&text).map_err(|error| unreadable(&error))?;
        let body = match open(&document, self.changes_something(), Some(&self.message_id)) {
            Ok(body) => body,
            Err(error) => return self.failed(error),
        };
        let response = read_response(body, &self.operation).map_err(CallError::malformed)?;
        match response {
            Response::Instance(row) => Ok(Progress::Done(Reply::Instance(row))),
            Response::Output(output) => Ok(Progress::Done(Reply::Output(output))),
            Response::Enumeration(batch) | Response::Items(batch) => self.take_batch(batch),
            Response::Identity(_) | Response::Released => {
                Err(CallError::malformed("the answer is one to another operation"))
            }
        }
    }

    /// Processes a missing answer or a fault. A Pull that only brought nothing in its time is to be sent again, on
    /// the same context; [`Call::take`] does the same with such a fault.
    ///
    /// # Errors
    /// Any other, and that one too if it comes too often in a row.
    pub fn failed(&mut self, error: CallError) -> Result<Progress, CallError> {
        if error.status != Some(code::PULL_AGAIN) || !self.goes_on() {
            return Err(error);
        }
        self.empty += 1;
        if self.empty > EMPTY_MAX { Err(error) } else { Ok(Progress::Next) }
    }

    fn take_batch(&mut self, batch: Batch) -> Result<Progress, CallError> {
        self.empty = if batch.rows.is_empty() { self.empty + 1 } else { 0 };
        self.weight = self.weight.saturating_add(batch.rows.iter().map(Row::footprint).sum());
        self.rows.extend(batch.rows);
        if self.rows.len() > ROWS_MAX {
            let message = format!("the server sent more than {ROWS_MAX} rows");
            return Err(CallError::new(ErrorKind::TooLarge, Reached::Yes, message).with_hint(Hint::Excess));
        }
        let resource = match &self.operation {
            Operation::Enumerate(enumerate) => enumerate.resource.clone(),
            Operation::Pull { resource, .. } => resource.clone(),
            Operation::Identify
            | Operation::Get(_)
            | Operation::Release { .. }
            | Operation::Invoke { .. }
            | Operation::Eventing(_) => {
                return Err(CallError::malformed("the answer is one to another operation"));
            }
        };
        match batch.context {
            Some(context) if !batch.end => {
                if self.empty > EMPTY_MAX {
                    return Err(CallError::malformed("the server sends neither items nor an end"));
                }
                self.operation = Operation::Pull { resource, context, max_elements: self.batch };
                Ok(Progress::Next)
            }
            Some(_) | None => Ok(Progress::Done(Reply::Rows(std::mem::take(&mut self.rows)))),
        }
    }
}

fn enumerate(namespace: Namespace, filter: Filter) -> Operation {
    Operation::Enumerate(Enumerate {
        resource: Resource::new(namespace, ALL_CLASSES),
        filter: Some(filter),
        mode: Mode::Object,
        optimize: true,
        max_elements: Some(BATCH_MAX),
    })
}

/// The Identify message.
pub fn identify() -> String {
    let header =
        Header { to: String::new(), message_id: String::new(), max_envelope_size: None, operation_timeout: None };
    Operation::Identify.write(&header)
}

/// Reads the answer to [`identify`].
///
/// # Errors
/// A fault, or a reply that isn't an Identify response.
pub fn read_identity(text: &str) -> Result<Identity, CallError> {
    let text = readable(text);
    let document = xml::parse(&text).map_err(|error| unreadable(&error))?;
    let body = open(&document, false, None)?;
    match read_response(body, &Operation::Identify).map_err(CallError::malformed)? {
        Response::Identity(identity) => Ok(identity),
        Response::Instance(_)
        | Response::Enumeration(_)
        | Response::Items(_)
        | Response::Released
        | Response::Output(_) => Err(CallError::malformed("the answer is none to Identify")),
    }
}

/// Returns the fault if the text is an envelope with one. For answers with an error status.
pub fn read_fault(text: &str, invoked: bool) -> Option<CallError> {
    let text = readable(text);
    let document = xml::parse(&text).ok()?;
    let body = xml::child(document.root_element(), ns::SOAP, "Body")?;
    Some(SoapFault::read(body)?.into_error(invoked))
}

/// Whether an error means that the enumeration no longer exists, so that a new one is needed.
pub fn asks_for_a_new_enumeration(error: &CallError) -> bool {
    error.status.is_some_and(|status| Meaning::of(status) == Meaning::ContextLost)
}

/// Whether an error means that the host has revoked the logins of this user.
pub fn asks_for_a_new_login(error: &CallError) -> bool {
    error.status == Some(code::LOGIN_ANEW)
}

/// The query that a class enumeration stands for; servers use it too.
pub(crate) fn every(class: &Name) -> wql::Select {
    wql::Select::all(class.clone())
}

pub(crate) fn header(settings: &MessageSettings, message_id: &str) -> Header {
    Header {
        to: settings.to.clone(),
        message_id: message_id.to_owned(),
        max_envelope_size: Some(settings.max_envelope_size),
        operation_timeout: Some(settings.operation_timeout),
    }
}

pub(crate) fn unreadable(error: &crate::ReadError) -> CallError {
    let failed = |kind| CallError::new(kind, Reached::Yes, error.to_string());
    match error {
        crate::ReadError::TooLong(_) | crate::ReadError::TooDeep | crate::ReadError::Excess(Excess::Nodes(_)) => {
            failed(ErrorKind::TooLarge).with_hint(Hint::Excess)
        }
        crate::ReadError::Excess(_) => failed(ErrorKind::Malformed).with_hint(Hint::Excess),
        crate::ReadError::Charset(_) | crate::ReadError::Xml(_) => failed(ErrorKind::Malformed),
    }
}

/// The body of an answer that is not a fault and that answers this message.
pub(crate) fn open<'a, 'i>(
    document: &'a roxmltree::Document<'i>,
    invoked: bool,
    message_id: Option<&str>,
) -> Result<roxmltree::Node<'a, 'i>, CallError> {
    let root = document.root_element();
    let body = xml::child(root, ns::SOAP, "Body").filter(|_| xml::is(root, ns::SOAP, "Envelope"));
    let body = body.ok_or_else(|| CallError::malformed("the answer is no SOAP 1.2 envelope"))?;
    if let Some(fault) = SoapFault::read(body) {
        return Err(fault.into_error(invoked));
    }
    let relates_to = xml::child(root, ns::SOAP, "Header")
        .and_then(|header| xml::child(header, ns::ADDRESSING, "RelatesTo"))
        .map(xml::token);
    match (message_id, relates_to) {
        (Some(sent), Some(answered)) if sent != answered => {
            Err(CallError::malformed("the answer relates to another message than the one that was sent"))
        }
        _ => Ok(body),
    }
}
