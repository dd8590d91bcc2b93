//! What a story is played on: the site, the policy, and who runs Reprise over which hosts.

use std::num::NonZeroU32;
use std::time::Duration;

use reprise_lab::{Os, RaceState, Spec, Topology};
use reprise_model::{InitialPolicy, Pace, PausedPolicy, PausedRule, PeerUnseen, Policy};

/// The time limits of a pass.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// Readiness, per host.
    pub(crate) timeout: Duration,
    /// From the start: the wait for a host that does not answer yet, and the retries of what is transient.
    pub(crate) retry_for: Duration,
}

/// The stage of one story.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own, and all combinations occur")]
pub(crate) struct Scene {
    /// The site.
    pub(crate) spec: Spec,
    /// The policy, without holds.
    pub(crate) policy: Policy,
    /// The hosts that each run asks, by their place in the site.
    pub(crate) asked: Vec<Vec<usize>>,
    /// Whether hosts are asked by their names. An address says nothing of who answers there.
    pub(crate) named: bool,
    /// Limits of a pass.
    pub(crate) times: Times,
    /// The limit on the wait for VMMS.
    pub(crate) vmms_timeout: Duration,
    /// Whether hosts are asked that only relationships speak of.
    pub(crate) discover: bool,
    /// Whether event logs are read.
    pub(crate) reads_events: bool,
    /// Whether event logs are slow, are lossy, garble records or refuse the account.
    pub(crate) logs_fail: bool,
    /// Whether hosts lie.
    pub(crate) lies: bool,
    /// Whether runs are dry runs.
    pub(crate) dry_run: bool,
    /// Whether runs die at any moment and are begun again with what they had written down.
    pub(crate) dies: bool,
    /// The longest time that a message takes. Unit: milliseconds.
    pub(crate) way_ms: u64,
}

impl Scene {
    /// Makes the limits long enough for a job on every leg, one after the other and each tried twice: a run that ends before it
    /// had its turn everywhere leaves legs behind, and is right.
    pub(crate) fn give_time_for_all(&mut self) {
        let legs = u32::try_from(self.spec.vms + self.spec.extended).unwrap_or(u32::MAX);
        let needed = self.spec.job.saturating_mul(legs).saturating_mul(2) + Duration::from_mins(1);
        self.times.retry_for = self.times.retry_for.max(needed);
    }
}

fn one<T: Clone>(chance: &mut fastrand::Rng, of: &[T], else_: T) -> T {
    chance.choice(of).cloned().unwrap_or(else_)
}

/// True once in so many times.
pub(crate) fn once_in(chance: &mut fastrand::Rng, times: u8) -> bool {
    chance.u8(0..times) == 0
}

/// Draws a stage.
pub(crate) fn draw(chance: &mut fastrand::Rng, seed: u64) -> Scene {
    let spec = site(chance, seed);
    let asked = askers(chance, spec.hosts);
    let seconds = |chance: &mut fastrand::Rng, of: &[u64]| Duration::from_secs(one(chance, of, 60));
    Scene {
        policy: policy(chance),
        asked,
        named: !once_in(chance, 6),
        times: Times { timeout: seconds(chance, &[15, 60]), retry_for: seconds(chance, &[15, 60, 120]) },
        vmms_timeout: seconds(chance, &[20, 60]),
        discover: once_in(chance, 3),
        reads_events: !once_in(chance, 4),
        logs_fail: chance.bool(),
        lies: once_in(chance, 5),
        dry_run: once_in(chance, 10),
        dies: once_in(chance, 4),
        way_ms: one(chance, &[5, 60, 60, 700], 60),
        spec,
    }
}

fn site(chance: &mut fastrand::Rng, seed: u64) -> Spec {
    let all = [Os::Server2012, Os::Server2012R2, Os::Server2016, Os::Server2019, Os::Server2022];
    let os = one(chance, &all, Os::Server2012R2);
    let shapes = [
        (Topology::Ring, 2),
        (Topology::Ring, 3),
        (Topology::Ring, 4),
        (Topology::Hub, 2),
        (Topology::Hub, 4),
        (Topology::Pairs, 2),
        (Topology::Pairs, 4),
        (Topology::Chain, 3),
    ];
    let (topology, hosts) = one(chance, &shapes, (Topology::Ring, 2));
    let extends = hosts > 2 && os != Os::Server2012;
    let topology = if topology == Topology::Chain && !extends { Topology::Ring } else { topology };
    let vms = chance.usize(1..=12);
    let unreplicated = if once_in(chance, 4) { chance.usize(0..vms) } else { 0 };
    let extended = if extends && chance.bool() { chance.usize(0..=vms - unreplicated) } else { 0 };
    Spec {
        hosts,
        vms,
        os,
        topology,
        race_state: if once_in(chance, 3) { RaceState::Suspended } else { RaceState::Error },
        // A long job is looked at before it ends.
        job: Duration::from_millis(if once_in(chance, 8) { chance.u64(8_000..20_000) } else { chance.u64(0..3_000) }),
        jobs_at_once: if once_in(chance, 4) { NonZeroU32::new(chance.u32(1..=6)) } else { None },
        seed,
        unreplicated,
        extended,
        odd_names: once_in(chance, 3),
        ..Spec::default()
    }
}

/// One run over all hosts, two such at once, one on each host for that host alone, or one over some.
fn askers(chance: &mut fastrand::Rng, hosts: usize) -> Vec<Vec<usize>> {
    let all: Vec<usize> = (0..hosts).collect();
    match chance.u8(0..8) {
        0 | 1 => vec![all.clone(), all],
        2 => all.into_iter().map(|host| vec![host]).collect(),
        3 => vec![(0..chance.usize(1..=hosts)).collect()],
        _ => vec![all],
    }
}

fn policy(chance: &mut fastrand::Rng) -> Policy {
    let rules = [PausedRule::Resume, PausedRule::Evidence, PausedRule::Evidence, PausedRule::Leave];
    Policy {
        peer_unseen: if once_in(chance, 4) { PeerUnseen::Resume } else { PeerUnseen::Wait },
        paused: PausedPolicy {
            at_boot: if once_in(chance, 3) { PausedRule::Resume } else { one(chance, &rules, PausedRule::Resume) },
            while_running: if chance.bool() { PausedRule::Evidence } else { one(chance, &rules, PausedRule::Leave) },
            initial: if once_in(chance, 3) { InitialPolicy::Resume } else { InitialPolicy::Leave },
        },
        pace: pace(chance),
        ..Policy::default()
    }
}

fn pace(chance: &mut fastrand::Rng) -> Pace {
    let most = |chance: &mut fastrand::Rng, of: &[u32]| NonZeroU32::new(one(chance, of, 6)).unwrap_or(NonZeroU32::MIN);
    let per_host = most(chance, &[1, 2, 6, 6]);
    let per_host_max = per_host.max(most(chance, &[1, 4, 32, 32]));
    Pace { per_host, per_host_max, fleet: most(chance, &[2, 256, 256]) }
}
