//! Faults: Microsoft's codes, the subcodes that go with them, both shapes of detail, and what a client makes of them
//! (DSP0226 section 14, MS-WSMV 2.2.4.43).

mod detail;
pub mod known;
mod meaning;

use roxmltree::Node;

use cim::{CallError, ErrorKind, Reached};

use crate::namespace::{self as ns, MODE_PULL};
use crate::xml;

use detail::{Detail, cim_status};
pub use meaning::{Known, Meaning};

/// The shape of a fault's detail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DetailShape {
    /// `WSManFault`, Microsoft's own element.
    #[default]
    Wsman,
    /// `MSFT_WmiError`, the error instance of newer Windows.
    Wmi,
}

/// Microsoft's fault codes, as far as they are sent or decide something.
pub mod code {
    /// No such instance or class.
    pub const NOT_FOUND: u32 = 2_150_858_752;
    /// The resource does not have this action.
    pub const ACTION_NOT_SUPPORTED: u32 = 2_150_858_771;
    /// The resource URI is invalid.
    pub const INVALID_RESOURCE: u32 = 2_150_858_811;
    /// A Pull on this context is under way.
    pub const PULL_UNDER_WAY: u32 = 2_150_858_758;
    /// A header has a bad value.
    pub const INVALID_HEADER: u32 = 2_150_858_767;
    /// A header must be understood and is not.
    pub const MUST_UNDERSTAND: u32 = 2_150_858_768;
    /// A header is missing.
    pub const HEADER_REQUIRED: u32 = 2_150_858_769;
    /// The filter's dialect is not supported.
    pub const FILTER_DIALECT: u32 = 2_150_858_777;
    /// The query cannot be processed, for example for an unknown class.
    pub const CANNOT_PROCESS_FILTER: u32 = 2_150_858_778;
    /// The enumeration context is unknown or has expired.
    pub const INVALID_CONTEXT: u32 = 2_150_858_779;
    /// Nothing came within a Pull's time, and the context is still good.
    pub const PULL_AGAIN: u32 = 2_150_858_780;
    /// The operation took too long.
    pub const TIMED_OUT: u32 = 2_150_858_793;
    /// The answer, or one item of it, is larger than the request allows.
    pub const ANSWER_TOO_LARGE: u32 = 2_150_858_824;
    /// It was done, and its result is larger than the request allows.
    pub const UNREPORTABLE_SUCCESS: u32 = 2_150_858_829;
    /// The request is larger than allowed.
    pub const ENCODING_LIMIT: u32 = 2_150_858_805;
    /// The message is not of its schema.
    pub const SCHEMA: u32 = 2_150_858_817;
    /// A feature that is not supported.
    pub const UNSUPPORTED_FEATURE: u32 = 2_150_858_818;
    /// The message is not XML.
    pub const INVALID_XML: u32 = 2_150_858_819;
    /// MaxEnvelopeSize is below the least.
    pub const ENVELOPE_SIZE: u32 = 2_150_858_823;
    /// Selectors are missing.
    pub const INSUFFICIENT_SELECTORS: u32 = 2_150_858_842;
    /// A selector is not a key of the class.
    pub const UNEXPECTED_SELECTORS: u32 = 2_150_858_843;
    /// A selector occurs twice.
    pub const DUPLICATE_SELECTORS: u32 = 2_150_858_847;
    /// The enumeration mode is not supported.
    pub const ENUMERATION_MODE: u32 = 2_150_858_886;
    /// A locale was insisted on.
    pub const LOCALE: u32 = 2_150_858_887;
    /// A query must be sent to all classes.
    pub const QUERY_NEEDS_ALL_CLASSES: u32 = 2_150_859_003;
    /// WMI refuses access.
    pub const ACCESS_DENIED: u32 = 2_150_859_012;
    /// The namespace selector differs from the resource's namespace.
    pub const NAMESPACE_MISMATCH: u32 = 2_150_859_067;
    /// Another login of the same user got another authorization; the next request logs in anew.
    pub const LOGIN_ANEW: u32 = 2_150_859_177;
    /// Too many operations of one user.
    pub const QUOTA: u32 = 2_150_859_174;
    /// The event delivery mode is not supported.
    pub const DELIVERY_MODE: u32 = 2_150_858_782;
    /// A subscription cannot last that long.
    pub const INVALID_EXPIRATION: u32 = 2_150_858_783;
    /// A subscription's end is not a duration.
    pub const EXPIRATION_TYPE: u32 = 2_150_858_784;
    /// The event query cannot be used.
    pub const EVENT_FILTER: u32 = 2_150_858_786;
    /// A subscription cannot be renewed.
    pub const UNABLE_TO_RENEW: u32 = 2_150_858_788;
    /// The subscription is closed.
    pub const SUBSCRIPTION_CLOSED: u32 = 2_150_858_760;
    /// Nobody pulled within the heartbeat, so the subscription is gone.
    pub const NOT_PULLED: u32 = 2_150_858_762;
    /// No heartbeat came, so the subscription is gone.
    pub const NO_HEARTBEAT: u32 = 2_150_858_763;
    /// The enumeration is closed.
    pub const ENUMERATION_CLOSED: u32 = 2_150_858_759;
    /// The bookmark cannot be read.
    pub const INVALID_BOOKMARK: u32 = 2_150_858_808;
    /// What the bookmark names is not there any more.
    pub const EXPIRED_BOOKMARK: u32 = 2_150_858_832;
    /// A parameter has a bad value.
    pub const INVALID_PARAMETER: u32 = 2_150_858_810;
    /// Windows' own `ERROR_EVT_CHANNEL_NOT_FOUND`: there is no such log.
    pub const NO_SUCH_LOG: u32 = 15_007;
    /// The provider failed.
    pub const INTERNAL: u32 = 2_150_858_755;
}

