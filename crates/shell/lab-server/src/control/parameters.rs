//! Query parameters. Each must be read, so that unknown ones are refused.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use super::refusal::Refusal;

/// Maximum time in a parameter, in seconds: a year.
const SECONDS_MAX: f64 = 365.0 * 86_400.0;

/// The parameters of one request.
pub(super) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    pub(super) fn new(query: BTreeMap<String, String>) -> Self {
        Self(query)
    }

    /// A parameter's text, if it is given.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// A parameter's value, if it is given.
    pub(super) fn value<T: FromStr>(&mut self, name: &str, expected: &str) -> Result<Option<T>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let bad = || Refusal::Bad(format!("parameter {name}: `{text}` is not {expected}"));
        text.parse().map(Some).map_err(|_| bad())
    }

    /// A length of time in seconds.
    pub(super) fn seconds(&mut self, name: &str) -> Result<Option<Duration>, Refusal> {
        let Some(seconds) = self.value::<f64>(name, "a number of seconds")? else { return Ok(None) };
        if (0.0..=SECONDS_MAX).contains(&seconds) {
            return Ok(Some(Duration::from_secs_f64(seconds)));
        }
        Err(Refusal::Bad(format!("parameter {name}: {seconds} is not a number of seconds from 0 to a year")))
    }

    /// A length of time in milliseconds.
    pub(super) fn millis(&mut self, name: &str) -> Result<Option<Duration>, Refusal> {
        Ok(self.value::<u32>(name, "a number of milliseconds")?.map(|ms| Duration::from_millis(u64::from(ms))))
    }

    /// Whether every parameter has been read.
    pub(super) fn none_left(self) -> Result<(), Refusal> {
        match self.0.into_keys().next() {
            Some(name) => Err(Refusal::Bad(format!("there is no parameter {name} here"))),
            None => Ok(()),
        }
    }
}
