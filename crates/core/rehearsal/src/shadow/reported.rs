//! The report: it must match what was seen, and follow the contract (section 2).

use std::collections::BTreeSet;

use reprise_engine::goal::{PassOutcome, Report};
use reprise_engine::{LegReport, LegResult, Notice, PlannedAct};
use reprise_model::{LegId, PausedRule, Reason, ReplicationState, Timestamp};

use super::broken::Broken;
use super::notices::reported_leg;
use super::rules::held;
use super::state::Shadow;

impl Shadow {
    /// Checks the report against all that the run saw.
    pub(crate) fn reported(&self, report: &Report, wall: Timestamp) -> Result<(), Broken> {
        let listed: BTreeSet<LegId> = report.legs.iter().map(|leg| leg.id).collect();
        if let Some(leg) = self.ever.iter().find(|leg| !listed.contains(leg)) {
            return Err(format!("{leg} was seen and is not reported"));
        }
        if !report.legs.is_sorted_by_key(|leg| leg.id) || listed.len() != report.legs.len() {
            return Err("the legs are not in order".to_owned());
        }
        for leg in &report.legs {
            let known = || if self.is_out_of_time(report) { Ok(()) } else { self.told(leg) };
            self.leg(leg, wall).and_then(|()| known()).map_err(|what| format!("{} is reported {what}", leg.id))?;
        }
        outcome(report)?;
        self.events(report)
    }

    fn leg(&self, leg: &LegReport, wall: Timestamp) -> Result<(), Broken> {
        let sender = self.sender(leg.id).map(|(_, end)| end);
        let seen = sender.map(|end| end.state);
        let never = sender.is_some_and(|end| end.last.is_none());
        let unseen_since = leg.after.is_none() && self.is_last_act_unseen(leg.id);
        if leg.after.map(ReplicationState::number) != seen && !unseen_since {
            return Err(format!("at {:?}, and was last seen at {seen:?}", leg.after));
        }
        let first = self.first.get(&leg.id).copied();
        let before = leg.before.map(ReplicationState::number);
        let in_an_earlier_life = before.is_some_and(|before| self.first_lives.contains(&(leg.id, before)));
        if before != first && !in_an_earlier_life {
            return Err(format!("as {:?} before, and was first seen at {first:?}", leg.before));
        }
        self.person(leg)?;
        self.pause_left(leg)?;
        self.result(leg, seen, never)?;
        self.tried(leg)?;
        let ends = [self.sender(leg.id), self.receiver(leg.id)].map(|end| Some(end?.1));
        let called = self.called(leg.id);
        let unread_on = self.unread_on(leg.id.vm);
        let sides = (ends, unread_on.as_slice());
        let covered = |at: Timestamp| held(&self.orders.policy.holds, leg.id, sides, &called, &self.names.values(), at);
        // A leg is judged when something about it arrives; a hold may have ended since.
        let ends = [self.sender(leg.id), self.receiver(leg.id)].into_iter().flatten();
        let judged = ends
            .filter_map(|(host, _)| self.received_at.get(&host))
            .map(|received| received.wall)
            .max()
            .unwrap_or(wall);
        let wanted = match leg.result {
            LegResult::Healthy => !covered(wall) && (!covered(judged) || leg.wanted),
            LegResult::Resumed
            | LegResult::Interrupted
            | LegResult::Waiting
            | LegResult::NeedsPerson
            | LegResult::Failed
            | LegResult::Stale => true,
            LegResult::Left => false,
            LegResult::Skipped => leg.reason != Reason::SenderNotAsked,
        };
        if leg.wanted != wanted {
            return Err(format!("as {:?} with wanted = {}", leg.result, leg.wanted));
        }
        let unread = self.hosts.values().any(|ends| ends.unread.contains(&leg.id.vm));
        if !self.ever.contains(&leg.id) && !unread && leg.attempts == 0 {
            return Err("and no host ever showed it".to_owned());
        }
        Ok(())
    }

