//! Converts a failed call into a problem that the administrator can act on: why, in the host's words, and a remedy that depends
//! on the request and the error code.

use cim::{CallError, ErrorKind, Hint, PropertyError, Reached};
use reprise_model::{Problem, ProblemKind, Remedy};

use crate::codes::{
    INVALID_CLASS, INVALID_NAMESPACE, INVALID_QUERY, NO_SUCH_CLASS_IN_QUERY, NO_SUCH_RESOURCE, QUOTA_OF_USER,
};

/// What was requested from a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// Instances of a class in `root\cimv2`.
    Windows,
    /// Instances of a class in `root\virtualization\v2`.
    HyperV,
    /// One Hyper-V object, by its key, to read or change it.
    Object,
    /// The progress of a job that was started.
    Job,
    /// An event log.
    EventLog,
}

impl Subject {
    /// All kinds of requests.
    pub const ALL: [Self; 5] = [Self::Windows, Self::HyperV, Self::Object, Self::Job, Self::EventLog];

    /// Returns the namespace of the request, as administrators write it.
    fn namespace(self) -> Option<&'static str> {
        match self {
            Self::Windows => Some(r"root\cimv2"),
            Self::HyperV | Self::Object | Self::Job => Some(r"root\virtualization\v2"),
            Self::EventLog => None,
        }
    }
}

/// Converts a failed call. `what` is what was tried: "read the host's name". If the login was refused, that is what failed.
pub fn of(error: &CallError, what: &str, asked: Subject) -> Problem {
    let what = if error.kind == ErrorKind::Denied && !lacks_rights(error) { "log in" } else { what };
    let kind = match error.kind {
        ErrorKind::Unreachable => ProblemKind::Unreachable,
        ErrorKind::Untrusted => ProblemKind::Untrusted,
        ErrorKind::Denied => ProblemKind::Denied,
        ErrorKind::NotThere => ProblemKind::NotThere,
        ErrorKind::Busy => ProblemKind::Busy,
        ErrorKind::TimedOut => ProblemKind::TimedOut,
        ErrorKind::Refused => ProblemKind::Refused,
        ErrorKind::Malformed => ProblemKind::Malformed,
        ErrorKind::TooLarge => ProblemKind::TooLarge,
        ErrorKind::Unsupported => ProblemKind::Unsupported,
    };
    let remedy = remedy(error, asked);
    let why = match asked.namespace() {
        Some(namespace) if lacks_rights(error) => format!("no rights on {namespace}: {}", error.message),
        Some(_) if remedy == Remedy::InstallHyperV => {
            format!("Hyper-V is not installed on this host: {}", error.message)
        }
        Some(_) | None => error.message.clone(),
    };
    Problem { code: error.status, remedy, ..Problem::new(kind, what, why) }
}

/// Returns whether the host accepted the login but refused the request. A refused login does not reach the provider; on the
/// host itself there is no login.
pub(crate) fn lacks_rights(error: &CallError) -> bool {
    error.kind == ErrorKind::Denied && (error.reached == Reached::Yes || error.hint == Some(Hint::Local))
}

/// Returns the remedy for a failed call.
fn remedy(error: &CallError, asked: Subject) -> Remedy {
    if let Some(remedy) = error.hint.and_then(|hint| hinted(hint, error.kind, asked)) {
        return remedy;
    }
    match error.kind {
        ErrorKind::Unreachable => Remedy::Reach,
        ErrorKind::Untrusted => Remedy::Trust,
        ErrorKind::Denied if lacks_rights(error) => match asked {
            Subject::Windows => Remedy::GrantWindows,
            Subject::HyperV | Subject::Object | Subject::Job => Remedy::GrantHyperV,
            Subject::EventLog => Remedy::GrantEventLog,
        },
        ErrorKind::Denied => Remedy::LogIn,
        ErrorKind::NotThere => lacking(error.status, asked),
        ErrorKind::Busy if error.status == Some(QUOTA_OF_USER) => Remedy::RaiseQuota,
        ErrorKind::Busy => Remedy::Wait,
        ErrorKind::TimedOut => Remedy::CheckLoad,
        ErrorKind::Refused => Remedy::ReadReason,
        ErrorKind::Malformed => Remedy::CheckEndpoint,
        ErrorKind::TooLarge => Remedy::RaiseEnvelope,
        ErrorKind::Unsupported => Remedy::ChangeWhatIsNamed,
    }
}

