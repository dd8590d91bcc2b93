//! How a call fails: COM's number, in terms of what the caller may do next.

use cim::{CallError, ErrorKind, Reached, Status, StatusClass};

/// What was done when a call failed. Only a method that had been started may have changed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// Connecting to a namespace.
    Connect,
    /// Reading instances.
    Read,
    /// Preparing a method's inputs.
    Prepare,
    /// Calling a method.
    Invoke,
}

impl Doing {
    fn words(self) -> &'static str {
        match self {
            Self::Connect => "connecting to the namespace",
            Self::Read => "reading",
            Self::Prepare => "preparing the method's inputs",
            Self::Invoke => "calling the method",
        }
    }

    /// Whether the host may have carried out the call, given what the failure says of one that reached it.
    fn reached(self, said: Reached) -> Reached {
        match self {
            Self::Connect | Self::Prepare => Reached::No,
            Self::Read => Reached::Yes,
            Self::Invoke => said,
        }
    }
}

/// The failure that a number tells (an HRESULT).
pub(crate) fn of_number(code: u32, doing: Doing) -> CallError {
    let known = Status::of(code);
    let class = known.map_or(StatusClass::Failed, |status| status.class);
    let name = known.map_or_else(|| format!("0x{code:08X}"), |status| status.name.to_owned());
    let message = format!("WMI failed with {name} while {}", doing.words());
    CallError::new(class.kind(), doing.reached(class.reached()), message).with_status(code)
}

/// The failure of a call that took longer than it may.
pub(crate) fn of_time(doing: Doing) -> CallError {
    let message = format!("WMI gave no answer in time while {}", doing.words());
    CallError::new(ErrorKind::TimedOut, doing.reached(Reached::Perhaps), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers with which the reference describes a host that is booting, lacks Hyper-V or refuses the account.
    #[test]
    fn a_host_that_is_booting_is_busy_and_one_without_hyper_v_or_rights_says_so() {
        for (kind, numbers) in [
            (ErrorKind::NotThere, &[0x8004_100E_u32, 0x8004_1010, 0x8004_1002][..]),
            (
                ErrorKind::Busy,
                &[
                    0x8004_1001,
                    0x8004_1004,
                    0x8004_1013,
                    0x8004_1015,
                    0x8004_1032,
                    0x8004_1033,
                    0x8004_1045,
                    0x8007_06BA,
                    0x8007_06BE,
                ],
            ),
            (ErrorKind::TimedOut, &[0x8004_1069]),
            (ErrorKind::Denied, &[0x8004_1003, 0x8007_0005]),
        ] {
            for (number, doing) in numbers.iter().flat_map(|number| [(number, Doing::Connect), (number, Doing::Read)]) {
                let error = of_number(*number, doing);
                assert_eq!((error.kind, error.status), (kind, Some(*number)), "{number:X}");
                assert!(
                    error.message.contains("_E_") || error.message.contains("_S_") || error.message.contains("ERROR_")
                );
            }
        }
    }

    #[test]
    fn a_number_is_told_by_name_and_only_a_method_that_was_started_may_have_acted() {
        let told = |code, doing| {
            let error = of_number(code, doing);
            (error.kind, error.reached, error.status)
        };
        for (code, doing, kind, reached) in [
            (0x8004_100E, Doing::Connect, ErrorKind::NotThere, Reached::No),
            (0x8007_0005, Doing::Connect, ErrorKind::Denied, Reached::No),
            (0x8004_1002, Doing::Read, ErrorKind::NotThere, Reached::Yes),
            (0x8007_06BA, Doing::Read, ErrorKind::Busy, Reached::Yes),
            (0x8007_06BE, Doing::Invoke, ErrorKind::Busy, Reached::Perhaps),
            (0x8007_06BE, Doing::Prepare, ErrorKind::Busy, Reached::No),
            (0x8004_1003, Doing::Invoke, ErrorKind::Denied, Reached::No),
            // A number that nobody knows proves nothing about what was done.
            (0x8123_4567, Doing::Invoke, ErrorKind::Busy, Reached::Perhaps),
        ] {
            assert_eq!(told(code, doing), (kind, reached, Some(code)), "{code:X} {doing:?}");
        }
        let message = |code| of_number(code, Doing::Connect).message;
        assert_eq!(message(0x8004_100E), "WMI failed with WBEM_E_INVALID_NAMESPACE while connecting to the namespace");
        assert_eq!(message(0x8123_4567), "WMI failed with 0x81234567 while connecting to the namespace");
        for (doing, reached) in [(Doing::Read, Reached::Yes), (Doing::Invoke, Reached::Perhaps)] {
            let error = of_time(doing);
            assert_eq!((error.kind, error.reached), (ErrorKind::TimedOut, reached));
        }
    }
}
