//! The control API: what people, patch tools and power failures do to the site, over HTTP.

mod faults;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod parameters;
mod refusal;
mod routes;
mod wmi;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use reprise_lab::Action;
use serde_json::json;

use crate::site::Site;
use crate::world_json;
use parameters::Parameters;
use refusal::Refusal;

/// Every route, with its parameters.
const ROUTES: [&str; 7] = [
    "GET /routes",
    "GET /world",
    "POST /requests/reset",
    "POST /hosts/{name}/wmi, with a JSON body: what the host's own WMI answers",
    "POST /links/{a}/{b}/cut",
    "POST /links/{a}/{b}/heal[?delay_ms=N]",
    "POST|DELETE /faults/{kind}[?host=H&vm=ID&count=N&op=get|enumerate|pull|invoke|subscribe]",
];

type Shared = State<Arc<Site>>;

pub(crate) fn router(site: Arc<Site>) -> Router {
    Router::new()
        .route("/routes", get(list))
        .route("/world", get(world))
        .route("/requests/reset", post(reset))
        .route("/hosts/{host}/wmi", post(wmi::answer))
        .route("/hosts/{host}/{*what}", post(host))
        .route("/vms/{vm}/{what}", post(vm))
        .route("/links/{a}/{b}/{what}", post(link))
        .route("/faults/{kind}", post(add_fault).delete(remove_faults))
        .fallback(unknown_route)
        .with_state(site)
}

type Answer = Result<Response, Refusal>;

async fn list() -> Response {
    let routes: Vec<&str> = ROUTES.iter().chain(routes::HOST).chain(routes::VM).copied().collect();
    Json(json!({ "routes": routes, "faults": faults::kinds() })).into_response()
}

async fn world(State(site): Shared) -> Response {
    let view = site.with_world(|world| world.view());
    Json(world_json::world(view, &site.counters(), site.options.speed)).into_response()
}

async fn reset(State(site): Shared) -> Response {
    site.reset_counters();
    done(&site)
}

async fn host(
    State(site): Shared,
    Path((host, what)): Path<(String, String)>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Answer {
    let mut parameters = Parameters::new(query);
    if what == "envelope" {
        return limit_envelopes(&site, &host, parameters);
    }
    let action = routes::host_action(host, &what, &mut parameters)?;
    carry_out(&site, parameters, &action).await
}

/// Sets `MaxEnvelopeSizekb`, which is WinRM's and not Hyper-V's.
fn limit_envelopes(site: &Site, host: &str, mut parameters: Parameters) -> Answer {
    let bytes = routes::envelope(&mut parameters)?;
    parameters.none_left()?;
    if !site.limit_envelopes(host, bytes) {
        return Err(Refusal::Unknown(format!("there is no host {host}")));
    }
    Ok(done(site))
}

async fn vm(
    State(site): Shared,
    Path((vm, what)): Path<(String, String)>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Answer {
    let mut parameters = Parameters::new(query);
    let action = routes::vm_action(vm, &what, &mut parameters)?;
    carry_out(&site, parameters, &action).await
}

async fn link(
    State(site): Shared,
    Path((a, b, what)): Path<(String, String, String)>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Answer {
    let mut parameters = Parameters::new(query);
    let action = link_action(a, b, &what, &mut parameters)?;
    carry_out(&site, parameters, &action).await
}

fn link_action(a: String, b: String, what: &str, parameters: &mut Parameters) -> Result<Action, Refusal> {
    Ok(match what {
        "cut" => Action::CutLink { a, b },
        "heal" => Action::HealLink { a, b, delay: parameters.millis("delay_ms")? },
        other => return Err(Refusal::Unknown(format!("there is no route /links/{a}/{b}/{other}"))),
    })
}

async fn add_fault(
    State(site): Shared,
    Path(kind): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Answer {
    let wish = faults::wish(&kind, Parameters::new(query))?;
    site.with_world(|world| world.add_fault(wish.fault, &wish.scope, wish.count))?;
    Ok(done(&site))
}

async fn remove_faults(
    State(site): Shared,
    Path(kind): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Answer {
    let selection = faults::selection(&kind, Parameters::new(query))?;
    site.with_world(|world| world.remove_faults(&kind, selection.on, &selection.scope))?;
    Ok(done(&site))
}

async fn unknown_route() -> Refusal {
    Refusal::Unknown("there is no such route; GET /routes lists all".to_owned())
}

async fn carry_out(site: &Site, parameters: Parameters, action: &Action) -> Answer {
    parameters.none_left()?;
    site.carry_out(action).await?;
    Ok(done(site))
}

fn done(site: &Site) -> Response {
    let view = site.with_world(|world| (world.now(), world.view().started_us));
    Json(json!({ "time": world_json::time(view.1, view.0) })).into_response()
}
