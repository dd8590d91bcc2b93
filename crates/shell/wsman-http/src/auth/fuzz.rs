//! The fuzz target of what a client reads of a login by itself. The login library's own readers are no part of it: they
//! are known to panic, which is caught where they are called.

use super::{Mechanism, Way, binding, choose, context, der, handshake};
use crate::endpoint::Endpoint;
use crate::keytab::{Keytab, KeytabError};
use crate::login::{Login, Scheme};

/// The target `login_client`: values of WWW-Authenticate, one a line, or one token, certificate or keytab.
///
/// # Panics
/// If what must hold does not: that is a find.
pub fn login_client(bytes: &[u8]) {
    let mechanisms = [Mechanism::Ntlm, Mechanism::SpnegoNtlm, Mechanism::SpnegoKerberos, Mechanism::Kerberos];
    let fitting = mechanisms.iter().filter(|mechanism| context::check(**mechanism, bytes).is_ok()).count();
    assert!(bytes.is_empty() || fitting <= 2, "one token is taken for too many things");
    // Its prefix, and a hash of 32 to 64 octets.
    assert!(matches!(binding::of_certificate(bytes).len(), 53 | 69 | 85));
    if let Some((_, inside, rest)) = der::first(bytes) {
        assert!(inside.len() + rest.len() + 2 <= bytes.len());
    }
    if let Ok(keytab) = Keytab::parse(bytes) {
        for principal in keytab.principals() {
            let key = keytab.key_for(&principal);
            assert!(!matches!(key, Err(KeytabError::NotFor { .. })), "it has no key for its own principal");
        }
    }
    let challenges: Vec<String> = String::from_utf8_lossy(bytes).lines().map(ToOwned::to_owned).collect();
    for scheme in ["Negotiate", "NTLM", "Kerberos"] {
        let token = handshake::token_of(&challenges, scheme);
        assert!(!token.is_ok_and(|token| token.is_some_and(|token| token.is_empty())), "an empty token is none");
    }
    let way = Way { loopback: false, tls: None };
    for (scheme, user) in [(Scheme::Auto, "svc@lab.test"), (Scheme::Kerberos, "svc"), (Scheme::Ntlm, "LAB\\svc")] {
        let Ok(endpoint) = Endpoint::parse("http://hv01.lab.test/wsman") else { return };
        let chosen = choose(&Login::new(scheme, user, "x"), &endpoint, &way, &challenges);
        // Clear HTTP to another computer: nothing that a host offers makes us show the password.
        assert!(!chosen.is_ok_and(|methods| methods.contains(&super::Method::Basic)));
    }
}
