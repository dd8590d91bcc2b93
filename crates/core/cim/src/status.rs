//! The numbers with which WMI (`wbemcli.h`), COM, RPC and Windows (Win32 as HRESULTs) fail a call, as far as a management
//! service may pass them on.
//!
//! What an Invoke may rest on is chosen with care: only where the number itself says that the method was not reached is
//! it taken so. A failure of a provider, a call that broke, a shutdown that came between may have come after it.

use self::StatusClass as F;
use crate::{ErrorKind, Reached};

/// The HRESULTs that carry a number of Win32 (`FACILITY_WIN32`).
const WIN32: u32 = 0x8007_0000;

/// One number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// The number, as an HRESULT.
    pub code: u32,
    /// Its name in Windows' headers.
    pub name: &'static str,
    /// What it says of the call.
    pub class: StatusClass,
}

/// What a number says of the call that it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StatusClass {
    /// Access or login refused.
    Denied,
    /// No such instance, class, namespace or log.
    NotThere,
    /// Too much at once: a quota is used up, or what is asked for is in use.
    Busy,
    /// What would answer is not there yet or not any more.
    Unavailable,
    /// Something behind the service failed while it worked.
    Failed,
    /// It took longer than it was given.
    TimedOut,
    /// The answer is larger than may be sent.
    AnswerTooLarge,
    /// The service cannot do this at all.
    Unsupported,
    /// The service understood the request and said no.
    Refused,
}

impl Status {
    const fn new(code: u32, name: &'static str, class: StatusClass) -> Self {
        Self { code, name, class }
    }

    /// All that are known, in the order of their codes.
    pub fn all() -> &'static [Self] {
        &ROWS
    }

    /// What is known of a number. A plain number of Win32 and the HRESULT that carries it are the same.
    pub fn of(code: u32) -> Option<&'static Self> {
        let code = u16::try_from(code).map_or(code, |number| WIN32 | u32::from(number));
        ROWS.iter().find(|status| status.code == code)
    }
}

impl StatusClass {
    /// The class of failure, for a read and for an Invoke alike.
    pub fn kind(self) -> ErrorKind {
        match self {
            Self::Denied => ErrorKind::Denied,
            Self::NotThere => ErrorKind::NotThere,
            Self::Busy | Self::Unavailable | Self::Failed => ErrorKind::Busy,
            Self::TimedOut => ErrorKind::TimedOut,
            Self::AnswerTooLarge => ErrorKind::TooLarge,
            Self::Unsupported => ErrorKind::Unsupported,
            Self::Refused => ErrorKind::Refused,
        }
    }

    /// Whether an Invoke that is answered so may have been carried out. What does not say that the method was not
    /// reached leaves it open: reading first costs little, and an act that is done twice may cost much.
    pub fn reached(self) -> Reached {
        match self {
            Self::Denied | Self::NotThere | Self::Busy | Self::Unavailable | Self::Unsupported => Reached::No,
            Self::Failed | Self::TimedOut | Self::AnswerTooLarge => Reached::Perhaps,
            Self::Refused => Reached::Yes,
        }
    }
}

