//! The fuzz targets of what a client reads of a login: by itself, and by the login library. The library's readers are known to
//! panic, which is caught by their callers; do not mistake such a panic for a find of that target.

use sspi::generator::NetworkRequest;
use sspi::network_client::NetworkClient;

use super::offer::Mechanism;
use super::{binding, choose, context, handshake};
use crate::der;
use crate::endpoint::Endpoint;
use crate::keytab::{Keytab, KeytabError};
use crate::login::{Login, Scheme};
use crate::way::Transport;

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
    let way = Transport { loopback: false, tls: None };
    for (scheme, user) in [(Scheme::Auto, "svc@lab.test"), (Scheme::Kerberos, "svc"), (Scheme::Ntlm, "LAB\\svc")] {
        let Ok(endpoint) = Endpoint::parse("http://hv01.lab.test/wsman") else { return };
        let chosen = choose(&Login::new(scheme, user, "x"), &endpoint, &way, &challenges);
        // Clear HTTP to another computer: nothing that a host offers makes us show the password.
        assert!(!chosen.is_ok_and(|methods| methods.contains(&super::Method::Basic)));
    }
}

/// A Kerberos server that always answers the same.
struct Answers(Vec<u8>);

impl NetworkClient for Answers {
    fn send(&self, _request: &NetworkRequest) -> sspi::Result<Vec<u8>> {
        Ok(self.0.clone())
    }
}

/// The target `login_library`: an octet for the mechanism, two for a length (the low one first), and that many octets that
/// the host or the Kerberos server says; what is left is a sealed message, or the next token.
///
/// # Panics
/// If what must hold does not: that is a find. The library's own panics do not get here.
pub fn login_library(bytes: &[u8]) {
    let Some(([kind, low, high], rest)) = bytes.split_first_chunk::<3>() else { return };
    let length = usize::from(u16::from_le_bytes([*low, *high]));
    let (said, sealed) = rest.split_at_checked(length).unwrap_or((rest, &[]));
    let mechanism = match kind % 4 {
        0 => Mechanism::Ntlm,
        1 => Mechanism::SpnegoNtlm,
        2 => Mechanism::Kerberos,
        _ => Mechanism::SpnegoKerberos,
    };
    let login = Login::new(Scheme::Auto, "svc@lab.test", "right horse").with_kdc("127.0.0.1");
    let Ok(endpoint) = Endpoint::parse("http://hv01.lab.test/wsman") else { return };
    let Ok(mut security) = context::open(&login, &endpoint, mechanism, None, Answers(said.to_vec())) else { return };
    if security.step(b"").is_err() || mechanism.is_kerberos() {
        return;
    }
    match security.step(said) {
        // Keys that nobody else has: nothing opens.
        Ok(step) if step.done => assert!(security.unseal(sealed).is_err(), "it opens what nobody sealed"),
        Ok(_more) => drop(security.step(sealed)),
        Err(_refused) => {}
    }
}
