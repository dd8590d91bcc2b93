//! Times as people and programs read them.

use reprise_model::Timestamp;

/// RFC 3339 in UTC with milliseconds. A time that no calendar has is written as its number.
pub(super) fn written(at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at.0) {
        Ok(at) => format!("{at:.3}"),
        Err(_) => at.0.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_milliseconds_and_is_in_utc() {
        assert_eq!(written(Timestamp(1_700_000_000_050)), "2023-11-14T22:13:20.050Z");
        assert_eq!(written(Timestamp(i64::MAX)), i64::MAX.to_string());
    }
}
