//! Builds reports of hosts and legs from their watched state.

use reprise_model::{FailedOverType, Outcome, Problem, Reason, ReplicationState};

use crate::attempt::{Attempt, Failure};
use crate::evidence;
use crate::host::{Duplicate, HostWatch, Kind, Phase};
use crate::incident::Incident;
use crate::judge::{Finding, Verdict};
use crate::leg::{End, Leg, SeenEnd, Side, Whereabouts};
use crate::status::{Cause, HostReport, HostTrouble, LegReport, LegResult, LegTrouble, Lost, NotReady, PlannedAct};
use crate::watch::{LegWatch, Presence};

pub(crate) fn host(watch: &HostWatch) -> HostReport {
    let (ready, ready_after, trouble) = match &watch.phase {
        Phase::Ready { after } => {
            let first = watch.unreadable.first().cloned();
            let unread = first.map(|first| HostTrouble::Unreadable { rows: watch.unreadable.len(), first });
            let lost = watch.lost.clone().map(HostTrouble::Lost);
            let who = namesake(watch);
            (lost.is_none() && watch.kind() != Some(Kind::NotTrusted), Some(*after), who.or(lost).or(unread))
        }
        Phase::Late(why) => (false, None, not_ready(watch, why.clone())),
        Phase::Waiting => (false, None, not_ready(watch, watch.why_not_ready())),
    };
    let hidden = watch.hidden.clone().filter(|_| ready);
    HostReport {
        id: watch.asked.id,
        key: watch.key(),
        name: watch.display_name(),
        ready,
        ready_after,
        trouble,
        hidden,
        empty: watch.empty(),
    }
}

/// What is wrong with a host that is not ready. One that is not trusted is not ready either way.
fn not_ready(watch: &HostWatch, why: NotReady) -> Option<HostTrouble> {
    let who = namesake(watch).filter(|_| watch.kind() != Some(Kind::NotTrusted));
    who.or(Some(HostTrouble::NotReady(why)))
}

/// That a host says the name of another one, and nothing shows that it is that one.
fn namesake(watch: &HostWatch) -> Option<HostTrouble> {
    let Duplicate { of, kind, host: _ } = watch.duplicate_of.clone()?;
    match kind {
        Kind::SecondAddress => None,
        Kind::Another => Some(HostTrouble::SameName { other: of }),
        Kind::NotTrusted => Some(HostTrouble::NameGiven { said: watch.name.as_ref()?.to_string(), other: of }),
    }
}

/// What else is known of a leg than what is kept with it.
#[derive(Debug, Default)]
pub(crate) struct Around {
    /// Why a host is not ready that should show one of its ends.
    pub(crate) waits_for: Option<NotReady>,
    /// The host that shows one of its ends and has stopped answering.
    pub(crate) lost: Option<(String, Lost)>,
    /// The other host that holds its VM as primary, and whether the VM runs there.
    pub(crate) second_primary: Option<(String, bool)>,
    /// The host that its replica names as its primary, if that is another than the one that shows it.
    pub(crate) other_primary: Option<String>,
}

/// What kind of run a report is about.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RunKind {
    /// Nothing is done on purpose.
    pub(crate) dry_run: bool,
    /// It ends before everything is settled, since somebody ended it.
    pub(crate) interrupted: bool,
    /// It goes on: what it works on has not failed.
    pub(crate) goes_on: bool,
}

