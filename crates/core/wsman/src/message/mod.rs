//! The messages: what is asked, what is answered, and their envelopes.

mod filter;
mod request;
mod response;

use cim::{Argument, Name, ObjectPath, Output, Row};

use crate::eventing::Eventing;
use crate::resource::Resource;

pub use filter::Filter;
pub(crate) use filter::FilterQuery;
pub(crate) use request::read_operation;
#[cfg(test)]
pub(crate) use response::write_body;
pub(crate) use response::{
    ItemWriter, action_of, read as read_response, write_body_in, write_envelope, write_envelope_with,
    write_fault_envelope, write_identity,
};

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// Who is there? Has no header.
    Identify,
    /// One instance.
    Get(ObjectPath),
    /// Begin to enumerate.
    Enumerate(Enumerate),
    /// The next items of an enumeration.
    Pull {
        /// The resource that was enumerated.
        resource: Resource,
        /// The newest context of the enumeration.
        context: String,
        /// Maximum number of items wanted; one if absent.
        max_elements: Option<u32>,
    },
    /// End an enumeration early.
    Release {
        /// The resource that was enumerated.
        resource: Resource,
        /// The newest context of the enumeration.
        context: String,
    },
    /// A method.
    Invoke {
        /// Whose.
        path: ObjectPath,
        /// Its name.
        method: Name,
        /// Its inputs.
        arguments: Vec<Argument>,
    },
    /// About events.
    Eventing(Eventing),
}

/// The start of an enumeration.
#[derive(Clone, Debug, PartialEq)]
pub struct Enumerate {
    /// A class, or all classes for a query.
    pub resource: Resource,
    /// What of it; every instance of the class if absent.
    pub filter: Option<Filter>,
    /// What each item is.
    pub mode: Mode,
    /// Whether the answer may hold the first items.
    pub optimize: bool,
    /// Maximum number of items in the answer; one if absent.
    pub max_elements: Option<u32>,
}

/// What each item of an enumeration is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The object.
    Object,
    /// Its reference.
    Reference,
    /// Both.
    ObjectAndReference,
}

/// One answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// To Identify.
    Identity(Identity),
    /// To Get.
    Instance(Row),
    /// To Enumerate.
    Enumeration(Batch),
    /// To Pull.
    Items(Batch),
    /// To Release.
    Released,
    /// To Invoke.
    Output(Output),
}

/// Some items of an enumeration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// The items; a reference is in the row's `path`.
    pub rows: Vec<Row>,
    /// The context for the next Pull; `None` or empty at the end.
    pub context: Option<String>,
    /// Whether these are the last.
    pub end: bool,
}

/// What a service says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The protocol: WS-Management's own namespace.
    pub protocol: String,
    /// The vendor: `Microsoft Corporation`.
    pub vendor: String,
    /// The version: `OS: 10.0.20348 SP: 0.0 Stack: 3.0`.
    pub version: String,
    /// The security profiles (login and protection) that DSP0226 names; sent only to clients that have logged in.
    pub profiles: Vec<String>,
}

/// An action's URI, as far as it is fixed.
pub(crate) mod action {
    pub(crate) const GET: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get";
    pub(crate) const ENUMERATE: &str = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate";
    pub(crate) const PULL: &str = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Pull";
    pub(crate) const RELEASE: &str = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Release";
}

impl Operation {
    /// The action's URI; Identify has none.
    pub fn action(&self) -> String {
        match self {
            Self::Identify => String::new(),
            Self::Get(_) => action::GET.to_owned(),
            Self::Enumerate(_) => action::ENUMERATE.to_owned(),
            Self::Pull { .. } => action::PULL.to_owned(),
            Self::Release { .. } => action::RELEASE.to_owned(),
            Self::Eventing(eventing) => eventing.action().to_owned(),
            Self::Invoke { path, method, .. } => format!("{}/{method}", Resource::of(path).uri()),
        }
    }
}
