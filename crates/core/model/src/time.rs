//! Three times that do not mix: waiting, ours and a host's.

use std::ops::{Add, Sub};
use std::time::Duration;

/// For waiting: time since the program began. Never set back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct MonoTime(pub Duration);

impl MonoTime {
    /// Time that has passed since `earlier`; zero if that is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for MonoTime {
    type Output = Self;
    fn add(self, length: Duration) -> Self {
        Self(self.0.saturating_add(length))
    }
}

impl Sub<Duration> for MonoTime {
    type Output = Self;
    fn sub(self, length: Duration) -> Self {
        Self(self.0.saturating_sub(length))
    }
}

/// Our own wall clock. Unit: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

/// A host's wall clock, which may be wrong. Unit: milliseconds since 1970-01-01T00:00:00Z. It compares only with times
/// of the same host; age is host time minus host time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostTime(pub i64);

impl HostTime {
    /// Time that has passed since `earlier` on the same host; zero if that is later.
    pub fn since(self, earlier: Self) -> Duration {
        u64::try_from(self.0.saturating_sub(earlier.0)).map_or(Duration::ZERO, Duration::from_millis)
    }
}

/// The time of one event that the engine is fed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// For waiting.
    pub mono: MonoTime,
    /// For the record.
    pub wall: Timestamp,
}
