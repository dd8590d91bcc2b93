//! The state machine of a leg: cycles, transfers, failures and what VMMS makes of them, jobs that change a state.

use std::time::Duration;

use uuid::Uuid;

use crate::event::{ABORTED, CANCELLED, CANNOT_CONNECT, Happening, UNSPECIFIED};
use crate::job::{self, Job, Stage};
use crate::leg::{At, Kind, Leg, Transfer};
use crate::spec::Os;
use crate::state;
use crate::world::{Due, World};

/// Bytes a second that a link carries: 1 Gbit/s with some overhead.
const LINK_RATE: u64 = 100 << 20;
/// The shortest transfer: opening files and the far side's answer.
const TRANSFER_MIN: Duration = Duration::from_secs(1);
/// After a resume the changes that waited are sent at once.
pub(crate) const SOON: Duration = Duration::from_secs(1);
/// Minutes between the tries of VMMS after a failure that it treats as transient; the last one repeats.
const BACK_OFF: [u64; 6] = [1, 2, 4, 8, 10, 30];
/// The same on Server 2012, as its event 32315 says.
const RETRY_2012: u64 = 5;

/// Why a cycle did not go through.
enum Obstacle {
    /// Transient: VMMS retries.
    Passing(u32),
    /// Final: VMMS does not retry.
    Final(u32),
}

impl World {
    /// Starts a leg's cycles at a point of its own in the interval, so that not all hosts send at once.
    pub(crate) fn begin_cycles(&mut self, at: At) {
        let Some(frequency) = self.leg(at).map(|(_, leg)| leg.frequency) else { return };
        let share = self.chance.f64();
        self.plan_cycle(at, frequency.mul_f64(share).max(SOON));
        self.watch_log(at);
    }

    /// The next cycle comes after this long, and none before.
    pub(crate) fn plan_cycle(&mut self, at: At, after: Duration) {
        let when = self.now + after;
        if let Some(leg) = self.leg_mut(at) {
            leg.next_cycle = when;
            self.schedule(when, Due::Cycle(at));
        }
    }

    /// A cycle is due: send, or note why not.
    pub(crate) fn cycle(&mut self, at: At) {
        let Some((_, leg)) = self.leg(at).filter(|(_, leg)| leg.next_cycle <= self.now) else { return };
        let (host, frequency, busy, sends) = (leg.sender.host, leg.frequency, leg.transfer.is_some(), sends(leg));
        if !sends || !self.runs_vmms(host) || busy {
            // A stopped leg misses its cycles quietly; a stopped host counts nothing.
            if let Some(leg) = self.leg_mut(at).filter(|_| !sends) {
                leg.cycles_missed += 1;
                self.tally(at, |window| window.missed += 1);
            }
            self.plan_cycle(at, frequency);
            return;
        }
        match self.obstacle(at) {
            None => self.send(at),
            Some(Obstacle::Passing(code)) => self.miss(at, code),
            Some(Obstacle::Final(code)) => self.fail_for_good(at, code, state::ERROR),
        }
        let wait = self
            .leg(at)
            .and_then(|(_, leg)| self.retry_minutes(leg))
            .map_or(frequency, |minutes| Duration::from_mins(minutes).min(frequency.max(Duration::from_mins(1))));
        self.plan_cycle(at, wait);
    }

    fn obstacle(&self, at: At) -> Option<Obstacle> {
        let (_, leg) = self.leg(at)?;
        if !self.reaches(leg) {
            return Some(Obstacle::Passing(CANNOT_CONNECT));
        }
        if self.spec.os == Os::Server2012 && self.is_locked(at) {
            return Some(Obstacle::Passing(CANCELLED));
        }
        match leg.receiver.state {
            state::INITIAL | state::REPLICATING => None,
            state::SUSPENDED | state::ERROR => Some(Obstacle::Passing(UNSPECIFIED)),
            // The replica VM is in no state to take changes: a failover is in force there.
            _ => Some(Obstacle::Final(UNSPECIFIED)),
        }
    }

