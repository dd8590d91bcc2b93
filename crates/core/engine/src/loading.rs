//! Whether a host may still be loading its VMs: then what it does not show is not known to be absent.

use std::time::Duration;

use reprise_model::{MonoTime, Observation, Problem, ProblemKind, Remedy, ServiceState};

/// A host that booted, or whose VMMS started, less long ago than this may still be loading its VMs. Hosts with hundreds of VMs
/// take minutes; a longer time costs nothing but a wait for hosts that have nothing to show.
const LOADS_WITHIN: Duration = Duration::from_mins(10);

/// How long a host and its VMMS have been up, as far as looks have said.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Loading {
    /// When the latest look began that said how long the host had been up, and how long that was.
    up: Option<(MonoTime, Duration)>,
    /// When the latest look began that showed VMMS not running.
    stopped: Option<MonoTime>,
}

impl Loading {
    /// Takes in a look that began at `started`.
    pub(crate) fn looked(&mut self, started: MonoTime, seen: &Observation) {
        if let Some(system) = seen.system.seen() {
            self.up = Some((started, system.clock.since(system.booted)));
        }
        let service = seen.vmms.seen().is_some_and(|state| *state != ServiceState::Running);
        if service || seen.replication.seen().is_some_and(|replication| !replication.service) {
            self.stopped = Some(started);
        }
    }

    /// Until when it may be loading; `None` if nothing says how long it has been up.
    pub(crate) fn until(&self) -> Option<MonoTime> {
        let (looked, up_for) = self.up?;
        let booted = looked + LOADS_WITHIN.saturating_sub(up_for);
        Some(self.stopped.map_or(booted, |stopped| booted.max(stopped + LOADS_WITHIN)))
    }

    /// Whether it may be loading now.
    pub(crate) fn is_possible(&self, now: MonoTime) -> bool {
        self.until().is_none_or(|until| now < until)
    }

    /// What is wrong with a host that shows no replicated VM and may be loading.
    pub(crate) fn shows_nothing(&self) -> Problem {
        let why = match (self.up, self.stopped) {
            (_, Some(_)) => "it shows no replicated VM, and its VMMS has just started: it may still be loading them",
            (Some(_), None) => "it shows no replicated VM, and has just booted: it may still be loading them",
            (None, None) => {
                "it shows no replicated VM, and how long it has been up cannot be seen: it may still be loading them"
            }
        };
        Problem::new(ProblemKind::Busy, "see its replicated VMs", why).with_remedy(Remedy::LetLoad)
    }
}
