//! The facts and rules behind a verdict, for programs and in words.

use std::time::Duration;

use reprise_engine::judge::{Fact, FactValue, Judgement, Rule, RuleName, Source, Verdict};
use reprise_engine::{Side, Whereabouts};
use reprise_model::{
    EnabledState, FailedOverType, HostTime, LastReplication, Reason, ReplicationHealth, ReplicationState, Timestamp,
    VmmsEventKind,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::number::hexadecimal;
use super::time;

/// A fact in the document of `explain`.
#[derive(Serialize)]
pub(crate) struct FactEntry {
    fact: &'static str,
    value: Value,
    source: String,
    age_s: Option<u64>,
}

/// What is known of one end.
#[derive(Default)]
pub(super) struct EndFacts<'j> {
    pub(super) state: Option<ReplicationState>,
    pub(super) health: Option<ReplicationHealth>,
    pub(super) power: Option<EnabledState>,
    pub(super) failed_over: Option<FailedOverType>,
    pub(super) last_data: Option<LastReplication>,
    /// What its host's clock showed at the look.
    pub(super) clock: Option<HostTime>,
    pub(super) not_seen: Option<&'j Whereabouts>,
    /// How old the look is.
    pub(super) age: Option<Duration>,
}

impl<'j> EndFacts<'j> {
    pub(super) fn of(judgement: &'j Judgement, side: Side) -> Self {
        let mut end = Self::default();
        for Fact { value, age, .. } in &judgement.facts {
            match value {
                FactValue::State(of, state) if *of == side => (end.state, end.age) = (Some(*state), *age),
                FactValue::Health(of, health) if *of == side => end.health = Some(*health),
                FactValue::Power(of, power) if *of == side => end.power = Some(*power),
                FactValue::FailedOver(of, kind) if *of == side => end.failed_over = Some(*kind),
                FactValue::LastData(of, data) if *of == side => end.last_data = Some(*data),
                FactValue::Clock(of, clock) if *of == side => end.clock = Some(*clock),
                FactValue::NotSeen(of, whereabouts) if *of == side => end.not_seen = Some(whereabouts),
                FactValue::State(..)
                | FactValue::Health(..)
                | FactValue::Mode(..)
                | FactValue::Power(..)
                | FactValue::FailedOver(..)
                | FactValue::LastData(..)
                | FactValue::Clock(..)
                | FactValue::NotSeen(..)
                | FactValue::SecondPrimary
                | FactValue::LogRead(..)
                | FactValue::Recorded(..)
                | FactValue::PausedFromStart(_)
                | FactValue::Held(_)
                | FactValue::Resumes(_) => {}
            }
        }
        end
    }

    /// How old the last data was at the look, by the clock of the host that says when it arrived.
    pub(super) fn data_age(&self) -> Option<Duration> {
        let LastReplication::At(at) = self.last_data? else { return None };
        self.clock.map(|clock| clock.since(at))
    }
}

/// A rule in the document of `explain`.
#[derive(Serialize)]
pub(super) struct RuleEntry {
    rule: &'static str,
    says: String,
    decided: bool,
}

pub(crate) fn entry(fact: &Fact) -> FactEntry {
    FactEntry {
        fact: fact.value.code(),
        value: value(&fact.value),
        source: source(&fact.source),
        age_s: fact.age.as_ref().map(Duration::as_secs),
    }
}

pub(super) fn rule(rule: Rule) -> RuleEntry {
    RuleEntry { rule: rule.name.code(), says: says(rule), decided: rule.decided }
}

/// What a rule says, in a sentence.
pub(super) fn says(rule: Rule) -> String {
    rule.says.map_or_else(|| "No objection.".to_owned(), |verdict| reason(verdict).meaning().to_owned())
}

/// What a rule looks at.
pub(super) fn subject(name: RuleName) -> &'static str {
    match name {
        RuleName::Hold => "holds and exceptions",
        RuleName::Veto => "what forbids every act (failovers, tests, two primaries, a running replica)",
        RuleName::SenderSeen => "whether the primary server shows the VM",
        RuleName::Receiver => "the state on the replica server",
        RuleName::Sender => "the state on the primary server",
        RuleName::ReceiverSeen => "whether the replica server shows the VM",
        RuleName::HostReady => "whether the host is ready",
        RuleName::UnmatchedHold => "holds that match nothing",
    }
}

/// Why a verdict is what it is.
fn reason(verdict: Verdict) -> Reason {
    match verdict {
        Verdict::Healthy { held } => held.unwrap_or(Reason::Replicating),
        Verdict::NotOurs => Reason::SenderNotAsked,
        Verdict::Leave(reason)
        | Verdict::NeedsPerson(reason)
        | Verdict::Wait(reason)
        | Verdict::Resume { reason, .. }
        | Verdict::Fail(reason)
        | Verdict::Stale(reason) => reason,
    }
}

fn source(source: &Source) -> String {
    match source {
        Source::Look(host) => format!("look:{host}"),
        Source::EventLog(Side::Sender) => "event_log:primary".to_owned(),
        Source::EventLog(Side::Receiver) => "event_log:replica".to_owned(),
        Source::Policy => "policy".to_owned(),
        Source::Memory => "memory".to_owned(),
    }
}

fn value(value: &FactValue) -> Value {
    let at = |HostTime(at): HostTime| time(Timestamp(at));
    match value {
        FactValue::State(_, state) => json!(state.to_string()),
        FactValue::Health(_, health) => json!(health.to_string()),
        FactValue::Mode(_, mode) => json!(mode.to_string()),
        FactValue::Power(_, EnabledState::Other(number)) => json!(number),
        FactValue::Power(_, power) => json!(power_word(*power)),
        FactValue::FailedOver(_, kind) => json!(kind.to_string()),
        FactValue::LastData(_, LastReplication::At(data)) => json!(at(*data)),
        FactValue::LastData(_, LastReplication::Never) => Value::Null,
        FactValue::Clock(_, clock) => json!(at(*clock)),
        FactValue::NotSeen(_, whereabouts) => json!(not_seen_code(whereabouts)),
        FactValue::SecondPrimary => json!(true),
        FactValue::LogRead(_, read) => json!(read),
        FactValue::Recorded(kind, when) => match kind {
            VmmsEventKind::SendFailed { code } => json!({ "time": at(*when), "code": hexadecimal(*code) }),
            VmmsEventKind::NonRecoverable | VmmsEventKind::WillRetry { .. } => json!({ "time": at(*when) }),
        },
        FactValue::PausedFromStart(paused) => json!(paused),
        FactValue::Held(reason) => json!(reason.code()),
        FactValue::Resumes(count) => json!(count),
    }
}

/// Whether a VM runs, in a word.
pub(super) fn power_word(power: EnabledState) -> &'static str {
    match power {
        EnabledState::Running => "running",
        EnabledState::Off => "off",
        EnabledState::Saved => "saved",
        EnabledState::Paused => "paused",
        EnabledState::Starting => "starting",
        EnabledState::Stopping => "stopping",
        EnabledState::Other(_) => "in an unknown state",
    }
}

fn not_seen_code(whereabouts: &Whereabouts) -> &'static str {
    match whereabouts {
        Whereabouts::NotAsked => "not_asked",
        Whereabouts::NotYet { .. } => "not_yet",
        Whereabouts::Late { .. } => "not_ready",
        Whereabouts::Unreadable { .. } => "not_readable",
        Whereabouts::NotLoaded { .. } => "not_loaded",
        Whereabouts::WithoutIt { .. } => "not_there",
    }
}
