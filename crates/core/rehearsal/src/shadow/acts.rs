//! Acts on the wire: what was read before each, that it is sent once, how its job ended, how many run at once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cim::{CallError, ObjectPath, Reply, Request};
use reprise_engine::Side;
use reprise_model::{Act, ActId, HostId, LegId, Now};

use super::broken::Broken;
use super::shown::End;
use super::state::Shadow;
use super::watched::{DOUBT, Watched};

/// So many looks in a row at least must fail to show a job before it is given up.
const MISSES_LEAST: u32 = 4;

impl Shadow {
    /// The engine wants an act.
    pub(crate) fn planned(&mut self, act: &Act, now: Now) -> Result<(), Broken> {
        self.allows(act, now)?;
        let under_way = |host: Option<HostId>| {
            let running = self.acts.values().filter(|other| other.ended.is_none());
            running.filter(|other| host.is_none_or(|host| other.act.host == host)).count() + 1
        };
        let pace = self.orders.policy.pace;
        let (here, in_all) = (under_way(Some(act.host)), under_way(None));
        let more = |count: usize, most: u32| u32::try_from(count).map_or(true, |count| count > most);
        // Each act that ended well earns its host one place more at most.
        let earned = self.acts.values().filter(|other| other.act.host == act.host && other.ended_well()).count();
        let earned = pace.per_host.get().saturating_add(u32::try_from(earned).unwrap_or(u32::MAX));
        if more(here, earned.min(pace.per_host_max.get())) || more(in_all, pace.fleet.get()) {
            return Err(format!("{here} acts at once on one host and {in_all} in all"));
        }
        self.performs(act.id)?;
        let on_receiver = self.sender(act.leg).is_none_or(|(host, _)| host != act.host);
        let mut watched = Watched::new(act.clone(), on_receiver);
        watched.sender_stood = on_receiver && self.sender(act.leg).is_none_or(|(_, end)| !watched.brings_to(end));
        match self.acts.insert(act.id, watched) {
            None => Ok(()),
            Some(_) => Err(format!("act {} is planned twice", act.id)),
        }
    }

    /// A request of an act reaches its host.
    pub(crate) fn reached(&mut self, id: ActId, request: &Request) -> Result<(), Broken> {
        let Some(watched) = self.acts.get_mut(&id) else { return Err(format!("act {id} was not planned")) };
        let Request::Invoke { .. } = request else { return Ok(()) };
        if std::mem::replace(&mut watched.sent, true) {
            return Err(format!("act {id} was sent twice"));
        }
        match watched.read {
            Some(state) if state == watched.act.expected_state.number() => Ok(()),
            other => Err(format!("act {id} was sent although it read {other:?}")),
        }
    }

    /// An answer came back to an act.
    /// `boots` says how often its host had booted when it was asked.
    pub(crate) fn answered(&mut self, id: ActId, answer: &Result<Reply, CallError>, now: Duration, boots: u32) {
        let Some(watched) = self.acts.get_mut(&id) else { return };
        match answer {
            Ok(Reply::Instance(row)) => {
                watched.read = row.get("ReplicationState").ok();
                let act = &watched.act;
                let (leg, host) = (act.leg, act.host);
                let paused = act.expected_state.number() == 7;
                if paused && watched.read.is_some_and(|read| read != 7) {
                    self.found_otherwise(leg, host, boots);
                }
            }
            Ok(Reply::Output(output)) => match output.return_value() {
                Ok(Some(0)) => watched.done_at = Some(now),
                Ok(Some(4_096)) => {
                    let job = output.get_opt::<ObjectPath>("Job").ok().flatten();
                    watched.job = job.and_then(|job| job.key("InstanceID").map(str::to_owned));
                }
                Ok(_) => watched.refused = true,
                Err(_) => {}
            },
            Ok(Reply::Rows(rows)) => {
                let own = |row: &&cim::Row| row.get::<String>("InstanceID").ok() == watched.job;
                let job = rows.iter().find(own).filter(|_| watched.job.is_some());
                watched.misses = if job.is_some() { 0 } else { watched.misses + 1 };
                watched.refused |= job.is_some_and(|job| job.get::<u16>("JobState").is_ok_and(|state| state > 7));
                if job.is_some_and(|job| job.get::<u16>("JobState").is_ok_and(|state| state == 7)) {
                    watched.done_at.get_or_insert(now);
                }
            }
            Err(error) => {
                let is_not_there = error.kind == cim::ErrorKind::NotThere;
                watched.gone |= !watched.sent && is_not_there;
                // WMI found no such object to call the method on (docs/faults.md): nothing was done.
                watched.refused |= watched.sent && watched.job.is_none() && is_not_there;
                watched.misses += 1;
            }
        }
    }

