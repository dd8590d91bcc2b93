//! Which relationship a path names.

use reprise_engine::LegReport;
use reprise_engine::goal::Report;
use reprise_model::{LegKind, VmSelector};
use serde::Deserialize;

use super::problem::Problem;
use crate::render::status::Seen;
use crate::serve::desk::{Desk, NotFound};
use crate::usage::Usage;

/// A relationship, as a path names it: its VM by GUID or by a name that only one has.
#[derive(Clone)]
pub(super) struct Wanted {
    vm: VmSelector,
    kind: LegKind,
    /// The host that it is from or to.
    on: Option<String>,
}

/// What narrows a name down.
#[derive(Deserialize)]
pub(super) struct Narrowed {
    on: Option<String>,
}

impl Wanted {
    pub(super) fn of((vm, kind): &(String, String), Narrowed { on }: Narrowed) -> Result<Self, Problem> {
        let kind = LegKind::named(kind).ok_or_else(|| Problem::no_such_kind(kind))?;
        Ok(Self { vm: VmSelector::parse(vm), kind, on })
    }

    pub(super) fn find(&self, desk: &Desk<'_>) -> Result<(Report, Seen, LegReport), NotFound> {
        let (report, seen) = desk.report(std::slice::from_ref(&self.vm), self.on.as_deref())?;
        let leg = report.legs.iter().find(|leg| leg.id.kind == self.kind).cloned();
        let missing = || {
            let why = format!("the VM has no {} relationship on the hosts that were seen", self.kind);
            Usage::new("there is no such relationship", why, "look at `reprise status`")
        };
        let leg = leg.ok_or_else(missing)?;
        Ok((report, seen, leg))
    }
}
