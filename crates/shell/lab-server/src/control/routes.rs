//! From a route to an action.

use std::time::Duration;

use reprise_lab::{Action, Busy, EventLog, InFlight, Kind, LegEnd, Management, ReplicaServerSettings, Setting, Start};

use super::parameters::Parameters;
use super::refusal::Refusal;

pub(super) const HOST: &[&str] = &[
    "POST /hosts/{name}/shutdown?in_flight=all|none|N",
    "POST /hosts/{name}/power-cut",
    "POST /hosts/{name}/boot[?vmms_ready_after_s=N&vmms_starts_after_s=N&logins_after_s=N]",
    "POST /hosts/{name}/vmms/stop",
    "POST /hosts/{name}/vmms/start[?vmms_ready_after_s=N&vmms_starts_after_s=N]",
    "POST /hosts/{name}/management?mode=up|refuse|blackhole",
    "POST /hosts/{name}/clock?offset_s=N",
    "POST /hosts/{name}/envelope?kb=N",
    "POST /hosts/{name}/clear-log?log=vmms|system[&keep=N]",
    "POST /hosts/{name}/replica-server?[enabled=true|false][&authentication=none|kerberos|certificate|both][&authorizes=true|false][&listens=true|false][&certificate_days=N]",
    "POST /hosts/{name}/updates?kb=KB1,KB2[&revision=N]",
    "POST /hosts/{name}/task?state=absent|disabled|queued|ready|running",
    "POST /hosts/{name}/registry?key=KEY&value=NAME[&data=TEXT]",
];

pub(super) const VM: &[&str] = &[
    "POST /vms/{id|name}/pause[?leg=simple|extended&side=sender|receiver]",
    "POST /vms/{id|name}/resume[?leg=simple|extended&side=sender|receiver]",
    "POST /vms/{id|name}/failover[?leg=simple|extended]",
    "POST /vms/{id|name}/commit[?leg=simple|extended]",
    "POST /vms/{id|name}/revert[?leg=simple|extended]",
    "POST /vms/{id|name}/test-failover[?leg=simple|extended]",
    "POST /vms/{id|name}/prepare[?leg=simple|extended]",
    "POST /vms/{id|name}/reverse[?leg=simple|extended]",
    "POST /vms/{id|name}/resync[?leg=simple|extended&after_s=N]",
    "POST /vms/{id|name}/rename?to=NAME[&leg=simple|extended&side=sender|receiver]",
    "POST /vms/{id|name}/move?to=HOST[&leg=simple|extended&side=sender|receiver]",
    "POST /vms/{id|name}/remove[?leg=simple|extended&side=sender|receiver]",
    "POST /vms/{id|name}/backup?for_s=N[&leg=simple|extended]",
    "POST /vms/{id|name}/merge?for_s=N[&leg=simple|extended&side=sender|receiver]",
    "POST /vms/{id|name}/checkpoint?for_s=N[&leg=simple|extended&side=sender|receiver]",
    "POST /vms/{id|name}/set?[leg=&side=&]state|mode|running|enabled|provider|failed_over_type|last_replication|primary_host|primary_point|recovery_host|auto_resync",
];

pub(super) fn host_action(host: String, what: &str, parameters: &mut Parameters) -> Result<Action, Refusal> {
    Ok(match what {
        "shutdown" => Action::Shutdown { host, in_flight: in_flight(parameters)? },
        "power-cut" => Action::PowerCut { host },
        "boot" => {
            let logins_after = parameters.seconds("logins_after_s")?;
            Action::Boot { host, vmms: Start { logins_after, ..vmms(parameters)? } }
        }
        "vmms/stop" => Action::VmmsStop { host },
        "vmms/start" => Action::VmmsStart { host, vmms: vmms(parameters)? },
        "management" => {
            let mode = match parameters.text("mode").as_deref() {
                Some("up") => Management::Up,
                Some("refuse") => Management::Refuse,
                Some("blackhole") => Management::Blackhole,
                _ => return Err(Refusal::Bad("parameter mode: up, refuse or blackhole is expected".to_owned())),
            };
            Action::Management { host, mode }
        }
        "clock" => {
            let offset_s = parameters.value("offset_s", "a number of seconds")?;
            let offset_s = offset_s.ok_or_else(|| Refusal::Bad("parameter offset_s is missing".to_owned()))?;
            Action::Clock { host, offset_s }
        }
        "clear-log" => {
            let log = match parameters.text("log").as_deref() {
                Some("vmms") => EventLog::Vmms,
                Some("system") => EventLog::System,
                _ => return Err(Refusal::Bad("parameter log: vmms or system is expected".to_owned())),
            };
            Action::ClearLog { host, log, keep: parameters.value("keep", "a number")?.unwrap_or(0) }
        }
        "replica-server" => Action::ReplicaServer { host, settings: replica_server(parameters)? },
        "updates" => {
            let updates = needed(parameters, "kb")?.split(',').map(str::to_owned).collect();
            Action::Updates { host, updates, revision: parameters.value("revision", "a number")? }
        }
        "task" => Action::Task { host, state: task(parameters)? },
        "registry" => {
            let (key, name) = (needed(parameters, "key")?, needed(parameters, "value")?);
            Action::Registry { host, key, name, data: parameters.text("data") }
        }
        other => return Err(Refusal::Unknown(format!("there is no route /hosts/{host}/{other}"))),
    })
}

