//! Carrying out one act: read the object, call the method, follow the job. It never repeats the call.

use std::collections::BTreeSet;
use std::time::Duration;

use cim::{Argument, CallError, ErrorKind, ObjectPath, Output, Port, Reached, Row, Value};
use reprise_model::{
    Act, ActRow, Ended, Kept, Method, Outcome, Problem, ProblemKind, Remedy, ReplicationMode, ReplicationState,
};

use crate::class::concrete_job::{self, Complaint, Progress};
use crate::class::{VIRTUALIZATION, relationship, virtual_machine};
use crate::codes;
use crate::problem::{self, Subject};

/// The least wait between two looks at a job. Most state changes take well under a second.
const WAIT_LEAST: Duration = Duration::from_millis(50);
/// The longest: the pace of Microsoft's own sample.
const WAIT_MOST: Duration = Duration::from_secs(1);
/// In between, a job is looked at again after one part in so many of the time that it has run: its end is noticed that much
/// late at most, and ten times as long a job takes a few looks more.
const WAIT_PART: u32 = 3;
/// Waits after looks that did not show the job, from the first one on, so that it is given time to be listed.
const WAITS_UNSEEN: [Duration; 3] =
    [Duration::from_millis(150), Duration::from_millis(250), Duration::from_millis(500)];

/// Longest time that a job is followed. As long as it runs, the state reads as requested, so whoever stops looking at the
/// job can no longer tell success from a job that hangs. The caller ends it sooner by dropping it; this bounds one that
/// does not.
const JOB_TIME_MAX: Duration = Duration::from_hours(24);
/// Looks in a row that may fail, or in which the job may not be listed yet.
const BLANK_LOOKS_MAX: u32 = 4;
/// How long a host may answer that it is busy, from one good look to the next. It is there, so the job may be too; a
/// provider that is loaded again or a service that restarts takes some seconds. Longer than that, the act must not hold
/// its place.
const BUSY_TIME_MAX: Duration = Duration::from_secs(20);

/// What is tried on the way, as errors name it.
struct Tries {
    /// The act itself: "resume replication".
    act: &'static str,
    /// The Get before it.
    read: String,
    /// The looks at its job.
    follow: String,
}

impl Tries {
    fn of(row: &ActRow) -> Self {
        let act = row.what;
        Self {
            act,
            read: format!("read the replication object that is needed to {act}"),
            follow: format!("follow the job that is to {act}"),
        }
    }
}

/// Carries out one act. One Get, one Invoke, and a share in the queries for running jobs.
///
/// The Get reads what the method is called with, and that decides what can be compared once more. On Server 2012 it is
/// the VM's row, where state and mode stand together, and both are compared. Later Windows keeps the state in the
/// relationship and the mode in the VM's row alone, and a second read for each act would be the third call of two.
/// There the state is compared. The mode is as fresh as the look that the act rests on, whose age the engine bounds;
/// what changes a mode (a reversal, a removal) leaves another state behind or no relationship at all; and a host refuses
/// a change that does not fit the VM's mode (32775).
pub async fn perform(port: &impl Port, act: &Act) -> Outcome {
    let row = act.kind.row();
    let tries = &Tries::of(row);
    port.note("reading the replication object");
    let path = match &act.kept {
        Kept::AsRelationship { instance_id } => relationship::path(instance_id),
        Kept::InVm => virtual_machine::path(&act.vm_key),
    };
    let object = match cim::get(port, path).await {
        Ok(object) => object,
        Err(error) if error.kind == ErrorKind::NotThere => return Outcome::Stale { found: "gone".to_owned() },
        Err(error) => return Outcome::NotDone(problem::of(&error, &tries.read, Subject::Object)),
    };
    if let Some(outcome) = unlike_expected(&object, act, tries) {
        return outcome;
    }
    let (method, arguments) = match call(&object, act, row.method) {
        Ok(call) => call,
        Err(error) => {
            return Outcome::NotDone(problem::odd(&tries.read, error.to_string()));
        }
    };
    port.note("asking for the state change");
    let mut job = None;
    let outcome = match cim::invoke(port, virtual_machine::path(&act.vm_key), method, arguments).await {
        Ok(output) => returned(port, &output, tries, &mut job).await,
        Err(error) => failed(&error, tries),
    };
    if !matches!(outcome, Outcome::Unknown(_)) {
        return outcome;
    }
    outlast_jobs(port, tries, job.as_deref()).await.unwrap_or(outcome)
}

/// The method that is called, with its inputs. `TimeoutPeriod` is left out: the host ignores it.
fn call(object: &Row, act: &Act, method: Method) -> Result<(&'static str, Vec<Argument>), cim::cimxml::WriteError> {
    let Method::RequestStateChange { requested } = method;
    let requested = Argument::new("RequestedState", Value::Uint16(requested.number()));
    Ok(match &act.kept {
        Kept::AsRelationship { .. } => {
            let embedded = Value::String(relationship::embedded(object)?);
            let arguments = vec![Argument::new("ReplicationRelationship", embedded), requested];
            ("RequestReplicationStateChangeEx", arguments)
        }
        Kept::InVm => ("RequestReplicationStateChange", vec![requested]),
    })
}