    fn send(&mut self, at: At) {
        self.count_log(at);
        let now = self.now;
        let Some((vm, leg)) = self.leg(at) else { return };
        let delay = self.link(leg.sender.host, leg.receiver.host).delay;
        // What was never there is sent whole.
        let initial = leg.sender.state == state::INITIAL;
        let size = if initial { vm.disk_bytes } else { leg.logged };
        let takes = TRANSFER_MIN + delay + transfer_time(size);
        let number = leg.transfers + 1;
        if let Some(leg) = self.leg_mut(at) {
            leg.transfers = number;
            leg.transfer = Some(Transfer { number, bytes: size, initial, began: now });
            // A second log collects while the first one is on its way.
            leg.logged = 0;
        }
        self.schedule(now + takes, Due::Arrival(at, number));
    }

    pub(crate) fn arrive(&mut self, at: At, number: u64) {
        let now = self.now;
        let blocked = self.obstacle(at).is_some();
        let locked = self.is_locked(at);
        let Some(leg) = self.leg_mut(at) else { return };
        let Some(transfer) = leg.transfer.filter(|t| t.number == number) else { return };
        if blocked || !sends(leg) {
            leg.cancel_transfer();
            return;
        }
        leg.transfer = None;
        leg.retries = 0;
        leg.heals = false;
        leg.cycles_ok += 1;
        // Receiving and applying are two things since Server 2012 R2: what a backup holds is applied later.
        leg.applied = if locked { leg.applied } else { Some(now) };
        for end in [&mut leg.sender, &mut leg.receiver] {
            end.last_replication = end.last_replication.max(Some(transfer.began)).max(Some(now));
        }
        leg.sender.state = state::REPLICATING;
        if leg.receiver.state == state::INITIAL {
            leg.receiver.state = state::REPLICATING;
        }
        if leg.points_from.is_none() {
            leg.points_from = Some(now);
        }
        let latency = now.saturating_sub(transfer.began);
        self.tally(at, |window| {
            window.ok += 1;
            window.bytes = window.bytes.saturating_add(transfer.bytes);
            window.bytes_max = window.bytes_max.max(transfer.bytes);
            window.latency += latency;
            window.latency_max = window.latency_max.max(latency);
        });
        self.watch_log(at);
        if locked {
            self.record_lock(at);
        }
        if at.kind == Kind::Simple {
            self.log_onwards(At { kind: Kind::Extended, ..at }, transfer.bytes);
        }
    }

    /// A transient failure: VMMS records when it will retry, and retries. Server 2012 shows Error meanwhile.
    pub(crate) fn miss(&mut self, at: At, code: u32) {
        self.count_log(at);
        let old = self.spec.os == Os::Server2012;
        let Some(leg) = self.leg_mut(at) else { return };
        leg.cycles_missed += 1;
        leg.retries += 1;
        leg.cancel_transfer();
        if old {
            leg.sender.state = state::ERROR;
            leg.heals = true;
        }
        let minutes = self.leg(at).and_then(|(_, leg)| self.retry_minutes(leg)).unwrap_or(1);
        self.tally(at, |window| {
            window.missed += 1;
            if code == UNSPECIFIED { window.failures += 1 } else { window.network_failures += 1 }
        });
        if code == CANCELLED {
            self.record_lock(at);
        }
        self.record_at(at, true, |id, name| {
            vec![Happening::SendFailed { vm: id, name, code }, Happening::WillRetry { vm: id, name, minutes }]
        });
    }

    fn retry_minutes(&self, leg: &Leg) -> Option<u64> {
        let last = leg.retries.checked_sub(1)?;
        if self.spec.os == Os::Server2012 {
            return Some(RETRY_2012);
        }
        BACK_OFF.get(last).or(BACK_OFF.last()).copied()
    }

    /// A failure that VMMS treats as final: the sender stops until somebody resumes it.
    pub(crate) fn fail_for_good(&mut self, at: At, code: u32, to: u16) {
        self.count_log(at);
        let Some(leg) = self.leg_mut(at) else { return };
        leg.sender.state = to;
        leg.heals = false;
        leg.cycles_missed += 1;
        leg.cancel_transfer();
        self.tally(at, |window| {
            window.missed += 1;
            window.failures += 1;
        });
        self.record_at(at, true, |id, name| {
            vec![Happening::SendFailed { vm: id, name, code }, Happening::NonRecoverable { vm: id, name }]
        });
    }

