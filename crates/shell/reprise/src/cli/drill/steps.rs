//! Steps of a drill that several parts of it make.

use std::time::Instant;

use reprise_platform::event::codes;

use crate::render::drill::Step;

/// The events of a run that resumes a VM: the article's three, and our summary.
pub(super) const EXPECTED: [u16; 4] = [codes::STARTING.id, codes::READY.id, codes::RESUMED.id, codes::FINISHED.id];

/// A step of the time since `began`.
pub(super) fn step(name: &'static str, ok: bool, detail: impl Into<String>, began: Instant) -> Step {
    let elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Step { name, ok, detail: detail.into(), elapsed_ms }
}

/// What the job wrote about the VM or about no VM. `lost` says why some of it did not arrive.
pub(super) fn of_events(ids: &[u16], lost: Option<String>) -> Step {
    let missing: Vec<u16> = EXPECTED.into_iter().filter(|id| !ids.contains(id)).collect();
    let listed = |ids: &[u16]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let ok = missing.is_empty() && lost.is_none();
    let detail = match (missing.as_slice(), lost) {
        (_, Some(lost)) => lost,
        ([], None) => format!("The job wrote events {}", listed(ids)),
        (missing, None) => format!("The job wrote events {}, and not {}", listed(ids), listed(missing)),
    };
    Step { name: "events", ok, detail, elapsed_ms: 0 }
}
