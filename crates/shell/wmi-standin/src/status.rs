//! The numbers with which a call to WMI fails, as far as the stand-in itself uses them (`wbemcli.h`).

/// An HRESULT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status(pub(crate) u32);

/// `WBEM_E_FAILED`
pub(crate) const FAILED: Status = Status(0x8004_1001);
/// `WBEM_E_NOT_FOUND`
pub(crate) const NOT_FOUND: Status = Status(0x8004_1002);
/// `WBEM_E_TYPE_MISMATCH`
pub(crate) const TYPE_MISMATCH: Status = Status(0x8004_1005);
/// `WBEM_E_INVALID_PARAMETER`
pub(crate) const INVALID_PARAMETER: Status = Status(0x8004_1008);
/// `WBEM_E_NOT_SUPPORTED`
pub(crate) const NOT_SUPPORTED: Status = Status(0x8004_100C);
/// `WBEM_E_INVALID_QUERY_TYPE`
pub(crate) const QUERY_TYPE: Status = Status(0x8004_1018);
/// `RPC_S_SERVER_UNAVAILABLE`: the lab is not there.
pub(crate) const NOBODY: Status = Status(0x8007_06BA);
/// `WBEM_S_TIMEDOUT`: a wait has ended, and the call goes on.
pub(crate) const STILL_WAITING: Status = Status(0x0004_0004);
/// `WBEM_S_NO_MORE_DATA`
pub(crate) const NO_MORE: Status = Status(0x0004_0005);
