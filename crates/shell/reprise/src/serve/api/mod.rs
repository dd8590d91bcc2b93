//! The API of the daemon: HTTP and JSON, over a socket of this computer. Each answer is what the verb of the same name prints: the
//! document for programs or, for `Accept: text/plain`, the page for people.

mod answer;
mod history;
mod orders;
mod problem;
mod shared;
mod wanted;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use reprise_model::VmSelector;

use super::desk::{Door, Ending, NotFound};
use crate::journal::Current;
use crate::looked::exit_code;
use crate::render::{explain, json, status};
use answer::{Answer, Form};
pub(crate) use answer::{COLOURS, EXIT, WIDTH};
use problem::Problem;
use shared::Shared;
use wanted::{Narrowed, Wanted};

/// All routes.
pub(super) fn router(door: Door, store: Current) -> Router {
    Router::new()
        .route("/api/v1/status", get(all))
        .route("/api/v1/history", get(history::all))
        .route("/api/v1/relationships/{vm_id}/{leg}", get(one))
        .route("/api/v1/relationships/{vm_id}/{leg}/{act}", post(orders::order))
        .fallback(async || Problem::no_such_route())
        .method_not_allowed_fallback(async || Problem::no_such_method())
        .with_state(Shared { door, store })
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
    answered(answer.await)
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
    answered(answer.await)
}

fn answered(answer: Result<Result<Answer, NotFound>, Ending>) -> Response {
    match answer {
        Ok(Ok(answer)) => answer.into_response(),
        Ok(Err(not)) => Problem::from(not).into_response(),
        Err(ending) => Problem::from(ending).into_response(),
    }
}