    /// An act has ended, with or without an answer. Success is proved by its job's end, and following only reads: one that is
    /// named is not given up for a look or two that did not show it.
    pub(crate) fn ended(&mut self, id: ActId, answered: bool, now: Duration) -> Result<(), Broken> {
        let Some(watched) = self.acts.get_mut(&id) else { return Ok(()) };
        (watched.ended, watched.unanswered) = (Some(now), !answered);
        let (leg, expected) = (watched.act.leg, watched.act.expected_state.number());
        if watched.gone || watched.read.is_some_and(|read| read != expected) {
            return self.is_stale(leg);
        }
        if watched.job.is_some() && watched.done_at.is_none() && (1..MISSES_LEAST).contains(&watched.misses) {
            return Err(format!("act {} gave up its job after {} looks that did not show it", id, watched.misses));
        }
        Ok(())
    }

    /// A look that began then shows an end, running or not.
    pub(super) fn shown_after(
        &mut self,
        (leg, side): (LegId, Side),
        host: HostId,
        (looked, now): (Duration, Duration),
        end: &End,
    ) {
        for watched in self.acts.values_mut().filter(|watched| watched.act.leg == leg) {
            if watched.ended.is_none_or(|at| at > looked) {
                continue;
            }
            watched.seen_since = true;
            // What a repair of the replica has not brought to run, something else does.
            watched.sender_stood |= watched.on_receiver && side == Side::Sender && !watched.brings_to(end);
            if watched.act.host == host {
                let runs = watched.brings_to(end);
                let is_first = watched.shown_at.is_none();
                watched.doubted = match watched.shown_at {
                    None => runs && (watched.done_at.is_none() || watched.outcome_lost),
                    Some(first) => watched.doubted && looked < first + DOUBT,
                };
                watched.shown = true;
                if is_first {
                    watched.shown_at = Some(now);
                }
                let ran = watched.ran_after.get_or_insert(runs);
                // What it did may have come to nothing since.
                *ran &= runs;
            }
        }
    }

    /// A look came back. Where a VM has moved to, its leg is seen stopped as well as where an act brought it to run.
    pub(super) fn see_moved_senders(&mut self) {
        let only_sender = |leg: LegId| {
            let mut senders = self.ends(leg, Side::Sender);
            let first = senders.next();
            first.filter(|_| senders.next().is_none()).map(|(host, end)| (host, end.clone()))
        };
        let of_senders = self.acts.values().filter(|watched| !watched.on_receiver);
        let legs: BTreeSet<LegId> = of_senders.map(|watched| watched.act.leg).collect();
        let senders: BTreeMap<LegId, (HostId, End)> =
            legs.into_iter().filter_map(|leg| Some((leg, only_sender(leg)?))).collect();
        for watched in self.acts.values_mut().filter(|watched| !watched.on_receiver) {
            let Some((host, end)) = senders.get(&watched.act.leg) else { continue };
            if *host != watched.act.host && !watched.is_after(end.looked) {
                watched.ran_after = watched.ran_after.map(|ran| ran && watched.brings_to(end));
            }
        }
    }

    /// Whether our last act's job was read to have ended well, and the next look showed the leg running. If it was on the
    /// replica's side, the sender must have lacked nothing else.
    pub(super) fn is_ours(&self, leg: LegId) -> bool {
        // Acts are in the order of their numbers. What an earlier one did may have come to nothing since.
        let last = self.acts.values().rfind(|watched| watched.act.leg == leg);
        let by_it = |watched: &Watched| watched.ran_after == Some(true) && !watched.sender_stood;
        last.is_some_and(|watched| watched.done_at.is_some() && by_it(watched))
    }

    /// Whether an act of ours on a leg's sender reached its host and was not refused, ended without an answer, or was under way
    /// when a run died.
    pub(super) fn may_be_ours(&self, leg: LegId) -> bool {
        let mut of_leg = self.acts.values().filter(|watched| watched.act.leg == leg && !watched.on_receiver);
        of_leg.any(|watched| watched.may_have_resumed() || watched.unanswered || self.deaths > 0)
    }

