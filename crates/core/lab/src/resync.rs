//! Resynchronization: both disks are compared block by block, now, later, or in the hours that the settings give.

use std::time::Duration;

use uuid::Uuid;

use crate::host::Host;
use crate::job::{self, Job, Stage};
use crate::leg::{At, Kind, Leg, Resync};
use crate::replication::{SOON, transfer_time};
use crate::state;
use crate::world::{Due, World};

/// While an end is away, it is looked for this often.
const LOOK_AGAIN: Duration = Duration::from_mins(1);
/// The default hours of automatic resynchronization, in seconds of the host's day: from 18:30 to 06:00.
pub(crate) const HOURS: (u64, u64) = (66_600, 21_600);
const DAY: u64 = 86_400;
/// A new recovery point every hour, and as many kept besides the latest (`RecoveryHistory`).
const POINT_EVERY: Duration = Duration::from_hours(1);
pub(crate) const POINTS_KEPT: u16 = 4;

impl World {
    /// Whether a leg may be resynchronized.
    pub(crate) fn may_resync(&self, at: At) -> bool {
        self.leg(at).is_some_and(|(_, leg)| {
            leg.sender.changing.is_none()
                && matches!(
                    leg.sender.state,
                    state::SUSPENDED | state::ERROR | state::RESYNC_REQUIRED | state::RESYNC_SUSPENDED
                )
        })
    }

    /// Begins a resynchronization or plans it; its job. What was planned before is void.
    pub(crate) fn resynchronize(&mut self, at: At, begins: Option<Duration>) -> Option<Uuid> {
        let id = self.new_id();
        let (submitted, starts) = (self.now, begins.unwrap_or(self.now));
        let leg = self.leg_mut(at)?;
        let before = leg.resync.replace(Resync::Planned { job: id, at: starts });
        let (host, from) = (leg.sender.host, leg.sender.state);
        let kind = match at.kind {
            Kind::Simple => job::RESYNC,
            Kind::Extended => job::RESYNC_EXTENDED,
        };
        let stage = Stage::Running;
        let job = Job { id, at, sender: true, kind, from, to: state::REPLICATING, submitted, starts, stage };
        self.hosts.get_mut(host)?.jobs.insert(id, job);
        if let Some(before) = before {
            self.end_resync_job(host, before.job(), Some("Another resynchronization was asked for."));
        }
        if starts > submitted {
            self.schedule(starts, Due::Resync(at));
        } else {
            self.resync_is_due(at);
        }
        Some(id)
    }

    /// A resynchronization begins or ends, if that is still so.
    pub(crate) fn resync_is_due(&mut self, at: At) {
        let now = self.now;
        let Some((vm, leg)) = self.leg(at) else { return };
        let (host, reaches) = (leg.sender.host, self.reaches(leg));
        let receives = matches!(leg.receiver.state, state::INITIAL | state::REPLICATING);
        let delay = self.link(host, leg.receiver.host).delay;
        let ends = now + delay + transfer_time(vm.disk_bytes);
        match leg.resync {
            Some(Resync::Planned { job, at: begins }) if begins <= now => {
                if !self.runs_vmms(host) {
                    self.put_off(at, Resync::Planned { job, at: now + LOOK_AGAIN }, now + LOOK_AGAIN);
                } else if reaches && receives {
                    self.compare(at, Resync::Running { job, ends }, ends);
                } else {
                    self.forget_resync(
                        at,
                        "The Replica server cannot be reached, or its virtual machine does not receive.",
                    );
                }
            }
            Some(Resync::Running { job, ends }) if ends <= now => {
                if self.runs_vmms(host) && reaches && receives {
                    self.resync_is_done(at);
                } else {
                    self.put_off(at, Resync::Running { job, ends: now + LOOK_AGAIN }, now + LOOK_AGAIN);
                }
            }
            Some(Resync::Planned { .. } | Resync::Running { .. } | Resync::Paused { .. }) | None => {}
        }
    }

    fn put_off(&mut self, at: At, resync: Resync, until: Duration) {
        if let Some(leg) = self.leg_mut(at) {
            leg.resync = Some(resync);
        }
        self.schedule(until, Due::Resync(at));
    }

    /// The comparison starts: what was logged is void, and the recovery points go.
    fn compare(&mut self, at: At, resync: Resync, ends: Duration) {
        self.count_log(at);
        if let Some(leg) = self.leg_mut(at) {
            leg.sender.state = state::RESYNCHRONIZING;
            leg.heals = false;
            leg.transfer = None;
            leg.logged = 0;
            leg.points_from = None;
        }
        self.put_off(at, resync, ends);
        self.watch_log(at);
    }