/// Returns the remedy for what was detected where the call failed.
fn hinted(hint: Hint, kind: ErrorKind, asked: Subject) -> Option<Remedy> {
    Some(match hint {
        Hint::Address => Remedy::CorrectAddress,
        Hint::Encryption => Remedy::Encrypt,
        Hint::Schemes => Remedy::OfferLogin,
        Hint::Basic => Remedy::CheckBasic,
        Hint::Ntlm => Remedy::CheckNtlm,
        Hint::Kerberos => Remedy::CheckKerberos,
        Hint::Certificate => Remedy::CheckClientCertificate,
        // Event logs have a group of their own, which Windows does not remove.
        Hint::LocalAccount if asked == Subject::EventLog => return None,
        Hint::LocalAccount => Remedy::GrantLocalAccount,
        Hint::Local => return here(kind, asked),
        Hint::Excess => Remedy::FindWhoAnswers,
    })
}

/// Returns the remedy for a failure of this computer's own WMI or event log, if it is another one than that of a host elsewhere.
/// There is no way to it that could be at fault.
fn here(kind: ErrorKind, asked: Subject) -> Option<Remedy> {
    let of = |log, wmi| Some(if asked == Subject::EventLog { log } else { wmi });
    match kind {
        ErrorKind::Denied => of(Remedy::GrantLogHere, Remedy::GrantHere),
        ErrorKind::Unreachable | ErrorKind::Untrusted | ErrorKind::Busy | ErrorKind::TimedOut => {
            of(Remedy::CheckLogHere, Remedy::WaitHere)
        }
        ErrorKind::Malformed | ErrorKind::TooLarge => of(Remedy::CheckLogHere, Remedy::RepairWmi),
        ErrorKind::Refused => of(Remedy::CheckLogHere, Remedy::ReadReason),
        ErrorKind::NotThere | ErrorKind::Unsupported => None,
    }
}

/// Returns the remedy for something that does not exist. The error code, if there is one, says what.
fn lacking(code: Option<u32>, asked: Subject) -> Remedy {
    match (asked, code) {
        (Subject::Windows, _) => Remedy::RepairWmi,
        (Subject::EventLog, _) => Remedy::FindLog,
        (Subject::HyperV | Subject::Object | Subject::Job, Some(INVALID_NAMESPACE)) => Remedy::InstallHyperV,
        (
            Subject::HyperV | Subject::Object | Subject::Job,
            Some(INVALID_CLASS | INVALID_QUERY | NO_SUCH_CLASS_IN_QUERY),
        )
        | (Subject::HyperV | Subject::Job, Some(NO_SUCH_RESOURCE)) => Remedy::RegisterHyperV,
        // If it was requested by its key, the missing thing is the object.
        (Subject::Object, _) => Remedy::LookAgain,
        (Subject::Job, _) => Remedy::SeeWhatCame,
        (Subject::HyperV, _) => Remedy::StartVmms,
    }
}

/// Returns the problem of a row that cannot be read.
pub(crate) fn unreadable(error: &PropertyError, what: &str) -> Problem {
    let source = std::error::Error::source(error).map_or_else(String::new, |source| format!(": {source}"));
    odd(what, format!("{error}{source}"))
}

/// Returns the problem of a row that cannot be read and is about no VM.
pub(crate) fn unreadable_host(error: &PropertyError, what: &str) -> Problem {
    unreadable(error, what).with_remedy(Remedy::ReportHost)
}

/// Returns the problem of rows that contradict the documentation.
pub(crate) fn odd(what: &str, why: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Malformed, what, why).with_remedy(Remedy::ReportRow)
}

/// Returns the problem of something that the host does not show.
pub(crate) fn hidden(what: &str, why: impl Into<String>, remedy: Remedy) -> Problem {
    Problem::new(ProblemKind::NotThere, what, why).with_remedy(remedy)
}
