//! `[[host]]`: a host, its address, and the settings that need TLS.

use std::collections::BTreeSet;

use toml::de::DeValue;
use wsman::Scheme;

use super::address::address;
use super::login::login;
use super::name::host_name;
use crate::settings::{Discover, HostSettings, LocalSettings, LoginSettings};
use crate::table::{Findings, Table};

/// A host, and the offsets of some of its settings.
pub(crate) struct Listed {
    pub(crate) host: HostSettings,
    url_at: usize,
    name_at: usize,
    /// The setting that chooses which certificates to trust.
    trust: Option<(usize, &'static str)>,
}

/// The computer that the program runs on, and the offsets of its settings.
pub(crate) struct ListedLocal {
    pub(crate) host: LocalSettings,
    local_at: usize,
    name_at: usize,
}

/// Every `[[host]]`.
#[derive(Default)]
pub(crate) struct Hosts {
    pub(crate) remote: Vec<Listed>,
    pub(crate) local: Vec<ListedLocal>,
}

/// What a `[[host]]` may have that is asked over the network alone.
const REMOTE_KEYS: [&str; 11] = [
    "user",
    "password_file",
    "password_credential",
    "keytab",
    "auth",
    "kdc",
    "spn",
    "ca",
    "fingerprint",
    "certificate",
    "key",
];

impl Hosts {
    pub(crate) fn read(tables: Vec<Table<'_>>, found: &mut Findings<'_>) -> Self {
        let mut hosts = Self::default();
        for mut table in tables {
            let is_local = match table.take("local") {
                Some((_, DeValue::Boolean(local))) => *local,
                Some((at, _)) => {
                    found.add(at, table.key("local"), "expected true or false");
                    continue;
                }
                None => false,
            };
            if is_local {
                hosts.local.push(local(table, found));
            } else {
                hosts.remote.extend(remote(table, found));
            }
        }
        hosts
    }
}

fn named(table: &mut Table<'_>, found: &mut Findings<'_>) -> Option<String> {
    table.text("name", found).and_then(|(at, name)| match host_name(&name) {
        Ok(_) => Some(name),
        Err(why) => {
            found.add(at, table.key("name"), why);
            None
        }
    })
}

fn local(mut table: Table<'_>, found: &mut Findings<'_>) -> ListedLocal {
    let (local_at, name_at) = (table.place("local"), table.place("name"));
    if table.take("url").is_some() {
        found.add(local_at, table.key("local"), "give either url or local = true");
    }
    for key in REMOTE_KEYS {
        if let Some((at, _)) = table.take(key) {
            found.add(at, table.key(key), "it has no effect with local = true, which needs no login; leave it out");
        }
    }
    let name = named(&mut table, found);
    let tier = table.number("tier", 0, found);
    table.end(found);
    ListedLocal { host: LocalSettings { name, tier }, local_at, name_at }
}

fn remote(mut table: Table<'_>, found: &mut Findings<'_>) -> Option<Listed> {
    let url_at = table.place("url");
    let url = table.text("url", found);
    if url.is_none() {
        found.add(table.at, table.key("url"), "missing: every [[host]] needs one, or local = true");
    }
    let url = url.and_then(|(at, url)| address(at, table.key("url"), &url, found));
    let name_at = table.place("name");
    let name = named(&mut table, found);
    let login = login(&mut table, found);
    let tier = table.number("tier", 0, found);
    let key = ["ca", "fingerprint"].into_iter().find(|key| table.has(key));
    let trust = key.map(|key| (table.place(key), key));
    table.end(found);
    let host = HostSettings { url: url?, name, login, tier };
    Some(Listed { host, url_at, name_at, trust })
}

/// Reports addresses and names that are listed twice: nobody could tell which login, or which host, is meant.
pub(crate) fn check_twice(hosts: &Hosts, found: &mut Findings<'_>) {
    let mut urls = BTreeSet::new();
    for Listed { host, url_at, .. } in &hosts.remote {
        if !urls.insert(host.url.to_string().to_lowercase()) {
            found.add(*url_at, "host.url", "this address is listed before; list each host once");
        }
    }
    for again in hosts.local.iter().skip(1) {
        found.add(again.local_at, "host.local", "this computer is listed before; list it once");
    }
    let remote = hosts.remote.iter().map(|listed| (listed.name_at, &listed.host.name));
    let local = hosts.local.iter().map(|listed| (listed.name_at, &listed.host.name));
    let mut given: Vec<_> = remote.chain(local).collect();
    given.sort_by_key(|(at, _)| *at);
    let mut names = BTreeSet::new();
    for (at, name) in given {
        if name.as_ref().is_some_and(|name| !names.insert(name.to_lowercase())) {
            found.add(at, "host.name", "this name is another host's above; give each host its own");
        }
    }
}

/// Reports settings that need TLS where the address has none.
pub(crate) fn check_tls(listed: &[Listed], common: &LoginSettings, discover: &Discover, found: &mut Findings<'_>) {
    // A discovered host inherits the login and the trust of the host that named it.
    let finds_over_tls = discover.resolve.values().any(wsman::Endpoint::is_secure);
    for Listed { host, url_at, trust, .. } in listed.iter().filter(|listed| !listed.host.url.is_secure()) {
        if host.login.over(common).auth == Some(Scheme::Certificate) {
            let text = "the scheme certificate needs TLS; write https://, or choose another scheme";
            found.add(*url_at, "host.url", text);
        }
        if let (Some((at, key)), false) = (trust, finds_over_tls) {
            let text = "it has no effect over http://; write https:// in url, or leave it out";
            found.add(*at, format!("host.{key}"), text);
        }
    }
}
