//! CIM datetimes: points in time and intervals, in the DMTF form (25 characters) and the XML Schema form.

use std::fmt;

use jiff::civil;

const MICROS_PER_SECOND: i64 = 1_000_000;
/// 1970-01-01 by Windows' reckoning, which begins with 1601.
const UNIX_IN_WINDOWS_US: i64 = 11_644_473_600_000_000;
const SECONDS_PER_MINUTE: i64 = 60;
/// Maximum length of a datetime's text; anything longer is refused unread.
const TEXT_LENGTH_MAX: usize = 64;
/// Maximum number of digits that the DMTF form has for the days of an interval.
const INTERVAL_DAYS_MAX: u64 = 99_999_999;

/// A value of CIM type `datetime`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateTime {
    /// A point in time.
    Timestamp(CimTimestamp),
    /// A length of time.
    Interval(Interval),
}

/// A point in time with the offset it was written in. Resolution: microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CimTimestamp {
    unix_us: i64,
    offset_minutes: i16,
}

/// A length of time. Resolution: microseconds; at most 99,999,999 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval {
    micros: u64,
}

/// The text is neither a DMTF datetime nor an XML Schema dateTime or duration, or is out of range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a CIM datetime: `{text}`")]
pub struct DateTimeError {
    /// What was read, cut to a length fit for a message.
    pub text: String,
}

impl DateTimeError {
    fn new(text: &str) -> Self {
        Self { text: text.chars().take(TEXT_LENGTH_MAX).collect() }
    }
}

impl CimTimestamp {
    /// From microseconds since 1970-01-01T00:00:00Z; written in UTC.
    pub fn from_unix_us(unix_us: i64) -> Self {
        Self { unix_us, offset_minutes: 0 }
    }

    /// The same instant, written in a local time that is `offset_minutes` ahead of UTC.
    #[must_use]
    pub fn with_offset_minutes(self, offset_minutes: i16) -> Self {
        Self { offset_minutes, ..self }
    }

    /// Microseconds since 1970-01-01T00:00:00Z; negative before.
    pub fn unix_us(self) -> i64 {
        self.unix_us
    }

    /// From a FILETIME, units of 100 ns since 1601-01-01T00:00:00Z (MS-DTYP 2.3.3); written in UTC. What is less than a
    /// microsecond is dropped.
    pub fn from_filetime(units: u64) -> Self {
        // A tenth of what 64 bits hold fits into one bit less.
        let micros = i64::try_from(units / 10).unwrap_or(i64::MAX);
        Self::from_unix_us(micros - UNIX_IN_WINDOWS_US)
    }

    /// As a FILETIME; 0 for what is before 1601, and its largest for what is after the year 60056.
    pub fn filetime(self) -> u64 {
        let micros = self.unix_us.saturating_add(UNIX_IN_WINDOWS_US);
        u64::try_from(micros).unwrap_or_default().saturating_mul(10)
    }

    /// Minutes by which the local time it was written in is ahead of UTC.
    pub fn offset_minutes(self) -> i16 {
        self.offset_minutes
    }

    /// Converts a calendar date and a local time; `None` if the date does not exist.
    fn from_civil(date: (i16, i8, i8), time: (i8, i8, i8), micros: i64, offset_minutes: i16) -> Option<Self> {
        let local = civil::DateTime::new(date.0, date.1, date.2, time.0, time.1, time.2, 0).ok()?;
        let epoch = civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
        let since = epoch.until((jiff::Unit::Second, local)).ok()?;
        let seconds = since.get_seconds() - i64::from(offset_minutes) * SECONDS_PER_MINUTE;
        Some(Self { unix_us: seconds.checked_mul(MICROS_PER_SECOND)?.checked_add(micros)?, offset_minutes })
    }