/// A fault, as it is sent or was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoapFault {
    /// Microsoft's code, or an HRESULT of WMI, or a Win32 code; `None` if the fault had none.
    pub code: Option<u32>,
    /// The subcode's local name: `InvalidSelectors`.
    pub subcode: String,
    /// What went wrong, in words.
    pub reason: String,
    /// The last part of the fault detail's URI.
    pub detail: Option<String>,
    /// Who failed behind the service, and at what, if the fault says so: `WMI Provider, ExecQuery`.
    pub provider: Option<String>,
}

/// What is said of a code: subcode with its usual prefix, and whether the sender is to blame.
fn subcode_of(code: u32) -> (&'static str, bool) {
    match code {
        code::NOT_FOUND | code::INVALID_RESOURCE | 2_150_858_754 | 2_150_858_770 => ("a:DestinationUnreachable", true),
        2_150_858_772 => ("a:EndpointUnavailable", false),
        code::ACTION_NOT_SUPPORTED | 2_150_858_753 => ("a:ActionNotSupported", true),
        code::PULL_UNDER_WAY => ("w:Concurrency", true),
        code::INVALID_HEADER | 2_150_858_881 => ("a:InvalidMessageInformationHeader", true),
        code::MUST_UNDERSTAND => ("s:MustUnderstand", true),
        code::HEADER_REQUIRED => ("a:MessageInformationHeaderRequired", true),
        code::FILTER_DIALECT => ("n:FilterDialectRequestedUnavailable", true),
        code::CANNOT_PROCESS_FILTER => ("n:CannotProcessFilter", true),
        code::INVALID_CONTEXT | code::ENUMERATION_CLOSED..=code::NO_HEARTBEAT => ("n:InvalidEnumerationContext", false),
        code::DELIVERY_MODE => ("e:DeliveryModeRequestedUnavailable", true),
        code::INVALID_EXPIRATION => ("e:InvalidExpirationTime", true),
        code::EXPIRATION_TYPE => ("e:UnsupportedExpirationType", true),
        code::EVENT_FILTER => ("e:FilteringRequestedUnavailable", true),
        code::UNABLE_TO_RENEW => ("e:UnableToRenew", false),
        code::INVALID_BOOKMARK | code::EXPIRED_BOOKMARK => ("w:InvalidBookmark", true),
        code::PULL_AGAIN => ("n:TimedOut", false),
        code::TIMED_OUT => ("w:TimedOut", false),
        2_150_858_790 | code::UNREPORTABLE_SUCCESS | code::ENCODING_LIMIT | code::ENVELOPE_SIZE..=2_150_858_825 => {
            ("w:EncodingLimit", true)
        }
        code::INVALID_PARAMETER | 2_150_858_836 | 2_150_858_837 => ("w:InvalidParameter", true),
        code::SCHEMA => ("w:SchemaValidationError", true),
        code::UNSUPPORTED_FEATURE | code::ENUMERATION_MODE | code::LOCALE => ("w:UnsupportedFeature", true),
        2_150_858_813 | code::INSUFFICIENT_SELECTORS..=2_150_858_847 | 2_150_859_002 => ("w:InvalidSelectors", true),
        code::QUERY_NEEDS_ALL_CLASSES => ("n:CannotProcessFilter", true),
        5 | 0x8004_1003 | 0x8007_0005 | code::ACCESS_DENIED..=2_150_859_014 => ("w:AccessDenied", true),
        2_150_858_815 | 2_150_859_173..=2_150_859_176 => ("w:QuotaLimit", true),
        _ => ("w:InternalError", false),
    }
}

