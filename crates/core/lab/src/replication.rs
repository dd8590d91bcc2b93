//! The state machine of a leg: cycles, transfers, growth of the change log, failures and what VMMS makes of them.

use std::time::Duration;

use crate::event::{ABORTED, CANNOT_CONNECT, Happening, UNSPECIFIED};
use crate::job::{self, Job, Stage};
use crate::leg::{Leg, Transfer, Vm};
use crate::world::{Due, World};

/// States by WMI's numbers, as the machine uses them.
pub(crate) mod state {
    pub(crate) const INITIAL: u16 = 2;
    pub(crate) const REPLICATING: u16 = 3;
    pub(crate) const FAILED_OVER: u16 = 5;
    pub(crate) const COMMITTED: u16 = 6;
    pub(crate) const SUSPENDED: u16 = 7;
    pub(crate) const ERROR: u16 = 8;
    pub(crate) const RESYNC_REQUIRED: u16 = 9;
    pub(crate) const RESYNCHRONIZING: u16 = 10;
    pub(crate) const RESYNC_SUSPENDED: u16 = 11;
}

/// Bytes a second that a link carries: 1 Gbit/s with some overhead.
const LINK_RATE: u64 = 100 << 20;
/// The shortest transfer: opening files and the far side's answer.
const TRANSFER_MIN: Duration = Duration::from_secs(1);
/// After a resume the changes that waited are sent at once.
const SOON: Duration = Duration::from_secs(1);
/// Minutes between the tries of VMMS after a failure that it holds for passing; the last one repeats.
const BACK_OFF: [u64; 6] = [1, 2, 4, 8, 10, 30];

/// Why a cycle did not go through.
enum Obstacle {
    /// It may pass: VMMS retries.
    Passing(u32),
    /// VMMS holds it for final.
    Final(u32),
}

impl World {
    /// Starts a leg's cycles at a point of its own in the interval, so that not all hosts send at once.
    pub(crate) fn begin_cycles(&mut self, index: usize) {
        let Some(frequency) = self.leg(index).map(|(_, leg)| leg.frequency) else { return };
        let share = self.chance.f64();
        self.schedule(self.now + frequency.mul_f64(share).max(SOON), Due::Cycle(index));
        self.watch_log(index);
    }

    pub(crate) fn happen(&mut self, due: Due) {
        match due {
            Due::Cycle(vm) => self.cycle(vm),
            Due::Arrival(vm, number) => self.arrive(vm, number),
            Due::JobEnd(host, id) => self.end_job(host, id),
            Due::JobGone(host, id) => {
                if let Some(host) = self.hosts.get_mut(host) {
                    host.jobs.remove(&id);
                }
            }
            Due::LogCheck(vm) => self.check_log(vm),
            Due::FlipBack { vm, sender, from, to } => self.flip_back(vm, sender, from, to),
        }
    }

    pub(crate) fn leg(&self, index: usize) -> Option<(&Vm, &Leg)> {
        let vm = self.vms.get(index)?;
        Some((vm, vm.leg.as_ref()?))
    }

    pub(crate) fn leg_mut(&mut self, index: usize) -> Option<&mut Leg> {
        self.vms.get_mut(index)?.leg.as_mut()
    }

    fn runs_vmms(&self, host: usize) -> bool {
        self.hosts.get(host).is_some_and(crate::host::Host::runs_vmms)
    }

    /// Whether a VM changes its disks now.
    fn is_busy(&self, vm: &Vm) -> bool {
        vm.running && self.hosts.get(vm.home).is_some_and(|host| host.on)
    }

    /// Bytes in the change log. Tracking goes on while a leg is paused or in error, and stops when a resync is due.
    pub(crate) fn log_bytes(&self, vm: &Vm, leg: &Leg) -> u64 {
        let tracks = matches!(leg.sender.state, state::REPLICATING | state::SUSPENDED | state::ERROR);
        if !tracks || !self.is_busy(vm) {
            return leg.logged;
        }
        let seconds = self.now.saturating_sub(leg.counted_at).as_secs_f64();
        leg.logged.saturating_add(bytes(seconds, vm.churn))
    }

    /// Counts the log now: to be called before anything changes that its growth depends on.
    pub(crate) fn count_log(&mut self, index: usize) {
        let now = self.now;
        let Some(logged) = self.leg(index).map(|(vm, leg)| self.log_bytes(vm, leg)) else { return };
        if let Some(leg) = self.leg_mut(index) {
            leg.logged = logged;
            leg.counted_at = now;
        }
    }

    /// Wakes when the log may have passed half of the disks.
    pub(crate) fn watch_log(&mut self, index: usize) {
        let Some((vm, leg)) = self.leg(index) else { return };
        let left = (vm.disk_bytes / 2).saturating_sub(self.log_bytes(vm, leg));
        let seconds = left / vm.churn.max(1) + 1;
        self.schedule(self.now + Duration::from_secs(seconds), Due::LogCheck(index));
    }

