//! What a service keeps between messages, and how it signs what it answers.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::kind::{HttpResponse, RequestKind};
use crate::eventing::Sources;
use crate::fault::{DetailShape, SoapFault};
use crate::message::{Identity, write_fault_envelope};
use crate::namespace as ns;
use crate::resource::Resource;
use crate::xml::{self, ElementForm};

/// Maximum size of an answer, in bytes (`MaxEnvelopeSizekb` 500 of current Windows).
const ENVELOPE_MAX: usize = 500 * 1024;
/// Room for an envelope around its items.
pub(super) const ENVELOPE_FRAME: usize = 2 * 1024;
/// The language that is spoken unless another is named.
const ENGLISH: &str = "en-US";

/// One WS-Management service.
#[derive(Debug)]
pub struct Server {
    pub(super) machine: String,
    pub(super) identity: Identity,
    pub(super) contexts: BTreeMap<String, Context>,
    pub(super) sources: Sources,
    pub(super) issued: u64,
    pub(super) shape: DetailShape,
    pub(super) fragments: ElementForm,
    pub(super) envelope_max: usize,
    language: String,
}

/// One enumeration under way.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) resource: Resource,
    pub(super) items: VecDeque<String>,
    pub(super) used: Duration,
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
            shape: DetailShape::default(),
            fragments: ElementForm::default(),
            envelope_max: ENVELOPE_MAX,
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

    /// The same, speaking another language than English: `ja-JP`.
    #[must_use]
    pub fn with_language(mut self, language: &str) -> Self {
        language.clone_into(&mut self.language);
        self
    }

    /// An envelope with the language in which its words are.
    pub(super) fn in_language(&self, envelope: String) -> String {
        if self.language == ENGLISH {
            return envelope;
        }
        // No value can be taken for this: its quotation marks are escaped.
        let attribute = |language: &str| format!(r#"xml:lang="{language}""#);
        envelope.replace(&attribute(ENGLISH), &attribute(&xml::escape(&self.language)))
    }

    /// Limits answers to so many bytes from now on (`MaxEnvelopeSizekb`).
    pub fn limit_envelopes(&mut self, bytes: usize) {
        self.envelope_max = bytes;
    }

    /// The shape in which faults tell their details from now on.
    pub fn shape_faults(&mut self, shape: DetailShape) {
        self.shape = shape;
    }

    pub(super) fn fault(&mut self, kind: RequestKind, relates_to: Option<&str>, fault: &SoapFault) -> HttpResponse {
        let id = self.next_id();
        let written = match self.shape {
            DetailShape::Wsman => fault.write(&self.machine),
            DetailShape::Wmi => fault.write_as_wmi(),
        };
        let body = self.in_language(write_fault_envelope(fault.action(), &id, relates_to, &written));
        HttpResponse { status: 500, body, kind, fault: true }
    }

    /// A name that this service has not used: its own, so that two runs give the same bytes.
    pub(super) fn next_id(&mut self) -> String {
        next_id(&mut self.issued)
    }
}

pub(super) fn next_id(issued: &mut u64) -> String {
    *issued += 1;
    format!("uuid:{:08X}-0000-4000-8000-{:012X}", 0x5EED_u32, *issued)
}