impl SoapFault {
    /// A fault with the subcode that goes with its code.
    pub fn new(code: u32, reason: impl Into<String>) -> Self {
        let subcode = subcode_of(code).0;
        let local = subcode.split_once(':').map_or(subcode, |(_, local)| local);
        Self { code: Some(code), subcode: local.to_owned(), reason: reason.into(), detail: None, provider: None }
    }

    /// Sets the last part of the fault detail's URI.
    #[must_use]
    pub fn with_detail(mut self, detail: &str) -> Self {
        self.detail = Some(detail.to_owned());
        self
    }

    /// What a server answers for a call that failed behind it.
    pub fn of(error: &CallError) -> Self {
        let code = error.status.unwrap_or(match error.kind {
            ErrorKind::Denied => code::ACCESS_DENIED,
            ErrorKind::NotThere => code::NOT_FOUND,
            ErrorKind::Busy => code::QUOTA,
            ErrorKind::TimedOut => code::TIMED_OUT,
            ErrorKind::TooLarge => code::ANSWER_TOO_LARGE,
            ErrorKind::Unsupported => code::UNSUPPORTED_FEATURE,
            ErrorKind::Refused => code::INVALID_PARAMETER,
            ErrorKind::Malformed | ErrorKind::Unreachable | ErrorKind::Untrusted => code::INTERNAL,
        });
        Self::new(code, error.message.clone())
    }

