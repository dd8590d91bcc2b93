//! The run of the script, from its first event to its exit code.

use std::time::Duration;

use cim::{Namespace, Reply, Request, wql};

use super::decision::{self, Line};
use super::resume::resume;
use super::session::Session;

/// How long the script waits for a list that is not empty, in seconds: `$StartUpTimeout`.
const STARTUP_TIMEOUT_S: u32 = 60;
/// How often `WaitForStatus` looks.
const STATUS_LOOK: Duration = Duration::from_millis(250);

const SECOND: Duration = Duration::from_secs(1);

/// The result of a run.
pub(super) struct Ran {
    /// Its exit code; `None` if it had not ended at the time limit.
    pub(super) exit: Option<u8>,
    /// Its duration by its own clock: sleeps that were shortened count in full.
    pub(super) took: Duration,
    pub(super) lines: Vec<Line>,
    pub(super) objects: usize,
}

/// Runs the script on one host. Where the script waits without a limit, the time limit uses the script's own clock; for
/// everything else that might hang, it uses the real clock.
pub(super) async fn run(mut session: Session) -> Ran {
    let bound = session.pace.bound;
    let exit = tokio::time::timeout(bound, body(&mut session)).await.ok().flatten();
    Ran { exit, took: session.elapsed(), lines: session.lines, objects: session.objects }
}

/// Returns its exit code; `None` if it waited for VMMS until the time limit.
async fn body(session: &mut Session) -> Option<u8> {
    let own = session.own();
    session.lines.push(decision::started());
    while !vmms_runs(session, &own).await {
        if session.elapsed() >= session.pace.bound {
            return None;
        }
        session.sleep(STATUS_LOOK).await;
    }
    let mut count = 0;
    while session.list(&own).await.is_empty() {
        session.sleep(SECOND).await;
        count += 1;
        if count == STARTUP_TIMEOUT_S {
            session.lines.push(decision::not_ready());
            return Some(1);
        }
    }
    session.lines.push(decision::ready(count));
    for local in session.list(&own).await {
        let (name, primary) = (local.name, local.primary);
        let before: Vec<_> = session.list_named(&primary, &name).await.iter().map(|vm| vm.state).collect();
        if before.is_empty() {
            session.lines.push(decision::not_read(&name, &primary, session.last_error.as_deref()));
            return Some(1);
        }
        if decision::is_left_alone(&before) {
            continue;
        }
        let refusal = resume(session, &primary, &name).await;
        session.sleep(SECOND).await;
        let now: Vec<_> = session.list_named(&primary, &name).await.iter().map(|vm| vm.state).collect();
        let still_stopped = decision::is_still_stopped(&before, &now);
        session.lines.push(decision::resumed_or_not(&name, &primary, still_stopped, refusal.as_deref()));
    }
    Some(0)
}

async fn vmms_runs(session: &mut Session, own: &str) -> bool {
    let select = wql::Select::all("Win32_Service").filter(wql::Condition::equals("Name", "vmms"));
    let request = Request::Query { namespace: Namespace::new("root/cimv2"), select };
    let answer = match session.client(own) {
        Ok(client) => client.call(request).await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(Reply::Rows(rows)) => {
            rows.iter().any(|row| row.get::<String>("State").is_ok_and(|state| state == "Running"))
        }
        Ok(Reply::Instance(_) | Reply::Output(_)) => false,
        Err(error) => {
            session.failed(&error);
            false
        }
    }
}
