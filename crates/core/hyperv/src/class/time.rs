//! Points in time as the classes return them.

use reprise_model::{HostTime, LastReplication};

/// Everything before this year means "never": Windows writes 1601, and in local time this may be 1600.
const YEAR_1900_US: i64 = -2_208_988_800_000_000;

/// A host's point in time.
pub(crate) fn host_time(at: cim::CimTimestamp) -> HostTime {
    HostTime(at.unix_us().div_euclid(1_000))
}

/// When data last arrived. NULL, intervals and anything before 1900 are "never".
pub(crate) fn last_replication(value: Option<cim::DateTime>) -> LastReplication {
    match value {
        Some(cim::DateTime::Timestamp(at)) if at.unix_us() >= YEAR_1900_US => LastReplication::At(host_time(at)),
        Some(cim::DateTime::Timestamp(_) | cim::DateTime::Interval(_)) | None => LastReplication::Never,
    }
}
