//! The last known instances of a class, and the differences from them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use cim::{CallError, ErrorKind, Hint, Reached, Row};
use wsman::eventing::{Change, What};

use super::watch::{KeyText, Watch};

/// Maximum number of instances that are remembered: a host has some thousands worth watching, not hundreds of thousands.
pub(super) const ROWS_MAX: usize = 100_000;

/// The known instances of a class.
#[derive(Debug, Default)]
pub(super) struct KnownInstances {
    rows: BTreeMap<KeyText, Row>,
}

impl KnownInstances {
    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values()
    }

    /// Takes in all instances as they are now, and gives what they differ in from what was known.
    pub(super) fn read(&mut self, watch: &Watch, rows: Vec<Row>) -> Result<Vec<Change>, CallError> {
        let mut now = BTreeMap::new();
        for row in rows {
            let (key, row) = watch.part(row)?;
            if now.len() >= ROWS_MAX {
                return Err(too_many(watch));
            }
            if now.insert(key, row).is_some() {
                let message = format!("two instances of {} have the same key", watch.class);
                return Err(CallError::new(ErrorKind::Malformed, Reached::Yes, message));
            }
        }
        let mut before = std::mem::replace(&mut self.rows, now);
        let news = self.rows.iter().filter_map(|(key, now)| difference(before.remove(key), now.clone()));
        let mut news: Vec<What> = news.collect();
        news.extend(before.into_values().map(|before| What::Deleted { before }));
        Ok(news.into_iter().map(|what| Change { what, time: None }).collect())
    }

    /// Takes in what an event says; `None` if that is known already. What is known decides what has happened: an event
    /// may come a second time, or after a reading that has shown the same.
    pub(super) fn hear(&mut self, watch: &Watch, change: Change) -> Result<Option<Change>, CallError> {
        let count = self.rows.len();
        let now = match change.what {
            What::Created { now } | What::Modified { before: _, now } => now,
            What::Deleted { before } => {
                let (key, _) = watch.part(before)?;
                let what = self.rows.remove(&key).map(|before| What::Deleted { before });
                return Ok(what.map(|what| Change { what, time: change.time }));
            }
        };
        let (key, now) = watch.part(now)?;
        let known = match self.rows.entry(key) {
            Entry::Occupied(mut entry) => Some(entry.insert(now.clone())),
            Entry::Vacant(_) if count >= ROWS_MAX => return Err(too_many(watch)),
            Entry::Vacant(entry) => {
                entry.insert(now.clone());
                None
            }
        };
        Ok(difference(known, now).map(|what| Change { what, time: change.time }))
    }
}

/// What has happened to an instance, if anything has. NULL and absent are the same: neither says more.
fn difference(before: Option<Row>, now: Row) -> Option<What> {
    let Some(before) = before else { return Some(What::Created { now }) };
    let names = before.properties.iter().chain(now.properties.iter()).map(|(name, _)| name);
    let differs =
        names.into_iter().any(|name| before.properties.value(name.clone()) != now.properties.value(name.clone()));
    differs.then_some(What::Modified { before: Some(before), now })
}

fn too_many(watch: &Watch) -> CallError {
    let message = format!("{} has more than {ROWS_MAX} instances", watch.class);
    CallError::new(ErrorKind::TooLarge, Reached::Yes, message).with_hint(Hint::Excess)
}
