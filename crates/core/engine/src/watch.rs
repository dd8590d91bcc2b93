//! One watched leg: what is seen of it, its verdict, its incident if it has one, and the notices given about it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use reprise_model::{HostId, MonoTime, Outcome, ReplicationState};

use crate::attempt::Attempt;
use crate::bounds::{Resumed, runs};
use crate::incident::{Incident, Plan, RetryLimits, Weighed};
use crate::judge::{Memory, Readiness, Verdict};
use crate::leg::Side;
use crate::leg::{End, Leg, SeenEnd, Whereabouts};
use crate::past::{Beginning, Past};
use crate::retry;
use crate::status::LegResult;

/// A leg of which newer data is awaited is looked at this often: a cycle takes half a minute at least.
const LOOK_TO_CONFIRM: Duration = Duration::from_secs(5);

/// A receiver is given so long to be read after a refusal that it may explain: a look takes seconds.
const LOOK_AFTER_REFUSAL: Duration = Duration::from_secs(10);

/// One leg.
#[derive(Debug)]
pub(crate) struct LegWatch {
    pub(crate) leg: Leg,
    pub(crate) verdict: Verdict,
    pub(crate) memory: Memory,
    pub(crate) past: Past,
    /// The sender whose past is known, if two hosts say that they send it: what came of an act on it, only its host says.
    own_sender: Option<Arc<SeenEnd>>,
    /// The sender's state when it was first seen.
    pub(crate) before: Option<ReplicationState>,
    /// On which host that was.
    before_on: Option<HostId>,
    pub(crate) presence: Presence,
    /// Boxed: most legs have none.
    pub(crate) incident: Option<Box<Incident>>,
    /// The last incident that ended.
    pub(crate) closed: Option<Box<Incident>>,
    /// Until when newer data is awaited after a proved resume, if anybody wants to wait for it.
    pub(crate) confirm_by: Option<MonoTime>,
    /// The late host that would have to be looked at before it is acted on: its turn has come, and that host showed its end
    /// too long ago.
    pub(crate) late_host: Option<HostId>,
    /// When it is tried once more although it was given up; `None` if it is not given up, or not known to be.
    pub(crate) rests_until: Option<MonoTime>,
    /// Results that people were told of and that still stand.
    pub(crate) told: BTreeSet<LegResult>,
}

/// Whether any host shows a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// A host shows something of it that cannot be read, and never showed more.
    Guessed,
    /// A host shows it.
    Shown,
    /// One did, and none does any more.
    Gone,
}

impl LegWatch {
    pub(crate) fn new(leg: Leg) -> Self {
        Self {
            leg,
            verdict: Verdict::Wait(reprise_model::Reason::SenderNotReady),
            memory: Memory::default(),
            past: Past::default(),
            own_sender: None,
            before: None,
            before_on: None,
            presence: Presence::Guessed,
            incident: None,
            closed: None,
            confirm_by: None,
            late_host: None,
            rests_until: None,
            told: BTreeSet::new(),
        }
    }

    /// Takes in what is known now, before it is judged. `own_sender` is the sender whose past is known, if the leg has two.
    pub(crate) fn saw(&mut self, leg: Leg, own_sender: Option<Arc<SeenEnd>>) {
        (self.leg, self.own_sender, self.late_host) = (leg, own_sender, None);
        let ends = [&self.leg.sender, &self.leg.receiver];
        if self.presence == Presence::Gone || ends.into_iter().any(|end| end.seen().is_some()) {
            self.presence = Presence::Shown;
        }
        if let Some(sender) = self.leg.sender.seen() {
            // Of two primaries, what one of them was before says nothing of the other.
            let is_another =
                self.leg.second_primary.is_some() && self.before_on.is_some_and(|host| host != sender.host);
            if self.before.is_none() || is_another {
                self.before = Some(sender.object.state);
                self.before_on = Some(sender.host);
            }
        }
        // Of two primaries neither says how the pause of the other began. A VM that has moved is soon shown by one host alone.
        if let Some(sender) = self.own_sender.clone().or_else(|| self.leg.sender.shared()) {
            self.saw_sender(&sender);
        }
        if let Some(receiver) = self.leg.receiver.seen() {
            self.past.saw_receiver(receiver);
        }
    }

