//! What a host's event logs say, and how much of them was read: what is not there proves something only where nothing is
//! missing.

use std::time::Duration;

use crate::{HostTime, VmId};

/// How far back logs are read where nothing says how far they must be. A week covers a host that stayed down over holidays,
/// and keeps what is sent small.
pub const LOG_BACK: Duration = Duration::from_hours(7 * 24);

/// The events of a leg's sender, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Evidence {
    /// The event log cannot be read, or nobody has asked.
    #[default]
    NotReadable,
    /// The event log is being read.
    Awaited,
    /// These stand there.
    Readable(Records),
}

/// What a host's event logs say, as far as it decides something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// VMMS's records.
    pub vmms: Log<VmmsEvent>,
    /// Windows' records of its own shutdowns and starts.
    pub system: Log<SystemEvent>,
}

impl Records {
    /// Two logs that were read from their very first records to their ends.
    pub fn whole(vmms: Vec<VmmsEvent>, system: Vec<SystemEvent>) -> Self {
        Self { vmms: Log::whole(vmms), system: Log::whole(system) }
    }
}

/// One log, as far as it was read. What stands in it can be taken for true; that something does not stand in it can be said
/// of [`Whole`] alone, which only a log without gaps gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log<E> {
    events: Vec<E>,
    coverage: Coverage,
}

/// How much of a log was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// Every record that was asked for, from that time on, by the host's clock, until the reading began.
    Since(HostTime),
    /// Any record may be missing.
    Partial(Gap),
}

/// Why records may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// It was not read at all.
    Unread,
    /// Nobody knows how far back it reaches, or how far back it was asked for.
    NoBeginning,
    /// It was not read to its end.
    NoEnd,
    /// The host says that it has lost records.
    Dropped,
    /// A record could not be read.
    Unreadable,
}

/// A log of which nothing is missing from some time on.
#[derive(Clone, Copy, Debug)]
pub struct Whole<'l, E>(&'l [E]);

impl<'l, E> Whole<'l, E> {
    /// Whether no record is of that kind.
    pub fn lacks(self, is: impl Fn(&E) -> bool) -> bool {
        !self.0.iter().any(is)
    }

    /// All its records.
    pub fn events(self) -> &'l [E] {
        self.0
    }
}

impl<E> Default for Log<E> {
    fn default() -> Self {
        Self { events: Vec::new(), coverage: Coverage::Partial(Gap::Unread) }
    }
}

impl<E> Log<E> {
    /// What was read, and how much of the log that is.
    pub fn new(events: Vec<E>, coverage: Coverage) -> Self {
        Self { events, coverage }
    }

    /// A log that was read from its very first record to its end.
    pub fn whole(events: Vec<E>) -> Self {
        Self::new(events, Coverage::Since(HostTime(i64::MIN)))
    }

    /// The records that came: each is there, and others may be.
    pub fn found(&self) -> &[E] {
        &self.events
    }

    /// How much of the log was read.
    pub fn coverage(&self) -> Coverage {
        self.coverage
    }

    /// The log, if nothing that was recorded at that time or later is missing.
    pub fn whole_since(&self, since: HostTime) -> Option<Whole<'_, E>> {
        match self.coverage {
            Coverage::Since(first) if first <= since => Some(Whole(&self.events)),
            Coverage::Since(_) | Coverage::Partial(_) => None,
        }
    }

    /// The same records, of a log that was asked for no older ones; `None` if nobody knows how old.
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
    /// When, by the host's clock.
    pub at: HostTime,
    /// What.
    pub kind: VmmsEventKind,
}

/// The kinds of records that decide something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VmmsEventKind {
    /// 32086: replication suspended after a failure that VMMS holds for final.
    NonRecoverable,
    /// 32022: changes could not be sent; with the HRESULT.
    SendFailed {
        /// `0x80004004` is the shutdown's mark.
        code: u32,
    },
    /// 32315: VMMS will try again by itself.
    WillRetry {
        /// After how long, where the record says it.
        after: Option<Duration>,
    },
}

/// One record of a host's log `System` that says when it went down and came up. Nothing is decided by it alone: people
/// pause replication just before they restart a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SystemEvent {
    /// When, by the host's clock.
    pub at: HostTime,
    /// What.
    pub kind: SystemEventKind,
}

/// The kinds of records around shutdowns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemEventKind {
    /// 1074: somebody asked for a restart or a shutdown.
    ShutdownAsked,
    /// 6006: the event log stopped in order.
    LogStopped,
    /// 6005: the event log started.
    LogStarted,
    /// 6008: the shutdown before was unexpected.
    UnexpectedShutdown,
    /// 41: the host came up without having gone down in order.
    NoCleanShutdown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_log_without_gaps_says_what_is_not_in_it_and_only_of_the_time_that_was_read() {
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
