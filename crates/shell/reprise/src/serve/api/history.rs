//! `history`: what was decided, done and reported, of one VM or of all, oldest first.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use reprise_model::{Timestamp, VmId, VmSelector};
use reprise_store::{HistoryQuery, StoreError};
use serde::Deserialize;

use super::answer::{Answer, Form};
use super::problem::Problem;
use super::shared::Shared;
use crate::exit;
use crate::render::{history, json};
use crate::serve::desk::NotFound;

/// Maximum number of items in one answer.
const ITEMS_MAX: u32 = 10_000;
/// The usual number of items.
const ITEMS: u32 = 200;

/// What is asked for.
#[derive(Deserialize)]
pub(super) struct Wanted {
    /// Of this VM alone.
    vm: Option<String>,
    /// From then on, RFC 3339.
    since: Option<String>,
    /// At most so many items, the latest.
    limit: Option<u32>,
}

pub(super) async fn all(
    State(Shared { door, store }): State<Shared>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    let vm = match wanted.vm.as_deref().map(VmSelector::parse) {
        None => None,
        Some(VmSelector::Id(id)) => Some(id),
        Some(named) => {
            let found = door.ask(move |desk| {
                let (report, _) = desk.report(std::slice::from_ref(&named), None)?;
                Ok::<Option<VmId>, NotFound>(report.legs.first().map(|leg| leg.id.vm))
            });
            match found.await {
                Ok(Ok(vm)) => vm,
                Ok(Err(not)) => return Problem::from(not).into_response(),
                Err(ending) => return Problem::from(ending).into_response(),
            }
        }
    };
    let since = match wanted.since.map(|text| text.parse::<jiff::Timestamp>()).transpose() {
        Ok(since) => since.map(|at| Timestamp(at.as_millisecond())),
        Err(error) => {
            let (title, next) = ("`since` is not a time", "write a time such as 2026-11-30T22:00:00Z");
            return Problem::new(StatusCode::BAD_REQUEST, title, error.to_string(), next).into_response();
        }
    };
    let query = HistoryQuery { vm, since, limit: wanted.limit.unwrap_or(ITEMS).min(ITEMS_MAX) };
    let store = store.borrow().clone();
    let items = match store.history(query).await {
        Ok(items) => items,
        Err(error) => return of_store(&error).into_response(),
    };
    let form = Form::of(&headers);
    let body = match form {
        Form::Json => json::line(&history::document(&items)),
        Form::Text(terminal) => history::text(&items, &terminal),
    };
    Answer { form, body, exit: exit::OK }.into_response()
}

/// What was stored cannot be read.
fn of_store(error: &StoreError) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "what happened cannot be read", error.to_string(), error.next())
}