/// One leg.
pub(crate) fn leg(watch: &LegWatch, run: RunKind, around: Around) -> LegReport {
    let (waits_for, lost) = (around.waits_for.clone(), around.lost.clone());
    let second_primary = around.second_primary.as_ref().map(|(host, _)| host.clone());
    let (result, reason) = match result(watch, run) {
        // What a host showed that does not answer any more is not known to be so.
        (LegResult::Healthy | LegResult::Resumed, _) if run.goes_on && is_sender_lost(watch, lost.as_ref()) => {
            (LegResult::Failed, Reason::SenderNotReady)
        }
        // Whose doing it is that it runs is reported when it happens, and is no state.
        (LegResult::Resumed, _) if run.goes_on => (LegResult::Healthy, Reason::Replicating),
        known => known,
    };
    let incident = watch.latest_incident();
    let action = match watch.verdict {
        _ if incident.is_some() => PlannedAct::Resume,
        Verdict::Wait(_) => PlannedAct::Wait,
        Verdict::Healthy { .. }
        | Verdict::Leave(_)
        | Verdict::NeedsPerson(_)
        | Verdict::NotOurs
        | Verdict::Resume { .. }
        | Verdict::Fail(_)
        | Verdict::Stale(_) => PlannedAct::None,
    };
    let held = matches!(watch.verdict, Verdict::Healthy { held: Some(_), .. });
    let ended = incident.and_then(|incident| incident.acted).map(|(_, at)| at);
    let began = incident.and_then(|incident| incident.began);
    let confirmed = watch.closed.is_some() && watch.incident.is_none()
        || watch.leg.sender.seen().is_some_and(|sender| {
            watch.incident.as_ref().is_some_and(|incident| incident.tries > 0 && incident.is_confirmed_by(sender))
        });
    LegReport {
        id: watch.leg.id,
        vm: watch.leg.vm_name.clone(),
        primary: watch.leg.sender.host_name().map(ToOwned::to_owned),
        replica: replica(watch, second_primary.as_deref()),
        second_primary,
        before: watch.before,
        after: watch.leg.sender.state().filter(|_| watch.presence != Presence::Gone && !watch.is_older_than_act()),
        wanted: !held && !matches!(watch.verdict, Verdict::Leave(_) | Verdict::NotOurs) || result == LegResult::Resumed,
        action,
        reason,
        findings: findings(watch, around),
        last_failure: evidence::last_failure(&watch.memory.sender_events, watch.leg.id.vm),
        auto_resync: watch.leg.sender.settings().and_then(|settings| settings.auto_resync),
        result,
        confirmed,
        without_evidence: incident.is_some_and(|incident| incident.plan().without_evidence),
        attempts: incident.map_or(0, |incident| incident.tries),
        elapsed: began.and_then(|began| ended.map(|ended| ended.since(began))),
        trouble: match result {
            LegResult::Failed | LegResult::Stale => Some(trouble(watch, waits_for, lost)),
            LegResult::Interrupted => Some(interrupted(watch)),
            LegResult::NeedsPerson
            | LegResult::Waiting
            | LegResult::Skipped
            | LegResult::Left
            | LegResult::Resumed
            | LegResult::Healthy => None,
        },
    }
}

/// Whether the host that has stopped answering is the sender's.
fn is_sender_lost(watch: &LegWatch, lost: Option<&(String, Lost)>) -> bool {
    lost.is_some_and(|(host, _)| watch.leg.sender.seen().is_some_and(|sender| sender.host_name == *host))
}

