//! Stand-ins: the same for the same text, whatever its case.

use std::collections::BTreeMap;

use super::form::Form;

/// Maximum number of texts that have a stand-in of their own. A host may send any number of words; real ones have some thousand.
const COUNT_MAX: usize = 100_000;

/// The stand-ins given out so far.
#[derive(Clone, Debug, Default)]
pub(super) struct StandIns {
    /// By kind and text in lower case.
    given: BTreeMap<(Kind, String), usize>,
    /// How many of each kind.
    counts: BTreeMap<Kind, usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Name,
    Address,
    Of(Form),
}

impl StandIns {
    /// For a word.
    pub(super) fn of_name(&mut self, word: &str) -> String {
        format!("name-{}", self.number(Kind::Name, word))
    }

    /// For an address: one of those that documents use (RFC 5737).
    pub(super) fn of_address(&mut self, address: &str) -> String {
        let number = self.number(Kind::Address, address);
        let range = ["192.0.2", "198.51.100", "203.0.113"].get(number / 250).copied().unwrap_or("203.0.113");
        format!("{range}.{}", number % 250)
    }

    /// For a word of a form, in that form.
    pub(super) fn of(&mut self, form: Form, word: &str) -> String {
        let number = self.number(Kind::Of(form), word);
        match form {
            Form::Guid => format!("00000000-0000-4000-8000-{number:012}"),
            Form::Sid => format!("S-1-5-21-1-1-1-{number}"),
            Form::Digits => format!("{number:0width$}", width = word.len()),
            Form::LongNumber => format!("{}", 10_000_000_000_usize.saturating_add(number)),
            Form::Number | Form::Code | Form::Update | Form::KnownGuid | Form::KnownSid => word.to_owned(),
        }
    }

    fn number(&mut self, kind: Kind, text: &str) -> usize {
        let key = (kind, text.to_lowercase());
        if let Some(known) = self.given.get(&key) {
            return *known;
        }
        if self.given.len() >= COUNT_MAX {
            return 0;
        }
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        self.given.insert(key, *count);
        *count
    }
}
