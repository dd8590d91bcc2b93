//! One run of Reprise under way: its controller and its goal, what it has sent out, and its shadow.

use std::collections::BTreeMap;
use std::time::Duration;

use reprise_engine::goal::{Goal as _, Pass, Report};
use reprise_engine::{AskedHost, AttemptMemory, Controller, LOOKS_AT_ONCE, LegMemory, Patience, Setup, Snapshot};
use reprise_model::{Hold, HostId, HostName, LegId, MonoTime, Now, Observation, Policy, Timestamp};

use crate::logs::Reading;
use crate::procedure::{Procedure, Purpose};
use crate::scene::Scene;
use crate::shadow::{Broken, Limits, Orders, Shadow};

/// A look as it was passed to the engine.
#[derive(Clone, Debug)]
pub(crate) struct LastLook {
    pub(crate) at: Timestamp,
    pub(crate) started: MonoTime,
    pub(crate) observation: Box<Observation>,
}

/// One run.
pub(crate) struct Run {
    pub(crate) controller: Controller,
    pub(crate) pass: Pass,
    /// What begins it again after it has died, and what it has written down.
    setup: Setup,
    pub(crate) remembered: Snapshot,
    /// How often it died and was begun again.
    pub(crate) deaths: u32,
    pub(crate) shadow: Shadow,
    pub(crate) procedures: Vec<Procedure>,
    /// Event logs that are being read.
    pub(crate) readings: Vec<Reading>,
    /// Which of the site's hosts each asked one is, if there is such a host.
    pub(crate) places: BTreeMap<HostId, Option<usize>>,
    pub(crate) last_looks: BTreeMap<HostId, LastLook>,
    pub(crate) holds: Vec<Hold>,
    pub(crate) report: Option<Box<Report>>,
    /// An exception stood for several VMs: the run ended without a report.
    pub(crate) refused: bool,
}

/// What begins a run, besides the scene.
pub(crate) struct Beginning<'a> {
    pub(crate) asked: &'a [usize],
    /// What the site's hosts are called.
    pub(crate) names: &'a [String],
    pub(crate) holds: &'a [Hold],
    /// Whether the engine knows of the holds.
    pub(crate) tells_holds: bool,
    pub(crate) dry_run: bool,
    pub(crate) seed: u64,
    pub(crate) now: Now,
}

impl Run {
    pub(crate) fn new(scene: &Scene, beginning: &Beginning<'_>) -> Self {
        let policy = Policy { holds: beginning.holds.to_vec(), ..scene.policy.clone() };
        let (dry_run, reads_events) = (beginning.dry_run, scene.reads_events);
        let now = beginning.now;
        let (timeout, retry_for) = (scene.times.timeout, scene.times.retry_for);
        let limits = Limits { timeout, vmms: scene.vmms_timeout, retry_for };
        let mut shadow = Shadow::new(Orders { policy: policy.clone(), dry_run, reads_events, limits }, now.mono.0);
        let mut places = BTreeMap::new();
        let mut hosts = Vec::new();
        for (id, place) in (0..).map(HostId).zip(beginning.asked) {
            let name = beginning.names.get(*place).map(String::as_str);
            let claimed = name.filter(|_| scene.named);
            shadow.asks(id, claimed, now.mono.0);
            places.insert(id, Some(*place));
            let claim = claimed.and_then(HostName::new);
            let label = claimed.map_or_else(|| format!("192.0.2.{}:5985", id.0 + 1), str::to_owned);
            hosts.push(AskedHost {
                id,
                key: None,
                label,
                claim,
                credential: None,
                vmms_timeout: scene.vmms_timeout,
                tier: None,
            });
        }
        let holds = if beginning.tells_holds { policy.holds.clone() } else { Vec::new() };
        let setup = Setup {
            hosts,
            policy: Policy { holds, ..policy.clone() },
            patience: Patience { timeout, silence: retry_for, retry_until: Some(now.mono + retry_for) },
            discover: scene.discover,
            reads_events,
            dry_run,
            // People here hold VMs that nobody has seen yet, or that are renamed.
            unmatched_holds: reprise_engine::UnmatchedHolds::Ignore,
            reread_every: None,
            looks_at_once: LOOKS_AT_ONCE,
            confirm_within: None,
            seed: beginning.seed,
        };
        Self {
            pass: Pass::new(&setup, now),
            controller: Controller::new(setup.clone(), now),
            setup,
            remembered: Snapshot::default(),
            deaths: 0,
            shadow,
            procedures: Vec::new(),
            readings: Vec::new(),
            places,
            last_looks: BTreeMap::new(),
            holds: policy.holds,
            report: None,
            refused: false,
        }
    }