    /// The 50 % rule: a log of more than half of the disks makes a resync necessary, and tracking stops.
    fn check_log(&mut self, index: usize) {
        let Some((vm, leg)) = self.leg(index) else { return };
        let tracked = matches!(leg.sender.state, state::REPLICATING | state::SUSPENDED | state::ERROR);
        if !tracked {
            return;
        }
        if self.log_bytes(vm, leg) > vm.disk_bytes / 2 {
            self.require_resync(index);
        } else if self.is_busy(vm) {
            self.watch_log(index);
        }
    }

    pub(crate) fn require_resync(&mut self, index: usize) {
        self.count_log(index);
        if let Some(leg) = self.leg_mut(index) {
            leg.sender.state = state::RESYNC_REQUIRED;
            leg.transfer = None;
        }
    }

    /// A cycle is due: send, or note why not.
    fn cycle(&mut self, index: usize) {
        let Some((vm, leg)) = self.leg(index) else { return };
        let (home, frequency, sender) = (vm.home, leg.frequency, leg.sender.state);
        let busy = leg.transfer.is_some();
        if sender != state::REPLICATING || !self.runs_vmms(home) || busy {
            // A stopped leg misses its cycles quietly; a stopped host counts nothing.
            if let Some(leg) = self.leg_mut(index).filter(|leg| leg.sender.state != state::REPLICATING) {
                leg.cycles_missed += 1;
            }
            self.schedule(self.now + frequency, Due::Cycle(index));
            return;
        }
        match self.obstacle(index) {
            None => self.send(index),
            Some(Obstacle::Passing(code)) => self.miss(index, code),
            Some(Obstacle::Final(code)) => self.fail_for_good(index, code, state::ERROR),
        }
        let wait = self
            .leg(index)
            .and_then(|(_, leg)| retry_minutes(leg))
            .map_or(frequency, |minutes| Duration::from_mins(minutes).min(frequency.max(Duration::from_mins(1))));
        self.schedule(self.now + wait, Due::Cycle(index));
    }

    fn obstacle(&self, index: usize) -> Option<Obstacle> {
        let (vm, leg) = self.leg(index)?;
        if !self.runs_vmms(leg.receiver_host) || self.link(vm.home, leg.receiver_host).cut {
            return Some(Obstacle::Passing(CANNOT_CONNECT));
        }
        match leg.receiver.state {
            state::INITIAL | state::REPLICATING => None,
            state::SUSPENDED | state::ERROR => Some(Obstacle::Passing(UNSPECIFIED)),
            // The replica VM is in no state to take changes: a failover is in force there.
            _ => Some(Obstacle::Final(UNSPECIFIED)),
        }
    }

    fn send(&mut self, index: usize) {
        self.count_log(index);
        let now = self.now;
        let Some((vm, leg)) = self.leg(index) else { return };
        let delay = self.link(vm.home, leg.receiver_host).delay;
        let size = leg.logged;
        let takes = TRANSFER_MIN + delay + Duration::from_millis(size / (LINK_RATE / 1_000));
        let number = leg.transfers + 1;
        if let Some(leg) = self.leg_mut(index) {
            leg.transfers = number;
            leg.transfer = Some(Transfer { number, bytes: size, began: now });
            // A second log collects while the first one is on its way.
            leg.logged = 0;
        }
        self.schedule(now + takes, Due::Arrival(index, number));
    }

    fn arrive(&mut self, index: usize, number: u64) {
        let now = self.now;
        let blocked = self.obstacle(index).is_some();
        let Some(leg) = self.leg_mut(index) else { return };
        let Some(transfer) = leg.transfer.filter(|t| t.number == number) else { return };
        leg.transfer = None;
        if blocked || leg.sender.state != state::REPLICATING {
            leg.logged = leg.logged.saturating_add(transfer.bytes);
            return;
        }
        leg.retries = 0;
        leg.cycles_ok += 1;
        for end in [&mut leg.sender, &mut leg.receiver] {
            end.last_replication = end.last_replication.max(Some(transfer.began)).max(Some(now));
        }
        if leg.receiver.state == state::INITIAL {
            leg.receiver.state = state::REPLICATING;
        }
        self.watch_log(index);
    }

    /// A failure that may pass: the leg stays as it is, and VMMS says when it tries again.
    pub(crate) fn miss(&mut self, index: usize, code: u32) {
        let now = self.now;
        let Some(leg) = self.leg_mut(index) else { return };
        leg.cycles_missed += 1;
        leg.retries += 1;
        let minutes = retry_minutes(leg).unwrap_or(1);
        self.record_at_sender(now, index, |id, name| {
            vec![Happening::SendFailed { vm: id, name, code }, Happening::WillRetry { vm: id, name, minutes }]
        });
    }

