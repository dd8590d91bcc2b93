//! `[[host]]`: a host, its address, and the settings that need TLS.

use std::collections::BTreeSet;

use wsman::Scheme;

use super::address::address;
use super::login::login;
use super::name::host_name;
use crate::settings::{Discover, HostSettings, LoginSettings};
use crate::table::{Findings, Table};

/// A host, and the offsets of some of its settings.
pub(crate) struct Listed {
    pub(crate) host: HostSettings,
    url_at: usize,
    name_at: usize,
    /// The setting that chooses which certificates to trust.
    trust: Option<(usize, &'static str)>,
}

pub(crate) fn host(mut table: Table<'_>, found: &mut Findings<'_>) -> Option<Listed> {
    let url_at = table.place("url");
    let url = table.text("url", found);
    if url.is_none() {
        found.add(table.at, table.key("url"), "missing: every [[host]] needs one");
    }
    let url = url.and_then(|(at, url)| address(at, table.key("url"), &url, found));
    let name_at = table.place("name");
    let name = table.text("name", found).and_then(|(at, name)| match host_name(&name) {
        Ok(_) => Some(name),
        Err(why) => {
            found.add(at, table.key("name"), why);
            None
        }
    });
    let login = login(&mut table, found);
    let tier = table.number("tier", 0, found);
    let key = ["ca", "fingerprint"].into_iter().find(|key| table.has(key));
    let trust = key.map(|key| (table.place(key), key));
    table.end(found);
    let host = HostSettings { url: url?, name, login, tier };
    Some(Listed { host, url_at, name_at, trust })
}

/// Reports addresses and names that are listed twice: nobody could tell which login, or which host, is meant.
pub(crate) fn check_twice(listed: &[Listed], found: &mut Findings<'_>) {
    let (mut urls, mut names) = (BTreeSet::new(), BTreeSet::new());
    for Listed { host, url_at, name_at, .. } in listed {
        if !urls.insert(host.url.to_string().to_lowercase()) {
            found.add(*url_at, "host.url", "this address is listed before; list each host once");
        }
        if host.name.as_ref().is_some_and(|name| !names.insert(name.to_lowercase())) {
            found.add(*name_at, "host.name", "this name is another host's above; give each host its own");
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
