//! `pause` and `resume` of one relationship. The answer comes when it is known what came of it.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use reprise_engine::{Judgement, LegReport, OrderEnd, OrderReport};
use reprise_model::{ActKind, LegId};
use serde::Deserialize;

use super::answer::{Answer, Form};
use super::problem::Problem;
use super::wanted::{Narrowed, Wanted};
use crate::client::ERROR;
use crate::exit;
use crate::pauses;
use crate::pausing::Pausing;
use crate::render::{json, order};
use crate::serve::desk::{Door, Ending};
use crate::serve::listening::Caller;
use crate::usage::Usage;

/// How long an order may take: a job of Hyper-V takes seconds, and one that takes longer than this hangs.
const ORDER_MAX: Duration = Duration::from_mins(2);

/// What may be said besides.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wish {
    /// Why, for those who see it later.
    reason: Option<String>,
}

/// Why an order was not given, or nobody knows what came of it.
enum Not {
    Found(Usage),
    Noted(Usage),
    Ending,
}

impl From<Ending> for Not {
    fn from(Ending: Ending) -> Self {
        Self::Ending
    }
}

impl From<Not> for Problem {
    fn from(not: Not) -> Self {
        match not {
            Not::Found(usage) => Self::of_usage(&usage),
            Not::Noted(usage) => Self::of_usage(&usage).of_the_daemon(),
            Not::Ending => Self::from(Ending),
        }
    }
}

pub(super) async fn pause(
    State(door): State<Door>,
    Path(named): Path<(String, String)>,
    Query(narrowed): Query<Narrowed>,
    ConnectInfo(caller): ConnectInfo<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match Wanted::of(&named, narrowed) {
        Ok(wanted) => order(door, wanted, ActKind::Pause, caller, headers, body).await,
        Err(problem) => problem.into_response(),
    }
}

pub(super) async fn resume(
    State(door): State<Door>,
    Path(named): Path<(String, String)>,
    Query(narrowed): Query<Narrowed>,
    ConnectInfo(caller): ConnectInfo<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match Wanted::of(&named, narrowed) {
        Ok(wanted) => order(door, wanted, ActKind::Resume, caller, headers, body).await,
        Err(problem) => problem.into_response(),
    }
}

async fn order(door: Door, wanted: Wanted, kind: ActKind, caller: Caller, headers: HeaderMap, body: Bytes) -> Response {
    let wish = if body.is_empty() { Ok(Wish::default()) } else { serde_json::from_slice(&body) };
    let wish: Wish = match wish {
        Ok(wish) => wish,
        Err(error) => {
            let next = "send nothing, or {\"reason\": \"…\"}";
            return Problem::new(StatusCode::BAD_REQUEST, "the body cannot be read", error.to_string(), next)
                .into_response();
        }
    };
    let carried_out = match kind {
        ActKind::Pause => paused(&door, wanted, &caller, wish.reason.clone()).await,
        ActKind::Resume => resumed(&door, wanted).await,
    };
    let report = match carried_out {
        Ok(report) => report,
        Err(not) => return Problem::from(not).into_response(),
    };
    let form = Form::of(&headers);
    let body = match form {
        Form::Json => json::line(&order::document(&report)),
        Form::Text(terminal) => order::text(&report, &terminal)
            .or_else(|| order::error(&report).map(|error| format!("{ERROR}{}", error.block())))
            .unwrap_or_default(),
    };
    let exit = exit::of_order(&report.end);
    if report.end == OrderEnd::Done {
        let told = door.ask(move |desk| desk.recorder.tell_order(&report, &caller.0, wish.reason.as_deref()));
        let _ending = told.await;
    }
    Answer { form, body, exit }.into_response()
}

/// A leg as it is seen, and what its verdict rests on.
async fn seen(door: &Door, wanted: Wanted) -> Result<(LegReport, Option<Judgement>), Not> {
    let found = door.ask(move |desk| {
        let (_, mut seen, leg) = wanted.find(desk)?;
        let judgement = seen.judged.remove(&leg.id);
        Ok((leg, judgement))
    });
    found.await?.map_err(Not::Found)
}

/// The order itself, until it has ended or its time is up.
async fn ordered(door: &Door, id: LegId, kind: ActKind) -> Result<OrderReport, Not> {
    let said = door.ask(move |desk| desk.order(id, kind, ORDER_MAX)).await?;
    said.await.map_err(|_| Not::Ending)
}

async fn paused(door: &Door, wanted: Wanted, Caller(by): &Caller, reason: Option<String>) -> Result<OrderReport, Not> {
    let (leg, judgement) = seen(door, wanted.clone()).await?;
    let pausing = Pausing::begin(&leg, judgement.as_ref(), by.clone(), reason).map_err(Not::Noted)?;
    let report = ordered(door, leg.id, ActKind::Pause).await?;
    let judgement = door.ask(move |desk| desk.controller.judgement(leg.id, desk.now)).await?;
    pausing.end(&report.end, &leg, judgement.as_ref()).map_err(Not::Noted)?;
    Ok(report)
}

async fn resumed(door: &Door, wanted: Wanted) -> Result<OrderReport, Not> {
    let (leg, _) = seen(door, wanted).await?;
    let report = ordered(door, leg.id, ActKind::Resume).await?;
    if matches!(report.end, OrderEnd::Done | OrderEnd::AlreadySo(_)) {
        pauses::forget(leg.id);
    }
    Ok(report)
}
