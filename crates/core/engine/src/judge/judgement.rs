//! What a verdict rests on, as data: each fact with its value, where it comes from and how old it is.

use std::time::Duration;

use reprise_model::{
    EnabledState, Evidence, FailedOverType, Hold, HostTime, LastReplication, MonoTime, Policy, Refusal,
    ReplicationHealth, ReplicationMode, ReplicationState, Timestamp, VmmsEventKind,
};

use super::{Memory, Rule, Verdict, decide, held, held_by, judge};
use crate::evidence;
use crate::leg::{End, Leg, SeenEnd, Side, Whereabouts};

/// One leg judged, with all that this rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// What is to be done.
    pub verdict: Verdict,
    /// What else is worth saying.
    pub findings: Vec<Finding>,
    /// What was known when it was judged.
    pub facts: Vec<Fact>,
    /// The rules that were asked.
    pub rules: Vec<Rule>,
    /// The hold or exception that covers it.
    pub held_by: Option<HeldBy>,
}

/// A hold or an exception that covers a leg.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldBy {
    /// Its place in the policy.
    pub place: usize,
    /// The hold.
    pub hold: Hold,
}

/// Something that is worth saying of a leg and decides nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Two hosts hold its VM as primary.
    BothPrimary {
        /// The one that counts as its primary here.
        first: Option<String>,
        /// The other.
        second: String,
        /// On which of them the VM runs.
        running: Vec<String>,
    },
    /// Its replica names another host as its primary than the one that shows it: the VM has moved, or one of the two is wrong.
    OtherPrimaryNamed {
        /// Which.
        host: String,
    },
    /// The event log that could explain its stop could not be read.
    LogUnread,
    /// It still bears the mark of an earlier failover (`FailedOverReplicationType`).
    FailedOverBefore,
    /// Another host holds a replica of the VM, which its primary does not name.
    Leftover {
        /// Which.
        host: String,
    },
    /// The answer to our own resume was lost, so that it may have been ours.
    AnswerLost,
    /// The host refused our latest act.
    Refused(Refusal),
}

/// One thing that was known.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// What.
    pub value: FactValue,
    /// Where it comes from.
    pub source: Source,
    /// How old it is; `None` for what has no age.
    pub age: Option<Duration>,
}

/// Where a fact comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A look at that host.
    Look(String),
    /// The event log of the host of that end.
    EventLog(Side),
    /// What is wanted.
    Policy,
    /// What we did and saw ourselves.
    Memory,
}

/// What is known.
#[derive(Clone, Debug, PartialEq)]
pub enum FactValue {
    /// The state of an end.
    State(Side, ReplicationState),
    /// The health of an end, by its host's own count.
    Health(Side, ReplicationHealth),
    /// The part that the VM of an end plays.
    Mode(Side, ReplicationMode),
    /// Whether the VM of an end runs.
    Power(Side, EnabledState),
    /// How an end was failed over.
    FailedOver(Side, FailedOverType),
    /// When data last arrived, by the clock of the end's host.
    LastData(Side, LastReplication),
    /// What the clock of the end's host showed at the look.
    Clock(Side, HostTime),
    /// An end is not seen.
    NotSeen(Side, Whereabouts),
    /// A second host holds the VM as primary.
    SecondPrimary,
    /// Whether the event log of an end's host could be read.
    LogRead(Side, bool),
    /// VMMS recorded this of the VM, at that time of the host's clock.
    Recorded(VmmsEventKind, HostTime),
    /// Whether the pause was there at the first look or after a boot that nobody saw end otherwise.
    PausedFromStart(bool),
    /// A hold, an exception or a freeze covers it.
    Held(reprise_model::Reason),
    /// How many of our resumes ended well in this incident.
    Resumes(u32),
}

impl FactValue {
    /// A stable name in `snake_case`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::State(Side::Sender, _) => "sender_state",
            Self::State(Side::Receiver, _) => "receiver_state",
            Self::Health(Side::Sender, _) => "sender_health",
            Self::Health(Side::Receiver, _) => "receiver_health",
            Self::Mode(Side::Sender, _) => "sender_mode",
            Self::Mode(Side::Receiver, _) => "receiver_mode",
            Self::Power(Side::Sender, _) => "sender_power",
            Self::Power(Side::Receiver, _) => "receiver_power",
            Self::FailedOver(Side::Sender, _) => "sender_failed_over",
            Self::FailedOver(Side::Receiver, _) => "receiver_failed_over",
            Self::LastData(Side::Sender, _) => "sender_last_data",
            Self::LastData(Side::Receiver, _) => "receiver_last_data",
            Self::Clock(Side::Sender, _) => "sender_clock",
            Self::Clock(Side::Receiver, _) => "receiver_clock",
            Self::NotSeen(Side::Sender, _) => "sender_not_seen",
            Self::NotSeen(Side::Receiver, _) => "receiver_not_seen",
            Self::SecondPrimary => "second_primary",
            Self::LogRead(Side::Sender, _) => "sender_log_read",
            Self::LogRead(Side::Receiver, _) => "receiver_log_read",
            Self::Recorded(VmmsEventKind::NonRecoverable, _) => "event_32086",
            Self::Recorded(VmmsEventKind::SendFailed { .. }, _) => "event_32022",
            Self::Recorded(VmmsEventKind::WillRetry { .. }, _) => "event_32315",
            Self::PausedFromStart(_) => "paused_from_start",
            Self::Held(_) => "held",
            Self::Resumes(_) => "resumes",
        }
    }
}

