//! `[[host]]`: who is asked, where, and what of its settings belongs to TLS.

use wsman::Scheme;

use super::address::address;
use super::login::login;
use crate::settings::{Discover, Host, Login};
use crate::table::{Findings, Table};

/// A host, and where its settings stand.
pub(crate) struct Listed {
    pub(crate) host: Host,
    url_at: usize,
    /// The setting that says whose certificates are trusted.
    trust: Option<(usize, &'static str)>,
}

pub(crate) fn host(mut table: Table<'_>, found: &mut Findings<'_>) -> Option<Listed> {
    let url_at = table.place("url");
    let url = table.text("url", found);
    if url.is_none() {
        found.add(table.at, table.key("url"), "it is missing: every [[host]] has one");
    }
    let url = url.and_then(|(at, url)| address(at, table.key("url"), &url, found));
    let name = table.text("name", found).map(|(_, name)| name);
    let login = login(&mut table, found);
    let tier = table.number("tier", 0, found);
    let key = ["ca", "fingerprint"].into_iter().find(|key| table.has(key));
    let trust = key.map(|key| (table.place(key), key));
    table.end(found);
    let host = Host { url: url?, name, login, tier };
    Some(Listed { host, url_at, trust })
}

/// Finds what would do nothing or never work without TLS.
pub(crate) fn check_tls(listed: &[Listed], common: &Login, discover: &Discover, found: &mut Findings<'_>) {
    // Found hosts get the login of the host that named them, and its trust with it.
    let finds_over_tls = discover.resolve.values().any(wsman::Endpoint::is_secure);
    for Listed { host, url_at, trust } in listed.iter().filter(|listed| !listed.host.url.is_secure()) {
        if host.login.over(common).auth == Some(Scheme::Certificate) {
            let text = "the scheme certificate needs TLS; write https://, or choose another scheme";
            found.add(*url_at, "host.url", text);
        }
        if let (Some((at, key)), false) = (trust, finds_over_tls) {
            let text = "no certificate is shown over http://; write https:// in url, or leave it out";
            found.add(*at, format!("host.{key}"), text);
        }
    }
}