    /// The local calendar form and the microseconds; `None` outside the years 1 to 9999.
    fn to_civil(self, offset_minutes: i16) -> Option<(civil::DateTime, i64)> {
        let micros = self.unix_us.rem_euclid(MICROS_PER_SECOND);
        let seconds = self.unix_us.div_euclid(MICROS_PER_SECOND) + i64::from(offset_minutes) * SECONDS_PER_MINUTE;
        let epoch = civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
        let local = epoch.checked_add(jiff::SignedDuration::from_secs(seconds)).ok()?;
        (local.year() >= 1).then_some((local, micros))
    }
}

impl Interval {
    /// From microseconds; longer than the DMTF form can say is cut to its longest.
    pub fn from_micros(micros: u64) -> Self {
        Self { micros: micros.min(INTERVAL_DAYS_MAX * 86_400 * 1_000_000) }
    }

    /// The length in microseconds.
    pub fn micros(self) -> u64 {
        self.micros
    }

    fn parts(self) -> (u64, u64, u64, u64, u64) {
        let seconds = self.micros / 1_000_000;
        (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60, self.micros % 1_000_000)
    }
}

impl DateTime {
    /// Reads any of the three forms that Windows writes: DMTF (25 characters), XML Schema dateTime (without a zone it is
    /// UTC), XML Schema duration.
    ///
    /// # Errors
    /// [`DateTimeError`] with the text.
    pub fn parse(text: &str) -> Result<Self, DateTimeError> {
        let error = || DateTimeError::new(text);
        let trimmed = text.trim();
        if trimmed.len() > TEXT_LENGTH_MAX || !trimmed.is_ascii() {
            return Err(error());
        }
        let parsed = if trimmed.starts_with('P') {
            parse_duration(trimmed).map(Self::Interval)
        } else if trimmed.len() == 25 && trimmed.as_bytes().get(14) == Some(&b'.') {
            parse_dmtf(trimmed)
        } else {
            parse_xs_date_time(trimmed).map(Self::Timestamp)
        };
        parsed.ok_or_else(error)
    }

    /// The DMTF form: `yyyymmddHHMMSS.mmmmmm±UUU`, or `ddddddddHHMMSS.mmmmmm:000` for an interval (DSP0004, "Datetime").
    pub fn to_dmtf(self) -> String {
        match self {
            Self::Timestamp(t) => match t.to_civil(t.offset_minutes) {
                Some((c, micros)) => format!(
                    "{:04}{:02}{:02}{:02}{:02}{:02}.{micros:06}{}{:03}",
                    c.year(),
                    c.month(),
                    c.day(),
                    c.hour(),
                    c.minute(),
                    c.second(),
                    if t.offset_minutes < 0 { '-' } else { '+' },
                    t.offset_minutes.unsigned_abs()
                ),
                None => NEVER_DMTF.to_owned(),
            },
            Self::Interval(i) => {
                let (days, hours, minutes, seconds, micros) = i.parts();
                format!("{days:08}{hours:02}{minutes:02}{seconds:02}.{micros:06}:000")
            }
        }
    }

    /// The XML Schema form that Windows writes, in the local time that it was written in: `2026-01-31T10:00:00.5Z` or
    /// `2026-01-31T19:00:00.5+09:00` (trailing zeros cut), or `P0DT0H1M40S` for an interval.
    pub fn to_xs(self) -> String {
        match self {
            Self::Timestamp(t) => match t.to_civil(t.offset_minutes) {
                Some((c, micros)) => format!(
                    "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}{}",
                    c.year(),
                    c.month(),
                    c.day(),
                    c.hour(),
                    c.minute(),
                    c.second(),
                    fraction(micros.unsigned_abs()),
                    zone(t.offset_minutes)
                ),
                None => NEVER_XS.to_owned(),
            },
            Self::Interval(i) => {
                let (days, hours, minutes, seconds, micros) = i.parts();
                format!("P{days}DT{hours}H{minutes}M{seconds}{}S", fraction(micros))
            }
        }
    }
}

