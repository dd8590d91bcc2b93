//! The words that may stay.

use std::collections::BTreeSet;

use super::pieces::{Piece, pieces};
use crate::namespace as ns;

/// Fixed URIs of the protocol.
const URIS: &[&str] = &[
    ns::SOAP,
    ns::ADDRESSING,
    ns::WSMAN,
    ns::ENUMERATION,
    ns::EVENTING,
    ns::MICROSOFT,
    ns::CIM,
    ns::CIM_BINDING,
    ns::IDENTITY,
    ns::IDENTIFY,
    ns::FAULT,
    ns::WMI_ERROR,
    ns::XSI,
    ns::ANONYMOUS,
    ns::MODE_PULL,
    ns::WQL,
    ns::ASSOCIATION_FILTER,
    ns::SELECTOR_FILTER,
    "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get GetResponse Put Create Delete fault",
    "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate EnumerateResponse Pull PullResponse Release ReleaseResponse",
    "http://schemas.xmlsoap.org/ws/2004/08/eventing/Subscribe SubscribeResponse Unsubscribe UnsubscribeResponse",
    "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2 windows/EventLog config",
    "http://schemas.microsoft.com/win/2004/08/events/event eventquery bookmark earliest Heartbeat Events",
    "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail",
    "https",
];

/// Elements, attributes and words of messages, beside those of the URIs.
const WORDS: &[&str] = &[
    "Envelope Header Body Action MessageID To RelatesTo ReplyTo Address ActivityId ResourceURI OperationTimeout MaxEnvelopeSize",
    "Locale DataLocale SessionId OperationID SequenceId SelectorSet Selector OptionSet Option EnumerationContext Items Item",
    "EndOfSequence OptimizeEnumeration MaxElements EnumerationMode EnumerateObjectAndEPR EnumerateEPR EnumerateObject Filter",
    "Dialect XmlFragment EndpointReference ReferenceParameters ReferenceProperties IdentifyResponse ProtocolVersion ProductVendor",
    "ProductVersion SecurityProfiles SecurityProfileName Fault Code Value Subcode Reason Text Detail FaultDetail WSManFault Message",
    "ProviderFault ExtendedError __ExtendedStatus MSFT_WmiError CIMStatusCode CIMStatusCodeDescription error_Code error_Type",
    "error_Category error_WindowsErrorMessage ErrorSource ErrorSourceFormat ErrorType MessageArguments MessageID OtherErrorSourceFormat",
    "OtherErrorType OwningEntity PerceivedSeverity ProbableCause ProbableCauseDescription RecommendedActions IsCIM_Error HRESULT",
    "Operation ParameterInfo ProviderName StatusCode Description Delivery Mode Heartbeats ContentEncoding Expires Bookmark BookmarkList",
    "SendBookmarks SubscriptionManager Identifier Channel RecordId IsCurrent ReadExistingEvents IgnoreChannelError ContentFormat Raw",
    "RenderedText SubscriptionName QueryList Query Select Suppress Path Event System EventData UserData Data Provider EventID Version",
    "Level Task Opcode Keywords TimeCreated SystemTime EventRecordID Execution ProcessID ThreadID Correlation Security Qualifiers",
    "EventSourceName RenderingInfo Culture Computer UserID Guid ActivityID RelatedActivityID AnyInUse DroppedEvents timediff band",
    "Datetime Interval CIM_DateTime ReturnValue Job INPUT OUTPUT Type mustUnderstand lang nil type provider path Machine Name Id",
    "xmlns xml xs xsi xsd s a w n e x p b f cim cfg wsmid wsman event rsp wsa wsen wse wxf env Sender Receiver true false null",
    "InternalError AccessDenied InvalidSelectors InvalidParameter SchemaValidationError UnsupportedFeature EncodingLimit TimedOut",
    "QuotaLimit Concurrency DestinationUnreachable ActionNotSupported InvalidMessageInformationHeader CannotProcessFilter",
    "MessageInformationHeaderRequired FilterDialectRequestedUnavailable InvalidEnumerationContext InvalidBookmark UnableToRenew",
    "DeliveryModeRequestedUnavailable FilteringRequestedUnavailable InvalidResourceURI UnexpectedSelectors InsufficientSelectors",
    "MI RESULT Win32 WMI hardware interop wsmv",
    "select from where and or not is like isa uuid en en-US UTF-8 OS SP Stack Microsoft Corporation",
];

/// Attributes and elements whose text never stays, in whatever words.
const PRIVATE: &[&str] = &["Machine", "Computer", "UserID", "error_WindowsErrorMessage", "Message", "Text", "Reason"];

/// The words that may stay, and the names of what must not, whatever it says.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    words: BTreeSet<String>,
    private: BTreeSet<String>,
}

impl Vocabulary {
    /// The words of the protocol and the given ones: names of classes and properties, and values that are in every
    /// installation. `private` are the properties whose values identify one, even if their words are harmless.
    pub fn new<'w>(words: impl IntoIterator<Item = &'w str>, private: impl IntoIterator<Item = &'w str>) -> Self {
        let all = URIS.iter().chain(WORDS).copied().chain(words);
        let words = all.flat_map(pieces).filter_map(|piece| match piece {
            Piece::Word(word) => Some(word.to_lowercase()),
            Piece::Address(_) | Piece::Dotted(_) | Piece::Between(_) => None,
        });
        let private = PRIVATE.iter().copied().chain(private).map(str::to_lowercase);
        Self { words: words.collect(), private: private.collect() }
    }

    /// Whether a word may stay. Windows compares names without case.
    pub(super) fn has(&self, word: &str) -> bool {
        self.words.contains(&word.to_lowercase())
    }

    /// Whether the name of an element or an attribute may stay: it is a word, or one with an ending of the protocol.
    pub(super) fn has_name(&self, name: &str) -> bool {
        let plain = name.strip_suffix("_Type").unwrap_or(name);
        let stem = ["_INPUT", "_OUTPUT"].into_iter().find_map(|ending| plain.strip_suffix(ending)).unwrap_or(plain);
        self.has(name) || self.has(stem)
    }

    /// Whether the value of what has this name must not stay.
    pub(super) fn is_private(&self, name: &str) -> bool {
        self.private.contains(&name.to_lowercase())
    }
}
