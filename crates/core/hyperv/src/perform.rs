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

/// Minimum wait between two polls of a job. Most state changes take well under a second.
const WAIT_LEAST: Duration = Duration::from_millis(50);
/// Maximum wait: the interval of Microsoft's own sample.
const WAIT_MOST: Duration = Duration::from_secs(1);
/// Between these limits, a job is polled again after its run time so far divided by this number: its end is noticed at most that
/// much later, and a job that takes ten times as long needs only a few more polls.
const WAIT_PART: u32 = 3;
/// Minimum waits after the first, second and third poll that did not show the job, so that it has time to appear.
const WAITS_UNSEEN: [Duration; 3] =
    [Duration::from_millis(150), Duration::from_millis(250), Duration::from_millis(500)];

/// Maximum time for following a job. While the job runs, the state already reads as requested, so without following the job,
/// success cannot be distinguished from a job that hangs. The caller can end it earlier by dropping the future.
const JOB_TIME_MAX: Duration = Duration::from_hours(24);
/// Maximum number of consecutive polls that fail or do not list the job.
const BLANK_LOOKS_MAX: u32 = 4;
/// Maximum time for which a host may reply that it is busy, between two successful polls. The host is up, so the job may exist
/// too; reloading a provider or restarting a service takes some seconds. After that, the act must not occupy its place any
/// longer.
const BUSY_TIME_MAX: Duration = Duration::from_secs(20);

/// Names of the steps in error messages.
struct Tries {
    /// The act itself: "resume replication".
    act: &'static str,
    /// The Get before it.
    read: String,
    /// Polling its job.
    follow: String,
}

impl Tries {
    fn of(row: &ActRow) -> Self {
        let act = row.what;
        Self {
            act,
            read: format!("read the replication object before the attempt to {act}"),
            follow: format!("follow the job that was started to {act}"),
        }
    }
}

/// Carries out one act: one Get, one Invoke, and a share of the queries for running jobs.
///
/// The Get reads the object with which the method is called, and so what can be compared with the expected values. On Server
/// 2012 it is the VM's row, which has both state and mode, and both are compared. Later versions of Windows keep the state in
/// the relationship and the mode only in the VM's row; a second read would be a third call for each act, so only the state is
/// compared there. The mode is as old as the look on which the act is based, and the engine limits that age. Whatever changes a
/// mode (a reversal, a removal) also leads to another state or removes the relationship, and a host refuses a change that does
/// not fit the VM's mode (32775).
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

/// Returns the method and its inputs. `TimeoutPeriod` is omitted, since the host ignores it.
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

/// Returns the outcome if the object differs from the one on which the act was decided; `None` if it does not.
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

/// Returns the outcome of a call that failed.
fn failed(error: &CallError, tries: &Tries) -> Outcome {
    use ErrorKind as K;
    let problem = problem::of(error, tries.act, Subject::Object);
    match (error.reached, error.kind) {
        // The host returned a fault: the method did not start.
        (Reached::Yes, K::Refused) => Outcome::Refused(codes::fault(error.status, &error.message)),
        (Reached::No, _)
        | (Reached::Yes, K::Unreachable | K::Untrusted | K::Denied | K::NotThere | K::Busy | K::Unsupported) => {
            Outcome::NotDone(problem)
        }
        // The host may have replied, but its reply is unknown.
        (Reached::Yes, K::TimedOut | K::Malformed | K::TooLarge) | (Reached::Perhaps, _) => Outcome::Unknown(problem),
    }
}

/// Evaluates the method's result. Sets `job` to the job that the host named, if any.
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
            Ok(None) => unclear("a job was started, but the host did not name it".to_owned()),
            Err(error) => unclear(error.to_string()),
        },
        // An HRESULT comes from some layer in between, possibly after the method started.
        Ok(Some(code)) if codes::is_hresult(code) => {
            let why = format!("the method returned {code:#010X}");
            let remedy = if codes::denies_access(code) { Remedy::GrantChange } else { Remedy::SeeWhatCame };
            Outcome::Unknown(Problem { code: Some(code), remedy, ..Problem::new(ProblemKind::Busy, tries.act, why) })
        }
        Ok(Some(code)) => Outcome::Refused(codes::refused_at_once(code, None)),
        Ok(None) => unclear("the method returned no value".to_owned()),
        Err(error) => unclear(error.to_string()),
    }
}

/// Waits until every state change that is running now has ended. One of them may be ours, if its reply was lost. While it runs,
/// the state already reads as requested, so nothing that is read before its end shows its result. If our own job is known but
/// could not be followed, it may be listed again, and then shows its result itself.
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

/// Returns the jobs to wait for after this poll, and whether the poll showed all jobs that were waited for before. A job remains
/// listed for minutes after its end, so a job that was running and is not listed was not shown. Our own job is waited for even
/// if others were listed before it.
fn awaited_after(before: Option<BTreeSet<String>>, rows: &[Row], own: Option<&str>) -> (BTreeSet<String>, bool) {
    let (running, listed) = (concrete_job::running(rows), concrete_job::listed(rows));
    let Some(before) = before else { return (running, true) };
    let all_shown = before.is_subset(&listed);
    let own = running.iter().find(|id| own.is_some_and(|own| own.eq_ignore_ascii_case(id))).cloned();
    let goes_on = |id: &String| running.contains(id) || !listed.contains(id);
    (before.into_iter().filter(goes_on).chain(own).collect(), all_shown)
}

/// Returns how a job has ended; `None` if it is running.
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

/// Counts polls that did not show the job, since the last one that did.
#[derive(Default)]
struct Misses {
    /// How many failed or did not list the job.
    blank: u32,
    /// Since when the host has replied that it is busy.
    busy_since: Option<Duration>,
}

impl Misses {
    /// Counts one more. Returns whether it was one too many. `failed` is `None` if the poll succeeded but did not list the job.
    fn are_too_many(&mut self, failed: Option<ErrorKind>, now: Duration) -> bool {
        if failed == Some(ErrorKind::Busy) {
            let since = *self.busy_since.get_or_insert(now);
            return now.saturating_sub(since) >= BUSY_TIME_MAX;
        }
        self.blank += 1;
        self.blank >= BLANK_LOOKS_MAX
    }

    /// Returns the wait before the next poll of a job that has run for that long.
    fn wait(&self, run: Duration) -> Duration {
        let part = (run / WAIT_PART).clamp(WAIT_LEAST, WAIT_MOST);
        let unseen = usize::try_from(self.blank).ok().and_then(|blank| WAITS_UNSEEN.get(blank.checked_sub(1)?));
        unseen.map_or(part, |least| part.max(*least))
    }
}

/// Follows a job to its end. It only reads, so a poll that fails is repeated, whatever the cause.
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
    let why = format!("the job is still running after {} h", JOB_TIME_MAX.as_secs() / 3_600);
    Outcome::Unknown(Problem::new(ProblemKind::TimedOut, tries.follow.as_str(), why).with_remedy(Remedy::SeeWhatCame))
}
