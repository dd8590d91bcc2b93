//! Which of the relationships that were seen a person wants to be shown.

use std::collections::BTreeSet;

use reprise_engine::goal::Report;
use reprise_engine::{Candidate, Controller, LegReport};
use reprise_model::{LegId, VmId, VmSelector};

use crate::render::{hold, list};
use crate::usage::Usage;

/// Keeps only the legs from or to a host.
pub(crate) fn on_host(report: &mut Report, host: &str) -> Result<(), Usage> {
    let all = std::mem::take(&mut report.legs);
    let names: BTreeSet<String> = all.iter().flat_map(|leg| [&leg.primary, &leg.replica]).flatten().cloned().collect();
    report.legs = all.into_iter().filter(|leg| is_on(leg, host)).collect();
    if report.legs.is_empty() && !names.is_empty() {
        let names: Vec<String> = names.into_iter().collect();
        let why = format!("relationships of these hosts were seen: {}", list(&names));
        return Err(Usage::new(format!("no relationship of host {host} was seen"), why, "check --on"));
    }
    Ok(())
}

/// Keeps only the legs of these VMs. With none all are kept.
pub(crate) fn of_vms(report: &mut Report, controller: &Controller, vms: &[VmSelector]) -> Result<(), Usage> {
    if vms.is_empty() {
        return Ok(());
    }
    let mut wanted: BTreeSet<LegId> = BTreeSet::new();
    for vm in vms {
        let legs: Vec<&LegReport> = report.legs.iter().filter(|leg| controller.is_of(leg.id, vm)).collect();
        let ids: BTreeSet<VmId> = legs.iter().map(|leg| leg.id.vm).collect();
        match ids.len() {
            0 => return Err(unknown(report, vm)),
            1 => wanted.extend(legs.iter().map(|leg| leg.id)),
            _ => return Err(several(vm, &legs)),
        }
    }
    report.legs.retain(|leg| wanted.contains(&leg.id));
    Ok(())
}

/// Whether a leg is sent from or to a host, by its name or its first label.
fn is_on(leg: &LegReport, host: &str) -> bool {
    let is_it = |name: &str| {
        let label = name.split('.').next().unwrap_or(name);
        name.eq_ignore_ascii_case(host) || label.eq_ignore_ascii_case(host)
    };
    [&leg.primary, &leg.replica, &leg.second_primary].into_iter().flatten().any(|name| is_it(name))
}

/// The error for a VM that nobody has seen.
fn unknown(report: &Report, vm: &VmSelector) -> Usage {
    let names: BTreeSet<String> = report.legs.iter().map(|leg| leg.vm.clone()).collect();
    let names: Vec<String> = names.into_iter().collect();
    let shown = match names.as_slice() {
        [] => "no replicated VM was seen".to_owned(),
        some => format!("these VMs were seen: {}", list(some)),
    };
    let missing: Vec<String> = report.hosts.iter().filter(|host| !host.ready).map(|host| host.name.clone()).collect();
    let missing = if missing.is_empty() { String::new() } else { format!("; not ready: {}", list(&missing)) };
    let next = "check the spelling, and ask the hosts that have the VM";
    Usage::new(format!("no replicated VM {vm} was seen"), format!("{shown}{missing}"), next)
}

/// The error for a name that several VMs have.
fn several(vm: &VmSelector, legs: &[&LegReport]) -> Usage {
    let mut candidates: Vec<Candidate> = Vec::new();
    for leg in legs {
        let route = (leg.primary.clone(), leg.replica.clone());
        match candidates.iter_mut().find(|candidate| candidate.vm == leg.id.vm) {
            Some(candidate) => candidate.routes.push(route),
            None => candidates.push(Candidate { vm: leg.id.vm, name: leg.vm.clone(), routes: vec![route] }),
        }
    }
    let lines: Vec<String> = candidates.iter().map(hold::candidate).collect();
    let what = format!("cannot tell which VM is meant: {} have the name {}", candidates.len(), vm);
    Usage::new(what, lines.join("\n        "), "give the GUID of the VM, or narrow by --on HOST")
}
