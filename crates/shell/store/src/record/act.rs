//! Acts: what was about to be done, and how it ended.

use reprise_model::{ActId, LegId, Timestamp};

use super::cell::Cell;
use super::row::{Misread, Reading, Record, leg_cells};

/// An act. It is written before it is carried out, so one that has not ended may have been carried out or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAct {
    /// Identifies it.
    pub id: ActId,
    /// When it was intended.
    pub at: Timestamp,
    /// The leg.
    pub leg: LegId,
    /// The host that was to carry it out.
    pub host: String,
    /// The kind of act, such as `resume`.
    pub kind: String,
    /// Who asked for it: a user, or the policy.
    pub by: String,
    /// Why: the code of the reason, or a user's words.
    pub reason: String,
    /// How it ended, if that is known.
    pub settled: Option<Settlement>,
}

/// How an act ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// When that was known.
    pub at: Timestamp,
    /// The outcome, as a code.
    pub outcome: String,
    /// More about it, such as a host's message.
    pub detail: Option<String>,
}

impl Record for StoredAct {
    const TABLE: &'static str = "acts";
    const COLUMNS: &'static [&'static str] = &[
        "epoch", "number", "at", "vm_id", "leg", "host", "kind", "asked_by", "reason", "settled", "outcome", "detail",
    ];
    const KEY: &'static [&'static str] = &["epoch", "number"];

    fn cells(&self) -> Vec<Cell> {
        let [vm, leg] = leg_cells(self.leg);
        let settled = self.settled.as_ref();
        vec![
            Cell::count(self.id.epoch),
            Cell::count(self.id.number),
            Cell::Time(self.at),
            vm,
            leg,
            Cell::text(&self.host),
            Cell::text(&self.kind),
            Cell::text(&self.by),
            Cell::text(&self.reason),
            Cell::maybe_time(settled.map(|settled| settled.at)),
            Cell::maybe_text(settled.map(|settled| &settled.outcome)),
            Cell::maybe_text(settled.and_then(|settled| settled.detail.as_ref())),
        ]
    }

    fn read(row: &mut Reading) -> Result<Self, Misread> {
        Ok(Self {
            id: ActId { epoch: row.count()?, number: row.count()? },
            at: row.time()?,
            leg: row.leg()?,
            host: row.text()?,
            kind: row.text()?,
            by: row.text()?,
            reason: row.text()?,
            settled: match (row.maybe_time()?, row.maybe_text()?, row.maybe_text()?) {
                (Some(at), Some(outcome), detail) => Some(Settlement { at, outcome, detail }),
                (None, None, None) => None,
                _ => return Err(Misread),
            },
        })
    }
}
