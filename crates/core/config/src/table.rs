//! Reads one TOML table key by key; keys that are left over are unknown.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::duration::parse_duration;
use crate::problem::ConfigProblem;

/// The text, and every problem found in it so far.
pub(crate) struct Findings<'a> {
    text: &'a str,
    pub(crate) problems: Vec<ConfigProblem>,
}

impl<'a> Findings<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, problems: Vec::new() }
    }

    pub(crate) fn add(&mut self, at: usize, key: impl Into<String>, text: impl Into<String>) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        self.problems.push(ConfigProblem { line, key: key.into(), text: text.into() });
    }
}

/// One table under a name.
pub(crate) struct Table<'t> {
    name: String,
    pub(crate) at: usize,
    values: BTreeMap<String, (usize, &'t Spanned<DeValue<'t>>)>,
    /// The offset of each key, whether it was taken or not.
    places: BTreeMap<String, usize>,
    known: Vec<&'static str>,
}

impl<'t> Table<'t> {
    pub(crate) fn new(name: &str, at: usize, table: &'t DeTable<'t>) -> Self {
        let values = table.iter().map(|(key, value)| (key.get_ref().to_string(), (key.span().start, value)));
        let values: BTreeMap<_, _> = values.collect();
        let places = values.iter().map(|(key, (at, _))| (key.clone(), *at)).collect();
        Self { name: name.to_owned(), at, values, places, known: Vec::new() }
    }

    /// The offset of a key, or of the table if it has no such key.
    pub(crate) fn place(&self, key: &str) -> usize {
        self.places.get(key).copied().unwrap_or(self.at)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.places.contains_key(key)
    }

    pub(crate) fn key(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    pub(crate) fn take(&mut self, key: &'static str) -> Option<(usize, &'t DeValue<'t>)> {
        self.known.push(key);
        self.values.remove(key).map(|(at, value)| (at, value.get_ref()))
    }

    pub(crate) fn text(&mut self, key: &'static str, found: &mut Findings<'_>) -> Option<(usize, String)> {
        let (at, value) = self.take(key)?;
        if let DeValue::String(text) = value {
            return Some((at, text.to_string()));
        }
        found.add(at, self.key(key), "expected a string in quotes");
        None
    }

    /// A table of strings under arbitrary names: the offset, name and string of each.
    pub(crate) fn texts(&mut self, key: &'static str, found: &mut Findings<'_>) -> Vec<(usize, String, String)> {
        let Some(table) = self.table(key, found) else { return Vec::new() };
        let mut texts = Vec::new();
        for (name, (at, value)) in &table.values {
            if let DeValue::String(text) = value.get_ref() {
                texts.push((*at, name.clone(), text.to_string()));
            } else {
                found.add(*at, table.key(name), "expected a string in quotes");
            }
        }
        texts
    }

    pub(crate) fn duration(&mut self, key: &'static str, found: &mut Findings<'_>) -> Option<Duration> {
        let (at, value) = self.take(key)?;
        let text = if let DeValue::Integer(seconds) = value {
            seconds.as_str().to_owned()
        } else if let DeValue::String(text) = value {
            text.to_string()
        } else {
            let wanted =
                "expected a duration in quotes, such as \"15s\", \"2m\" or \"1h30m\", or a whole number of seconds";
            found.add(at, self.key(key), wanted);
            return None;
        };
        parse_duration(&text).map_err(|problem| found.add(at, self.key(key), problem)).ok()
    }

    pub(crate) fn number(&mut self, key: &'static str, least: u32, found: &mut Findings<'_>) -> Option<u32> {
        let (at, value) = self.take(key)?;
        let number = if let DeValue::Integer(number) = value { number.as_str().parse::<u32>().ok() } else { None };
        let number = number.filter(|n| *n >= least);
        if number.is_none() {
            found.add(at, self.key(key), format!("expected an integer from {least} to {}", u32::MAX));
        }
        number
    }

    /// One of some words.
    pub(crate) fn word<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&str, T)],
        found: &mut Findings<'_>,
    ) -> Option<T> {
        let (at, text) = self.text(key, found)?;
        let chosen = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if chosen.is_none() {
            let allowed: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let hint = nearest(&text, &allowed).map_or_else(String::new, |word| format!("; did you mean `{word}`?"));
            found.add(at, self.key(key), format!("`{text}` is not one of {}{hint}", allowed.join(", ")));
        }
        chosen
    }

    pub(crate) fn table(&mut self, key: &'static str, found: &mut Findings<'_>) -> Option<Table<'t>> {
        let (at, value) = self.take(key)?;
        if let DeValue::Table(table) = value {
            return Some(Table::new(&self.key(key), at, table));
        }
        found.add(at, self.key(key), format!("expected a table, as in [{}]", self.key(key)));
        None
    }

    pub(crate) fn tables(&mut self, key: &'static str, found: &mut Findings<'_>) -> Vec<Table<'t>> {
        let Some((at, value)) = self.take(key) else { return Vec::new() };
        let DeValue::Array(items) = value else {
            found.add(at, self.key(key), format!("expected an array of tables, as in [[{key}]]"));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items {
            if let DeValue::Table(table) = item.get_ref() {
                tables.push(Table::new(&self.key(key), item.span().start, table));
            } else {
                found.add(item.span().start, self.key(key), format!("expected a table, as in [[{key}]]"));
            }
        }
        tables
    }

    /// Reports the keys that were not taken.
    pub(crate) fn end(self, found: &mut Findings<'_>) {
        for (key, (at, _)) in &self.values {
            let hint = nearest(key, &self.known).map_or_else(
                || format!("allowed are {}", self.known.join(", ")),
                |known| format!("did you mean `{known}`?"),
            );
            found.add(*at, self.key(key), format!("unknown key; {hint}"));
        }
    }
}

/// The known word with the smallest edit distance, if that is 2 or less.
fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let (distance, best) = known.iter().map(|k| (edits(word, k), *k)).min()?;
    (distance <= 2 && distance < best.len()).then_some(best)
}

/// The edit distance: how many letters must be changed, added or removed.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(40).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(40).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (y, slot) in b.iter().zip(row.iter_mut().skip(1)) {
            let cost = (diagonal + usize::from(x != *y)).min(left + 1).min(*slot + 1);
            diagonal = *slot;
            *slot = cost;
            left = cost;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}