    /// A failure that VMMS holds for final: the sender stops until somebody resumes it.
    pub(crate) fn fail_for_good(&mut self, index: usize, code: u32, to: u16) {
        self.count_log(index);
        let now = self.now;
        let Some(leg) = self.leg_mut(index) else { return };
        leg.sender.state = to;
        leg.cycles_missed += 1;
        if let Some(transfer) = leg.transfer.take() {
            leg.logged = leg.logged.saturating_add(transfer.bytes);
        }
        self.record_at_sender(now, index, |id, name| {
            vec![Happening::SendFailed { vm: id, name, code }, Happening::NonRecoverable { vm: id, name }]
        });
    }

    /// The shutdown race: the transfer is cancelled, and VMMS wrongly holds that for final.
    pub(crate) fn break_by_shutdown(&mut self, index: usize) {
        let to = self.spec.race_state.number();
        self.fail_for_good(index, ABORTED, to);
    }

    fn record_at_sender(
        &mut self,
        now: Duration,
        index: usize,
        happenings: impl for<'a> Fn(uuid::Uuid, &'a str) -> Vec<Happening<'a>>,
    ) {
        let Some(vm) = self.vms.get(index) else { return };
        if let Some(host) = self.hosts.get_mut(vm.home) {
            for happening in happenings(vm.id, &vm.name) {
                host.record(now, &happening);
            }
        }
    }

    /// Begins a job that changes the state of one end; the job's id. The state reads as requested while it runs.
    pub(crate) fn begin_job(&mut self, index: usize, sender: bool, to: u16) -> Option<uuid::Uuid> {
        let id = uuid::Builder::from_random_bytes(self.chance.u128(..).to_be_bytes()).into_uuid();
        let (now, takes) = (self.now, self.spec.job);
        let (vm, leg) = self.leg(index)?;
        let host = if sender { vm.home } else { leg.receiver_host };
        let from = leg.end(sender).state;
        self.leg_mut(index)?.end_mut(sender).changing = Some((id, to));
        let job = Job { id, vm: index, sender, from, to, started: now, stage: Stage::Running };
        self.hosts.get_mut(host)?.jobs.insert(id, job);
        if self.decide_fate(host, index, id) {
            self.schedule(now + takes, Due::JobEnd(host, id));
        }
        Some(id)
    }

    fn end_job(&mut self, host: usize, id: uuid::Uuid) {
        let now = self.now;
        let Some(job) = self.hosts.get(host).and_then(|h| h.jobs.get(&id)).cloned() else { return };
        let failure = self.refuses(&job).map(|why| (32775, why)).or_else(|| self.fated_failure(id));
        if let Some(leg) = self.leg_mut(job.vm) {
            leg.end_mut(job.sender).changing = None;
        }
        let stage = if let Some((code, why)) = failure {
            Stage::Failed { at: now, code, why }
        } else {
            self.change_state(job.vm, job.sender, job.to);
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
        let (vm, leg) = self.leg(job.vm)?;
        let resumes = job.sender && job.to == state::REPLICATING;
        let receiver_seen = self.runs_vmms(leg.receiver_host) && !self.link(vm.home, leg.receiver_host).cut;
        let failed_over =
            !matches!(leg.receiver.state, state::INITIAL | state::REPLICATING | state::SUSPENDED | state::ERROR);
        if resumes && receiver_seen && failed_over {
            return Some(format!("The replica of '{}' is not in a state to receive changes.", vm.name));
        }
        (leg.end(job.sender).state != job.from).then(|| "The state changed meanwhile.".to_owned())
    }

    /// Puts one end into a state, with what follows from it.
    pub(crate) fn change_state(&mut self, index: usize, sender: bool, to: u16) {
        self.count_log(index);
        let now = self.now;
        let Some(leg) = self.leg_mut(index) else { return };
        leg.end_mut(sender).state = to;
        if !sender {
            return;
        }
        if to == state::REPLICATING {
            leg.retries = 0;
            self.schedule(now + SOON, Due::Cycle(index));
            self.watch_log(index);
        } else if let Some(transfer) = leg.transfer.take() {
            leg.logged = leg.logged.saturating_add(transfer.bytes);
        }
    }

    /// Whether WMI lets the state of an end be changed so (2.4 and 4.2 of the reference), and to which state.
    pub(crate) fn allowed(from: u16, requested: u16) -> Option<u16> {
        match (from, requested) {
            (state::SUSPENDED | state::ERROR, 3) => Some(state::REPLICATING),
            (state::RESYNC_SUSPENDED, 3) => Some(state::RESYNCHRONIZING),
            (state::REPLICATING | state::INITIAL, 7) => Some(state::SUSPENDED),
            (state::RESYNCHRONIZING, 7) => Some(state::RESYNC_SUSPENDED),
            _ => None,
        }
    }
}

fn retry_minutes(leg: &Leg) -> Option<u64> {
    let last = leg.retries.checked_sub(1)?;
    BACK_OFF.get(last).or(BACK_OFF.last()).copied()
}

fn bytes(seconds: f64, per_second: u64) -> u64 {
    let millis = Duration::try_from_secs_f64(seconds).unwrap_or_default().as_millis();
    u64::try_from(millis).unwrap_or(u64::MAX).saturating_mul(per_second / 1_000)
}
