//! Reading a fault's detail: Microsoft's own element, or newer Windows' WMI error instance.

use roxmltree::Node;

use super::{Meaning, code};
use crate::namespace as ns;
use crate::xml;

/// Maximum nesting of one fault in the message of another: a provider's in the service's; more is not known.
const NESTING_MAX: usize = 8;

/// What a detail says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Detail {
    pub(super) code: Option<u32>,
    pub(super) words: Option<String>,
    /// Who failed behind the service, and at what.
    pub(super) provider: Option<String>,
}

pub(super) fn read(detail: Node<'_, '_>) -> Detail {
    if let Some(fault) = xml::child(detail, ns::FAULT, "WSManFault") {
        return by_service(fault);
    }
    let instance = |node: &Node<'_, '_>| node.tag_name().name() == "MSFT_WmiError";
    xml::elements(detail).find(instance).map_or_else(Detail::default, by_wmi)
}

/// A `WSManFault`. What a provider has to say stands as another one within its message, and the innermost says most: the
/// words are that one's alone, and so is the code where the outer one only says that a provider failed. The extended
/// status beside it repeats the query and the operation, and is no message.
fn by_service(outer: Node<'_, '_>) -> Detail {
    let code_of = |fault: Node<'_, '_>| fault.attribute("Code").and_then(|code| code.trim().parse::<u32>().ok());
    let mut detail = Detail { code: code_of(outer), ..Detail::default() };
    let mut fault = outer;
    for _ in 0..NESTING_MAX {
        let Some(message) = xml::child(fault, ns::FAULT, "Message") else { break };
        if let Some(words) = said(message) {
            detail.words = Some(words);
        }
        let Some(provider) = xml::child(message, ns::FAULT, "ProviderFault") else { break };
        if let Some(words) = said(provider) {
            detail.words = Some(words);
        }
        detail.provider = Some(provided(provider)).filter(|text| !text.is_empty()).or(detail.provider);
        let Some(inner) = xml::child(provider, ns::FAULT, "WSManFault") else { break };
        let is_general = detail.code.is_none_or(|code| Meaning::of(code) == Meaning::Failed);
        if let Some(code) = code_of(inner).filter(|code| *code != 0 && is_general) {
            detail.code = Some(code);
        }
        fault = inner;
    }
    detail
}

fn said(node: Node<'_, '_>) -> Option<String> {
    Some(xml::token(node)).filter(|words| !words.is_empty())
}

/// Who failed, and at what: `WMI Provider, ExecQuery`.
fn provided(provider: Node<'_, '_>) -> String {
    let name = provider.attribute("provider").map(str::trim).map(ToOwned::to_owned);
    let status = xml::child(provider, ns::FAULT, "ExtendedError").and_then(|error| error.first_element_child());
    let property = |wanted: &str| {
        let found = xml::elements(status?).find(|node| node.tag_name().name() == wanted)?;
        said(found)
    };
    let parts = [name, property("Operation"), property("StatusCode"), property("Description")];
    let parts: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}

/// An instance of WMI's own error class. Its code is an HRESULT, unless `error_Type` says that it is one of MI's results,
/// which are CIM's statuses (DSP0223).
fn by_wmi(error: Node<'_, '_>) -> Detail {
    let property = |name: &str| xml::elements(error).find(|n| n.tag_name().name() == name).map(xml::token);
    let is_hresult = property("error_Type").is_none_or(|kind| !kind.eq_ignore_ascii_case("MI"));
    let number = property("error_Code").and_then(|code| code.parse::<u32>().ok()).filter(|code| *code != 0);
    let by_id = || {
        let id = property("MessageID")?;
        u32::from_str_radix(id.strip_prefix("HRESULT 0x")?, 16).ok()
    };
    let status = property("CIMStatusCode").and_then(|status| status.parse::<u32>().ok());
    let by_status = || of_cim_status(if is_hresult { status? } else { status.or(number)? });
    let code = number.filter(|_| is_hresult).or_else(by_id).or_else(by_status);
    Detail { code, words: property("Message"), provider: None }
}

/// WMI's code that goes with a status of CIM.
fn of_cim_status(status: u32) -> Option<u32> {
    Some(match status {
        1 => 0x8004_1001,
        2 => 0x8004_1003,
        3 => 0x8004_100E,
        4 => 0x8004_1008,
        5 => 0x8004_1010,
        6 => 0x8004_1002,
        7 => 0x8004_100C,
        16 => 0x8004_102E,
        27 => code::QUOTA,
        _ => return None,
    })
}

/// The status of CIM that goes with a code.
pub(super) fn cim_status(code: u32) -> u32 {
    match code {
        0x8004_100E => 3,
        0x8004_1010 => 5,
        0x8004_102E => 16,
        2_150_859_173..=2_150_859_176 => 27,
        2_150_858_810
        | 2_150_858_836
        | 2_150_858_837
        | 0x8004_1008
        | 0x8004_102F
        | code::INSUFFICIENT_SELECTORS..=code::DUPLICATE_SELECTORS => 4,
        0x8004_1002 => 6,
        code if Meaning::of(code) == Meaning::Denied => 2,
        code if Meaning::of(code) == Meaning::Unsupported => 7,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_of_cim_has_a_code_that_has_this_status() {
        for status in 0..=30 {
            if let Some(code) = of_cim_status(status) {
                assert_eq!(cim_status(code), status, "{code:#X}");
            }
        }
    }
}
