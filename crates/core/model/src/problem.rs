//! Why something could not be done or seen, in the four parts that a person needs.

use std::fmt;

/// A class of failure, which decides what is done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    /// No connection to the host.
    Unreachable,
    /// Whoever answers did not prove that it is the host.
    Untrusted,
    /// Login or access refused.
    Denied,
    /// The object, class or namespace is not there.
    NotThere,
    /// The host is busy, starting or over a quota.
    Busy,
    /// No answer in time.
    TimedOut,
    /// The host understood and refused.
    Refused,
    /// The answer could not be understood.
    Malformed,
    /// A message was larger than one side accepts.
    TooLarge,
    /// The host or the transport cannot do this.
    Unsupported,
}

/// When the same may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// At once: look again.
    Now,
    /// After a wait: it may pass by itself.
    Later,
    /// Not before a person has changed something.
    Never,
}

/// What failed, why, and what next. Where it failed is the host it is kept under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What was tried: "read the replication relationships".
    pub what: String,
    /// Why it failed, from that very call: lower case, no full stop.
    pub why: String,
    /// The class of failure.
    pub kind: ProblemKind,
    /// The host's own number: a `WSManFault` code, an HRESULT, a return value of Hyper-V.
    pub code: Option<u32>,
}

impl Problem {
    /// A failure without a number.
    pub fn new(kind: ProblemKind, what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into(), kind, code: None }
    }

    /// When it may be tried again.
    pub fn retry(&self) -> Retry {
        match self.kind {
            ProblemKind::Unreachable | ProblemKind::Busy | ProblemKind::TimedOut | ProblemKind::NotThere => {
                Retry::Later
            }
            ProblemKind::Malformed => Retry::Now,
            ProblemKind::Untrusted
            | ProblemKind::Denied
            | ProblemKind::Refused
            | ProblemKind::TooLarge
            | ProblemKind::Unsupported => Retry::Never,
        }
    }

    /// What a person does next.
    pub fn advice(&self) -> &'static str {
        match self.kind {
            ProblemKind::Unreachable => {
                "check that the host is up, that its name resolves, and that WinRM listens there (`winrm quickconfig` on the host)"
            }
            ProblemKind::Untrusted => {
                "compare the certificate's fingerprint with the one that the host itself shows (`Get-ChildItem Cert:\\LocalMachine\\My`). If it is the host's, trust it with --tls-fingerprint HEX, or trust its authority with --ca FILE (no authority can vouch for a certificate of X.509 version 1); if it is not, an on-path attacker may be answering"
            }
            ProblemKind::Denied => {
                "check the user and what proves him (password, keytab or certificate), and that the account is in Hyper-V Administrators and Remote Management Users on the host"
            }
            ProblemKind::NotThere => {
                "check that the Hyper-V role is installed and that the service vmms runs; it may still be starting. If both are so, the account may not see Hyper-V: put it into Hyper-V Administrators on the host"
            }
            ProblemKind::Busy => {
                "wait: the host is busy or starting; if it lasts, look for other programs that use WinRM heavily"
            }
            ProblemKind::TimedOut => "check the load of the host and the network between; then run again",
            ProblemKind::Refused => "read the host's reason and look at the VM in Hyper-V Manager",
            ProblemKind::Malformed => "check that the address is a WinRM endpoint and that no proxy stands between",
            ProblemKind::TooLarge => {
                "raise MaxEnvelopeSizekb on the host (`winrm set winrm/config @{MaxEnvelopeSizekb=\"500\"}`)"
            }
            ProblemKind::Unsupported => {
                "change what the reason names; if it names nothing, check that the host is Windows Server 2012 or later with the Hyper-V role"
            }
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}", self.what, self.why)
    }
}

impl std::error::Error for Problem {}
