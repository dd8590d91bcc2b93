//! Turns the text into checked values.

use std::num::NonZeroU32;
use std::time::Duration;

use reprise_model::{InitialPolicy, Pace, PausedRule, PeerUnseen, Policy};
use toml::de::{DeTable, DeValue};

use crate::problem::ConfigError;
use crate::section::address::address;
use crate::section::hold::hold;
use crate::section::host::{Hosts, check_tls, check_twice};
use crate::section::login::common_login;
use crate::section::name::host_name;
use crate::settings::{Config, Discover, Run, Serve};
use crate::table::{Findings, Table};

/// Maximum size of a configuration, in bytes: enough for a hundred thousand hosts.
const TEXT_LENGTH_MAX: usize = 32 * 1024 * 1024;
/// Hosts are not looked at more often than this.
const INTERVAL_LEAST: Duration = Duration::from_secs(1);
/// The version of the format.
const VERSION: &str = "1";

pub(crate) fn check(text: &str) -> Result<Config, ConfigError> {
    let mut found = Findings::new(text);
    if text.len() > TEXT_LENGTH_MAX {
        found.add(0, "", "the configuration is larger than 32 MiB");
        return Err(ConfigError { problems: found.problems });
    }
    let document = match DeTable::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            found.add(at, "", error.message().to_owned());
            return Err(ConfigError { problems: found.problems });
        }
    };
    let mut root = Table::new("", 0, document.get_ref());
    version(&mut root, &mut found);
    let login = root.table("login", &mut found).map(|table| common_login(table, &mut found)).unwrap_or_default();
    let listed = Hosts::read(root.tables("host", &mut found), &mut found);
    let discover = root.table("discover", &mut found).map(|table| discover(table, &mut found)).unwrap_or_default();
    check_twice(&listed, &mut found);
    check_tls(&listed.remote, &login, &discover, &mut found);
    let serve = root.table("serve", &mut found).map(|table| serve(table, &mut found)).unwrap_or_default();
    let mut policy = Policy::default();
    let run = root.table("run", &mut found).map(|table| run(table, &mut policy, &mut found)).unwrap_or_default();
    if let Some(table) = root.table("policy", &mut found) {
        judged(table, &mut policy, &mut found);
    }
    policy.holds = root.tables("hold", &mut found).into_iter().filter_map(|table| hold(table, &mut found)).collect();
    root.end(&mut found);
    if found.problems.is_empty() {
        let local = listed.local.into_iter().next().map(|listed| listed.host);
        let hosts = listed.remote.into_iter().map(|listed| listed.host).collect();
        return Ok(Config { login, local, hosts, run, serve, policy, discover });
    }
    found.problems.sort_by_key(|problem| problem.line);
    Err(ConfigError { problems: found.problems })
}

fn version(root: &mut Table<'_>, found: &mut Findings<'_>) {
    match root.take("version") {
        Some((_, DeValue::Integer(number))) if number.as_str() == VERSION => {}
        Some((at, DeValue::Integer(_))) => found.add(at, "version", format!("the only supported version is {VERSION}")),
        Some((at, _)) => found.add(at, "version", format!("expected the number {VERSION}, without quotes")),
        None => found.add(0, "version", format!("missing; begin the file with `version = {VERSION}`")),
    }
}

fn run(mut table: Table<'_>, policy: &mut Policy, found: &mut Findings<'_>) -> Run {
    let run = Run {
        timeout: table.duration("timeout", found),
        vmms_timeout: table.duration("vmms_timeout", found),
        retry_for: table.duration("retry_for", found),
    };
    pace(&mut table, &mut policy.pace, found);
    table.end(found);
    run
}

fn serve(mut table: Table<'_>, found: &mut Findings<'_>) -> Serve {
    let interval = table.duration("interval", found);
    if interval.is_some_and(|interval| interval < INTERVAL_LEAST) {
        found.add(table.place("interval"), table.key("interval"), "a host is looked at once a second at most");
    }
    table.end(found);
    Serve { interval }
}

fn pace(table: &mut Table<'_>, pace: &mut Pace, found: &mut Findings<'_>) {
    if let Some(per_host) = table.number("per_host", 1, found).and_then(NonZeroU32::new) {
        pace.per_host = per_host;
        // A `per_host` above the default maximum is its own maximum.
        pace.per_host_max = pace.per_host_max.max(per_host);
    }
    if let Some(most) = table.number("per_host_max", 1, found).and_then(NonZeroU32::new) {
        pace.per_host_max = most;
        if most < pace.per_host {
            let why = format!("it is less than per_host, which is {}", pace.per_host);
            found.add(table.place("per_host_max"), table.key("per_host_max"), why);
        }
    }
}

fn judged(mut table: Table<'_>, policy: &mut Policy, found: &mut Findings<'_>) {
    const RULES: [(&str, PausedRule); 3] =
        [("resume", PausedRule::Resume), ("leave", PausedRule::Leave), ("evidence", PausedRule::Evidence)];
    resync(&mut table, found);
    let unseen = [("wait", PeerUnseen::Wait), ("resume", PeerUnseen::Resume)];
    if let Some(unseen) = table.word("peer_unseen", &unseen, found) {
        policy.peer_unseen = unseen;
    }
    if let Some(mut paused) = table.table("paused", found) {
        if let Some(rule) = paused.word("at_boot", &RULES, found) {
            policy.paused.at_boot = rule;
        }
        if let Some(rule) = paused.word("while_running", &RULES, found) {
            policy.paused.while_running = rule;
        }
        let initial = [("leave", InitialPolicy::Leave), ("resume", InitialPolicy::Resume)];
        if let Some(initial) = paused.word("initial", &initial, found) {
            policy.paused.initial = initial;
        }
        paused.end(found);
    }
    table.end(found);
}

/// Only an approval starts a resynchronization. The planned alternatives would have no effect yet.
fn resync(table: &mut Table<'_>, found: &mut Findings<'_>) {
    const NOT_YET: [&str; 2] = ["never", "window"];
    let Some((at, text)) = table.text("resync", found) else { return };
    if NOT_YET.contains(&text.as_str()) {
        let why = format!("`{text}` is not supported yet; leave it out, or write \"approve\"");
        found.add(at, table.key("resync"), why);
    } else if text != "approve" {
        found.add(at, table.key("resync"), format!("`{text}` is not supported; write \"approve\""));
    }
}

fn discover(mut table: Table<'_>, found: &mut Findings<'_>) -> Discover {
    let mut discover = Discover::default();
    match table.take("peers") {
        Some((_, DeValue::Boolean(peers))) => discover.peers = *peers,
        Some((at, _)) => found.add(at, table.key("peers"), "expected true or false"),
        None => {}
    }
    for (at, name, url) in table.texts("resolve", found) {
        match host_name(&name) {
            Ok(host) => {
                let key = format!("{}.{name}", table.key("resolve"));
                discover.resolve.extend(address(at, key, &url, found).map(|endpoint| (host, endpoint)));
            }
            Err(why) => found.add(at, table.key("resolve"), format!("{why}, before each `=`")),
        }
    }
    table.end(found);
    discover
}
