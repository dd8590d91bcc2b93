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
use crate::serve::desk::{Door, Ending, NotFound};
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
    Found(NotFound),
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
            Not::Found(not) => Self::from(not),
            Not::Noted(usage) => Self::of_usage(&usage).of_the_daemon(),
            Not::Ending => Self::from(Ending),
        }
    }
}

pub(super) async fn order(
    State(door): State<Door>,
    Path((vm, leg, act)): Path<(String, String, String)>,
    Query(narrowed): Query<Narrowed>,
    ConnectInfo(caller): ConnectInfo<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked = Wanted::of(&(vm, leg), narrowed).and_then(|wanted| Ok((wanted, kind(&act)?, wish(&body)?)));
    let (wanted, kind, wish) = match asked {
        Ok(asked) => asked,
        Err(problem) => return problem.into_response(),
    };
    // It goes on if nobody waits for the answer any more: its note is settled by what comes of it.
    let carried_out = tokio::spawn(carry_out(door, wanted, kind, caller, wish));
    let report = match carried_out.await.unwrap_or(Err(Not::Ending)) {
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
    Answer { form, body, exit: exit::of_order(&report.end) }.into_response()
}

fn kind(act: &str) -> Result<ActKind, Problem> {
    match act {
        "pause" => Ok(ActKind::Pause),
        "resume" => Ok(ActKind::Resume),
        _ => Err(Problem::no_such_route()),
    }
}

fn wish(body: &[u8]) -> Result<Wish, Problem> {
    if body.is_empty() {
        return Ok(Wish::default());
    }
    let next = "send nothing, or {\"reason\": \"…\"}";
    serde_json::from_slice(body)
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, "the body cannot be read", error.to_string(), next))
}

async fn carry_out(door: Door, wanted: Wanted, kind: ActKind, caller: Caller, wish: Wish) -> Result<OrderReport, Not> {
    let report = match kind {
        ActKind::Pause => paused(&door, wanted, &caller, wish.reason.clone()).await?,
        ActKind::Resume => resumed(&door, wanted).await?,
    };
    if report.end == OrderEnd::Done {
        let told = report.clone();
        door.ask(move |desk| desk.recorder.tell_order(&told, &caller.0, wish.reason.as_deref())).await?;
    }
    Ok(report)
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
