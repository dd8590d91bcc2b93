//! Durations as people write them: `15s`, `2m`, `1h30m`; a bare number is seconds.

use std::time::Duration;

/// Maximum duration: a year. A longer one is a typing error.
const SECONDS_MAX: u64 = 365 * 24 * 3_600;

/// Parses a duration: numbers with `h`, `m`, `s`, in that order and each at most once; or a bare number of seconds.
///
/// # Errors
/// A sentence that says what is expected.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let error = || format!("`{text}` is not a duration such as 15s, 2m or 1h30m (at most a year)");
    let number = |digits: &str| -> Result<u64, String> {
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse().ok().filter(|_| plain).ok_or_else(error)
    };
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("it is empty; write a duration such as 15s, 2m or 1h30m (at most a year)".to_owned());
    }
    let mut seconds: u64 = 0;
    if rest.bytes().all(|b| b.is_ascii_digit()) {
        seconds = number(rest)?;
    } else {
        for (unit, factor) in [('h', 3_600), ('m', 60), ('s', 1)] {
            if let Some((count, after)) = rest.split_once(unit) {
                let part = number(count)?.checked_mul(factor).ok_or_else(error)?;
                seconds = seconds.checked_add(part).ok_or_else(error)?;
                rest = after;
            }
        }
        if !rest.is_empty() {
            return Err(error());
        }
    }
    if seconds > SECONDS_MAX { Err(error()) } else { Ok(Duration::from_secs(seconds)) }
}