/// The offset of a local time: `Z`, `+09:00`.
fn zone(offset_minutes: i16) -> String {
    if offset_minutes == 0 {
        return "Z".to_owned();
    }
    let sign = if offset_minutes < 0 { '-' } else { '+' };
    let minutes = offset_minutes.unsigned_abs();
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Written for a point in time outside the years that the forms can say: Windows' own "never".
const NEVER_DMTF: &str = "16010101000000.000000+000";
const NEVER_XS: &str = "1601-01-01T00:00:00Z";

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_xs())
    }
}

fn fraction(micros: u64) -> String {
    if micros == 0 {
        return String::new();
    }
    let digits = format!("{micros:06}");
    format!(".{}", digits.trim_end_matches('0'))
}

/// Decimal digits alone: no sign, no blank, not empty.
fn number<T: std::str::FromStr>(digits: &str) -> Option<T> {
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
}

/// The digits behind a decimal point as microseconds; digits past the sixth are cut.
fn micros_of(digits: &str) -> Option<i64> {
    let six: String = digits.chars().chain("000000".chars()).take(6).collect();
    number::<i64>(digits.get(..digits.len().min(6))?)?;
    number(&six)
}

fn parse_dmtf(text: &str) -> Option<DateTime> {
    let micros: i64 = number(text.get(15..21)?)?;
    let (hours, minutes, seconds) = (number(text.get(8..10)?)?, number(text.get(10..12)?)?, number(text.get(12..14)?)?);
    let sign = text.get(21..22)?;
    if sign == ":" {
        let days: u64 = number(text.get(0..8)?)?;
        let (h, m, s) = (u64::try_from(hours).ok()?, u64::try_from(minutes).ok()?, u64::try_from(seconds).ok()?);
        let whole = ((days * 24 + h) * 60 + m) * 60 + s;
        return Some(DateTime::Interval(Interval::from_micros(whole * 1_000_000 + micros.unsigned_abs())));
    }
    let minutes_off: i16 = number(text.get(22..25)?)?;
    let offset = match sign {
        "+" => minutes_off,
        "-" => -minutes_off,
        _ => return None,
    };
    let date = (number(text.get(0..4)?)?, number(text.get(4..6)?)?, number(text.get(6..8)?)?);
    let hours: i8 = hours;
    CimTimestamp::from_civil(date, (hours, minutes, seconds), micros, offset).map(DateTime::Timestamp)
}

fn parse_xs_date_time(text: &str) -> Option<CimTimestamp> {
    let (date, time) = text.split_once('T')?;
    let mut ymd = date.splitn(3, '-');
    let date = (number(ymd.next()?)?, number(ymd.next()?)?, number(ymd.next()?)?);
    let zone_at = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at_checked(zone_at)?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut hms = clock.splitn(3, ':');
    let time = (number(hms.next()?)?, number(hms.next()?)?, number(hms.next()?)?);
    CimTimestamp::from_civil(date, time, micros_of(fraction)?, parse_zone(zone)?)
}

fn parse_zone(zone: &str) -> Option<i16> {
    if zone.is_empty() || zone == "Z" {
        return Some(0);
    }
    let (sign, rest) = zone.split_at_checked(1)?;
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes): (i16, i16) = (number(hours)?, number(minutes)?);
    if hours > 14 || minutes > 59 {
        return None;
    }
    let offset = hours * 60 + minutes;
    Some(if sign == "-" { -offset } else { offset })
}

