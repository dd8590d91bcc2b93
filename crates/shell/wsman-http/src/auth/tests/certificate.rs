//! Logins by certificate: the client presents its certificate if asked, reports if it is not, and sends nothing where it is not
//! safe.

use super::*;
use crate::{ClientCertificate, ClientCertificateError};

const CERTIFICATES: Schemes = Schemes { negotiate: false, ntlm: false, basic: false, certificate: true };

fn for_svc() -> Arc<Certificate> {
    Arc::new(Certificate::for_client("svc@LAB").unwrap())
}

fn key_of(certificate: &Certificate) -> ClientCertificate {
    ClientCertificate::from_pem(certificate.pem().as_bytes(), &certificate.key_pem()).unwrap()
}

/// A host that has registered this certificate, and asks for one if there is any.
async fn host(own: &Arc<Certificate>, registered: Option<&Arc<Certificate>>) -> Host {
    let settings = Settings::new(Quirk::None);
    Host::new(Settings { schemes: CERTIFICATES, tls: Some(Arc::clone(own)), client: registered.cloned(), ..settings })
        .await
}

fn by_certificate(host: &Host, trust: Trust) -> Client {
    Client::new(endpoint(host, "https"), Login::by_certificate(), Limits::default()).with_trust(trust)
}

#[tokio::test]
async fn a_certificate_that_is_registered_lets_in_on_every_connection() {
    let (own, mine) = (certificate(), for_svc());
    let host = host(&own, Some(&mine)).await;
    let trust = Trust::authorities(own.pem().as_bytes()).unwrap().showing(&key_of(&mine));
    for connection in 0..2 {
        let client = by_certificate(&host, trust.clone());
        for _ in 0..2 {
            client.call(get()).await.unwrap();
        }
        assert_eq!(host.messages()[connection * 2..], [(connection, false); 2]);
    }
    assert_eq!(host.tokens(), 0);
}

#[tokio::test]
async fn a_certificate_that_is_not_registered_is_refused_with_what_to_look_at() {
    let (own, mine) = (certificate(), for_svc());
    let host = host(&own, Some(&mine)).await;
    let trust = Trust::fingerprint(&own.sha256()).unwrap().showing(&key_of(&for_svc()));
    let error = by_certificate(&host, trust).call(invoke()).await.unwrap_err();
    assert_eq!((error.kind, error.reached), (ErrorKind::Denied, Reached::No), "{error}");
    assert!(
        error.message.contains("refused the client certificate") && error.message.contains("Auth\\Certificate"),
        "{error}"
    );
}

#[tokio::test]
async fn a_host_that_does_not_ask_in_the_handshake_hears_nothing_of_the_message() {
    let own = certificate();
    let host = host(&own, None).await;
    let trust = Trust::fingerprint(&own.sha256()).unwrap().showing(&key_of(&for_svc()));
    let error = by_certificate(&host, trust).call(invoke()).await.unwrap_err();
    if cfg!(feature = "legacy-tls") {
        // The other library would show it when asked later. This host never asks.
        assert_eq!((error.kind, error.reached), (ErrorKind::Denied, Reached::No), "{error}");
        assert_eq!(host.heard(), [Arrival::Token]);
    } else {
        assert_eq!((error.kind, error.reached), (ErrorKind::Unsupported, Reached::No), "{error}");
        assert!(error.message.contains("renegotiation") && error.message.contains("legacy-tls"), "{error}");
        assert!(host.heard().is_empty());
    }
}

#[tokio::test]
async fn a_certificate_is_shown_over_verified_tls_alone() {
    let (own, mine) = (certificate(), for_svc());
    let host = host(&own, Some(&mine)).await;
    let shown = key_of(&mine);
    let verified = Trust::fingerprint(&own.sha256()).unwrap();
    for (scheme, trust, words) in [
        ("https", Trust::anybody().unwrap().showing(&shown), "verified"),
        ("http", verified.showing(&shown), "https://"),
        ("https", verified, "a certificate to show"),
    ] {
        let client = Client::new(endpoint(&host, scheme), Login::by_certificate(), Limits::default()).with_trust(trust);
        let error = client.call(get()).await.unwrap_err();
        assert_eq!((error.kind, error.reached), (ErrorKind::Unsupported, Reached::No), "{error}");
        assert!(error.message.contains(words), "{error}");
    }
    assert!(host.heard().is_empty());
}

#[test]
fn what_is_no_certificate_with_its_key_is_told_and_keys_are_not_shown() {
    let (one, other) = (for_svc(), for_svc());
    let (pem, key) = (one.pem().as_bytes(), one.key_pem());
    for (pem, key, error) in [
        (&b"hello"[..], key.clone(), ClientCertificateError::NoCertificate),
        (pem, "hello".into(), ClientCertificateError::NoKey),
        (
            pem,
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n".into(),
            ClientCertificateError::NoKey,
        ),
        (pem, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".into(), ClientCertificateError::NoKey),
        (pem, other.key_pem(), ClientCertificateError::Mismatch),
    ] {
        assert_eq!(ClientCertificate::from_pem(pem, &key).unwrap_err(), error);
    }
    let shown = format!("{:?}", Trust::anybody().unwrap().showing(&key_of(&one)));
    assert!(shown.len() < 100, "{shown}");
}