    /// The action of the answer that carries this fault.
    pub(crate) fn action(&self) -> &'static str {
        match subcode_of(self.code.unwrap_or_default()).0.split_once(':').map(|(prefix, _)| prefix) {
            Some("a") => "http://schemas.xmlsoap.org/ws/2004/08/addressing/fault",
            Some("n") => "http://schemas.xmlsoap.org/ws/2004/09/enumeration/fault",
            Some("e") => "http://schemas.xmlsoap.org/ws/2004/08/eventing/fault",
            _ => "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault",
        }
    }

    /// Writes the fault as a body's content, for [`crate::message::write_fault_envelope`].
    pub(crate) fn write(&self, machine: &str) -> String {
        let (subcode, sender) = subcode_of(self.code.unwrap_or_default());
        let who = if sender { "Sender" } else { "Receiver" };
        let reason = xml::escape(&self.reason);
        // Who asked for another mode learns which there is (WS-Eventing, section 6.1).
        let supported = if self.code == Some(code::DELIVERY_MODE) {
            format!("<e:SupportedDeliveryMode>{MODE_PULL}</e:SupportedDeliveryMode>")
        } else {
            String::new()
        };
        let detail = self.detail.as_ref().map_or_else(String::new, |detail| {
            format!(
                "<w:FaultDetail>http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/{}</w:FaultDetail>",
                xml::escape(detail)
            )
        });
        format!(
            concat!(
                "<s:Fault><s:Code><s:Value>s:{}</s:Value><s:Subcode><s:Value>{}</s:Value></s:Subcode></s:Code>",
                r#"<s:Reason><s:Text xml:lang="en-US">{}</s:Text></s:Reason><s:Detail>{}{}"#,
                r#"<f:WSManFault xmlns:f="{}" Code="{}" Machine="{}"><f:Message>{}</f:Message></f:WSManFault>"#,
                "</s:Detail></s:Fault>"
            ),
            who,
            subcode,
            reason,
            supported,
            detail,
            ns::FAULT,
            self.code.unwrap_or_default(),
            xml::escape(machine),
            reason
        )
    }

    /// Writes the fault with the detail of newer Windows: an instance of WMI's own error class.
    pub(crate) fn write_as_wmi(&self) -> String {
        let (subcode, sender) = subcode_of(self.code.unwrap_or_default());
        let who = if sender { "Sender" } else { "Receiver" };
        let reason = xml::escape(&self.reason);
        // WMI knows classes and no resources.
        let code = match self.code.unwrap_or_default() {
            code::NOT_FOUND => 0x8004_1010,
            code => code,
        };
        format!(
            concat!(
                "<s:Fault><s:Code><s:Value>s:{}</s:Value><s:Subcode><s:Value>{}</s:Value></s:Subcode></s:Code>",
                r#"<s:Reason><s:Text xml:lang="">{}</s:Text></s:Reason><s:Detail>"#,
                r#"<p:MSFT_WmiError b:IsCIM_Error="true" xmlns:p="{}" xmlns:b="{}">"#,
                "<p:CIMStatusCode>{}</p:CIMStatusCode><p:Message>{}</p:Message>",
                "<p:MessageID>HRESULT 0x{:08x}</p:MessageID><p:PerceivedSeverity>0</p:PerceivedSeverity>",
                "<p:error_Code>{}</p:error_Code><p:error_Type>HRESULT</p:error_Type>",
                "<p:error_WindowsErrorMessage>{}</p:error_WindowsErrorMessage>",
                "</p:MSFT_WmiError></s:Detail></s:Fault>"
            ),
            who,
            subcode,
            reason,
            ns::WMI_ERROR,
            ns::BINDING,
            cim_status(code),
            reason,
            code,
            code,
            reason
        )
    }

    /// Reads the fault in a body, in either shape of detail; `None` if the body holds none.
    pub(crate) fn read(body: Node<'_, '_>) -> Option<Self> {
        let fault = xml::child(body, ns::SOAP, "Fault")?;
        let subcode = xml::child(fault, ns::SOAP, "Code")
            .and_then(|c| xml::child(c, ns::SOAP, "Subcode"))
            .and_then(|c| xml::child(c, ns::SOAP, "Value"))
            .map(xml::token)
            .unwrap_or_default();
        let subcode = subcode.rsplit(':').next().unwrap_or_default().to_owned();
        let reason =
            xml::child(fault, ns::SOAP, "Reason").and_then(|r| xml::child(r, ns::SOAP, "Text")).map(xml::token);
        let detail = xml::child(fault, ns::SOAP, "Detail");
        let named = detail.and_then(|d| xml::child(d, ns::WSMAN, "FaultDetail")).map(xml::token);
        let Detail { code, words, provider } = detail.map(detail::read).unwrap_or_default();
        let reason = [words, reason].into_iter().flatten().find(|text| !text.is_empty()).unwrap_or_default();
        Some(Self {
            code,
            subcode,
            reason,
            detail: named.and_then(|uri| uri.rsplit('/').next().map(ToOwned::to_owned)),
            provider,
        })
    }

    /// What it says of the operation that it answers: by its code, else by its subcode. A provider's unknown number says at
    /// least that the provider failed.
    pub fn meaning(&self) -> Meaning {
        match self.code {
            None => Meaning::of_subcode(&self.subcode),
            // The method's own refusal, by its number alone (Hyper-V WMI reference, the replication methods).
            Some(32_768..=32_779) => Meaning::Refused,
            Some(code) if self.provider.is_some() && known::of(code).is_none() => Meaning::Failed,
            Some(code) => Meaning::of(code),
        }
    }

    /// What a client makes of it. `invoked` says that the request was an Invoke, which may have been carried out.
    pub(crate) fn into_error(self, invoked: bool) -> CallError {
        let meaning = self.meaning();
        let reached = if invoked { meaning.reached() } else { Reached::Yes };
        let kind = meaning.kind();
        let known = self.code.and_then(known::of).map(|known| known.name);
        let name = Some(self.subcode.as_str()).filter(|subcode| !subcode.is_empty()).or(known);
        let message = match (self.reason.is_empty(), name) {
            (false, _) => self.reason,
            (true, Some(name)) => format!("the server answered with the fault {name}"),
            (true, None) => "the server answered with a fault that says nothing".to_owned(),
        };
        CallError { status: self.code, ..CallError::new(kind, reached, message) }
    }
}