/// What it means that the object is not as it was when the act was decided; `None` if it is.
fn unlike_expected(object: &Row, act: &Act, tries: &Tries) -> Option<Outcome> {
    let compare = || {
        let state = ReplicationState::from_number(object.get("ReplicationState")?);
        let mode = match act.kept {
            Kept::AsRelationship { .. } => act.expected_mode,
            Kept::InVm => ReplicationMode::from_number(object.get("ReplicationMode")?),
        };
        if state != act.expected_state {
            return Ok(Some(state.to_string()));
        }
        Ok((mode != act.expected_mode).then(|| format!("in the mode {mode}")))
    };
    match compare() {
        Ok(found) => found.map(|found| Outcome::Stale { found }),
        Err(error) => Some(Outcome::NotDone(problem::unreadable(&error, &tries.read))),
    }
}

/// The call itself failed.
fn failed(error: &CallError, tries: &Tries) -> Outcome {
    use ErrorKind as K;
    let problem = problem::of(error, tries.act, Subject::Object);
    match (error.reached, error.kind) {
        // The host answered with a fault: it did not begin.
        (Reached::Yes, K::Refused) => Outcome::Refused(codes::fault(error.status, &error.message)),
        (Reached::No, _)
        | (Reached::Yes, K::Unreachable | K::Untrusted | K::Denied | K::NotThere | K::Busy | K::Unsupported) => {
            Outcome::NotDone(problem)
        }
        // If it answered, then what it answered is not known.
        (Reached::Yes, K::TimedOut | K::Malformed | K::TooLarge) | (Reached::Perhaps, _) => Outcome::Unknown(problem),
    }
}

/// `job` is set to the job that the host named, if it named one.
async fn returned(port: &impl Port, output: &Output, tries: &Tries, job: &mut Option<String>) -> Outcome {
    let unclear = |why: String| Outcome::Unknown(problem::odd(tries.act, why).with_remedy(Remedy::SeeWhatCame));
    match output.return_value() {
        Ok(Some(codes::DONE)) => Outcome::Ended(Ended::AtOnce),
        Ok(Some(codes::JOB_STARTED)) => match output.get_opt::<ObjectPath>("Job") {
            Ok(Some(path)) => match path.key("InstanceID") {
                Some(id) => {
                    *job = Some(id.to_owned());
                    follow(port, tries, id).await
                }
                None => unclear("the job that was started has no InstanceID".to_owned()),
            },
            Ok(None) => unclear("a job was started, but not named".to_owned()),
            Err(error) => unclear(error.to_string()),
        },
        // An HRESULT comes from somewhere on the way, which may be behind the point where the method began.
        Ok(Some(code)) if codes::is_hresult(code) => {
            let why = format!("the method returned {code:#010X}");
            let remedy = if codes::denies_access(code) { Remedy::GrantHyperV } else { Remedy::SeeWhatCame };
            Outcome::Unknown(Problem { code: Some(code), remedy, ..Problem::new(ProblemKind::Busy, tries.act, why) })
        }
        Ok(Some(code)) => Outcome::Refused(codes::refused_at_once(code, None)),
        Ok(None) => unclear("the method returned no value".to_owned()),
        Err(error) => unclear(error.to_string()),
    }
}

/// Waits until every state change that runs now has ended. One of them may be ours whose answer was lost, and while it
/// runs, the state already reads as requested: nothing that is read before its end says what came of it. A job that is
/// known to be ours and that could not be followed may be listed again: then it says itself what came of it.
async fn outlast_jobs(port: &impl Port, tries: &Tries, own: Option<&str>) -> Option<Outcome> {
    port.note("waiting for jobs that may be ours");
    let began = port.elapsed();
    let mut misses = Misses::default();
    let mut awaited: Option<BTreeSet<String>> = None;
    while port.elapsed().saturating_sub(began) < JOB_TIME_MAX {
        match cim::query(port, VIRTUALIZATION, concrete_job::state_changes()).await {
            Ok(rows) => {
                let found = own.and_then(|id| concrete_job::find(&rows, id).ok().flatten());
                if let Some(outcome @ (Outcome::Ended(_) | Outcome::Refused(_))) =
                    found.and_then(|found| ended(found, tries))
                {
                    return Some(outcome);
                }
                let (left, all_shown) = awaited_after(awaited.take(), &rows, own);
                if left.is_empty() {
                    return None;
                }
                awaited = Some(left);
                if all_shown {
                    misses = Misses::default();
                } else if misses.are_too_many(None, port.elapsed()) {
                    return None;
                }
            }
            Err(error) if misses.are_too_many(Some(error.kind), port.elapsed()) => return None,
            Err(_) => {}
        }
        port.pause(misses.wait(port.elapsed())).await;
    }
    None
}

