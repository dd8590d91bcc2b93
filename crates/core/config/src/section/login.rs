//! `[login]`, and the login of a `[[host]]`.

use wsman::Scheme;

use super::name;
use crate::login::Contradiction;
use crate::settings::{CertificateRef, LoginSettings, PasswordRef, ProofRef, TrustRef};
use crate::table::{Findings, Table};

/// Hexadecimal digits of a SHA-256 hash.
const FINGERPRINT_DIGITS: usize = 64;
pub(crate) fn common_login(mut table: Table<'_>, found: &mut Findings<'_>) -> LoginSettings {
    let login = login(&mut table, found);
    if login.certificate.is_some() && login.auth.is_none() {
        found.add(table.place("certificate"), table.key("certificate"), "give auth = \"certificate\" with it");
    }
    if login.spn.is_some() {
        found.add(table.place("spn"), table.key("spn"), "each host has a name of its own: give it with the [[host]]");
    }
    table.end(found);
    login
}

pub(super) fn login(table: &mut Table<'_>, found: &mut Findings<'_>) -> LoginSettings {
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
    let auth = table.word("auth", &Scheme::ALL.map(|scheme| (scheme.name(), scheme)), found);
    let kdc = table.text("kdc", found);
    let kdc = kdc.and_then(|(at, text)| name::kdc(&text).map_err(|why| found.add(at, table.key("kdc"), why)).ok());
    let spn = table.text("spn", found);
    if let Some((at, text)) = &spn
        && !LoginSettings::is_spn(text)
    {
        found.add(*at, table.key("spn"), "write CLASS/NAME, as `setspn -L HOST` shows it, such as HTTP/hv01.lab.test");
    }
    let spn = spn.map(|(_, spn)| spn);
    let trust = trust(table, found);
    let login = LoginSettings { user, proof, auth, kdc, spn, trust, certificate: certificate(table, found) };
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
        let is_between = |c: char| matches!(c, ':' | '-' | ' ');
        let digits = text.chars().filter(|c| !is_between(*c)).count();
        if digits != FINGERPRINT_DIGITS || !text.chars().all(|c| c.is_ascii_hexdigit() || is_between(c)) {
            found.add(*at, table.key("fingerprint"), "a SHA-256 fingerprint has 64 hexadecimal digits");
        }
    }
    let authorities = authorities.map(|(_, file)| TrustRef::Authorities(file));
    authorities.or_else(|| fingerprint.map(|(_, text)| TrustRef::Fingerprint(text)))
}
