//! How reading an event log fails: Windows' number, in terms of what the caller may do next.

use cim::{CallError, ErrorKind, Reached, Status};

/// `ERROR_NOT_FOUND`: the record of a bookmark is gone.
pub(crate) const BOOKMARK_GONE: u32 = 0x8007_0490;
/// `ERROR_EVT_QUERY_RESULT_STALE` and `ERROR_EVT_QUERY_RESULT_INVALID_POSITION`: the log was cleared, or has overtaken us.
pub(crate) const STALE: [u32; 2] = [0x8007_3AA3, 0x8007_3AA4];
/// The HRESULTs that carry a number of Win32 (`FACILITY_WIN32`).
const WIN32: u32 = 0x8007_0000;

/// What an event log's own numbers say (`winerror.h`, `ERROR_EVT_`), as far as the numbers of management do not have them.
fn own_kind(code: u32) -> Option<ErrorKind> {
    match code ^ WIN32 {
        // An invalid path or query, XML that is malformed, a log that has no subscriptions, a filter that Windows cannot use.
        15_000 | 15_001 | 15_008 | 15_009 | 15_014..=15_021 | 15_026 | 15_038 => Some(ErrorKind::Refused),
        // A log of the query cannot be opened.
        15_036 => Some(ErrorKind::NotThere),
        _ => None,
    }
}

/// The failure that a number tells (an HRESULT).
pub(crate) fn of_number(code: u32) -> CallError {
    let known = Status::of(code);
    let kind = match known {
        Some(status) => status.class.kind(),
        None => own_kind(code).unwrap_or(ErrorKind::Busy),
    };
    let name = known.map_or_else(|| format!("0x{code:08X}"), |status| status.name.to_owned());
    CallError::new(kind, Reached::Yes, format!("reading the event log failed with {name}")).with_status(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_says_whether_to_try_again_ask_otherwise_or_grant_rights() {
        for (code, kind, name) in [
            (0x8007_3A9F, ErrorKind::NotThere, "ERROR_EVT_CHANNEL_NOT_FOUND"),
            (0x8007_0005, ErrorKind::Denied, "ERROR_ACCESS_DENIED"),
            (0x8007_3A99, ErrorKind::Refused, "0x80073A99"),
            (0x8007_3AB2, ErrorKind::Refused, "0x80073AB2"),
            (0x8007_3ABC, ErrorKind::NotThere, "0x80073ABC"),
            (0x8007_06BA, ErrorKind::Busy, "RPC_S_SERVER_UNAVAILABLE"),
            (STALE[0], ErrorKind::Busy, "0x80073AA3"),
        ] {
            let error = of_number(code);
            assert_eq!((error.kind, error.reached, error.status), (kind, Reached::Yes, Some(code)), "{code:X}");
            assert_eq!(error.message, format!("reading the event log failed with {name}"));
        }
    }
}
