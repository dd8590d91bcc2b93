//! What a service makes of its provider's errors: WinRM's plug-in for WMI has codes of its own for some of WMI's.

use cim::CallError;

use crate::fault::{DetailShape, SoapFault, code};

/// `WBEM_E_NOT_FOUND`
const NOT_FOUND: u32 = 0x8004_1002;
/// `WBEM_E_INVALID_QUERY`
pub(crate) const INVALID_QUERY: u32 = 0x8004_1017;

/// The fault for an error of the provider. In the shape of WMI's own error instance it keeps WMI's number.
pub(crate) fn fault(error: &CallError, shape: DetailShape) -> SoapFault {
    let code = match (shape, error.status) {
        (DetailShape::Wsman, Some(NOT_FOUND)) => code::NOT_FOUND,
        (DetailShape::Wsman, Some(INVALID_QUERY)) => code::CANNOT_PROCESS_FILTER,
        (DetailShape::Wsman | DetailShape::Wmi, _) => return SoapFault::of(error),
    };
    SoapFault::new(code, error.message.clone())
}
