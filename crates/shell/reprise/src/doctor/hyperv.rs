//! Findings about Hyper-V: rights on its classes, the replica server, the certificates of replication.

use reprise_hyperv::examine::{ClassReading, ComputerCertificate, Examination, ReplicaServer, Vms};
use reprise_model::{Problem, Remedy, ServiceState, Timestamp};

use super::check::Check;
use super::facts::HostFacts;
use super::finding::{Diagnosis, Level, of_problem};
use super::windows::names;

/// So long before its end a certificate is to be replaced.
const CERTIFICATE_WARNING_MS: i64 = 30 * 86_400_000;

pub(super) fn diagnose(facts: &HostFacts, examination: &Examination) -> Vec<Diagnosis> {
    let mut found = rights(facts, examination);
    // What cannot be seen says nothing about the rest.
    if runs(examination) {
        found.extend(listener(examination));
        found.extend(replica_server(examination));
        found.extend(authorization(facts, examination));
        found.extend(certificates(facts, examination));
    }
    found
}

/// Whether Hyper-V shows itself.
fn runs(examination: &Examination) -> bool {
    matches!(examination.service, Ok(Some(_))) || matches!(&examination.vms, Ok(vms) if vms.host_row)
}

/// Whether it is known that VMMS does not run.
fn is_stopped(examination: &Examination) -> bool {
    let services = examination.services.as_ref().ok();
    match services.map(|services| (&services.vmms, services.sees_any)) {
        Some((Some(vmms), _)) => vmms.state != ServiceState::Running,
        Some((None, sees_any)) => sees_any,
        None => false,
    }
}

fn rights(facts: &HostFacts, examination: &Examination) -> Vec<Diagnosis> {
    if is_stopped(examination) && !runs(examination) {
        let why = "the service vmms does not run, and shows nothing to anybody";
        let what = "the rights on root\\virtualization\\v2 are not known";
        return vec![Diagnosis::new(Check::HyperVRights, Level::Unknown, what, why)];
    }
    let grant = match &facts.way {
        Some(_) => format!("on the host: `net localgroup \"Hyper-V Administrators\" {} /add`", facts.account()),
        None => Remedy::GrantHere.text().to_owned(),
    };
    let mut found: Vec<Diagnosis> = Vec::new();
    for (class, problem) in failed(examination) {
        // One reason is given once, with all classes that it concerns.
        let remedy = if problem.remedy == Remedy::GrantHyperV { grant.as_str() } else { problem.advice() };
        let diagnosis = of_problem(Check::HyperVRights, problem).with_remedy(remedy);
        match found.iter_mut().find(|known| known.why == diagnosis.why) {
            Some(known) => known.what = format!("{}, {class}", known.what),
            None => found.push(Diagnosis { what: format!("cannot read {class}"), ..diagnosis }),
        }
    }
    let hidden = hidden(examination);
    if !hidden.is_empty() {
        let what = format!("the account sees nothing of {}", names(&hidden));
        let why = "every host has rows there, so they are hidden from it; or VMMS is still starting";
        found.push(Diagnosis::new(Check::HyperVRights, Level::Error, what, why).with_remedy(grant));
    }
    if found.is_empty() {
        let why = "each class shows the rows that are always there";
        found.push(Diagnosis::ok(Check::HyperVRights, "the account can read root\\virtualization\\v2", why));
    }
    found
}

/// The classes that could not be read, with the reason.
fn failed(examination: &Examination) -> Vec<(&'static str, &Problem)> {
    fn of<T>(fact: &ClassReading<T>) -> Option<&Problem> {
        fact.as_ref().err()
    }
    let classes = [
        ("Msvm_ReplicationService", of(&examination.service)),
        ("Msvm_ComputerSystem", of(&examination.vms)),
        ("Msvm_ReplicationRelationship", examination.relationships.as_ref().and_then(of)),
        ("Msvm_ReplicationSettingData", of(&examination.settings)),
        ("Msvm_ConcreteJob", of(&examination.jobs)),
        ("Msvm_ReplicationServiceSettingData", of(&examination.server)),
        ("Msvm_ReplicationAuthorizationSettingData", of(&examination.authorizations)),
    ];
    classes.into_iter().filter_map(|(class, problem)| Some((class, problem?))).collect()
}

/// The classes that show nothing where every host has something.
fn hidden(examination: &Examination) -> Vec<&'static str> {
    let none = Vms::default();
    let vms = examination.vms.as_ref().unwrap_or(&none);
    let relationships = examination.relationships.as_ref();
    let tests = [
        ("Msvm_ReplicationService", matches!(examination.service, Ok(None))),
        ("Msvm_ComputerSystem", matches!(&examination.vms, Ok(vms) if !vms.host_row)),
        // Each VM has one, even if it is not replicated.
        ("Msvm_ReplicationRelationship", vms.count > 0 && matches!(relationships, Some(Ok(0)))),
        (
            "Msvm_ReplicationSettingData",
            !vms.modes.is_empty() && matches!(&examination.settings, Ok(settings) if settings.is_empty()),
        ),
        ("Msvm_ReplicationServiceSettingData", matches!(examination.server, Ok(None))),
    ];
    tests.into_iter().filter(|(_, is_hidden)| *is_hidden).map(|(class, _)| class).collect()
}

