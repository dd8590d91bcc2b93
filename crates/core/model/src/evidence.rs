//! What a host's event logs say, and how much of them was read. The absence of a record proves something only if the log is
//! complete.

use std::time::Duration;

use crate::{HostTime, VmId};

/// How far back logs are read if the time that is needed is unknown. A week covers a host that was off over a holiday, and
/// keeps the amount of data small.
pub const LOG_BACK: Duration = Duration::from_hours(7 * 24);

/// The events of a leg's sender, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Evidence {
    /// The event log cannot be read, or was not requested.
    #[default]
    NotReadable,
    /// The event log is being read.
    Awaited,
    /// The log has these records.
    Readable(Records),
}

/// The records of a host's event logs that matter for a decision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// VMMS's records.
    pub vmms: Log<VmmsEvent>,
    /// Windows' records of its own shutdowns and starts.
    pub system: Log<SystemEvent>,
}

impl Records {
    /// Creates the records of two logs that were read completely.
    pub fn whole(vmms: Vec<VmmsEvent>, system: Vec<SystemEvent>) -> Self {
        Self { vmms: Log::whole(vmms), system: Log::whole(system) }
    }
}

/// One log, as far as it was read. The records that it has are facts. That a record is missing can be said only of [`Whole`],
/// which only a log without gaps returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log<E> {
    events: Vec<E>,
    coverage: Coverage,
}

/// How much of a log was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// Every requested record from that time on, by the host's clock, until the reading began.
    Since(HostTime),
    /// Any record may be missing.
    Partial(Gap),
}

/// Why records may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// It was not read at all.
    Unread,
    /// It is unknown how far back the log reaches, or from which time on it was requested.
    NoBeginning,
    /// It was not read to its end.
    NoEnd,
    /// The host reports that records were lost.
    Dropped,
    /// A record could not be read.
    Unreadable,
}

/// A log that is complete from some time on.
#[derive(Clone, Copy, Debug)]
pub struct Whole<'l, E>(&'l [E]);

impl<E> Whole<'_, E> {
    /// Returns whether no record is of that kind.
    pub fn lacks(self, is: impl Fn(&E) -> bool) -> bool {
        !self.0.iter().any(is)
    }
}

impl<E> Default for Log<E> {
    fn default() -> Self {
        Self { events: Vec::new(), coverage: Coverage::Partial(Gap::Unread) }
    }
}

impl<E> Log<E> {
    /// Creates a log from the records that were read, and how much of the log that is.
    pub fn new(events: Vec<E>, coverage: Coverage) -> Self {
        Self { events, coverage }
    }

    /// Creates a log that was read completely.
    pub fn whole(events: Vec<E>) -> Self {
        Self::new(events, Coverage::Since(HostTime(i64::MIN)))
    }

    /// Returns the records that were read. The log may have others.
    pub fn found(&self) -> &[E] {
        &self.events
    }

    /// Returns how much of the log was read.
    pub fn coverage(&self) -> Coverage {
        self.coverage
    }

    /// Returns the log if no record from that time on is missing.
    pub fn whole_since(&self, since: HostTime) -> Option<Whole<'_, E>> {
        match self.coverage {
            Coverage::Since(first) if first <= since => Some(Whole(&self.events)),
            Coverage::Since(_) | Coverage::Partial(_) => None,
        }
    }

    /// Limits the coverage to the time from which on records were requested; `None` if that time is unknown.
    #[must_use]
    pub fn asked_since(self, since: Option<HostTime>) -> Self {
        let coverage = match (self.coverage, since) {
            (Coverage::Since(first), Some(since)) => Coverage::Since(first.max(since)),
            (Coverage::Since(_), None) => Coverage::Partial(Gap::NoBeginning),
            (partial @ Coverage::Partial(_), _) => partial,
        };
        Self { coverage, ..self }
    }
}

/// One record of `Microsoft-Windows-Hyper-V-VMMS-Admin` that says something about replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VmmsEvent {
    /// The VM.
    pub vm: VmId,
    /// The time, by the host's clock.
    pub at: HostTime,
    /// The kind.
    pub kind: VmmsEventKind,
}

/// The kinds of VMMS records that matter for a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VmmsEventKind {
    /// 32086: replication suspended after a failure that VMMS treats as final.
    NonRecoverable,
    /// 32022: changes could not be sent.
    SendFailed {
        /// The HRESULT: `0x80004004` means a shutdown.
        code: u32,
    },
    /// 32315: VMMS will retry automatically.
    WillRetry {
        /// The time until the retry, if the record contains it.
        after: Option<Duration>,
    },
}

/// One record of a host's log `System` about a shutdown or a start. It decides nothing alone, since people also pause
/// replication just before they restart a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SystemEvent {
    /// The time, by the host's clock.
    pub at: HostTime,
    /// The kind.
    pub kind: SystemEventKind,
}

/// The kinds of records around shutdowns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemEventKind {
    /// 1074: a user or a program requested a restart or a shutdown.
    ShutdownAsked,
    /// 6006: the event log stopped cleanly.
    LogStopped,
    /// 6005: the event log started.
    LogStarted,
    /// 6008: the previous shutdown was unexpected.
    UnexpectedShutdown,
    /// 41: the host started without a clean shutdown before.
    NoCleanShutdown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_log_without_gaps_shows_what_is_missing_and_only_for_the_time_that_was_read() {
        let at = HostTime;
        let log = Log::new(vec![1], Coverage::Since(at(5)));
        assert!(log.whole_since(at(5)).is_some_and(|log| log.lacks(|n| *n == 2) && !log.lacks(|n| *n == 1)));
        assert!(log.whole_since(at(4)).is_none());
        assert_eq!(log.clone().asked_since(Some(at(7))).coverage(), Coverage::Since(at(7)));
        assert_eq!(log.clone().asked_since(Some(at(3))).coverage(), Coverage::Since(at(5)));
        assert_eq!(log.asked_since(None).coverage(), Coverage::Partial(Gap::NoBeginning));
        let partial = Log::new(vec![1], Coverage::Partial(Gap::Dropped)).asked_since(Some(at(0)));
        assert_eq!((partial.found(), partial.whole_since(at(i64::MAX)).is_some()), ([1].as_slice(), false));
        assert!(Log::<u8>::default().whole_since(at(i64::MAX)).is_none());
    }
}
