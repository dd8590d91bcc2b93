//! The fuzz target of the control API: a site answers every request and keeps running.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::Query;
use axum::http::Uri;
use reprise_lab::{Action, Spec, World};

use super::parameters::Parameters;
use super::refusal::Refusal;
use super::{faults, link_action, routes};

/// Maximum number of requests to one site.
const REQUESTS_MAX: usize = 24;

/// The target `control`: requests to one site, each on a line: seconds that pass before it, a space, and path and query. A
/// path in `/faults` with `-` before the seconds is a DELETE.
///
/// # Panics
/// If what must hold does not: that is a find.
pub fn control(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(mut world) = World::new(&Spec { hosts: 3, vms: 4, extended: 1, ..Spec::default() }) else { return };
    for line in text.lines().take(REQUESTS_MAX) {
        let Some((wait, request)) = line.split_once(' ') else { continue };
        let (deletes, wait) = wait.strip_prefix('-').map_or((false, wait), |wait| (true, wait));
        // At most ten minutes: simulated time is what takes real time here.
        let wait = Duration::from_secs(wait.parse().unwrap_or(0).min(600));
        let now = world.now() + wait;
        world.advance(now);
        let _answered = carry_out(&mut world, request, deletes);
        assert_eq!(world.now(), now);
    }
    drop(world.view());
}

fn carry_out(world: &mut World, request: &str, deletes: bool) -> Result<(), Refusal> {
    let bad = || Refusal::Bad("this is no request".to_owned());
    let uri: Uri = request.parse().map_err(|_| bad())?;
    let Query(query) = Query::<BTreeMap<String, String>>::try_from_uri(&uri).map_err(|_| bad())?;
    let mut parameters = Parameters::new(query);
    let mut path = uri.path().trim_start_matches('/').splitn(3, '/').map(ToOwned::to_owned);
    let (room, name, what) = (path.next(), path.next().unwrap_or_default(), path.next().unwrap_or_default());
    let action: Action = match room.as_deref() {
        Some("hosts") => routes::host_action(name, &what, &mut parameters)?,
        Some("vms") => routes::vm_action(name, &what, &mut parameters)?,
        Some("links") => {
            let (b, what) = what.split_once('/').ok_or_else(bad)?;
            link_action(name, b.to_owned(), what, &mut parameters)?
        }
        Some("faults") if deletes => {
            let selection = faults::selection(&name, parameters)?;
            return Ok(world.remove_faults(&name, selection.on, &selection.scope)?);
        }
        Some("faults") => {
            let wish = faults::wish(&name, parameters)?;
            return Ok(world.add_fault(wish.fault, &wish.scope, wish.count)?);
        }
        Some(_) | None => return Err(bad()),
    };
    parameters.none_left()?;
    Ok(world.carry_out(&action)?)
}
