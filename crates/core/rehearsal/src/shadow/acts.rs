//! Acts on the wire: what was read before each, that it is sent once, how its job ended, how many run at once.

use std::time::Duration;

use cim::{CallError, ObjectPath, Reply, Request};
use reprise_model::{Act, ActId, HostId, LegId, Timestamp};

use super::{Broken, Shadow};

/// Most acts on one leg in one pass.
const ATTEMPTS_MAX: u32 = 6;
/// Most acts that found another state than they expected, which do not count as tries.
const STALES_MAX: u32 = 5;

/// So many looks in a row at least must fail to show a job before it is given up.
const MISSES_LEAST: u32 = 4;

/// One act.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    pub(super) act: Act,
    /// The state that its Get was told.
    read: Option<u16>,
    sent: bool,
    /// The job that the host's answer named.
    job: Option<String>,
    /// Answers to looks at that job that did not show it, since the last that did.
    misses: u32,
    /// When it was told that the host did it: at once, or by a job that ended well.
    done_at: Option<Duration>,
    /// When it ended.
    pub(super) ended: Option<Duration>,
    /// Whether the end ran in the first look that began after that.
    ran_after: Option<bool>,
}

impl Watched {
    fn ended_well(&self) -> bool {
        self.ended.is_some() && self.done_at.is_some()
    }

    /// Whether a look that began then cannot show what came of it.
    pub(super) fn is_after(&self, looked: Duration) -> bool {
        self.ended.is_none_or(|ended| looked < ended)
    }
}

impl Shadow {
    /// The engine wants an act.
    pub(crate) fn planned(&mut self, act: &Act, wall: Timestamp) -> Result<(), Broken> {
        self.allows(act, wall)?;
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
        let tries = self.attempts.entry(act.leg).or_default();
        *tries += 1;
        if *tries > ATTEMPTS_MAX + STALES_MAX {
            return Err(format!("{tries} acts on {}", act.leg));
        }
        let watched = Watched {
            act: act.clone(),
            read: None,
            sent: false,
            job: None,
            misses: 0,
            done_at: None,
            ended: None,
            ran_after: None,
        };
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
    pub(crate) fn answered(&mut self, id: ActId, answer: &Result<Reply, CallError>, now: Duration) {
        let Some(watched) = self.acts.get_mut(&id) else { return };
        match answer {
            Ok(Reply::Instance(row)) => watched.read = row.get("ReplicationState").ok(),
            Ok(Reply::Output(output)) => match output.return_value() {
                Ok(Some(0)) => watched.done_at = Some(now),
                Ok(Some(4_096)) => {
                    let job = output.get_opt::<ObjectPath>("Job").ok().flatten();
                    watched.job = job.and_then(|job| job.key("InstanceID").map(str::to_owned));
                }
                Ok(_) | Err(_) => {}
            },
            Ok(Reply::Rows(rows)) => {
                let own = |row: &&cim::Row| row.get::<String>("InstanceID").ok() == watched.job;
                let job = rows.iter().find(own).filter(|_| watched.job.is_some());
                watched.misses = if job.is_some() { 0 } else { watched.misses + 1 };
                if job.is_some_and(|job| job.get::<u16>("JobState").is_ok_and(|state| state == 7)) {
                    watched.done_at.get_or_insert(now);
                }
            }
            Err(_) => watched.misses += 1,
        }
    }

    /// An act has ended. Success is proved by its job's end, and following only reads: one that is named is not given up
    /// for a look or two that did not show it.
    pub(crate) fn ended(&mut self, id: ActId, now: Duration) -> Result<(), Broken> {
        let Some(watched) = self.acts.get_mut(&id) else { return Ok(()) };
        watched.ended = Some(now);
        if watched.job.is_some() && watched.done_at.is_none() && (1..MISSES_LEAST).contains(&watched.misses) {
            return Err(format!("act {} gave up its job after {} looks that did not show it", id, watched.misses));
        }
        Ok(())
    }

    /// A look that began then shows an end, running or not.
    pub(super) fn shown_after(&mut self, leg: LegId, host: HostId, looked: Duration, runs: bool) {
        for watched in self.acts.values_mut() {
            if watched.act.leg == leg && watched.act.host == host && watched.ended.is_some_and(|at| at <= looked) {
                watched.ran_after.get_or_insert(runs);
            }
        }
    }

    /// Whether a job of ours was read to have ended well, and the next look showed the leg running.
    pub(super) fn is_ours(&self, leg: LegId) -> bool {
        let by_us = |watched: &Watched| watched.done_at.is_some() && watched.ran_after == Some(true);
        self.acts.values().any(|watched| watched.act.leg == leg && by_us(watched))
    }

    /// Nobody hears any more of what is under way.
    pub(super) fn die_acts(&mut self, now: Duration) {
        for watched in self.acts.values_mut() {
            watched.ended.get_or_insert(now);
            // What the next look shows may be another's doing, and nobody remembers all that was heard.
            watched.ran_after.get_or_insert(false);
        }
    }

    /// How often a job of ours was read to have ended well, or a host to have done it at once.
    pub(super) fn proofs(&self, leg: LegId) -> usize {
        self.acts.values().filter(|watched| watched.act.leg == leg && watched.done_at.is_some()).count()
    }

    /// An end runs in a look that began then: an act that was done before has brought it there.
    pub(super) fn prove(&mut self, leg: LegId, host: HostId, looked: Duration) {
        let by_us = |watched: &Watched| {
            let same = watched.act.leg == leg && watched.act.host == host;
            same && watched.done_at.is_some_and(|done| done <= looked)
        };
        if self.acts.values().any(by_us) {
            self.proved.insert(leg);
        }
    }
}