/// In the order of their codes.
static ROWS: [Status; 99] = [
    Status::new(0x8000_4001, "E_NOTIMPL", F::Unsupported),
    Status::new(0x8000_4004, "E_ABORT", F::Failed),
    Status::new(0x8000_4005, "E_FAIL", F::Failed),
    Status::new(0x8000_FFFF, "E_UNEXPECTED", F::Failed),
    Status::new(0x8001_0001, "RPC_E_CALL_REJECTED", F::Busy),
    Status::new(0x8001_0002, "RPC_E_CALL_CANCELED", F::Failed),
    Status::new(0x8001_0007, "RPC_E_SERVER_DIED", F::Failed),
    Status::new(0x8001_0012, "RPC_E_SERVER_DIED_DNE", F::Unavailable),
    Status::new(0x8001_0104, "RPC_E_FAULT", F::Failed),
    Status::new(0x8001_0105, "RPC_E_SERVERFAULT", F::Failed),
    Status::new(0x8001_0108, "RPC_E_DISCONNECTED", F::Failed),
    Status::new(0x8001_010A, "RPC_E_SERVERCALL_RETRYLATER", F::Busy),
    Status::new(0x8001_010B, "RPC_E_SERVERCALL_REJECTED", F::Busy),
    Status::new(0x8001_011F, "RPC_E_TIMEOUT", F::TimedOut),
    Status::new(0x8004_01FD, "CO_E_OBJNOTCONNECTED", F::Failed),
    Status::new(0x8004_1001, "WBEM_E_FAILED", F::Failed),
    Status::new(0x8004_1002, "WBEM_E_NOT_FOUND", F::NotThere),
    Status::new(0x8004_1003, "WBEM_E_ACCESS_DENIED", F::Denied),
    Status::new(0x8004_1004, "WBEM_E_PROVIDER_FAILURE", F::Failed),
    Status::new(0x8004_1005, "WBEM_E_TYPE_MISMATCH", F::Refused),
    Status::new(0x8004_1006, "WBEM_E_OUT_OF_MEMORY", F::Failed),
    Status::new(0x8004_1008, "WBEM_E_INVALID_PARAMETER", F::Refused),
    Status::new(0x8004_1009, "WBEM_E_NOT_AVAILABLE", F::Unavailable),
    Status::new(0x8004_100A, "WBEM_E_CRITICAL_ERROR", F::Failed),
    Status::new(0x8004_100C, "WBEM_E_NOT_SUPPORTED", F::Unsupported),
    Status::new(0x8004_100E, "WBEM_E_INVALID_NAMESPACE", F::NotThere),
    Status::new(0x8004_100F, "WBEM_E_INVALID_OBJECT", F::Refused),
    Status::new(0x8004_1010, "WBEM_E_INVALID_CLASS", F::NotThere),
    Status::new(0x8004_1011, "WBEM_E_PROVIDER_NOT_FOUND", F::Refused),
    Status::new(0x8004_1012, "WBEM_E_INVALID_PROVIDER_REGISTRATION", F::Refused),
    Status::new(0x8004_1013, "WBEM_E_PROVIDER_LOAD_FAILURE", F::Unavailable),
    Status::new(0x8004_1014, "WBEM_E_INITIALIZATION_FAILURE", F::Unavailable),
    Status::new(0x8004_1015, "WBEM_E_TRANSPORT_FAILURE", F::Failed),
    Status::new(0x8004_1016, "WBEM_E_INVALID_OPERATION", F::Refused),
    Status::new(0x8004_1017, "WBEM_E_INVALID_QUERY", F::Refused),
    Status::new(0x8004_1018, "WBEM_E_INVALID_QUERY_TYPE", F::Refused),
    Status::new(0x8004_101D, "WBEM_E_UNEXPECTED", F::Failed),
    Status::new(0x8004_1021, "WBEM_E_INVALID_SYNTAX", F::Refused),
    // A provider that is being loaded fails so too, at queries that it answers a moment later.
    Status::new(0x8004_1024, "WBEM_E_PROVIDER_NOT_CAPABLE", F::Failed),
    Status::new(0x8004_1027, "WBEM_E_QUERY_NOT_IMPLEMENTED", F::Unsupported),
    Status::new(0x8004_1028, "WBEM_E_ILLEGAL_NULL", F::Refused),
    Status::new(0x8004_102B, "WBEM_E_VALUE_OUT_OF_RANGE", F::Refused),
    Status::new(0x8004_102E, "WBEM_E_INVALID_METHOD", F::Unsupported),
    Status::new(0x8004_102F, "WBEM_E_INVALID_METHOD_PARAMETERS", F::Refused),
    Status::new(0x8004_1031, "WBEM_E_INVALID_PROPERTY", F::Refused),
    Status::new(0x8004_1032, "WBEM_E_CALL_CANCELLED", F::Failed),
    Status::new(0x8004_1033, "WBEM_E_SHUTTING_DOWN", F::Failed),
    Status::new(0x8004_103A, "WBEM_E_INVALID_OBJECT_PATH", F::Refused),
    Status::new(0x8004_103B, "WBEM_E_OUT_OF_DISK_SPACE", F::Failed),
    Status::new(0x8004_103C, "WBEM_E_BUFFER_TOO_SMALL", F::AnswerTooLarge),
    Status::new(0x8004_1045, "WBEM_E_SERVER_TOO_BUSY", F::Busy),
    Status::new(0x8004_1055, "WBEM_E_METHOD_NOT_IMPLEMENTED", F::Unsupported),
    Status::new(0x8004_1056, "WBEM_E_METHOD_DISABLED", F::Unsupported),
    Status::new(0x8004_1057, "WBEM_E_REFRESHER_BUSY", F::Busy),
    Status::new(0x8004_1058, "WBEM_E_UNPARSABLE_QUERY", F::Refused),
    Status::new(0x8004_105F, "WBEM_E_UNINTERPRETABLE_PROVIDER_QUERY", F::Refused),
    Status::new(0x8004_1061, "WBEM_E_QUEUE_OVERFLOW", F::Failed),
    Status::new(0x8004_1062, "WBEM_E_PRIVILEGE_NOT_HELD", F::Denied),
    Status::new(0x8004_1069, "WBEM_E_TIMED_OUT", F::TimedOut),
    Status::new(0x8004_106C, "WBEM_E_QUOTA_VIOLATION", F::Failed),
    Status::new(0x8004_1071, "WBEM_E_CONNECTION_FAILED", F::Failed),
    Status::new(0x8004_1081, "WBEM_E_PROVIDER_SUSPENDED", F::Unavailable),
    Status::new(0x8004_1086, "WBEM_E_FATAL_TRANSPORT_ERROR", F::Failed),
    Status::new(0x8004_1088, "WBEM_E_PROVIDER_TIMED_OUT", F::TimedOut),
    Status::new(0x8004_108A, "WBEM_E_PROVIDER_DISABLED", F::Unsupported),
    Status::new(0x8004_3001, "WBEM_E_RETRY_LATER", F::Busy),
    Status::new(0x8004_3002, "WBEM_E_RESOURCE_CONTENTION", F::Failed),
    Status::new(0x8007_0005, "ERROR_ACCESS_DENIED", F::Denied),
    Status::new(0x8007_0008, "ERROR_NOT_ENOUGH_MEMORY", F::Failed),
    Status::new(0x8007_000E, "E_OUTOFMEMORY", F::Failed),
    Status::new(0x8007_0015, "ERROR_NOT_READY", F::Unavailable),
    Status::new(0x8007_0032, "ERROR_NOT_SUPPORTED", F::Unsupported),
    Status::new(0x8007_0057, "E_INVALIDARG", F::Refused),
    Status::new(0x8007_0079, "ERROR_SEM_TIMEOUT", F::TimedOut),
    Status::new(0x8007_00AA, "ERROR_BUSY", F::Busy),
    Status::new(0x8007_03E3, "ERROR_OPERATION_ABORTED", F::Failed),
    Status::new(0x8007_041D, "ERROR_SERVICE_REQUEST_TIMEOUT", F::Unavailable),
    Status::new(0x8007_0425, "ERROR_SERVICE_CANNOT_ACCEPT_CTRL", F::Unavailable),
    Status::new(0x8007_0426, "ERROR_SERVICE_NOT_ACTIVE", F::Unavailable),
    Status::new(0x8007_045B, "ERROR_SHUTDOWN_IN_PROGRESS", F::Failed),
    Status::new(0x8007_0490, "ERROR_NOT_FOUND", F::NotThere),
    Status::new(0x8007_04C7, "ERROR_CANCELLED", F::Failed),
    Status::new(0x8007_04E7, "ERROR_SERVER_SHUTDOWN_IN_PROGRESS", F::Failed),
    Status::new(0x8007_0522, "ERROR_PRIVILEGE_NOT_HELD", F::Denied),
    Status::new(0x8007_052E, "ERROR_LOGON_FAILURE", F::Denied),
    Status::new(0x8007_05AA, "ERROR_NO_SYSTEM_RESOURCES", F::Failed),
    Status::new(0x8007_05B4, "ERROR_TIMEOUT", F::TimedOut),
    Status::new(0x8007_06B3, "RPC_S_NOT_LISTENING", F::Unavailable),
    Status::new(0x8007_06B5, "RPC_S_UNKNOWN_IF", F::Unavailable),
    Status::new(0x8007_06BA, "RPC_S_SERVER_UNAVAILABLE", F::Unavailable),
    Status::new(0x8007_06BB, "RPC_S_SERVER_TOO_BUSY", F::Busy),
    Status::new(0x8007_06BE, "RPC_S_CALL_FAILED", F::Failed),
    Status::new(0x8007_06BF, "RPC_S_CALL_FAILED_DNE", F::Unavailable),
    Status::new(0x8007_06D9, "EPT_S_NOT_REGISTERED", F::Unavailable),
    Status::new(0x8007_071A, "RPC_S_CALL_CANCELLED", F::Failed),
    Status::new(0x8007_071C, "RPC_S_COMM_FAILURE", F::Failed),
    Status::new(0x8007_3A9F, "ERROR_EVT_CHANNEL_NOT_FOUND", F::NotThere),
    Status::new(0x8008_0005, "CO_E_SERVER_EXEC_FAILURE", F::Unavailable),
    Status::new(0x8008_0008, "CO_E_SERVER_STOPPING", F::Failed),
];
