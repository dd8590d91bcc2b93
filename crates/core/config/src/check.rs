//! From the text as written to checked values.

use std::num::NonZeroU32;

use reprise_model::{
    Hold, HoldScope, HostName, InitialPolicy, Pace, PausedRule, PeerUnseen, Policy, ResyncPolicy, Timestamp, VmSelector,
};
use toml::de::{DeTable, DeValue};

use crate::problem::ConfigError;
use crate::table::{Findings, Table};
use crate::{CertificateRef, Config, Contradiction, Discover, Host, Login, PasswordRef, ProofRef, Run, TrustRef};

/// Largest text that is read: a configuration with a hundred thousand hosts.
const TEXT_LENGTH_MAX: usize = 32 * 1024 * 1024;
/// Hexadecimal digits of a SHA-256 hash.
const FINGERPRINT_DIGITS: usize = 64;
/// The version of the format.
const VERSION: &str = "1";

const SCHEMES: [(&str, &str); 6] = [
    ("auto", "auto"),
    ("basic", "basic"),
    ("ntlm", "ntlm"),
    ("negotiate", "negotiate"),
    ("kerberos", "kerberos"),
    ("certificate", "certificate"),
];

pub(crate) fn check(text: &str) -> Result<Config, ConfigError> {
    let mut found = Findings::new(text);
    if text.len() > TEXT_LENGTH_MAX {
        found.add(0, "", "the configuration is too long");
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
    let config = Config {
        login: root.table("login", &mut found).map(|table| common_login(table, &mut found)).unwrap_or_default(),
        hosts: root.tables("host", &mut found).into_iter().filter_map(|table| host(table, &mut found)).collect(),
        run: Run::default(),
        policy: Policy::default(),
        discover: root.table("discover", &mut found).map(|table| discover(table, &mut found)).unwrap_or_default(),
    };
    let mut policy = Policy::default();
    let run = root.table("run", &mut found).map(|table| run(table, &mut policy, &mut found)).unwrap_or_default();
    if let Some(table) = root.table("policy", &mut found) {
        judged(table, &mut policy, &mut found);
    }
    policy.holds = root.tables("hold", &mut found).into_iter().filter_map(|table| hold(table, &mut found)).collect();
    root.end(&mut found);
    if found.problems.is_empty() {
        return Ok(Config { run, policy, ..config });
    }
    found.problems.sort_by_key(|problem| problem.line);
    Err(ConfigError { problems: found.problems })
}

fn version(root: &mut Table<'_>, found: &mut Findings<'_>) {
    match root.take("version") {
        Some((_, DeValue::Integer(number))) if number.as_str() == VERSION => {}
        Some((at, _)) => found.add(at, "version", format!("the only version is {VERSION}")),
        None => found.add(0, "version", format!("it is missing; begin with `version = {VERSION}`")),
    }
}

fn common_login(mut table: Table<'_>, found: &mut Findings<'_>) -> Login {
    let login = login(&mut table, found);
    if login.certificate.is_some() && login.auth.is_none() {
        found.add(table.place("certificate"), table.key("certificate"), "give auth = \"certificate\" with it");
    }
    table.end(found);
    login
}

fn login(table: &mut Table<'_>, found: &mut Findings<'_>) -> Login {
    let user = table.text("user", found).map(|(_, user)| user);
    let file = table.text("password_file", found);
    let credential = table.text("password_credential", found);
    let keytab = table.text("keytab", found);
    let mut given = [
        file.map(|(at, path)| (at, "password_file", ProofRef::Password(PasswordRef::File(path)))),
        credential.map(|(at, name)| (at, "password_credential", ProofRef::Password(PasswordRef::Credential(name)))),
        keytab.map(|(at, path)| (at, "keytab", ProofRef::Keytab(path))),
    ]
    .into_iter()
    .flatten();
    let proof = given.next().map(|(_, _, proof)| proof);
    for (at, key, _) in given {
        found.add(at, table.key(key), "give one of password_file, password_credential and keytab");
    }
    let auth = table.word("auth", &SCHEMES, found).map(ToOwned::to_owned);
    let kdc = table.text("kdc", found).map(|(_, kdc)| kdc);
    let trust = trust(table, found);
    let login = Login { user, proof, auth, kdc, trust, certificate: certificate(table, found) };
    if let Some(Contradiction { key, why, next }) = login.contradiction() {
        found.add(table.place(key), table.key(key), format!("{why}; {next}"));
    }
    login
}

fn certificate(table: &mut Table<'_>, found: &mut Findings<'_>) -> Option<CertificateRef> {
    match (table.text("certificate", found), table.text("key", found)) {
        (Some((_, certificate)), Some((_, key))) => Some(CertificateRef { certificate, key }),
        (Some((at, _)), None) | (None, Some((at, _))) => {
            found.add(at, table.key("certificate"), "give both certificate and key");
            None
        }
        (None, None) => None,
    }
}

fn trust(table: &mut Table<'_>, found: &mut Findings<'_>) -> Option<TrustRef> {
    let authorities = table.text("ca", found);
    let fingerprint = table.text("fingerprint", found);
    if let (Some(_), Some((at, _))) = (&authorities, &fingerprint) {
        found.add(*at, table.key("fingerprint"), "give either ca or fingerprint");
    }
    if let Some((at, text)) = &fingerprint {
        let digits = text.chars().filter(|c| *c != ':').count();
        if digits != FINGERPRINT_DIGITS || !text.chars().all(|c| c.is_ascii_hexdigit() || c == ':') {
            found.add(*at, table.key("fingerprint"), "a SHA-256 fingerprint has 64 hexadecimal digits");
        }
    }
    let authorities = authorities.map(|(_, file)| TrustRef::Authorities(file));
    authorities.or_else(|| fingerprint.map(|(_, text)| TrustRef::Fingerprint(text)))
}

fn host(mut table: Table<'_>, found: &mut Findings<'_>) -> Option<Host> {
    let url = table.text("url", found).map(|(_, url)| url);
    if url.is_none() {
        found.add(table.at, table.key("url"), "it is missing: every [[host]] has one");
    }
    let name = table.text("name", found).map(|(_, name)| name);
    let login = login(&mut table, found);
    let tier = table.number("tier", 0, found);
    table.end(found);
    url.map(|url| Host { url, name, login, tier })
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

fn pace(table: &mut Table<'_>, pace: &mut Pace, found: &mut Findings<'_>) {
    if let Some(per_host) = table.number("per_host", 1, found).and_then(NonZeroU32::new) {
        pace.per_host = per_host;
        // Whoever begins with more than the usual most, and names no other, stays there.
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
    let resync = [("approve", ResyncPolicy::Approve), ("never", ResyncPolicy::Never), ("window", ResyncPolicy::Window)];
    if let Some(resync) = table.word("resync", &resync, found) {
        policy.resync = resync;
    }
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

fn hold(mut table: Table<'_>, found: &mut Findings<'_>) -> Option<Hold> {
    let vm = table.text("vm", found).map(|(_, vm)| HoldScope::Vm(VmSelector::parse(&vm)));
    let host = table.text("host", found).and_then(|(at, host)| {
        let name = HostName::new(&host);
        if name.is_none() {
            found.add(at, "hold.host", "a host name is expected");
        }
        name.map(HoldScope::Host)
    });
    let all = matches!(table.take("all"), Some((_, DeValue::Boolean(true)))).then_some(HoldScope::All);
    let reason = table.text("reason", found).map(|(_, reason)| reason);
    let until = table.text("until", found).and_then(|(at, until)| {
        let time = until.parse::<jiff::Timestamp>().ok();
        if time.is_none() {
            found.add(at, "hold.until", format!("`{until}` is not a time such as 2026-11-30T22:00:00Z"));
        }
        time.map(|time| Timestamp(time.as_millisecond()))
    });
    let mut scopes = [vm, host, all].into_iter().flatten();
    let scope = if let (Some(scope), None) = (scopes.next(), scopes.next()) {
        Some(scope)
    } else {
        found.add(table.at, "hold", "give exactly one of vm, host and all = true");
        None
    };
    if reason.is_none() {
        found.add(table.at, "hold.reason", "it is missing: whoever finds the hold wants to know why");
    }
    table.end(found);
    Some(Hold { scope: scope?, reason: reason?, until, only_this_pass: false })
}

fn discover(mut table: Table<'_>, found: &mut Findings<'_>) -> Discover {
    let mut discover = Discover::default();
    match table.take("peers") {
        Some((_, DeValue::Boolean(peers))) => discover.peers = *peers,
        Some((at, _)) => found.add(at, table.key("peers"), "true or false is expected"),
        None => {}
    }
    for (at, name, url) in table.texts("resolve", found) {
        match HostName::new(&name) {
            Some(name) => {
                discover.resolve.insert(name, url);
            }
            None => found.add(at, table.key("resolve"), "a host name is expected before each `=`"),
        }
    }
    table.end(found);
    discover
}
