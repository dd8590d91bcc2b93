//! Holds: what people asked to leave alone.

use reprise_model::Timestamp;

use super::cell::Cell;
use super::number::HoldId;
use super::row::{Misread, Reading, Record};

/// A hold, in force or released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredHold {
    /// Identifies it.
    pub id: HoldId,
    /// What it covers.
    pub target: HoldTarget,
    /// Who set it.
    pub by: String,
    /// Why, in the user's words.
    pub reason: String,
    /// When it was set.
    pub since: Timestamp,
    /// When it ends; never if absent. The store does not end it.
    pub until: Option<Timestamp>,
    /// When and by whom it was released, if it was.
    pub released: Option<Release>,
}

/// What a hold covers, as the user named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldTarget {
    /// A VM, by its GUID or its name.
    Vm(String),
    /// A host.
    Host(String),
    /// Everything.
    All,
}

/// The release of a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
}

const VM: &str = "vm";
const HOST: &str = "host";
const ALL: &str = "all";

impl Record for StoredHold {
    const TABLE: &'static str = "holds";
    const COLUMNS: &'static [&'static str] =
        &["number", "scope", "target", "set_by", "reason", "since", "until", "released", "released_by"];
    const KEY: &'static [&'static str] = &["number"];

    fn cells(&self) -> Vec<Cell> {
        let (scope, target) = match &self.target {
            HoldTarget::Vm(vm) => (VM, Some(vm)),
            HoldTarget::Host(host) => (HOST, Some(host)),
            HoldTarget::All => (ALL, None),
        };
        vec![
            Cell::count(self.id.0.into()),
            Cell::text(scope),
            Cell::maybe_text(target),
            Cell::text(&self.by),
            Cell::text(&self.reason),
            Cell::Time(self.since),
            Cell::maybe_time(self.until),
            Cell::maybe_time(self.released.as_ref().map(|release| release.at)),
            Cell::maybe_text(self.released.as_ref().map(|release| &release.by)),
        ]
    }

    fn read(row: &mut Reading) -> Result<Self, Misread> {
        Ok(Self {
            id: HoldId(row.small()?),
            target: match (row.text()?.as_str(), row.maybe_text()?) {
                (VM, Some(vm)) => HoldTarget::Vm(vm),
                (HOST, Some(host)) => HoldTarget::Host(host),
                (ALL, None) => HoldTarget::All,
                _ => return Err(Misread),
            },
            by: row.text()?,
            reason: row.text()?,
            since: row.time()?,
            until: row.maybe_time()?,
            released: match (row.maybe_time()?, row.maybe_text()?) {
                (Some(at), Some(by)) => Some(Release { at, by }),
                (None, None) => None,
                (Some(_), None) | (None, Some(_)) => return Err(Misread),
            },
        })
    }
}