/// What came of a leg, and why.
pub(crate) fn result(watch: &LegWatch, run: RunKind) -> (LegResult, Reason) {
    let RunKind { dry_run, interrupted, goes_on } = run;
    if goes_on && is_under_way(watch) {
        return (LegResult::Waiting, Reason::UnderWay);
    }
    if goes_on && watch.verdict == Verdict::Wait(Reason::ReadingEvents) && !watch.attempt().is_given_up() {
        return (LegResult::Waiting, Reason::ReadingEvents);
    }
    let attempt = watch.attempt();
    // It was looked at before the act had ended: while a job runs, the state already reads as requested.
    let unproved = attempt.is_open() || attempt.fresh_after().is_some();
    if interrupted && (unproved || !watch.is_decided(dry_run)) {
        let reason = if may_take_effect(attempt) { Reason::ResumeNotSeen } else { Reason::Interrupted };
        return (LegResult::Interrupted, reason);
    }
    let by_us = |incident: &Incident| incident.attempt == Attempt::Proved || incident.is_sender_proved();
    let proved = watch.resumed_in().is_some_and(by_us);
    // It was asked for, and no answer says what came of it.
    let unanswered =
        |incident: &Incident| incident.attempt == Attempt::Idle && incident.unanswered == Some(Side::Sender);
    let asked = watch.latest_incident().is_some_and(unanswered);
    match watch.verdict {
        Verdict::Healthy { held: Some(held) } if unproved => (LegResult::Left, held),
        Verdict::Healthy { .. } if unproved => (LegResult::Failed, unfinished(attempt)),
        Verdict::Healthy { held, .. } if proved => (LegResult::Resumed, held.unwrap_or(planned_reason(watch))),
        Verdict::Healthy { .. } if asked => (LegResult::Resumed, Reason::ResumeAnswerLost),
        Verdict::Healthy { held } => {
            let stopped_before = watch.before.is_some_and(|before| before != ReplicationState::Replicating);
            let own = if stopped_before { Reason::ResumedElsewhere } else { Reason::Replicating };
            (LegResult::Healthy, held.unwrap_or(own))
        }
        Verdict::Leave(reason) => match continued(watch, reason) {
            Some(continued) if proved => (LegResult::Resumed, continued),
            Some(_) if asked => (LegResult::Resumed, Reason::ResumeAnswerLost),
            Some(_) | None => (LegResult::Left, reason),
        },
        Verdict::NeedsPerson(reason) => (LegResult::NeedsPerson, reason),
        Verdict::NotOurs => (LegResult::Skipped, Reason::SenderNotAsked),
        Verdict::Wait(Reason::VmmsRetries) => (LegResult::Waiting, Reason::VmmsRetries),
        Verdict::Wait(Reason::WaitingForPeer) => (LegResult::Failed, Reason::PeerNotSeen),
        // What the log says matters to the next act, and there is none.
        Verdict::Wait(Reason::ReadingEvents) if attempt.is_given_up() => not_done(attempt),
        Verdict::Wait(reason) | Verdict::Fail(reason) => (LegResult::Failed, reason),
        Verdict::Resume { reason, .. } if dry_run => (LegResult::Skipped, reason),
        Verdict::Resume { .. } => not_done(attempt),
        Verdict::Stale(reason) => (LegResult::Stale, reason),
    }
}

/// Whether an act on it is under way, or the next one waits for its turn or its time.
fn is_under_way(watch: &LegWatch) -> bool {
    match watch.verdict {
        Verdict::Resume { .. } => !watch.is_decided(false),
        Verdict::Healthy { .. }
        | Verdict::Wait(_)
        | Verdict::Leave(_)
        | Verdict::NeedsPerson(_)
        | Verdict::NotOurs
        | Verdict::Fail(_)
        | Verdict::Stale(_) => watch.attempt().is_open(),
    }
}

/// What became of a leg that is to be resumed and was not.
fn not_done(attempt: &Attempt) -> (LegResult, Reason) {
    if attempt.is_open() {
        return (LegResult::Failed, unfinished(attempt));
    }
    match attempt.failure() {
        Some(Failure::Changed { .. }) => (LegResult::Stale, Reason::Changed),
        Some(failure) => (LegResult::Failed, failure.reason()),
        None => (LegResult::Failed, Reason::OutOfTime),
    }
}

/// Why it is not known what came of an act before the time was up.
fn unfinished(attempt: &Attempt) -> Reason {
    if matches!(attempt, Attempt::Acting { .. }) { Reason::ResumeNotEnded } else { Reason::ResumeFailed }
}