    /// Takes in what the sender's host shows.
    fn saw_sender(&mut self, sender: &SeenEnd) {
        let is_fresh = self.is_fresh(sender);
        let on_sender = |acted: Option<(Side, MonoTime)>| acted.filter(|(side, _)| *side == Side::Sender);
        let of = |pick: fn(&Incident) -> Option<(Side, MonoTime)>| self.latest_incident().and_then(pick);
        let resumed = Resumed {
            surely: on_sender(of(|incident| incident.resumed)).map(|(_, at)| at),
            perhaps: on_sender(of(|incident| incident.perhaps_resumed)).map(|(_, at)| at),
        };
        self.memory.pause = self.past.saw_sender(sender, is_fresh, resumed);
        // Of an incident from before a restart nobody knows when it was resumed.
        let begun = self.past.changed().or(self.past.since(Side::Sender).filter(|_| self.incident.is_some()));
        self.memory.running_for = begun.map(|since| sender.looked.since(since));
        self.memory.paused_from_start = self.past.beginning() == Some(Beginning::Unseen);
    }

    /// Takes in what hosts show that all say that they send it.
    pub(crate) fn saw_primaries<'a>(&mut self, senders: impl Iterator<Item = &'a SeenEnd>) {
        let Some(own) = self.own_sender.as_deref().or(self.leg.sender.seen()) else { return };
        let mut others = senders.filter(|other| other.host != own.host);
        let is_one_paused = others.any(|other| other.object.state == ReplicationState::Suspended);
        self.past.saw_others(&own.host_name, is_one_paused);
    }

    /// How far the attempt to bring it to run is.
    pub(crate) fn attempt(&self) -> &Attempt {
        const IDLE: &Attempt = &Attempt::Idle;
        self.incident.as_ref().map_or(IDLE, |incident| &incident.attempt)
    }

    /// An end, if its host shows it.
    pub(crate) fn end(&self, side: Side) -> Option<&SeenEnd> {
        self.either(side).seen()
    }

    fn either(&self, side: Side) -> &End {
        match side {
            Side::Sender => &self.leg.sender,
            Side::Receiver => &self.leg.receiver,
        }
    }

    /// The same end, or of two senders the one whose past is known.
    pub(crate) fn own_end(&self, side: Side) -> Option<&SeenEnd> {
        let own = self.own_sender.as_deref().filter(|_| side == Side::Sender);
        own.or_else(|| self.end(side))
    }

    /// When the latest look began that showed an end.
    fn looked(&self, side: Side) -> Option<MonoTime> {
        self.own_end(side).map(|end| end.looked)
    }

    /// Since when an end is as it is, as far as we have seen: the beginning of the first look that showed it so, or the
    /// end of our own last act on it.
    pub(crate) fn since(&self, side: Side) -> MonoTime {
        let acted = self.incident.as_ref().filter(|incident| !incident.attempt.is_acting());
        let acted = acted.and_then(|incident| incident.acted).filter(|(on, _)| *on == side).map(|(_, at)| at);
        self.past.since(side).max(acted).unwrap_or_default()
    }

    /// Whether the look that shows the sender so began after our last act on it had ended. While an act runs, the state already reads
    /// as requested, so that a look which comes meanwhile proves nothing. An act of which nobody knows whether it was ever asked
    /// for does not hide that a person resumed and paused the leg.
    fn is_fresh(&self, sender: &SeenEnd) -> bool {
        let runs = matches!(self.attempt(), Attempt::Acting { side: Side::Sender, .. });
        let done = self.attempt().done().filter(|done| done.side == Side::Sender && !done.only_intended);
        !runs && done.is_none_or(|done| sender.looked >= done.after)
    }

    /// Whether its sender was last looked at before an act on it began of which no result is known.
    pub(crate) fn is_older_than_act(&self) -> bool {
        let may_act = matches!(self.attempt(), Attempt::Acting { .. } | Attempt::AwaitingLook(_));
        let unread = matches!(self.attempt(), Attempt::GivenUp { unread: Some(_), .. });
        let acts = self.incident.as_ref().and_then(|incident| incident.on_sender).filter(|_| may_act || unread);
        let began = acts.and_then(|acts| acts.began);
        began.is_some_and(|began| self.looked(Side::Sender).is_some_and(|looked| looked <= began))
    }

    /// Whether a fresh look is needed before anything can be said.
    pub(crate) fn awaits_look(&self) -> bool {
        matches!(self.attempt(), Attempt::AwaitingLook(_) | Attempt::Doubted(_)) && self.lacks_look()
    }

    /// Whether no look has shown yet what came of the last act, be it that none is waited for any more.
    pub(crate) fn lacks_look(&self) -> bool {
        let fresh = |(side, after)| self.looked(side).is_some_and(|looked| looked >= after);
        self.attempt().fresh_after().is_some_and(|after| !fresh(after))
    }

    /// The same of an act on that end.
    pub(crate) fn lacks_look_at(&self, side: Side) -> bool {
        self.lacks_look() && self.attempt().fresh_after().is_some_and(|(acted, _)| acted == side)
    }

    /// The host that shows the end that was acted on last, even if it cannot be read. If none does any more, the host of the
    /// other end, once: the leg may be gone there too.
    pub(crate) fn acted_on(&self) -> Option<HostId> {
        let (side, after) = self.attempt().fresh_after()?;
        let other = match side {
            Side::Sender => Side::Receiver,
            Side::Receiver => Side::Sender,
        };
        let is_old = self.looked(other).is_none_or(|looked| looked < after);
        let own = self.own_end(side).map(|end| end.host).or_else(|| self.either(side).shown_by());
        own.or_else(|| self.either(other).shown_by().filter(|_| is_old))
    }

    /// The receiver's host, and until when a look at it may explain why the sender's host refused for good to resume a leg that still
    /// stands as it did: a failover may have begun since the look that the act rested on.
    pub(crate) fn unexplained_refusal(&self, now: MonoTime) -> Option<(HostId, MonoTime)> {
        let Attempt::AwaitingLook(done) = self.attempt() else { return None };
        let is_final = matches!(&done.outcome, Outcome::Refused(refusal) if !refusal.transient);
        let stands = |sender: &&SeenEnd| sender.looked >= done.after && sender.object.state == done.from;
        self.own_end(Side::Sender).filter(|_| is_final && done.side == Side::Sender).filter(stands)?;
        let is_ready = self.memory.receiver_host == Readiness::Ready;
        let receiver = self.leg.receiver.seen().filter(|end| is_ready && end.looked < done.after)?;
        let until = done.after + LOOK_AFTER_REFUSAL;
        (now < until).then_some((receiver.host, until))
    }

    /// Whether the receiver's host is among those asked.
    pub(crate) fn receiver_asked(&self) -> bool {
        match &self.leg.receiver {
            End::Seen(_) => true,
            End::NotSeen(end) => end.whereabouts != Whereabouts::NotAsked,
        }
    }

    /// Weighs the last act by a fresh look. `retry_until` bounds new tries.
    pub(crate) fn weigh(
        &mut self,
        now: MonoTime,
        retry_until: Option<MonoTime>,
        chance: &mut fastrand::Rng,
    ) -> Weighed {
        let limits = RetryLimits { retry_until, receiver_asked: self.receiver_asked() };
        if self.unexplained_refusal(now).is_some() {
            return Weighed::Nothing;
        }
        let Some(incident) = &mut self.incident else { return Weighed::Nothing };
        let side = incident.attempt.fresh_after().map(|(side, _)| side).or(incident.unanswered);
        let sender = self.own_sender.as_deref().or(self.leg.sender.seen());
        let end = match side {
            Some(Side::Sender) => sender,
            Some(Side::Receiver) => self.leg.receiver.seen(),
            None => None,
        };
        let weighed = incident.weigh(now, end, limits, chance);
        if sender.is_some_and(|sender| !runs(sender.object.state)) {
            incident.sender_stands();
        }
        self.memory.resumes = incident.resumes;
        weighed
    }

    /// Ends its incident if it runs again and newer data has arrived.
    pub(crate) fn close_incident(&mut self) {
        let Some(sender) = self.own_sender.as_deref().or(self.leg.sender.seen()) else { return };
        let runs = sender.object.state == ReplicationState::Replicating;
        let ends = |incident: &Incident| runs && !incident.attempt.is_open() && incident.is_confirmed_by(sender);
        // One whose last act no look told of is not known to be over.
        let ends = |incident: &Incident| ends(incident) && incident.attempt.fresh_after().is_none();
        // Nor is one over that is still to be reported as resumed.
        let is_told = self.told.contains(&LegResult::Resumed);
        let ends = |incident: &Incident| {
            ends(incident) && (is_told || !incident.is_sender_proved() || incident.attempt == Attempt::Proved)
        };
        if self.incident.as_deref().is_some_and(ends) {
            self.closed = self.incident.take();
            self.confirm_by = None;
            self.told.clear();
            self.memory.resumes = 0;
        }
    }

    /// For a controller that never stops retrying: when a leg is tried once more that was given up. One in Error a while after that was
    /// first seen, and any after its host has booted: what stood in the way may be gone, and what stands is not what stood then. Else a
    /// pause that stands after a resume may be a person's, and is not fought.
    pub(crate) fn rest(&mut self, now: MonoTime, side: Side, limits: RetryLimits) -> Option<MonoTime> {
        let (Some(end), Some(incident)) = (self.end(side), self.incident.as_deref()) else { return None };
        let has_booted = incident.has_booted_since(end);
        let is_error = end.object.state == ReplicationState::Error;
        if limits.retry_until.is_some() || !self.attempt().is_given_up() || !(is_error || has_booted) {
            self.rests_until = None;
            return None;
        }
        let until = *self.rests_until.get_or_insert(now + retry::REST);
        if until > now && !has_booted {
            return Some(until);
        }
        self.rests_until = None;
        if let Some(incident) = &mut self.incident {
            incident.try_once_more(limits);
        }
        None
    }

    /// The incident that a report speaks of: the one that is open, else the last one.
    pub(crate) fn latest_incident(&self) -> Option<&Incident> {
        self.incident.as_deref().or(self.closed.as_deref())
    }

    /// The incident in which a leg that runs was resumed, if it was: the one before an open one that is only about its replica, and
    /// in which nothing of ours is known to have repaired that.
    pub(crate) fn resumed_in(&self) -> Option<&Incident> {
        let of_replica = |open: &Incident| {
            let none_on_sender = open.plan.side == Side::Receiver && open.on_sender.is_none();
            none_on_sender && open.attempt != Attempt::Proved
        };
        let before =
            || self.closed.as_deref().filter(|closed| closed.attempt == Attempt::Proved || closed.is_sender_proved());
        match self.incident.as_deref().filter(|open| of_replica(open)) {
            Some(open) => before().or(Some(open)),
            None => self.latest_incident(),
        }
    }

    /// Notes what is planned, and opens an incident if there is none.
    pub(crate) fn plans(&mut self, plan: Plan) -> &mut Incident {
        let data = self.leg.sender.seen().map(|end| end.object.last_replication);
        let incident = self.incident.get_or_insert_with(|| Box::new(Incident::new(plan, data)));
        if incident.tries == 0 && incident.stales == 0 {
            incident.plan.without_evidence = plan.without_evidence;
            // What the log said when it was decided; of a leg that runs again nothing is asked.
            incident.plan.log_unread = plan.log_unread;
        }
        incident
    }

    /// When a leg that was resumed is looked at next for newer data, if that is awaited: a while after its latest look.
    pub(crate) fn confirming_look(&self, now: MonoTime) -> Option<MonoTime> {
        let waits = self.confirm_by.is_some_and(|by| now < by) && !self.attempt().is_open();
        self.looked(Side::Sender).filter(|_| waits).map(|looked| looked + LOOK_TO_CONFIRM)
    }

    /// Whether nothing more is done or waited for until something new is seen.
    pub(crate) fn is_settled(&self, dry_run: bool) -> bool {
        self.confirm_by.is_none() && self.is_decided(dry_run)
    }

    /// Whether nothing more is done until something new is seen, and at most newer data is waited for.
    pub(crate) fn is_decided(&self, dry_run: bool) -> bool {
        if self.attempt().is_open() {
            return false;
        }
        match self.verdict {
            Verdict::Resume { .. } => self.attempt().is_given_up() || dry_run || self.late_host.is_some(),
            Verdict::Wait(reason) => reason == reprise_model::Reason::VmmsRetries,
            Verdict::Healthy { .. }
            | Verdict::Leave(_)
            | Verdict::NeedsPerson(_)
            | Verdict::NotOurs
            | Verdict::Fail(_)
            | Verdict::Stale(_) => true,
        }
    }
}
