//! Findings about the way to a host: name, port, TLS, WinRM, login.

use reprise_model::{Problem, ProblemKind};
use reprise_platform::shell::Shell;

use super::check::Check;
use super::facts::{HostFacts, Way};
use super::finding::{Diagnosis, Level, of_problem};
use crate::render::list;

pub(super) fn diagnose(facts: &HostFacts) -> Vec<Diagnosis> {
    let failure = facts.examination.as_ref().and_then(|examined| examined.as_ref().err());
    let Some(way) = &facts.way else {
        let answers = || Diagnosis::ok(Check::LocalWmi, "the WMI of this computer answers", "it needs no login");
        return vec![failure.map_or_else(answers, |problem| of_problem(Check::LocalWmi, problem))];
    };
    let addresses = match &way.addresses {
        Ok(addresses) => addresses,
        Err(why) => {
            let what = format!("the name {} does not resolve", way.host);
            let remedy =
                format!("check the name: `nslookup {}`; or name the host by its address", Shell::HERE.word(&way.host));
            return vec![Diagnosis::new(Check::Name, Level::Error, what, why.as_str()).with_remedy(remedy)];
        }
    };
    let mut found = Vec::new();
    if !way.is_address {
        let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        let what = format!("{} is {}", way.host, list(&addresses));
        found.push(Diagnosis::ok(Check::Name, what, "the name resolves on this computer"));
    }
    found.push(port(way));
    if way.dialled.iter().all(|(_, answer)| answer.is_err()) {
        return found;
    }
    found.extend(tls(way, failure));
    found.extend(winrm(way, failure));
    found.extend(login(facts, way, failure));
    found
}

fn port(way: &Way) -> Diagnosis {
    let silent: Vec<String> =
        way.dialled.iter().filter(|(_, answer)| answer.is_err()).map(|(address, _)| address.to_string()).collect();
    let first = way.dialled.iter().find_map(|(_, answer)| answer.as_ref().err());
    let why = first.map_or("the connection was accepted", String::as_str);
    let start = "check that the host is up, and on it start WinRM and open its port: `winrm quickconfig`";
    if silent.is_empty() {
        return Diagnosis::ok(Check::Port, format!("port {} accepts connections", way.port), why);
    }
    if silent.len() == way.dialled.len() {
        let what = format!("nothing answers at port {} of {}", way.port, way.host);
        return Diagnosis::new(Check::Port, Level::Error, what, why).with_remedy(start);
    }
    let what = format!("{} of its {} addresses do not accept connections", list(&silent), way.dialled.len());
    let remedy = format!(
        "remove the addresses from DNS that the host no longer has: `nslookup {}`",
        Shell::HERE.word(&way.host)
    );
    Diagnosis::new(Check::Port, Level::Warning, what, why).with_remedy(remedy)
}

fn tls(way: &Way, failure: Option<&Problem>) -> Option<Diagnosis> {
    let verified = way.tls_verified?;
    let untrusted = |problem: &&Problem| problem.kind == ProblemKind::Untrusted;
    let asked = way.offers.as_ref().and_then(|offers| offers.as_ref().err());
    if let Some(problem) = asked.or(failure).filter(untrusted) {
        return Some(of_problem(Check::Certificate, problem));
    }
    if way.offers.as_ref().is_some_and(Result::is_err) {
        return None;
    }
    Some(if verified {
        Diagnosis::ok(Check::Certificate, "the certificate of WinRM is trusted", "it was verified")
    } else {
        let why = "--insecure-no-tls-verification is given, so an on-path attacker can impersonate the host";
        Diagnosis::new(Check::Certificate, Level::Warning, "the certificate of WinRM was not verified", why)
            .with_remedy("trust the host's certificate with --tls-fingerprint HEX, or its authority with --ca FILE")
    })
}

fn winrm(way: &Way, failure: Option<&Problem>) -> Option<Diagnosis> {
    match way.offers.as_ref()? {
        Err(problem) if problem.kind == ProblemKind::Untrusted => None,
        Err(problem) => Some(of_problem(Check::WinRm, problem)),
        // The host answered, and what it answered to the first request is no WinRM.
        Ok(_) if failure.is_some_and(|problem| !is_about_login(problem)) => {
            failure.map(|problem| of_problem(Check::WinRm, problem))
        }
        Ok(schemes) => {
            let offered = |name: &str| schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case(name));
            let what = format!("WinRM answers and offers {}", list(schemes));
            if offered("Negotiate") || offered("Kerberos") {
                return Some(Diagnosis::ok(Check::WinRm, what, "messages can be encrypted without https://"));
            }
            let why = "without Negotiate or Kerberos, messages over http:// are not encrypted";
            let remedy = "on the host: `Set-Item -Path 'WSMan:\\localhost\\Service\\Auth\\Negotiate' -Value $true`";
            Some(Diagnosis::new(Check::WinRm, Level::Warning, what, why).with_remedy(remedy))
        }
    }
}

fn is_about_login(problem: &Problem) -> bool {
    matches!(problem.kind, ProblemKind::Denied | ProblemKind::Untrusted)
}

fn login(facts: &HostFacts, way: &Way, failure: Option<&Problem>) -> Option<Diagnosis> {
    if let Some(problem) = failure {
        return is_about_login(problem)
            .then(|| of_problem(Check::Login, problem))
            .filter(|_| problem.kind == ProblemKind::Denied);
    }
    facts.examined()?;
    let who = way.user.as_deref().unwrap_or("the account");
    let Some(login) = &way.login else {
        return Some(Diagnosis::new(
            Check::Login,
            Level::Unknown,
            "the host was asked without a login",
            "nobody was asked to log in",
        ));
    };
    let what = format!("{who} logs in by {}", login.scheme);
    Some(match &login.passed_over {
        None => Diagnosis::ok(Check::Login, what, "the host accepted it"),
        Some(why) => Diagnosis::new(Check::Login, Level::Warning, what, why.as_str()).with_remedy(format!(
            "name the host by its full DNS name, and check its account: `setspn -Q {}`",
            Shell::Windows.word(&format!("HTTP/{}", way.host))
        )),
    })
}
