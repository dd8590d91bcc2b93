//! The XML namespaces and fixed URIs of WS-Management. Prefixes are Microsoft's; readers go by URI alone.

/// SOAP 1.2, prefix `s`.
pub(crate) const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
/// WS-Addressing, prefix `a`.
pub(crate) const ADDRESSING: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
/// WS-Management, prefix `w`.
pub(crate) const WSMAN: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd";
/// WS-Enumeration, prefix `n`.
pub(crate) const ENUMERATION: &str = "http://schemas.xmlsoap.org/ws/2004/09/enumeration";
/// WS-Eventing, prefix `e`.
pub(crate) const EVENTING: &str = "http://schemas.xmlsoap.org/ws/2004/08/eventing";
/// Microsoft's extensions, prefix `p`.
pub(crate) const MICROSOFT: &str = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd";
/// The common types of WS-CIM, prefix `cim`.
pub(crate) const CIM: &str = "http://schemas.dmtf.org/wbem/wscim/1/common";
/// The terms of association filters, prefix `b` (DSP0227).
pub(crate) const CIM_BINDING: &str = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd";
/// Identify, prefix `wsmid` (DSP0226).
pub(crate) const IDENTITY: &str = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd";
/// Identify as MS-WSMV spells it; both are read.
pub(crate) const IDENTIFY: &str = "http://schemas.dmtf.org/wbem/wsman/identify/1/wsmanidentity.xsd";
/// Microsoft's fault detail, prefix `f`.
pub(crate) const FAULT: &str = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault";
/// The error instance of newer Windows.
pub(crate) const WMI_ERROR: &str = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError";
/// What WS-Management says about CIM instances, prefix `b`.
pub(crate) const BINDING: &str = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd";
/// XML Schema instances, prefix `xsi`.
pub(crate) const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// The address that means "on this connection".
pub(crate) const ANONYMOUS: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous";
/// Delivery of events by Pull.
pub(crate) const MODE_PULL: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman/Pull";
/// The query language that WMI speaks.
pub(crate) const WQL: &str = "http://schemas.microsoft.com/wbem/wsman/1/WQL";
/// The dialect of filters by association (DSP0227 8.2).
pub(crate) const ASSOCIATION_FILTER: &str = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding/associationFilter";
/// The dialect of filters by property values (DSP0226 8.2.1).
pub(crate) const SELECTOR_FILTER: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter";

/// What else the envelope of a fault declares, as Windows' does: subcodes are names with a prefix, in text.
pub(crate) const FAULT_DECLARATIONS: &str = concat!(
    r#" xmlns:x="http://schemas.xmlsoap.org/ws/2004/09/transfer""#,
    r#" xmlns:e="http://schemas.xmlsoap.org/ws/2004/08/eventing""#,
);

/// The prefixes that every envelope declares.
pub(crate) const DECLARATIONS: &str = concat!(
    r#" xmlns:s="http://www.w3.org/2003/05/soap-envelope""#,
    r#" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing""#,
    r#" xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration""#,
    r#" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd""#,
    r#" xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd""#,
);
