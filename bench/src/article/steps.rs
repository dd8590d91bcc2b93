//! Changes to a lab, as short functions for the rows of a table.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::control::Lab;

/// Maximum wait for VMMS after a boot.
const SETTLE_MAX: Duration = Duration::from_mins(1);
/// How often VMMS is polled.
const LOOK: Duration = Duration::from_millis(50);

/// Does something to a host.
pub(super) fn host(lab: &Lab, host: usize, what: &str) -> Result<()> {
    let name = lab.host(host, "name")?;
    lab.http("POST", &format!("/hosts/{name}/{what}")).map(drop)
}

/// Does something to a VM.
pub(super) fn vm(lab: &Lab, vm: &str, what: &str) -> Result<()> {
    lab.http("POST", &format!("/vms/{vm}/{what}")).map(drop)
}

/// Breaks every leg of a host by an orderly restart, and waits until it shows all its VMs again.
pub(super) fn restart(lab: &Lab, host: usize) -> Result<()> {
    lab.restart(host)?;
    settled(lab)
}

/// Waits until VMMS has loaded everything on every host that is on.
pub(super) fn settled(lab: &Lab) -> Result<()> {
    let began = Instant::now();
    loop {
        let world = lab.http("GET", "/world")?;
        let hosts = world.get("hosts").and_then(|hosts| hosts.as_array()).context("no hosts")?;
        let loading = |host: &&serde_json::Value| {
            host.get("power").is_some_and(|power| power == "on") && host.get("vmms").is_some_and(|vmms| vmms != "ready")
        };
        if !hosts.iter().any(|host| loading(&host)) {
            return Ok(());
        }
        ensure!(began.elapsed() < SETTLE_MAX, "VMMS is not ready in time");
        std::thread::sleep(LOOK);
    }
}

/// Gives a VM the name of another VM, at one end or at both.
pub(super) fn second_name(lab: &Lab, from: &str, to: &str, side: Option<&str>) -> Result<()> {
    let found = lab.senders()?.into_iter().find(|sender| sender.vm == from).context("no such VM")?;
    let side = side.map_or_else(String::new, |side| format!("&side={side}"));
    vm(lab, &found.id, &format!("rename?to={to}{side}"))
}