fn listener(examination: &Examination) -> Option<Diagnosis> {
    let service = match &examination.service {
        Ok(service) => service.as_ref()?,
        Err(problem) => return Some(Diagnosis { level: Level::Unknown, ..of_problem(Check::Listener, problem) }),
    };
    if service.is_well() {
        return Some(Diagnosis::ok(Check::Listener, "the replication service reports no trouble", "its status is OK"));
    }
    let numbers: Vec<String> = service.status.iter().map(ToString::to_string).collect();
    let words =
        if service.descriptions.is_empty() { "no words for it".to_owned() } else { service.descriptions.join("; ") };
    let what = format!("the replication service reports trouble (status {})", numbers.join(", "));
    let why = format!("the host says: {words}");
    let remedy =
        "on the host: see who else uses the port (`netsh http show servicestate`), then `Restart-Service vmms`";
    Some(Diagnosis::new(Check::Listener, Level::Error, what, why).with_remedy(remedy))
}

fn replica_server(examination: &Examination) -> Option<Diagnosis> {
    let server = match &examination.server {
        Ok(server) => server.as_ref()?,
        Err(problem) => return Some(Diagnosis { level: Level::Unknown, ..of_problem(Check::ReplicaServer, problem) }),
    };
    let receives = examination.vms.as_ref().is_ok_and(Vms::receives);
    let port = |name: &str, port: Option<u16>| port.map(|port| format!("{name} at port {port}"));
    let listens: Vec<String> = [port("HTTP (Kerberos)", server.http), port("HTTPS (certificates)", server.https)]
        .into_iter()
        .flatten()
        .collect();
    let enable = "on the host: `Set-VMReplicationServer -ReplicationEnabled $true -AllowedAuthenticationType Kerberos`, and \
                  `Enable-NetFirewallRule -DisplayName 'Hyper-V Replica HTTP Listener (TCP-In)'`";
    Some(match (server.enabled && !listens.is_empty(), receives) {
        (true, _) => {
            let what = format!("the host accepts replication over {}", listens.join(" and "));
            Diagnosis::ok(Check::ReplicaServer, what, "it is enabled as a replica server")
        }
        (false, true) => {
            let what = "the host has replica VMs, and is not enabled as a replica server";
            let why =
                if server.enabled { "it allows no kind of authentication" } else { "no primary server can send to it" };
            Diagnosis::new(Check::ReplicaServer, Level::Error, what, why).with_remedy(enable)
        }
        (false, false) => {
            let why = "it has no replica VMs; after a failover, reverse replication would need it";
            Diagnosis::ok(Check::ReplicaServer, "the host is not enabled as a replica server", why)
        }
    })
}

fn authorization(facts: &HostFacts, examination: &Examination) -> Option<Diagnosis> {
    let enabled = |server: &ReplicaServer| server.enabled;
    if !matches!(&examination.server, Ok(Some(server)) if enabled(server)) {
        return None;
    }
    let entries = match &examination.authorizations {
        Ok(entries) => entries,
        Err(problem) => return Some(Diagnosis { level: Level::Unknown, ..of_problem(Check::Authorization, problem) }),
    };
    if entries.is_empty() {
        let why = "a replica server without entries accepts no replication; or they are hidden from this account";
        let remedy = format!(
            "on the host: `Get-VMReplicationAuthorizationEntry`; if there is none, `New-VMReplicationAuthorizationEntry \
             -AllowedPrimaryServer PRIMARY -ReplicaStorageLocation PATH -TrustGroup DEFAULT`; if there is, `net localgroup \"Hyper-V \
             Administrators\" {} /add`",
            facts.account()
        );
        let what = "no primary server is authorized";
        return Some(Diagnosis::new(Check::Authorization, Level::Warning, what, why).with_remedy(remedy));
    }
    let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
    let what = format!("authorized primary servers: {}", names(&entries));
    Some(Diagnosis::ok(Check::Authorization, what, "the replica server has these entries"))
}

fn certificates(facts: &HostFacts, examination: &Examination) -> Vec<Diagnosis> {
    let used = examination.certificates_in_use();
    let Some(read) = &examination.certificates else { return Vec::new() };
    let own = match read {
        Ok(own) => own,
        Err(problem) => {
            return vec![Diagnosis { level: Level::Unknown, ..of_problem(Check::ReplicationCertificate, problem) }];
        }
    };
    let find = |thumbprint: &str| own.iter().find(|certificate| certificate.thumbprint == thumbprint);
    used.into_iter().map(|thumbprint| certificate(thumbprint, find(thumbprint), facts.now)).collect()
}

fn certificate(thumbprint: &str, found: Option<&ComputerCertificate>, now: Timestamp) -> Diagnosis {
    let replace = "issue a new one for server and client authentication, and choose it: `Set-VMReplicationServer \
                   -CertificateThumbprint NEW` on a replica server, `Set-VMReplication -VMName VM -CertificateThumbprint NEW` for each VM \
                   of a primary server";
    let check = Check::ReplicationCertificate;
    let error = |what: String, why: String| Diagnosis::new(check, Level::Error, what, why).with_remedy(replace);
    let Some(certificate) = found else {
        let what = format!("the certificate {thumbprint} is missing");
        let why = "replication uses it, and the computer's own store does not show it".to_owned();
        return error(what, why);
    };
    let until = crate::render::time(certificate.until);
    if certificate.until <= now {
        return error(format!("the certificate {thumbprint} has expired"), format!("it was valid until {until}"));
    }
    if certificate.from > now {
        let from = crate::render::time(certificate.from);
        return error(format!("the certificate {thumbprint} is not valid yet"), format!("it is valid from {from}"));
    }
    if !certificate.for_both {
        let why = "Hyper-V Replica needs the enhanced key usages of servers and of clients".to_owned();
        return error(format!("the certificate {thumbprint} is not for servers and clients"), why);
    }
    let what = format!("the certificate {thumbprint} is valid until {until}");
    if certificate.until.0.saturating_sub(now.0) < CERTIFICATE_WARNING_MS {
        let why = "replication stops when it expires";
        return Diagnosis::new(check, Level::Warning, what, why).with_remedy(replace);
    }
    Diagnosis::ok(check, what, "replication uses it")
}
