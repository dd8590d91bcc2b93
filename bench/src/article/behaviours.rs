//! The rows for the behaviours of the article's script, as far as a lab can show them.
//!
//! S1: it runs on both servers at once. S2: it registers its event source. S3: event 0 at the start. S4: it waits for the
//! service. S5: it waits 60 s for a list that is not empty, otherwise event 1. S6: event 2, with the seconds that this took.
//! S7: it asks each local VM's primary server. S8: it leaves alone VMs that are neither Suspended nor Error. S9: it resumes the
//! others and reads the state again. S10: event 4 for success. S11: event 3 for failure. S12: a task at startup. S13: a drill.
//! S14: the manual procedure. S1 is tested with D10, S4 with D13, S11 with D1 and D15 (in the rows of the faults).

use super::scenario::{PLAIN, Scenario};
use super::steps::{host, restart, settled, vm};

/// What a lab cannot show, and why.
pub(super) const NOT_SHOWN: &[(&str, &str)] = &[
    ("S2", "the event source: the lab has no Windows event log"),
    ("S12", "the scheduled task: the lab has no Task Scheduler"),
    ("S14", "the manual procedure in Hyper-V Manager, which neither contender performs"),
];

pub(super) fn all() -> Vec<Scenario> {
    vec![
        Scenario {
            rows: "S3 S7-S10",
            about: "hv02 restarts with deltas in flight and leaves 4 legs Suspended",
            lab: &["--vms=4", "--race-state=suspended"],
            prepare: |lab| restart(lab, 1),
            ..PLAIN
        },
        Scenario {
            rows: "S5",
            about: "VMMS on hv02 runs, but shows its 4 VMs only after 120 s",
            lab: &["--vms=4", "--race-state=suspended"],
            prepare: |lab| {
                host(lab, 1, "shutdown?in_flight=all")?;
                host(lab, 1, "boot?vmms_ready_after_s=120")
            },
            speed: 10,
            ..PLAIN
        },
        Scenario {
            rows: "S6",
            about: "VMMS on hv02 shows its 4 VMs one after the other, the last after 30 s",
            lab: &["--vms=4", "--race-state=suspended"],
            prepare: |lab| {
                host(lab, 1, "shutdown?in_flight=all")?;
                host(lab, 1, "boot?vmms_ready_after_s=30")
            },
            ..PLAIN
        },
        Scenario { rows: "S8", about: "nothing has stopped", lab: &["--vms=4"], ..PLAIN },
        Scenario {
            rows: "S13",
            about: "the drill: vm-002 is paused manually, then its primary server hv02 restarts",
            lab: &["--vms=4"],
            prepare: |lab| {
                vm(lab, "vm-002", "pause")?;
                host(lab, 1, "shutdown?in_flight=none")?;
                host(lab, 1, "boot")?;
                settled(lab)
            },
            ..PLAIN
        },
    ]
}
