//! What is stored, as types, and how each is a row.

mod act;
mod cell;
mod decision;
mod event;
mod figure;
mod hold;
mod incident;
mod leg;
mod number;
mod row;

pub use act::{Settlement, StoredAct};
pub use decision::StoredDecision;
pub use event::StoredEvent;
pub use hold::{HoldTarget, Release, StoredHold};
pub use incident::{Member, StoredIncident};
pub use number::{HoldId, IncidentId};

pub(crate) use cell::{Cell, Sum, sum};
pub(crate) use figure::{Figure, FigureName};
pub(crate) use incident::MemberRow;
pub(crate) use leg::LegRow;
pub(crate) use row::{Reading, Record, leg_cells};