    /// Whether a look at an end of a leg began after our last act on it that the host did.
    pub(super) fn is_seen_since_our_act(&self, leg: LegId) -> bool {
        let last = self.acts.values().rfind(|watched| watched.act.leg == leg && watched.done_at.is_some());
        last.is_some_and(|watched| watched.seen_since)
    }

    /// Whether no look has shown what came of our last act on a leg's sender.
    pub(super) fn is_last_act_unseen(&self, leg: LegId) -> bool {
        let last = self.acts.values().rfind(|watched| watched.act.leg == leg && !watched.on_receiver);
        last.is_some_and(|watched| !watched.shown)
    }

    /// Whether an act of ours on a leg's sender had not ended when a look began.
    pub(super) fn is_acted_on(&self, leg: LegId, looked: Duration) -> bool {
        let on_sender = |watched: &&Watched| watched.act.leg == leg && !watched.on_receiver;
        self.acts.values().filter(on_sender).any(|watched| watched.is_after(looked))
    }

    /// The same of one that was to continue a resynchronization.
    pub(super) fn continued(&self, leg: LegId) -> bool {
        self.is_ours(leg) && self.was_to_continue(leg)
    }

    /// Whether our last act on a leg was to continue a resynchronization.
    pub(super) fn was_to_continue(&self, leg: LegId) -> bool {
        let last = self.acts.values().rfind(|watched| watched.act.leg == leg);
        last.is_some_and(|watched| watched.act.expected_state.number() == 11)
    }

    /// Legs whose replica's side an act of ours was seen to bring to run, in this life of the run, and is still their replica's.
    pub(super) fn repaired_replicas(&self) -> impl Iterator<Item = LegId> {
        let by_us = move |watched: &&Watched| {
            watched.done_at.is_some() && watched.ran_after == Some(true) && self.receives(watched)
        };
        self.acts.values().filter(|watched| watched.on_receiver).filter(by_us).map(|watched| watched.act.leg)
    }

    /// Whether the host that was acted on shows the replica that counts.
    fn receives(&self, watched: &Watched) -> bool {
        self.receiver(watched.act.leg).is_some_and(|(host, _)| host == watched.act.host)
    }

    /// Whether looks have shown what came of an act. One on a replica that does not count any more shows nothing of the leg.
    pub(super) fn is_shown(&self, id: ActId) -> bool {
        let counts = |watched: &Watched| !watched.on_receiver || self.receives(watched);
        self.acts.get(&id).is_some_and(|watched| watched.shown && !watched.doubted && counts(watched))
    }

    /// Nobody receives the results of what is under way.
    pub(super) fn die_acts(&mut self, now: Duration) {
        for watched in self.acts.values_mut() {
            watched.cut_off |= !watched.end_written;
            watched.outcome_lost |= !watched.end_written;
            watched.ended.get_or_insert(now);
            watched.shown = false;
            watched.shown_at = None;
            // What the next look shows may be another's doing, and nobody remembers all that was heard.
            watched.ran_after.get_or_insert(false);
        }
    }

    /// A leg is seen for the first time in this life: an act on it that the death cut off, or of which nobody wrote down that it
    /// had ended, counts as ended no earlier, since its job may run until then.
    pub(super) fn sees_first(&mut self, leg: LegId, now: Duration) {
        for watched in self.acts.values_mut().filter(|watched| watched.act.leg == leg) {
            if std::mem::take(&mut watched.cut_off) {
                watched.ended = Some(now);
            }
        }
    }

    /// How often a job of ours was read to have ended well, or a host to have done it at once, or nobody said what came of
    /// an act that reached its host.
    pub(super) fn proofs(&self, leg: LegId) -> usize {
        let counts = |watched: &&Watched| watched.done_at.is_some() || watched.may_have_resumed() || watched.unanswered;
        self.acts.values().filter(|watched| watched.act.leg == leg).filter(counts).count()
    }

    /// An end may run in a look that began then: an act that was done before has brought it there, be it that its VM has
    /// moved to another host since.
    pub(super) fn prove(&mut self, leg: LegId, looked: Duration, end: &End) {
        let by_us = |watched: &Watched| {
            let same = watched.act.leg == leg && watched.brings_to(end);
            same && watched.done_at.is_some_and(|done| done <= looked)
        };
        if self.acts.values().any(by_us) {
            self.proved.insert(leg);
        }
    }
}
