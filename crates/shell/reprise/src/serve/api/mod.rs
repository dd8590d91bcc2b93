//! The API of the daemon: HTTP and JSON, over a socket of this computer. Each answer is what the verb of the same name prints: the
//! document for programs or, for `Accept: text/plain`, the page for people.

mod answer;
mod history;
mod orders;
mod problem;

use axum::Router;
use axum::extract::{FromRef, Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use reprise_engine::LegReport;
use reprise_engine::goal::Report;
use reprise_model::{LegKind, VmSelector};
use serde::Deserialize;

use super::desk::{Desk, Door, Ending};
use crate::journal::Current;
use crate::looked::exit_code;
use crate::render::status::Seen;
use crate::render::{explain, json, status};
use crate::usage::Usage;
use answer::{Answer, Form};
pub(crate) use answer::{COLOURS, EXIT, WIDTH};
use problem::Problem;

/// All routes.
pub(super) fn router(door: Door, store: Current) -> Router {
    Router::new()
        .route("/api/v1/status", get(all))
        .route("/api/v1/history", get(history::all))
        .route("/api/v1/relationships/{vm_id}/{leg}", get(one))
        .route("/api/v1/relationships/{vm_id}/{leg}/pause", post(orders::pause))
        .route("/api/v1/relationships/{vm_id}/{leg}/resume", post(orders::resume))
        .fallback(async || Problem::no_such_route())
        .method_not_allowed_fallback(async || Problem::no_such_method())
        .with_state(Shared { door, store })
}

/// What every route has.
#[derive(Clone)]
struct Shared {
    door: Door,
    store: Current,
}

impl FromRef<Shared> for Door {
    fn from_ref(shared: &Shared) -> Self {
        shared.door.clone()
    }
}

/// `status`: `vm` may be given several times, `on` once.
async fn all(State(door): State<Door>, Query(query): Query<Vec<(String, String)>>, headers: HeaderMap) -> Response {
    let of = |key: &str| query.iter().filter(|(own, _)| own == key).map(|(_, value)| value.clone()).collect::<Vec<_>>();
    let vms: Vec<VmSelector> = of("vm").iter().map(|text| VmSelector::parse(text)).collect();
    let on = of("on").pop();
    let form = Form::of(&headers);
    let answer = door.ask(move |desk| {
        let (report, seen) = desk.report(&vms, on.as_deref())?;
        let body = match form {
            Form::Json => json::line(&status::document(&report, &seen)),
            Form::Text(terminal) => status::text(&report, &seen, &terminal),
        };
        Ok(Answer { form, body, exit: exit_code(&report, !vms.is_empty()) })
    });
    of_usage(answer.await)
}

/// `explain`.
async fn one(
    State(door): State<Door>,
    Path(named): Path<(String, String)>,
    Query(narrowed): Query<Narrowed>,
    headers: HeaderMap,
) -> Response {
    let form = Form::of(&headers);
    let wanted = match Wanted::of(&named, narrowed) {
        Ok(wanted) => wanted,
        Err(problem) => return problem.into_response(),
    };
    let answer = door.ask(move |desk| {
        let (mut report, seen, leg) = wanted.find(desk)?;
        report.legs = vec![leg];
        let body = match form {
            Form::Json => json::line(&status::explanation(&report, &seen)),
            Form::Text(terminal) => explain::text(&report, &seen, &terminal),
        };
        Ok(Answer { form, body, exit: exit_code(&report, true) })
    });
    of_usage(answer.await)
}

fn of_usage(answer: Result<Result<Answer, Usage>, Ending>) -> Response {
    match answer {
        Ok(Ok(answer)) => answer.into_response(),
        Ok(Err(usage)) => Problem::of_usage(&usage).into_response(),
        Err(ending) => Problem::from(ending).into_response(),
    }
}

/// A relationship, as a path names it: its VM by GUID or by a name that only one has.
#[derive(Clone)]
struct Wanted {
    vm: VmSelector,
    kind: LegKind,
    /// The host that it is from or to.
    on: Option<String>,
}

/// What narrows a name down.
#[derive(Deserialize)]
struct Narrowed {
    on: Option<String>,
}

impl Wanted {
    fn of((vm, kind): &(String, String), Narrowed { on }: Narrowed) -> Result<Self, Problem> {
        let kind = LegKind::named(kind).ok_or_else(|| Problem::no_such_kind(kind))?;
        Ok(Self { vm: VmSelector::parse(vm), kind, on })
    }

    fn find(&self, desk: &Desk<'_>) -> Result<(Report, Seen, LegReport), Usage> {
        let (report, seen) = desk.report(std::slice::from_ref(&self.vm), self.on.as_deref())?;
        let leg = report.legs.iter().find(|leg| leg.id.kind == self.kind).cloned();
        let missing = || {
            let why = format!("the VM has no {} relationship on the hosts that were seen", self.kind);
            Usage::new("there is no such relationship", why, "look at `reprise status`")
        };
        let leg = leg.ok_or_else(missing)?;
        Ok((report, seen, leg))
    }
}