    /// The shutdown race: the transfer is cancelled, and VMMS wrongly treats that as final.
    pub(crate) fn break_by_shutdown(&mut self, at: At) {
        let to = self.spec.race_state.number();
        self.fail_for_good(at, ABORTED, to);
    }

    /// Whether somebody holds the replica VM, as a backup does.
    fn is_locked(&self, at: At) -> bool {
        let object = self.leg(at).and_then(|(vm, leg)| vm.on(leg.receiver.host));
        object.is_some_and(|object| object.is_locked(self.now))
    }

    /// What the receiver writes of data for a replica VM that somebody holds.
    fn record_lock(&mut self, at: At) {
        let ids: &[u32] =
            if self.spec.os == Os::Server2012 { &[32_546, 19_050, 32_056] } else { &[32_546, 19_050, 32_032, 33_680] };
        self.record_at(at, false, |vm, name| {
            let code = |id| matches!(id, 32_032 | 32_056).then_some(ABORTED);
            ids.iter().map(|id| Happening::AtReplica { vm, name, id: *id, code: code(*id) }).collect()
        });
    }

    fn record_at(&mut self, at: At, sender: bool, happenings: impl for<'a> Fn(Uuid, &'a str) -> Vec<Happening<'a>>) {
        let now = self.now;
        let Some(vm) = self.vms.get(at.vm) else { return };
        let Some(object) = vm.leg(at.kind).and_then(|leg| vm.on(leg.end(sender).host)) else { return };
        if let Some(host) = self.hosts.get_mut(object.host) {
            for happening in happenings(vm.id, &object.name) {
                host.record(now, &happening);
            }
        }
    }

    /// Begins a job that changes the state of one end; the job's id. While it runs, the requested state is shown.
    pub(crate) fn begin_job(&mut self, at: At, sender: bool, requested: u16, to: u16) -> Option<Uuid> {
        let id = self.new_id();
        let now = self.now;
        let end = self.leg_mut(at)?.end_mut(sender);
        let (host, from) = (end.host, end.state);
        end.changing = Some((id, requested));
        let (kind, stage) = (job::STATE_CHANGE, Stage::Running);
        // One operation of a VM waits for the other.
        let starts = self.occupied(host, at.vm).map_or(now, |(_, until)| until);
        let job = Job { id, at, sender, kind, from, to, submitted: now, starts, stage };
        self.hosts.get_mut(host)?.jobs.insert(id, job);
        let takes = self.job_takes(host);
        if self.decide_fate(host, at.vm, id) {
            self.schedule(starts + takes, Due::JobEnd(host, id));
        }
        Some(id)
    }

    /// How long the job takes that has just begun on a host, among those that run there.
    fn job_takes(&self, host: usize) -> Duration {
        let Some((at_once, host)) = self.spec.jobs_at_once.zip(self.hosts.get(host)) else { return self.spec.job };
        let running = host.jobs.values().filter(|job| job.stage == Stage::Running).count();
        let running = u32::try_from(running).unwrap_or(u32::MAX).max(at_once.get());
        self.spec.job.saturating_mul(running) / at_once.get()
    }

    pub(crate) fn end_job(&mut self, host: usize, id: Uuid) {
        let now = self.now;
        let Some(job) = self.hosts.get(host).and_then(|h| h.jobs.get(&id)).cloned() else { return };
        let failure = self.refuses(&job).map(|why| (32775, why)).or_else(|| self.fated_failure(id));
        if let Some(leg) = self.leg_mut(job.at) {
            leg.end_mut(job.sender).changing = None;
        }
        let stage = if let Some((code, why)) = failure {
            Stage::Failed { at: now, code, why }
        } else {
            self.change_state(job.at, job.sender, job.to);
            self.flip_later(&job);
            Stage::Completed { at: now }
        };
        if let Some(job) = self.hosts.get_mut(host).and_then(|h| h.jobs.get_mut(&id)) {
            job.stage = stage;
        }
        self.schedule(now + job::KEPT, Due::JobGone(host, id));
    }

    /// Why a job cannot end well: the far side may have changed since it began.
    fn refuses(&self, job: &Job) -> Option<String> {
        let Some((vm, leg)) = self.leg(job.at) else { return Some("Replication was removed meanwhile.".to_owned()) };
        let resumes = job.sender && matches!(job.to, state::REPLICATING | state::INITIAL | state::PREPARED);
        let failed_over =
            !matches!(leg.receiver.state, state::INITIAL | state::REPLICATING | state::SUSPENDED | state::ERROR);
        if resumes && self.reaches(leg) && failed_over {
            return Some(format!("The replica of '{}' is not in a state to receive changes.", vm.name()));
        }
        (leg.end(job.sender).state != job.from).then(|| "The state changed meanwhile.".to_owned())
    }

    /// Puts one end into a state, with what follows from it.
    pub(crate) fn change_state(&mut self, at: At, sender: bool, to: u16) {
        self.count_log(at);
        let now = self.now;
        let Some(leg) = self.leg_mut(at) else { return };
        leg.end_mut(sender).state = to;
        if !sender {
            return;
        }
        leg.heals = false;
        match to {
            state::REPLICATING | state::INITIAL => {
                leg.retries = 0;
                self.forget_resync(at, "Replication was resumed without it.");
                self.plan_cycle(at, SOON);
                self.watch_log(at);
            }
            state::PREPARED => {
                // What is left is sent before the state is reached.
                (leg.logged, leg.transfer) = (0, None);
                (leg.sender.last_replication, leg.receiver.last_replication) = (Some(now), Some(now));
                leg.applied = Some(now);
            }
            state::RESYNCHRONIZING => self.pause_resync(at, false),
            state::RESYNC_SUSPENDED => self.pause_resync(at, true),
            state::RESYNC_REQUIRED => {
                self.forget_resync(at, "The resynchronization was cancelled.");
                self.await_resync_hours(at);
            }
            _ => leg.cancel_transfer(),
        }
    }

    /// Whether the host that sends an extended leg is failed over to, or is about to be: what it sends onwards is not
    /// decided then (assumed: the reference is silent).
    fn waits_for_failover(&self, at: At, sender: bool) -> bool {
        let simple = self.leg(At { kind: Kind::Simple, ..at }).filter(|_| sender && at.kind == Kind::Extended);
        simple.is_some_and(|(_, simple)| FAILING_OVER.contains(&simple.receiver.state))
    }

    /// Whether WMI lets the state of an end be changed so (2.4 and 4.2 of the reference), and to which state.
    pub(crate) fn allowed(&self, at: At, sender: bool, requested: u16) -> Option<u16> {
        let (vm, leg) = self.leg(at)?;
        let end = leg.end(sender);
        let off = vm.on(end.host).is_some_and(|object| !object.is_running());
        if self.waits_for_failover(at, sender) {
            return None;
        }
        match (end.state, requested) {
            // An initial replication that never ended goes on with itself.
            (state::SUSPENDED | state::ERROR, 3) if end.last_replication.is_none() => Some(state::INITIAL),
            (state::SUSPENDED | state::ERROR, 3) => Some(state::REPLICATING),
            (state::RESYNC_SUSPENDED, 3) => Some(state::RESYNCHRONIZING),
            (state::REPLICATING | state::INITIAL, 7) => Some(state::SUSPENDED),
            (state::RESYNCHRONIZING, 7) => Some(state::RESYNC_SUSPENDED),
            (state::RESYNCHRONIZING, 9) if sender => Some(state::RESYNC_REQUIRED),
            (state::INITIAL, 1) if sender => Some(state::READY),
            (state::UPDATE_ERROR, 15) => Some(state::UPDATING),
            (state::REPLICATING, 4) if sender && off && self.obstacle(at).is_none() => Some(state::PREPARED),
            _ => None,
        }
    }
}

/// The states of a replica that is, or is to be, failed over.
const FAILING_OVER: [u16; 3] = [state::PREPARED, state::FAILED_OVER, state::COMMITTED];

/// Whether a leg's sender sends when a cycle is due.
fn sends(leg: &Leg) -> bool {
    matches!(leg.sender.state, state::REPLICATING | state::INITIAL) || leg.heals
}

/// How long a link carries so many bytes.
pub(crate) fn transfer_time(bytes: u64) -> Duration {
    Duration::from_millis(bytes / (LINK_RATE / 1_000))
}