impl Judgement {
    /// Judges a leg, with all that this rests on.
    pub fn of(leg: &Leg, memory: &Memory, policy: &Policy, now: MonoTime, wall: Timestamp) -> Self {
        let verdict = judge(leg, memory, policy, wall);
        let leftovers = leg.leftovers.iter().cloned().map(|host| Finding::Leftover { host });
        let hold = |(place, hold): (usize, &Hold)| HeldBy { place, hold: hold.clone() };
        Self {
            verdict,
            findings: leftovers.collect(),
            facts: facts(leg, memory, policy, now, wall),
            rules: asked(leg, memory, policy, wall),
            held_by: held_by(leg, policy, wall).map(hold),
        }
    }
}

/// The rules that are asked about a leg, holds first. One of them decided: the last that says what the verdict is.
fn asked(leg: &Leg, memory: &Memory, policy: &Policy, wall: Timestamp) -> Vec<Rule> {
    let mut rules = Vec::new();
    let verdict = decide(leg, memory, policy, wall, &mut |name, says| {
        rules.push(Rule { name, says, decided: false });
    });
    if let Some(rule) = rules.iter_mut().rev().find(|rule| rule.says == Some(verdict)) {
        rule.decided = true;
    }
    // Holds are asked last, since they need the verdict without them.
    rules.rotate_right(1);
    rules
}

fn facts(leg: &Leg, memory: &Memory, policy: &Policy, now: MonoTime, wall: Timestamp) -> Vec<Fact> {
    let mut facts = Vec::new();
    for (side, end, log) in
        [(Side::Sender, &leg.sender, &memory.sender_events), (Side::Receiver, &leg.receiver, &memory.receiver_events)]
    {
        match end {
            End::Seen(seen) => facts.extend(of_end(side, seen, now)),
            End::NotSeen(unseen) => {
                facts.push(remembered(FactValue::NotSeen(side, unseen.whereabouts.clone())));
            }
        }
        let is_read = match log {
            Evidence::Awaited => None,
            Evidence::NotReadable => Some(false),
            Evidence::Readable(_) => Some(true),
        };
        let log_fact = |value| Fact { value, source: Source::EventLog(side), age: None };
        facts.extend(is_read.map(|read| log_fact(FactValue::LogRead(side, read))));
        let clock = end.seen().and_then(SeenEnd::clock);
        facts.extend(evidence::of(log, leg.id.vm).map(|event| Fact {
            age: clock.map(|clock| clock.since(event.at)),
            ..log_fact(FactValue::Recorded(event.kind, event.at))
        }));
    }
    if leg.second_primary.is_some() {
        facts.push(remembered(FactValue::SecondPrimary));
    }
    if leg.sender.state() == Some(ReplicationState::Suspended) {
        facts.push(remembered(FactValue::PausedFromStart(memory.paused_from_start)));
    }
    if memory.resumes > 0 {
        facts.push(remembered(FactValue::Resumes(memory.resumes)));
    }
    facts.extend(held(leg, policy, wall).map(|reason| Fact {
        value: FactValue::Held(reason),
        source: Source::Policy,
        age: None,
    }));
    facts
}

fn remembered(value: FactValue) -> Fact {
    Fact { value, source: Source::Memory, age: None }
}

fn of_end(side: Side, end: &SeenEnd, now: MonoTime) -> impl Iterator<Item = Fact> {
    let values = [
        FactValue::State(side, end.object.state),
        FactValue::Mode(side, end.vm.mode),
        FactValue::Power(side, end.vm.enabled),
        FactValue::FailedOver(side, end.object.failed_over),
        FactValue::LastData(side, end.object.last_replication),
    ];
    let age = now.since(end.looked);
    let health = end.object.health.map(|health| FactValue::Health(side, health));
    let clock = end.clock().map(|clock| FactValue::Clock(side, clock));
    let values = values.into_iter().chain(health).chain(clock);
    values.map(move |value| Fact { value, source: Source::Look(end.host_name.clone()), age: Some(age) })
}