/// Whether an act was requested, or may have been, of which nobody has seen yet what came of it.
fn may_take_effect(attempt: &Attempt) -> bool {
    match attempt {
        Attempt::Acting { .. } => true,
        Attempt::AwaitingLook(done) | Attempt::Doubted(done) => match done.outcome {
            Outcome::Ended(_) | Outcome::Unknown(_) => true,
            Outcome::Refused(_) | Outcome::Stale { .. } | Outcome::NotDone(_) => false,
        },
        Attempt::Idle
        | Attempt::Intended(_)
        | Attempt::BackingOff { .. }
        | Attempt::GivenUp { .. }
        | Attempt::Proved => false,
    }
}

/// What our resume was for, if it is what goes on, and not what others began after it.
fn continued(watch: &LegWatch, reason: Reason) -> Option<Reason> {
    if reason == Reason::InitialReplication {
        return Some(planned_reason(watch));
    }
    let latest = watch.latest_incident().and_then(|incident| incident.on_sender).map(|acts| acts.reason);
    latest.filter(|latest| reason == Reason::Resynchronizing && *latest == Reason::ResyncPausedByShutdown)
}

/// Why a leg that runs now was resumed.
fn planned_reason(watch: &LegWatch) -> Reason {
    watch.resumed_in().map_or(Reason::Error, |incident| incident.plan().reason)
}

/// The host that receives. Where two hosts hold the VM as primary, each may name the other or itself: neither receives.
fn replica(watch: &LegWatch, second_primary: Option<&str>) -> Option<String> {
    let name = watch.leg.receiver.host_name();
    let sends = |name: &str| watch.leg.sender.host_name() == Some(name) || second_primary == Some(name);
    name.filter(|name| second_primary.is_none() || !sends(name)).map(ToOwned::to_owned)
}

fn findings(watch: &LegWatch, around: Around) -> Vec<Finding> {
    let mut findings = Vec::new();
    let first = watch.leg.sender.host_name().map(ToOwned::to_owned);
    if let Some((second, runs)) = around.second_primary {
        let is_on = |end: &&SeenEnd| end.vm.enabled.is_on() == Some(true);
        let first_runs = watch.leg.sender.seen().filter(is_on).map(|end| end.host_name.clone());
        let running = first_runs.into_iter().chain(runs.then(|| second.clone())).collect();
        findings.push(Finding::BothPrimary { first, second, running });
    }
    findings.extend(around.other_primary.map(|host| Finding::OtherPrimaryNamed { host }));
    let incident = watch.latest_incident();
    if incident.is_some_and(|incident| incident.plan().log_unread) {
        findings.push(Finding::LogUnread);
    }
    let ends = [&watch.leg.sender, &watch.leg.receiver];
    let failed_over_once = |end: &SeenEnd| {
        end.object.failed_over != FailedOverType::None && !matches!(end.object.state.number(), 4..=6 | 12..=14)
    };
    if ends.into_iter().filter_map(End::seen).any(failed_over_once) {
        findings.push(Finding::FailedOverBefore);
    }
    findings.extend(watch.leg.leftovers.iter().cloned().map(|host| Finding::Leftover { host }));
    let may_be_ours = |incident: &Incident| {
        let intended = incident.attempt == Attempt::Idle && incident.perhaps_resumed.is_some();
        incident.unanswered.is_some() || intended
    };
    if incident.is_some_and(may_be_ours) {
        findings.push(Finding::AnswerLost);
    }
    if let Some(Failure::Refused(refusal)) = watch.attempt().failure() {
        findings.push(Finding::Refused(refusal.clone()));
    }
    findings
}

/// What is known of a leg with which the run had not finished when it was interrupted.
fn interrupted(watch: &LegWatch) -> LegTrouble {
    let cause = watch.attempt().failure().map_or(Cause::Interrupted, |failure| Cause::Failed(failure.clone()));
    let host = watch.leg.sender.host_name().map(ToOwned::to_owned);
    LegTrouble { host, may_be: None, stopped_again: stopped_again(watch), cause }
}