    /// Its result, beside the state at which it was last seen and what is known of our acts.
    fn result(&self, leg: &LegReport, seen: Option<u16>, never: bool) -> Result<(), Broken> {
        let (resyncs, lost) = (leg.reason == Reason::ResyncPausedByShutdown, leg.reason == Reason::ResumeAnswerLost);
        let error_missing = leg.trouble.is_none();
        // Whether our act or another's made it go on nobody knows then; that it does is what the act was for.
        let resyncs = resyncs || lost && self.was_to_continue(leg.id);
        match leg.result {
            LegResult::Healthy if seen != Some(3) => return Err(format!("as healthy, and was last seen at {seen:?}")),
            LegResult::Resumed if !(seen == Some(3) || never && seen == Some(2) || resyncs && seen == Some(10)) => {
                return Err(format!("as resumed, and was last seen at {seen:?}"));
            }
            LegResult::Resumed if lost && !self.may_be_ours(leg.id) => {
                return Err("as resumed with its answer lost, and nothing of ours reached its host".to_owned());
            }
            LegResult::Resumed if !lost && !self.proved.contains(&leg.id) => {
                return Err("as resumed, and no job of ours was read to have done it".to_owned());
            }
            LegResult::Healthy if self.is_ours(leg.id) => {
                return Err(format!("as {:?}, and a job of ours was read to have resumed it", leg.reason));
            }
            LegResult::Left if leg.reason == Reason::Resynchronizing && self.continued(leg.id) => {
                return Err("as left, and a job of ours was read to have continued its resynchronization".to_owned());
            }
            LegResult::Failed | LegResult::Stale | LegResult::Interrupted if error_missing => {
                return Err("without an error".to_owned());
            }
            LegResult::Failed
            | LegResult::Interrupted
            | LegResult::NeedsPerson
            | LegResult::Stale
            | LegResult::Waiting
            | LegResult::Skipped
            | LegResult::Left
            | LegResult::Resumed
            | LegResult::Healthy => {}
        }
        Ok(())
    }

    /// How often it was tried, and that it is known what came of that.
    fn tried(&self, leg: &LegReport) -> Result<(), Broken> {
        if leg.attempts > 0 && leg.action != PlannedAct::Resume {
            return Err("without a reason".to_owned());
        }
        let acts = usize::try_from(leg.attempts).unwrap_or(usize::MAX);
        if acts > self.intents(leg.id) {
            return Err(format!("with {acts} acts, more than anybody saw"));
        }
        if self.tries(leg.id).is_some_and(|tries| !tries.contains(&leg.attempts)) {
            return Err(format!("with {acts} acts, and {:?} were tried", self.tries(leg.id)));
        }
        Ok(())
    }

    /// Whether the run ended because the sum of its limits was over.
    fn is_out_of_time(&self, report: &Report) -> bool {
        let limits = self.orders.limits;
        report.elapsed >= limits.timeout + limits.vmms + limits.retry_for
    }

    /// That it is known what came of every act of which a look has told.
    fn told(&self, leg: &LegReport) -> Result<(), Broken> {
        // Of a leg that is gone no look tells any more.
        let open = self.open_intents(leg.id).find(|id| leg.after.is_some() && self.is_shown(*id));
        if let Some(open) = open {
            return Err(format!("and it is not settled what came of act {open}"));
        }
        Ok(())
    }

    /// A pause that was there at the first look is left only if the rule for those leaves it.
    fn pause_left(&self, leg: &LegReport) -> Result<(), Broken> {
        let left = matches!(leg.reason, Reason::PausedByPerson | Reason::PausedNoEvidence | Reason::PausedLeft);
        let from_start = self.first.get(&leg.id) == Some(&7) && !self.ever_ran(leg.id);
        let is_wanted = self.orders.policy.paused.at_boot == PausedRule::Resume && from_start;
        let may_be_watched = self.may_be_watched(leg.id);
        if leg.result == LegResult::Left && left && is_wanted && !may_be_watched {
            return Err(format!("as {:?}, and it was paused at the first look", leg.reason));
        }
        Ok(())
    }

    /// A person is named only where a log that was read whole leaves nobody else.
    fn person(&self, leg: &LegReport) -> Result<(), Broken> {
        if !matches!(leg.reason, Reason::PausedByPerson | Reason::ResyncPausedByPerson) {
            return Ok(());
        }
        let why = match self.sender(leg.id) {
            Some((host, sender)) => match (self.logs.get(&host), self.pauses.get(&(leg.id, host))) {
                (Some(log), Some(pause)) => log.no_person_because(leg.id.vm, pause, sender.last),
                (None, _) | (_, None) => Some("its host's log was not read"),
            },
            None => Some("nobody saw its sender"),
        };
        why.map_or(Ok(()), |why| Err(format!("as paused by a person, and {why}")))
    }

