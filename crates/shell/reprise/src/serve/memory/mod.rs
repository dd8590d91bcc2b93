//! What the engine remembers of a leg, as the text that the daemon's store keeps: one JSON object, and back.
//!
//! A reader ignores fields that it does not know. A word that it does not know is an error: what an attempt was that nobody
//! understands must not be guessed. Whatever is only for people to read (advice, the text of a rule) is found again, with a general
//! text where that fails.

mod attempt;
#[cfg(test)]
mod tests;
mod words;

use reprise_engine::{FirstSight, IncidentMemory, LegMemory, Plan, SenderMemory, Stands};
use reprise_model::{HostTime, LastReplication};
use serde::{Deserialize, Serialize};

use attempt::AttemptForm;
use words::{BeginningWord, ReasonCode, ResultWord, SideWord, StateNumber};

/// The version of the form. A field that a reader of the same version may miss does not raise it; everything else does.
const VERSION: u64 = 1;

/// Why a text cannot be read. Its leg counts as never seen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    /// It is damaged, or says a word that is not known.
    #[error("cannot read what is remembered of the leg")]
    Damaged(#[source] serde_json::Error),
    /// It is of another version.
    #[error("cannot read what is remembered of the leg: it has version {0}, and this program reads version {VERSION}")]
    Version(u64),
}

/// Writes down what is remembered of a leg.
pub(crate) fn write(memory: &LegMemory) -> String {
    serde_json::to_string(&LegForm::from(memory)).expect("its keys are texts, and nothing in it refuses to be written")
}

/// Reads what [`write`] wrote.
///
/// # Errors
/// The text is damaged, says an unknown word, or has another version.
pub(crate) fn read(text: &str) -> Result<LegMemory, Unreadable> {
    let Versioned { version } = serde_json::from_str(text).map_err(Unreadable::Damaged)?;
    if version != VERSION {
        return Err(Unreadable::Version(version));
    }
    serde_json::from_str::<LegForm>(text).map(LegMemory::from).map_err(Unreadable::Damaged)
}

#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

#[derive(Serialize, Deserialize)]
struct LegForm {
    version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    beginning: Option<BeginningWord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ran_on: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stands: Option<StandsForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<StateNumber>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    told: Vec<ResultWord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<IncidentForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<IncidentForm>,
}

/// Times are in milliseconds since 1970, by the host's clock.
#[derive(Serialize, Deserialize)]
struct StandsForm {
    host: String,
    state: StateNumber,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shown: Option<ShownForm>,
}

#[derive(Serialize, Deserialize)]
struct ShownForm {
    by_ms: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    booted_ms: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct IncidentForm {
    attempt: AttemptForm,
    plan: PlanForm,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_sender: Option<SenderForm>,
    reported: bool,
    tries: u32,
    stales: u32,
    resumes: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    unanswered: Option<SideWord>,
    doubted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_before: Option<DataForm>,
    /// In milliseconds since 1970, by the host's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    booted_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    perhaps_resumed: Option<SideWord>,
}

#[derive(Serialize, Deserialize)]
struct PlanForm {
    reason: ReasonCode,
    side: SideWord,
    without_evidence: bool,
    log_unread: bool,
}

#[derive(Serialize, Deserialize)]
struct SenderForm {
    first: PlanForm,
    reason: ReasonCode,
    proved: bool,
}

/// When data last arrived, in milliseconds since 1970 by the host's clock.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DataForm {
    Never,
    AtMs(i64),
}

impl From<&LegMemory> for LegForm {
    fn from(memory: &LegMemory) -> Self {
        Self {
            version: VERSION,
            beginning: memory.beginning.map(BeginningWord::from),
            ran_on: memory.ran_on.clone(),
            stands: memory.stands.as_ref().map(StandsForm::from),
            before: memory.before.map(StateNumber::from),
            told: memory.told.iter().copied().map(ResultWord::from).collect(),
            incident: memory.incident.as_ref().map(IncidentForm::from),
            closed: memory.closed.as_ref().map(IncidentForm::from),
        }
    }
}

impl From<LegForm> for LegMemory {
    fn from(form: LegForm) -> Self {
        Self {
            beginning: form.beginning.map(Into::into),
            ran_on: form.ran_on,
            stands: form.stands.map(Into::into),
            before: form.before.map(Into::into),
            told: form.told.into_iter().map(Into::into).collect(),
            incident: form.incident.map(Into::into),
            closed: form.closed.map(Into::into),
        }
    }
}

impl From<&Stands> for StandsForm {
    fn from(stands: &Stands) -> Self {
        let shown = |FirstSight { by, booted }: FirstSight| ShownForm { by_ms: by.0, booted_ms: booted.map(|at| at.0) };
        Self {
            host: stands.host.clone(),
            state: stands.state.into(),
            after_ms: stands.after.map(|at| at.0),
            shown: stands.shown.map(shown),
        }
    }
}

impl From<StandsForm> for Stands {
    fn from(form: StandsForm) -> Self {
        let shown = |ShownForm { by_ms, booted_ms }: ShownForm| FirstSight {
            by: HostTime(by_ms),
            booted: booted_ms.map(HostTime),
        };
        Self {
            host: form.host,
            state: form.state.into(),
            after: form.after_ms.map(HostTime),
            shown: form.shown.map(shown),
        }
    }
}

impl From<&IncidentMemory> for IncidentForm {
    fn from(incident: &IncidentMemory) -> Self {
        Self {
            attempt: AttemptForm::from(&incident.attempt),
            plan: incident.plan.into(),
            on_sender: incident.on_sender.map(|SenderMemory { first, reason, proved }| SenderForm {
                first: first.into(),
                reason: ReasonCode(reason),
                proved,
            }),
            reported: incident.reported,
            tries: incident.tries,
            stales: incident.stales,
            resumes: incident.resumes,
            unanswered: incident.unanswered.map(Into::into),
            doubted: incident.doubted,
            booted_ms: incident.booted.map(|at| at.0),
            data_before: incident.data_before.map(|data| match data {
                LastReplication::Never => DataForm::Never,
                LastReplication::At(at) => DataForm::AtMs(at.0),
            }),
            perhaps_resumed: incident.perhaps_resumed.map(Into::into),
        }
    }
}

impl From<IncidentForm> for IncidentMemory {
    fn from(form: IncidentForm) -> Self {
        Self {
            attempt: form.attempt.into(),
            plan: form.plan.into(),
            on_sender: form.on_sender.map(|SenderForm { first, reason, proved }| SenderMemory {
                first: first.into(),
                reason: reason.0,
                proved,
            }),
            reported: form.reported,
            tries: form.tries,
            stales: form.stales,
            resumes: form.resumes,
            unanswered: form.unanswered.map(Into::into),
            doubted: form.doubted,
            booted: form.booted_ms.map(HostTime),
            data_before: form.data_before.map(|data| match data {
                DataForm::Never => LastReplication::Never,
                DataForm::AtMs(at) => LastReplication::At(HostTime(at)),
            }),
            perhaps_resumed: form.perhaps_resumed.map(Into::into),
        }
    }
}

impl From<Plan> for PlanForm {
    fn from(Plan { reason, side, without_evidence, log_unread }: Plan) -> Self {
        Self { reason: ReasonCode(reason), side: side.into(), without_evidence, log_unread }
    }
}

impl From<PlanForm> for Plan {
    fn from(PlanForm { reason, side, without_evidence, log_unread }: PlanForm) -> Self {
        Self { reason: reason.0, side: side.into(), without_evidence, log_unread }
    }
}