fn trouble(watch: &LegWatch, waits_for: Option<NotReady>, lost: Option<(String, Lost)>) -> LegTrouble {
    if let Some((host, lost)) = lost.filter(|_| is_unknown(watch.attempt())) {
        let stopped_again = stopped_again(watch);
        return LegTrouble { host: Some(host), may_be: None, stopped_again, cause: Cause::Lost(lost) };
    }
    let cause = match (watch.attempt(), unseen(watch)) {
        (attempt, _) if attempt.is_open() => Cause::Unfinished,
        (attempt, unseen) => match (attempt.failure(), unseen) {
            (Some(failure), _) => Cause::Failed(failure.clone()),
            (None, Some(problem)) => Cause::Unseen(problem.clone()),
            (None, None) => waits_for.map_or(Cause::Reason, |why| Cause::Unseen(why.problem)),
        },
    };
    let end = concerned(watch);
    let named = end.host_name();
    // A host that never said who it is keeps the name that the report lists it by.
    let asked = end.late().map(|(host, _)| host).filter(|host| Some(*host) != named);
    let may_be = asked.and(named).map(ToOwned::to_owned);
    let host = asked.or(named).map(ToOwned::to_owned);
    LegTrouble { host, may_be, stopped_again: stopped_again(watch), cause }
}

/// Whether people were told that it was resumed, and it does not run any more.
fn stopped_again(watch: &LegWatch) -> bool {
    watch.told.contains(&LegResult::Resumed)
}

/// The end on whose host something is wrong: the one that is not seen, else the one that is acted on.
fn concerned(watch: &LegWatch) -> &End {
    let Leg { sender, receiver, .. } = &watch.leg;
    let receiver_is_missing = sender.seen().is_some() && receiver.seen().is_none();
    let reason = match watch.verdict {
        Verdict::Wait(reason) | Verdict::Fail(reason) | Verdict::Stale(reason) => reason,
        Verdict::Resume { side: Side::Receiver, .. } => return receiver,
        Verdict::Healthy { .. }
        | Verdict::Leave(_)
        | Verdict::NeedsPerson(_)
        | Verdict::NotOurs
        | Verdict::Resume { side: Side::Sender, .. } => return sender,
    };
    let lacks_receiver = matches!(reason, Reason::WaitingForPeer | Reason::PeerNotSeen | Reason::PeerNotLoaded);
    let is_receivers =
        lacks_receiver || reason == Reason::NotReadable && receiver_is_missing && sender.settings().is_some();
    if is_receivers { receiver } else { sender }
}

/// Whether nobody knows what came of an attempt, or none was made. What a host said with a number of its own is known.
fn is_unknown(attempt: &Attempt) -> bool {
    match attempt {
        Attempt::Idle
        | Attempt::Intended(_)
        | Attempt::Acting { .. }
        | Attempt::AwaitingLook(_)
        | Attempt::Doubted(_) => true,
        Attempt::GivenUp { failure, .. } | Attempt::BackingOff { failure, .. } => match failure {
            Failure::NotDone(problem) | Failure::Unclear(problem) => problem.code.is_none(),
            Failure::NotRead => true,
            Failure::Refused(_)
            | Failure::WithoutEffect
            | Failure::StoppedAgain
            | Failure::Changed { .. }
            | Failure::Guarded(_) => false,
        },
        Attempt::Proved => false,
    }
}

/// Why an end or how it is set up is not seen, if it is not for lack of asking.
fn unseen(watch: &LegWatch) -> Option<&Problem> {
    [&watch.leg.sender, &watch.leg.receiver].into_iter().find_map(|end| match end {
        End::NotSeen(end) => match &end.whereabouts {
            Whereabouts::Late { problem, .. } | Whereabouts::Unreadable { problem, .. } => Some(problem),
            Whereabouts::NotAsked
            | Whereabouts::NotYet { .. }
            | Whereabouts::NotLoaded { .. }
            | Whereabouts::WithoutIt { .. } => None,
        },
        End::Seen(end) => end.object.settings.problem(),
    })
}