    /// The notices must follow from the results. A notice that was true at its time may not be true any more: a host that
    /// was late and came after all, a leg that failed and was resumed by others.
    fn events(&self, report: &Report) -> Result<(), Broken> {
        let count = |wanted: &dyn Fn(&Notice) -> bool| self.notices.iter().filter(|notice| wanted(notice)).count();
        let once = [(count(&|n| matches!(n, Notice::Started)), 0), (count(&|n| matches!(n, Notice::Finished(_))), 100)];
        if let Some((found, id)) = once.into_iter().find(|(found, _)| *found != 1) {
            return Err(format!("event {id} is reported {found} times"));
        }
        // Where a host says one name after the other, its notice has one of them.
        for host in report.hosts.iter().filter(|_| !self.renamed) {
            let ready = count(&|n| matches!(n, Notice::HostReady { host: name, .. } if *name == host.name));
            let late = count(&|n| matches!(n, Notice::HostNotReady(late) if late.id == host.id));
            let twins = report.hosts.iter().filter(|other| other.name == host.name).count();
            // One that was lost after it had become ready was ready in time.
            let was_late = !host.ready && host.ready_after.is_none();
            // One that had not said its name when it became ready was called as it is asked.
            let is_listed = |name: &str| report.hosts.iter().any(|host| host.name == name);
            let as_asked = count(&|n| matches!(n, Notice::HostReady { host: name, .. } if !is_listed(name)));
            let untold = ready == 0 && !(self.nameless.contains(&host.id) && as_asked > 0);
            if late > 1 || ready > twins || host.ready && untold || was_late && late == 0 && twins == 1 {
                return Err(format!(
                    "{} is ready: {}, and reported so {ready} and {late} times",
                    host.name, host.ready
                ));
            }
        }
        let replica = |id: LegId| count(&|n| matches!(n, Notice::ReplicaResumed(leg) if leg.id == id));
        if let Some(leg) = self.repaired_replicas().find(|leg| replica(*leg) == 0) {
            return Err(format!("the replica of {leg} was resumed, and no notice says so"));
        }
        for leg in report.legs.iter().filter(|_| !report.dry_run) {
            let noticed = |wanted: LegResult| {
                count(&|n| reported_leg(n).is_some_and(|(id, result)| id == leg.id && result == wanted))
            };
            let ends = [LegResult::Failed, LegResult::NeedsPerson, LegResult::Resumed];
            if let Some(missing) = ends.into_iter().find(|end| leg.result == *end && noticed(*end) == 0) {
                return Err(format!("{} is {missing:?}, and no notice says so", leg.id));
            }
            if noticed(LegResult::Resumed) > self.proofs(leg.id) + self.deaths {
                return Err(format!("{} is reported as resumed more often than that was proved", leg.id));
            }
        }
        Ok(())
    }
}

/// The outcome of the pass, as the contract defines it.
fn outcome(report: &Report) -> Result<(), Broken> {
    let runs = |leg: &LegReport| match leg.result {
        LegResult::Healthy | LegResult::Resumed => true,
        LegResult::Skipped => report.dry_run,
        LegResult::Failed
        | LegResult::Interrupted
        | LegResult::NeedsPerson
        | LegResult::Stale
        | LegResult::Waiting
        | LegResult::Left => false,
    };
    // One that is not trusted, or was lost after it had become ready, was ready in time.
    let none_ready = !report.hosts.iter().any(|host| host.ready || host.ready_after.is_some());
    let something = report.ambiguous.is_some()
        || report.hosts.iter().any(|host| !host.ready || host.trouble.is_some())
        || report.legs.iter().any(|leg| leg.wanted && !runs(leg));
    let follows = match report.outcome {
        PassOutcome::Failed | PassOutcome::NotReady => none_ready,
        PassOutcome::Partial => !none_ready && something,
        PassOutcome::Ok => !none_ready && !something,
    };
    if follows { Ok(()) } else { Err(format!("the outcome {:?} does not follow from the legs", report.outcome)) }
}
