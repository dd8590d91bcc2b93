//! The header of a request, and what a server insists on in it (DSP0226 section 5, MS-WSMV 2.2.3).

use std::time::Duration;

use roxmltree::Node;

use cim::DateTime;

use crate::fault::{SoapFault, code};
use crate::namespace as ns;
use crate::xml;

/// Minimum MaxEnvelopeSize that a request may ask for (DSP0226 R6.2-4).
const ENVELOPE_MIN: u32 = 8_192;
/// Maximum length of a MessageID that Windows accepts (MS-WSMV 3.1.4.1).
const MESSAGE_ID_LENGTH_MAX: usize = 2_048;

/// What a request says besides its operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The address of the service. Servers do not check it.
    pub to: String,
    /// The sender's name for this message; the answer repeats it.
    pub message_id: String,
    /// Maximum size of an answer that the sender accepts, in bytes.
    pub max_envelope_size: Option<u32>,
    /// How long the server may take.
    pub operation_timeout: Option<Duration>,
}

impl Header {
    /// Writes the header of a request for an action on a resource; `selectors` is a written SelectorSet, or what else
    /// the action wants there, or empty.
    pub(crate) fn write(&self, action: &str, resource_uri: &str, selectors: &str) -> String {
        let size = self.max_envelope_size.map_or_else(String::new, |size| {
            format!(r#"<w:MaxEnvelopeSize s:mustUnderstand="true">{size}</w:MaxEnvelopeSize>"#)
        });
        let timeout = self.operation_timeout.map_or_else(String::new, |timeout| {
            let (seconds, millis) = (timeout.as_secs(), timeout.subsec_millis());
            format!("<w:OperationTimeout>PT{seconds}.{millis:03}S</w:OperationTimeout>")
        });
        format!(
            concat!(
                r#"<s:Header><a:To>{to}</a:To><w:ResourceURI s:mustUnderstand="true">{resource}</w:ResourceURI>"#,
                r#"<a:ReplyTo><a:Address s:mustUnderstand="true">{anonymous}</a:Address></a:ReplyTo>"#,
                r#"<a:Action s:mustUnderstand="true">{action}</a:Action>{size}<a:MessageID>{id}</a:MessageID>"#,
                r#"<w:Locale xml:lang="en-US" s:mustUnderstand="false"/>"#,
                r#"<p:DataLocale xml:lang="en-US" s:mustUnderstand="false"/>{timeout}{selectors}</s:Header>"#
            ),
            to = xml::escape(&self.to),
            resource = xml::escape(resource_uri),
            anonymous = ns::ANONYMOUS,
            action = xml::escape(action),
            size = size,
            id = xml::escape(&self.message_id),
            timeout = timeout,
            selectors = selectors,
        )
    }
}

/// A request's header as a server reads it.
#[derive(Clone, Debug)]
pub(crate) struct Received<'a, 'i> {
    pub(crate) header: Header,
    pub(crate) action: String,
    pub(crate) resource_uri: String,
    pub(crate) selectors: Option<Node<'a, 'i>>,
    pub(crate) options: Option<Node<'a, 'i>>,
    /// The subscription that a message to its manager is about.
    pub(crate) identifier: Option<String>,
}

/// Reads and checks a request's header.
pub(crate) fn read<'a, 'i>(header: Node<'a, 'i>) -> Result<Received<'a, 'i>, SoapFault> {
    // Windows has it for WMI and insists on its mustUnderstand; here it is left out (MS-WSMV 3.1.4.1.14).
    if xml::child(header, ns::WSMAN, "FragmentTransfer").is_some() {
        return Err(SoapFault::new(
            code::UNSUPPORTED_FEATURE,
            "parts of instances are not supported: ask for the whole",
        )
        .with_detail("FragmentLevelAccess"));
    }
    must_understand(header)?;
    let text = |namespace, local| xml::child(header, namespace, local).map(xml::token);
    let message_id = text(ns::ADDRESSING, "MessageID").unwrap_or_default();
    if message_id.is_empty() || message_id.len() > MESSAGE_ID_LENGTH_MAX {
        return Err(SoapFault::new(code::INVALID_HEADER, "the header MessageID is missing, empty or too long"));
    }
    let Some(reply_to) = xml::child(header, ns::ADDRESSING, "ReplyTo") else {
        return Err(SoapFault::new(code::HEADER_REQUIRED, "the header ReplyTo is missing"));
    };
    let address = xml::child(reply_to, ns::ADDRESSING, "Address").map(xml::token).unwrap_or_default();
    if address != ns::ANONYMOUS {
        return Err(SoapFault::new(
            code::UNSUPPORTED_FEATURE,
            "the header ReplyTo names an address that is not anonymous",
        )
        .with_detail("AddressingMode"));
    }
    for (namespace, local) in [(ns::WSMAN, "Locale"), (ns::MICROSOFT, "DataLocale")] {
        if xml::child(header, namespace, local).is_some_and(must) {
            return Err(SoapFault::new(code::LOCALE, "a locale cannot be insisted on").with_detail("Locale"));
        }
    }
    let action = text(ns::ADDRESSING, "Action").unwrap_or_default();
    if action.is_empty() {
        return Err(SoapFault::new(code::HEADER_REQUIRED, "the header Action is missing"));
    }
    Ok(Received {
        header: Header {
            to: text(ns::ADDRESSING, "To").unwrap_or_default(),
            message_id,
            max_envelope_size: envelope_size(text(ns::WSMAN, "MaxEnvelopeSize"))?,
            operation_timeout: timeout(text(ns::WSMAN, "OperationTimeout"))?,
        },
        action,
        resource_uri: text(ns::WSMAN, "ResourceURI").unwrap_or_default(),
        selectors: xml::child(header, ns::WSMAN, "SelectorSet"),
        options: xml::child(header, ns::WSMAN, "OptionSet"),
        identifier: text(ns::EVENTING, "Identifier"),
    })
}

/// Whether a header must be understood. The attribute counts only in SOAP's namespace: a widely used client writes it
/// without one, and Windows lets that pass.
fn must(node: Node<'_, '_>) -> bool {
    node.attribute((ns::SOAP, "mustUnderstand")).is_some_and(|value| value == "true" || value == "1")
}

fn must_understand(header: Node<'_, '_>) -> Result<(), SoapFault> {
    let known = |node: Node<'_, '_>| {
        let local = node.tag_name().name();
        match node.tag_name().namespace() {
            Some(ns::ADDRESSING) => {
                ["To", "ReplyTo", "FaultTo", "From", "Action", "MessageID", "RelatesTo"].contains(&local)
            }
            Some(ns::WSMAN) => {
                ["ResourceURI", "MaxEnvelopeSize", "Locale", "OperationTimeout", "SelectorSet", "OptionSet"]
                    .contains(&local)
            }
            Some(ns::EVENTING) => local == "Identifier",
            Some(ns::MICROSOFT) => {
                ["DataLocale", "SessionId", "OperationID", "SequenceId", "ActivityId"].contains(&local)
            }
            _ => false,
        }
    };
    match xml::elements(header).find(|node| must(*node) && !known(*node)) {
        Some(node) => {
            let reason = format!("the header {} must be understood, and is not", node.tag_name().name());
            Err(SoapFault::new(code::MUST_UNDERSTAND, reason))
        }
        None => Ok(()),
    }
}

fn envelope_size(text: Option<String>) -> Result<Option<u32>, SoapFault> {
    let Some(text) = text else { return Ok(None) };
    match text.parse::<u32>() {
        Ok(size) if size >= ENVELOPE_MIN => Ok(Some(size)),
        Ok(_) => Err(SoapFault::new(code::ENVELOPE_SIZE, format!("MaxEnvelopeSize must be at least {ENVELOPE_MIN}"))),
        Err(_) => Err(SoapFault::new(code::INVALID_HEADER, "MaxEnvelopeSize is not a number")),
    }
}

fn timeout(text: Option<String>) -> Result<Option<Duration>, SoapFault> {
    let Some(text) = text else { return Ok(None) };
    match DateTime::parse(&text) {
        Ok(DateTime::Interval(interval)) => Ok(Some(Duration::from_micros(interval.micros()))),
        Ok(DateTime::Timestamp(_)) | Err(_) => {
            Err(SoapFault::new(code::INVALID_HEADER, "OperationTimeout is not a duration"))
        }
    }
}
