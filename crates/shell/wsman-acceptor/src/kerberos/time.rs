//! Kerberos' times: `20261125031500Z` (RFC 4120 5.2.3).

pub(super) const GENERALIZED_TIME: u8 = 0x18;
/// How far clocks may be apart, in seconds: the default of Windows and of MIT Kerberos.
pub(super) const SKEW_MAX: u64 = 5 * 60;

/// Seconds since 1970; `None` if it is none, or earlier.
pub(super) fn read(octets: &[u8]) -> Option<u64> {
    let digits = octets.strip_suffix(b"Z").filter(|digits| digits.len() == 14)?;
    let text = str::from_utf8(digits).ok().filter(|text| text.bytes().all(|octet| octet.is_ascii_digit()))?;
    let part = |at: usize, length: usize| text.get(at..at + length)?.parse::<u64>().ok();
    let (year, month, day) = (part(0, 4)?, part(4, 2)?, part(6, 2)?);
    let (hour, minute, second) = (part(8, 2)?, part(10, 2)?, part(12, 2)?);
    let possible = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    let days = possible.then(|| days_until(year, month, day))??;
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

/// Days from 1970 to a date. A year is counted from March on, so that the odd day of a leap year comes last.
fn days_until(year: u64, month: u64, day: u64) -> Option<u64> {
    const BEFORE_1970: u64 = 719_468;
    let (year, month) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    days.checked_sub(BEFORE_1970)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_time_is_read_as_seconds_and_anything_else_is_none() {
        for (text, seconds) in [
            ("19700101000000Z", 0),
            ("20000229120000Z", 951_825_600),
            ("20261125031500Z", 1_795_576_500),
            ("21000301000000Z", 4_107_542_400),
        ] {
            assert_eq!(read(text.as_bytes()), Some(seconds), "{text}");
        }
        for text in
            ["", "Z", "20261125031500", "20261325031500Z", "20261125031500.5Z", "2026112503150+Z", "19691231235959Z"]
        {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
    }
}