/// Which jobs are waited for after this look, and whether it has shown all of those that were waited for before. A job is
/// listed for minutes after its end: one that ran and is not listed was not shown. Our own one is waited for even if others
/// were listed before it.
fn awaited_after(before: Option<BTreeSet<String>>, rows: &[Row], own: Option<&str>) -> (BTreeSet<String>, bool) {
    let (running, listed) = (concrete_job::running(rows), concrete_job::listed(rows));
    let Some(before) = before else { return (running, true) };
    let all_shown = before.is_subset(&listed);
    let own = running.iter().find(|id| own.is_some_and(|own| own.eq_ignore_ascii_case(id))).cloned();
    let goes_on = |id: &String| running.contains(id) || !listed.contains(id);
    (before.into_iter().filter(goes_on).chain(own).collect(), all_shown)
}

/// How a job has ended; `None` if it runs.
fn ended(progress: Progress, tries: &Tries) -> Option<Outcome> {
    Some(match progress {
        Progress::Running => return None,
        Progress::Good => Outcome::Ended(Ended::ByJob),
        Progress::Cancelled(complaint) => {
            Outcome::Refused(codes::cancelled(complaint.code, complaint.words.as_deref()))
        }
        Progress::Failed(Complaint { code, words }) => {
            let refusal = |code| codes::refusal(code, words.as_deref());
            Outcome::Refused(code.map_or_else(|| codes::failed(words.as_deref()), refusal))
        }
        Progress::Unknown(number) => {
            let why = format!("the job is in the unknown state {number}");
            Outcome::Unknown(problem::odd(&tries.follow, why).with_remedy(Remedy::SeeWhatCame))
        }
    })
}

/// Looks that did not show what was looked for, since the last that did.
#[derive(Default)]
struct Misses {
    /// How many failed or did not list the job.
    blank: u32,
    /// Since when the host answers that it is busy.
    busy_since: Option<Duration>,
}

impl Misses {
    /// Takes in one more; whether that is the last. `failed` is absent if the look went well and the job was not listed.
    fn are_too_many(&mut self, failed: Option<ErrorKind>, now: Duration) -> bool {
        if failed == Some(ErrorKind::Busy) {
            let since = *self.busy_since.get_or_insert(now);
            return now.saturating_sub(since) >= BUSY_TIME_MAX;
        }
        self.blank += 1;
        self.blank >= BLANK_LOOKS_MAX
    }

    /// How long to wait before the next look at what has run for so long.
    fn wait(&self, run: Duration) -> Duration {
        let part = (run / WAIT_PART).clamp(WAIT_LEAST, WAIT_MOST);
        let unseen = usize::try_from(self.blank).ok().and_then(|blank| WAITS_UNSEEN.get(blank.checked_sub(1)?));
        unseen.map_or(part, |least| part.max(*least))
    }
}

/// Follows a job to its end. Only reads: nothing here can be repeated by mistake, so a look that fails is taken again,
/// whatever it failed by.
async fn follow(port: &impl Port, tries: &Tries, id: &str) -> Outcome {
    port.note("following the job");
    let began = port.elapsed();
    let mut misses = Misses::default();
    let mut last = problem::hidden(&tries.follow, "the job is not listed; its result is unknown", Remedy::SeeWhatCame);
    while port.elapsed().saturating_sub(began) < JOB_TIME_MAX {
        port.pause(misses.wait(port.elapsed().saturating_sub(began))).await;
        let rows = cim::query(port, VIRTUALIZATION, concrete_job::state_changes()).await;
        let failed = rows.as_ref().err().map(|error| error.kind);
        let found = match &rows {
            Ok(rows) => concrete_job::find(rows, id).map_err(|error| problem::unreadable(&error, &tries.follow)),
            Err(error) => Err(problem::of(error, &tries.follow, Subject::Job)),
        };
        match found {
            Ok(Some(progress)) => match ended(progress, tries) {
                Some(outcome) => return outcome,
                None => misses = Misses::default(),
            },
            Ok(None) => {
                if misses.are_too_many(None, port.elapsed()) {
                    return Outcome::Unknown(last);
                }
            }
            Err(problem) => {
                last = problem;
                if misses.are_too_many(failed, port.elapsed()) {
                    return Outcome::Unknown(last);
                }
            }
        }
    }
    let why = format!("the job still runs after {} h", JOB_TIME_MAX.as_secs() / 3_600);
    Outcome::Unknown(Problem::new(ProblemKind::TimedOut, tries.follow.as_str(), why).with_remedy(Remedy::SeeWhatCame))
}