fn replica_server(parameters: &mut Parameters) -> Result<ReplicaServerSettings, Refusal> {
    let authentication = match parameters.text("authentication").as_deref() {
        None => None,
        Some("none") => Some(0),
        Some("kerberos") => Some(1),
        Some("certificate") => Some(2),
        Some("both") => Some(3),
        Some(_) => {
            let expected = "parameter authentication: none, kerberos, certificate or both is expected";
            return Err(Refusal::Bad(expected.to_owned()));
        }
    };
    let settings = ReplicaServerSettings {
        enabled: parameters.value("enabled", "true or false")?,
        authentication,
        authorizes: parameters.value("authorizes", "true or false")?,
        listens: parameters.value("listens", "true or false")?,
        certificate_days: parameters.value("certificate_days", "a number of days")?,
    };
    if settings == ReplicaServerSettings::default() {
        return Err(Refusal::Bad("there is nothing to set".to_owned()));
    }
    Ok(settings)
}

/// The state of a task, by Task Scheduler's number.
fn task(parameters: &mut Parameters) -> Result<Option<u32>, Refusal> {
    Ok(match parameters.text("state").as_deref() {
        Some("absent") => None,
        Some("disabled") => Some(1),
        Some("queued") => Some(2),
        Some("ready") => Some(3),
        Some("running") => Some(4),
        _ => {
            let expected = "parameter state: absent, disabled, queued, ready or running is expected";
            return Err(Refusal::Bad(expected.to_owned()));
        }
    })
}

fn vmms(parameters: &mut Parameters) -> Result<Start, Refusal> {
    let starts_after = parameters.seconds("vmms_starts_after_s")?;
    Ok(Start { starts_after, ready_after: parameters.seconds("vmms_ready_after_s")?, logins_after: None })
}

fn in_flight(parameters: &mut Parameters) -> Result<InFlight, Refusal> {
    match parameters.text("in_flight").as_deref() {
        None => Ok(InFlight::Real),
        Some("all") => Ok(InFlight::All),
        Some("none") => Ok(InFlight::None),
        Some(count) => count
            .parse()
            .map(InFlight::First)
            .map_err(|_| Refusal::Bad("parameter in_flight: all, none or a number is expected".to_owned())),
    }
}

pub(super) fn vm_action(vm: String, what: &str, parameters: &mut Parameters) -> Result<Action, Refusal> {
    Ok(match what {
        "pause" => Action::Pause { vm, leg: leg(parameters)?, side: side(parameters)? },
        "resume" => Action::Resume { vm, leg: leg(parameters)?, side: side(parameters)? },
        "failover" => Action::Failover { vm, leg: leg(parameters)? },
        "commit" => Action::Commit { vm, leg: leg(parameters)? },
        "revert" => Action::Revert { vm, leg: leg(parameters)? },
        "test-failover" => Action::TestFailover { vm, leg: leg(parameters)? },
        "prepare" => Action::Prepare { vm, leg: leg(parameters)? },
        "reverse" => Action::Reverse { vm, leg: leg(parameters)? },
        "resync" => Action::Resync { vm, leg: leg(parameters)?, after: parameters.seconds("after_s")? },
        "rename" => {
            let (leg, side) = (leg(parameters)?, named_side(parameters)?);
            Action::Rename { vm, leg, side, to: needed(parameters, "to")? }
        }
        "move" => {
            let (leg, side) = (leg(parameters)?, side(parameters)?);
            Action::Move { vm, leg, side, to: needed(parameters, "to")? }
        }
        "remove" => Action::Remove { vm, leg: leg(parameters)?, side: named_side(parameters)? },
        "backup" => Action::Backup { vm, leg: leg(parameters)?, lasts: lasts(parameters)? },
        "merge" | "checkpoint" => {
            let how = if what == "merge" { Busy::Merge } else { Busy::Checkpoint };
            Action::Occupy { vm, leg: leg(parameters)?, side: side(parameters)?, how, lasts: lasts(parameters)? }
        }
        "set" => {
            let (leg, side) = (leg(parameters)?, side(parameters)?);
            Action::Set { vm, leg, side, settings: settings(parameters)? }
        }
        other => return Err(Refusal::Unknown(format!("there is no route /vms/{vm}/{other}"))),
    })
}