    fn resync_is_done(&mut self, at: At) {
        let now = self.now;
        self.count_log(at);
        let Some(leg) = self.leg_mut(at) else { return };
        let job = leg.resync.take().map(Resync::job);
        leg.sender.state = state::REPLICATING;
        leg.sender.last_replication = Some(now);
        leg.receiver.last_replication = Some(now);
        (leg.applied, leg.points_from, leg.retries) = (Some(now), Some(now), 0);
        leg.receiver.state = state::REPLICATING;
        let host = leg.sender.host;
        if let Some(job) = job {
            self.end_resync_job(host, job, None);
        }
        self.plan_cycle(at, SOON);
        self.watch_log(at);
    }

    /// A pause takes the rest of the comparison down; a resume goes on with it.
    pub(crate) fn pause_resync(&mut self, at: At, pause: bool) {
        let now = self.now;
        let Some(leg) = self.leg_mut(at) else { return };
        match leg.resync {
            Some(Resync::Running { job, ends }) if pause => {
                leg.resync = Some(Resync::Paused { job, left: ends.saturating_sub(now) });
            }
            Some(Resync::Paused { job, left }) if !pause => {
                self.put_off(at, Resync::Running { job, ends: now + left }, now + left);
            }
            Some(Resync::Planned { .. } | Resync::Running { .. } | Resync::Paused { .. }) | None => {}
        }
    }

    /// It ends without result; its job says why.
    pub(crate) fn forget_resync(&mut self, at: At, why: &str) {
        let Some(leg) = self.leg_mut(at) else { return };
        let (host, resync) = (leg.sender.host, leg.resync.take());
        if let Some(resync) = resync {
            self.end_resync_job(host, resync.job(), Some(why));
        }
    }

    fn end_resync_job(&mut self, host: usize, id: Uuid, why: Option<&str>) {
        let now = self.now;
        let Some(job) = self.hosts.get_mut(host).and_then(|host| host.jobs.get_mut(&id)) else { return };
        job.stage = match why {
            Some(why) => Stage::Failed { at: now, code: 32_768, why: why.to_owned() },
            None => Stage::Completed { at: now },
        };
        self.schedule(now + job::KEPT, Due::JobGone(host, id));
    }

    /// Waits for the hours in which VMMS resynchronizes by itself, if it may.
    pub(crate) fn await_resync_hours(&mut self, at: At) {
        let Some((_, leg)) = self.leg(at).filter(|(_, leg)| waits_for_hours(leg)) else { return };
        let day = self.seconds_of_day(leg.sender.host);
        let wait = if in_hours(day) { 1 } else { HOURS.0.saturating_sub(day) };
        self.schedule(self.now + Duration::from_secs(wait.max(1)), Due::ResyncHours(at));
    }

    pub(crate) fn resync_by_itself(&mut self, at: At) {
        let Some((_, leg)) = self.leg(at).filter(|(_, leg)| waits_for_hours(leg)) else { return };
        let host = leg.sender.host;
        if self.runs_vmms(host) && in_hours(self.seconds_of_day(host)) {
            self.resynchronize(at, None);
        }
        if self.leg(at).is_some_and(|(_, leg)| waits_for_hours(leg)) {
            self.schedule(self.now + LOOK_AGAIN, Due::ResyncHours(at));
        }
    }

    /// The host's own clock: lab hosts live in UTC.
    fn seconds_of_day(&self, host: usize) -> u64 {
        let offset = self.hosts.get(host).map_or(0, Host::clock_offset_s);
        let seconds = (self.spec.started_us / 1_000_000)
            .saturating_add(i64::try_from(self.now.as_secs()).unwrap_or(i64::MAX))
            .saturating_add(offset);
        u64::try_from(seconds.rem_euclid(86_400)).unwrap_or_default() % DAY
    }

    /// How many recovery points a receiver keeps.
    pub(crate) fn recovery_points(&self, leg: &Leg) -> u64 {
        let Some(from) = leg.points_from else { return 0 };
        let older = self.now.saturating_sub(from).as_secs() / POINT_EVERY.as_secs();
        1 + older.min(u64::from(POINTS_KEPT))
    }
}

fn waits_for_hours(leg: &Leg) -> bool {
    leg.auto_resync && leg.sender.state == state::RESYNC_REQUIRED && leg.resync.is_none()
}

/// The hours go past midnight.
fn in_hours(day: u64) -> bool {
    day >= HOURS.0 || day < HOURS.1
}