    /// Writes down what it remembers, as its news tell. Together they must be what a snapshot has.
    pub(crate) fn write_down(&mut self, now: Now) -> Result<(), Broken> {
        for (leg, memory) in self.controller.news(now) {
            match memory {
                Some(memory) => self.remembered.legs.insert(leg, memory),
                None => self.remembered.legs.remove(&leg),
            };
        }
        let Snapshot { epoch, frozen, legs } = self.controller.snapshot(now);
        (self.remembered.epoch, self.remembered.frozen) = (epoch, frozen);
        self.shadow.writes_down();
        if untimed(&legs) == untimed(&self.remembered.legs) {
            return Ok(());
        }
        Err(format!("its news say {:?}, and a snapshot has {legs:?}", self.remembered.legs))
    }

    /// It has died, and begins again with what it had written down. What was under way on its side is gone.
    pub(crate) fn begin_again(&mut self, now: Now) {
        self.deaths += 1;
        self.procedures.clear();
        self.readings.clear();
        self.last_looks.clear();
        let mut setup = self.setup.clone();
        setup.patience.retry_until = Some(now.mono + setup.patience.silence);
        self.pass = Pass::new(&setup, now);
        self.controller = Controller::restore(setup, self.remembered.clone(), now);
        // Hosts that it had found by itself are found again, under handles that mean others by then.
        let asked = self.setup.hosts.iter().map(|host| host.id).collect::<Vec<_>>();
        self.places.retain(|host, _| asked.contains(host));
        self.shadow.begins_again(now.mono.0, &asked);
    }

    /// When something of it is due.
    pub(crate) fn due(&self) -> Option<Duration> {
        let procedures = self.procedures.iter().filter_map(Procedure::due);
        let readings = self.readings.iter().filter_map(Reading::due);
        let own = self.controller.next_deadline().into_iter().chain([self.pass.ends_at()]);
        procedures.chain(readings).chain(own.map(|at| at.0)).min()
    }

    /// Which of the site's hosts this is.
    pub(crate) fn place(&self, host: HostId) -> Option<usize> {
        self.places.get(&host).copied().flatten()
    }

    /// Whether the last look at a host may be delivered once more: the run is not over, it does not
    /// wait for another look there, and no hold has ended since, which makes a difference by itself.
    pub(crate) fn may_repeat_last_look(&self, host: HostId, now: Timestamp) -> bool {
        let looks = |procedure: &Procedure| procedure.host == host && matches!(procedure.purpose, Purpose::Look);
        let at = self.last_looks.get(&host).map_or(now, |last| last.at);
        let ended = |until: Timestamp| at < until && until <= now;
        self.report.is_none()
            && !self.refused
            && !self.procedures.iter().any(looks)
            && !self.holds.iter().filter_map(|hold| hold.until).any(ended)
    }
}

/// What is remembered of legs without when waits end, which two clocks say.
fn untimed(legs: &BTreeMap<LegId, LegMemory>) -> BTreeMap<LegId, LegMemory> {
    let mut legs = legs.clone();
    for incident in legs.values_mut().flat_map(|leg| [&mut leg.incident, &mut leg.closed]).flatten() {
        if let AttemptMemory::BackingOff { not_before, .. } = &mut incident.attempt {
            *not_before = Timestamp(0);
        }
    }
    legs
}