/// How long something goes on.
fn lasts(parameters: &mut Parameters) -> Result<Duration, Refusal> {
    parameters.seconds("for_s")?.ok_or_else(|| Refusal::Bad("parameter for_s is missing".to_owned()))
}

/// The size of an envelope in the parameters, in bytes: at least what DSP0226 R6.2-4 lets clients ask for.
pub(super) fn envelope(parameters: &mut Parameters) -> Result<usize, Refusal> {
    let bad = || Refusal::Bad("parameter kb: a number from 8 to 500 is expected".to_owned());
    let size = parameters.value::<usize>("kb", "a number")?.filter(|size| (8..=500).contains(size));
    size.map(|size| size * 1024).ok_or_else(bad)
}

/// The leg in the parameters; by default the simple one.
fn leg(parameters: &mut Parameters) -> Result<Kind, Refusal> {
    match parameters.text("leg").as_deref() {
        None | Some("simple") => Ok(Kind::Simple),
        Some("extended") => Ok(Kind::Extended),
        Some(_) => Err(Refusal::Bad("parameter leg: simple or extended is expected".to_owned())),
    }
}

/// The end in the parameters; by default the sender.
fn side(parameters: &mut Parameters) -> Result<LegEnd, Refusal> {
    Ok(named_side(parameters)?.unwrap_or(LegEnd::Sender))
}

fn needed(parameters: &mut Parameters, name: &str) -> Result<String, Refusal> {
    let given = parameters.text(name).filter(|text| !text.is_empty());
    given.ok_or_else(|| Refusal::Bad(format!("parameter {name} is missing")))
}

fn named_side(parameters: &mut Parameters) -> Result<Option<LegEnd>, Refusal> {
    match parameters.text("side").as_deref() {
        None => Ok(None),
        Some("sender") => Ok(Some(LegEnd::Sender)),
        Some("receiver") => Ok(Some(LegEnd::Receiver)),
        Some(_) => Err(Refusal::Bad("parameter side: sender or receiver is expected".to_owned())),
    }
}

fn settings(parameters: &mut Parameters) -> Result<Vec<Setting>, Refusal> {
    let mut settings = Vec::new();
    settings.extend(parameters.value("state", "a WMI number")?.map(Setting::State));
    settings.extend(parameters.value("mode", "a WMI number")?.map(Setting::Mode));
    settings.extend(parameters.value("running", "true or false")?.map(Setting::Running));
    settings.extend(parameters.value("enabled", "a WMI number")?.map(Setting::Enabled));
    settings.extend(parameters.value("provider", "a GUID")?.map(Setting::Provider));
    settings.extend(parameters.value("failed_over_type", "a WMI number")?.map(Setting::FailedOverType));
    settings.extend(parameters.value("auto_resync", "true or false")?.map(Setting::AutoResync));
    settings.extend(parameters.text("primary_host").map(Setting::PrimaryHost));
    settings.extend(parameters.text("primary_point").map(Setting::PrimaryPoint));
    settings.extend(parameters.text("recovery_host").map(Setting::RecoveryHost));
    match parameters.text("last_replication").as_deref() {
        None => {}
        Some("never") => settings.push(Setting::NeverReplicated),
        Some(_) => return Err(Refusal::Bad("parameter last_replication: never is expected".to_owned())),
    }
    if settings.is_empty() {
        return Err(Refusal::Bad("there is nothing to set".to_owned()));
    }
    Ok(settings)
}