/// `PnDTnHnMn.nS`, as Windows writes intervals. Years and months have no fixed length and are refused.
fn parse_duration(text: &str) -> Option<Interval> {
    let (days, time) = match text.strip_prefix('P')?.split_once('T') {
        Some((days, time)) if !time.is_empty() => (days, time),
        Some(_) => return None,
        None => (text.strip_prefix('P')?, ""),
    };
    if days.is_empty() && time.is_empty() {
        return None;
    }
    let mut micros: u64 = 0;
    if !days.is_empty() {
        let count: u64 = number(days.strip_suffix('D')?)?;
        micros = count.checked_mul(86_400_000_000)?;
    }
    let mut rest = time;
    for (unit, factor) in [('H', 3_600_000_000_u64), ('M', 60_000_000), ('S', 1_000_000)] {
        if let Some((count, after)) = rest.split_once(unit) {
            let (whole, part) = count.split_once('.').unwrap_or((count, "0"));
            if unit != 'S' && count.contains('.') {
                return None;
            }
            let whole: u64 = number(whole)?;
            micros = micros.checked_add(whole.checked_mul(factor)?)?;
            micros = micros.checked_add(micros_of(part)?.unsigned_abs())?;
            rest = after;
        }
    }
    rest.is_empty().then(|| Interval::from_micros(micros))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_every_form_that_windows_writes() {
        let instant = DateTime::Timestamp(CimTimestamp::from_unix_us(1_769_853_600_500_000));
        for text in ["2026-01-31T10:00:00.5Z", "2026-01-31T10:00:00.500000Z", "2026-01-31T10:00:00.5"] {
            assert_eq!(DateTime::parse(text), Ok(instant), "{text}");
        }
        let Ok(DateTime::Timestamp(local)) = DateTime::parse("20260131110000.500000+060") else { panic!() };
        assert_eq!((local.unix_us(), local.offset_minutes()), (1_769_853_600_500_000, 60));
        let Ok(DateTime::Timestamp(local)) = DateTime::parse("2026-01-31T11:00:00.5+01:00") else { panic!() };
        assert_eq!(local.unix_us(), 1_769_853_600_500_000);
        let minutes = DateTime::Interval(Interval::from_micros(100_000_000));
        assert_eq!(DateTime::parse("P0DT0H1M40S"), Ok(minutes));
        assert_eq!(DateTime::parse("00000000000140.000000:000"), Ok(minutes));
    }

    #[test]
    fn never_is_the_first_day_of_1601() {
        let never = DateTime::parse("16010101000000.000000+000").unwrap();
        assert_eq!(never.to_xs(), "1601-01-01T00:00:00Z");
        assert_eq!(never.to_dmtf(), "16010101000000.000000+000");
        assert_eq!(never, DateTime::Timestamp(CimTimestamp::from_filetime(0)));
    }

    #[test]
    fn a_filetime_counts_from_1601_in_units_of_100_ns() {
        assert_eq!(CimTimestamp::from_unix_us(0).filetime(), 116_444_736_000_000_000);
        assert_eq!(CimTimestamp::from_filetime(116_444_736_000_000_019).unix_us(), 1);
        assert_eq!(CimTimestamp::from_unix_us(i64::MIN).filetime(), 0);
        let latest = CimTimestamp::from_filetime(u64::MAX);
        assert_eq!(latest.filetime(), u64::MAX / 10 * 10);
        assert_eq!(CimTimestamp::from_unix_us(i64::MAX).filetime(), u64::MAX);
    }

    #[test]
    fn refuses_what_is_no_datetime() {
        for text in [
            "",
            "P",
            "PT",
            "P1Y",
            "2026-13-01T00:00:00Z",
            "20261301000000.000000+000",
            "now",
            "+1",
            "PT1S1H",
            "2026-01-01",
        ] {
            assert!(DateTime::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_timestamp_survives_both_forms(us in -60_000_000_000_000_000_i64..200_000_000_000_000_000, off in -720_i16..840) {
            let t = DateTime::Timestamp(CimTimestamp::from_unix_us(us).with_offset_minutes(off));
            prop_assert_eq!(DateTime::parse(&t.to_dmtf()), Ok(t));
            prop_assert_eq!(DateTime::parse(&t.to_xs()), Ok(t));
        }

        #[test]
        fn an_interval_survives_both_forms(us in 0_u64..8_639_999_913_600_000_000) {
            let i = DateTime::Interval(Interval::from_micros(us));
            prop_assert_eq!(DateTime::parse(&i.to_dmtf()), Ok(i));
            prop_assert_eq!(DateTime::parse(&i.to_xs()), Ok(i));
        }

        #[test]
        fn no_text_panics(text in ".{0,70}") {
            let _read = DateTime::parse(&text);
        }
    }
}
