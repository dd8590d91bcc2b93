//! Error codes of a host, and errors that carry them.

use cim::{CallError, ErrorKind, Reached};

/// No such class, asked for by its URI.
pub(super) const NO_CLASS: u32 = 2_150_858_752;
/// No such class, in a query.
pub(super) const NO_CLASS_IN_QUERY: u32 = 2_150_858_778;
/// `WBEM_E_NOT_FOUND`
pub(super) const NOT_FOUND: u32 = 0x8004_1002;
/// `WBEM_E_INVALID_QUERY`
pub(super) const INVALID_QUERY: u32 = 0x8004_1017;
/// `WBEM_E_INVALID_NAMESPACE`
pub(super) const NO_NAMESPACE: u32 = 0x8004_100E;
/// `ERROR_WSMAN_WMI_SVC_ACCESS_DENIED`: WMI refuses the account the namespace.
pub(super) const NO_RIGHTS: u32 = 0x8033_8104;
/// `WBEM_E_INVALID_METHOD`
pub(super) const NO_METHOD: u32 = 0x8004_102E;

pub(super) fn not_there(status: u32, what: &str) -> CallError {
    CallError::new(ErrorKind::NotThere, Reached::Yes, what).with_status(status)
}

/// WMI fails a query as a whole if it names what is not there.
pub(super) fn invalid_query(what: &str) -> CallError {
    not_there(INVALID_QUERY, &format!("invalid query: {what}"))
}

/// Return values of replication methods (2.5 of the reference).
pub(super) const DONE: u32 = 0;
pub(super) const JOB_STARTED: u32 = 4_096;
pub(super) const NOT_SUPPORTED: u32 = 32_770;
pub(super) const INVALID_PARAMETER: u32 = 32_773;
pub(super) const IN_USE: u32 = 32_774;
pub(super) const INVALID_STATE: u32 = 32_775;
