//! Which certificates are trusted, and which library is used.

mod version1;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cim::{ErrorKind, Reached};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

use super::fingerprint::{fingerprint_of, parse_fingerprint};
use super::secured::Duplex;
use super::*;
use crate::tests::{envelope, hear, http};
use crate::{Client, Endpoint, Limits, Login, Scheme};
use wsman_acceptor::Certificate;

#[test]
fn a_fingerprint_is_read_with_and_without_colons_and_nothing_else_is_one() {
    let plain = "0123456789abcdefABCDEF0123456789".repeat(2);
    let colons = fingerprint_of(b"x");
    assert_eq!(parse_fingerprint(&plain).unwrap()[..4], [0x01, 0x23, 0x45, 0x67]);
    assert_eq!(parse_fingerprint(&colons).unwrap(), Sha256::digest(b"x").as_slice());
    for text in ["", "ab", &plain[1..], &plain.replace('a', "g"), &plain.replace("01", "+1"), &"é".repeat(32)] {
        assert_eq!(Trust::fingerprint(text).unwrap_err(), TrustError::NotAFingerprint, "{text}");
    }
}

#[test]
fn what_holds_no_certificate_is_no_authority() {
    for pem in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        assert!(matches!(Trust::authorities(pem.as_bytes()), Err(TrustError::NotPem(_))), "{pem}");
    }
}

/// How a host ends handshakes that it can make nothing of.
#[derive(Clone, Copy, Debug)]
enum Manner {
    /// With this alert, as most do.
    Alert(u8),
    /// Without a word, as Windows does.
    Silence,
}

/// Whom a host does not understand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deaf {
    Nobody,
    /// Who knows TLS 1.3, as rustls does and the other library is not let.
    Newer,
    Everybody,
}

/// A host that speaks TLS, to some.
struct Host {
    url: String,
    certificate: Certificate,
    met: Arc<AtomicUsize>,
    _task: AbortOnDropHandle<()>,
}

const LOOPBACK: &str = "127.0.0.1";
const HANDSHAKE_FAILURE: u8 = 40;
const PROTOCOL_VERSION: u8 = 70;
const DECRYPT_ERROR: u8 = 51;

impl Host {
    async fn new(deaf: Deaf, manner: Manner) -> Self {
        Self::named(LOOPBACK, deaf, manner).await
    }

    async fn named(name: &str, deaf: Deaf, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/wsman", listener.local_addr().unwrap());
        let certificate = Certificate::self_signed(vec![name.to_owned()]).unwrap();
        let tls = wsman_acceptor::Tls::new(&certificate).unwrap();
        let met = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&met);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let tls = tls.clone();
                tokio::spawn(async move {
                    if deaf.to(&stream).await {
                        refuse(stream, manner).await;
                    } else if let Ok((stream, _)) = tls.accept(stream).await {
                        answer_once(stream).await;
                    }
                });
            }
        });
        Self { url, certificate, met, _task: AbortOnDropHandle::new(task) }
    }

    /// A client with this trust.
    fn client(&self, trust: Trust) -> Client {
        let login = Login::new(Scheme::Basic, "admin", "x");
        Client::new(Endpoint::parse(&self.url).unwrap(), login, Limits::default()).with_trust(trust)
    }

    async fn fails(&self, trust: Trust, kind: ErrorKind) -> String {
        let error = self.client(trust).identify().await.unwrap_err();
        assert_eq!((error.kind, error.reached), (kind, Reached::No), "{error}");
        error.message
    }

    fn met(&self) -> usize {
        self.met.load(Ordering::SeqCst)
    }

    fn own(&self) -> Trust {
        Trust::authorities(self.certificate.pem().as_bytes()).unwrap()
    }
}

impl Deaf {
    /// Whether to this client, by the versions that its first message names (RFC 8446 4.2.1).
    async fn to(self, stream: &TcpStream) -> bool {
        const TLS13_THEN_12: [u8; 9] = [0x00, 0x2b, 0x00, 0x05, 0x04, 0x03, 0x04, 0x03, 0x03];
        let mut hello = [0; 4_096];
        let length = stream.peek(&mut hello).await.unwrap_or_default();
        let newer = hello[..length].windows(TLS13_THEN_12.len()).any(|part| part == TLS13_THEN_12);
        match self {
            Self::Nobody => false,
            Self::Newer => newer,
            Self::Everybody => true,
        }
    }
}

async fn refuse(mut stream: TcpStream, manner: Manner) {
    let mut hello = [0; 4_096];
    let _heard = stream.read(&mut hello).await;
    if let Manner::Alert(code) = manner {
        let _sent = stream.write_all(&[0x15, 3, 3, 0, 2, 2, code]).await;
    }
}

/// Answers one request and ends the connection.
async fn answer_once(mut stream: impl Duplex) {
    if hear(&mut stream).await.is_some() {
        let identity = concat!(
            r#"<i:IdentifyResponse xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">"#,
            "<i:ProductVendor>somebody</i:ProductVendor></i:IdentifyResponse>"
        );
        let close = "Connection: close\r\nContent-Type: application/soap+xml;charset=UTF-8\r\n";
        let _sent = stream.write_all(&http("200 OK", close, envelope(identity).as_bytes())).await;
        let _ended = stream.shutdown().await;
    }
}

const MANNERS: [Manner; 3] = [Manner::Alert(HANDSHAKE_FAILURE), Manner::Alert(PROTOCOL_VERSION), Manner::Silence];

#[tokio::test]
async fn a_certificate_that_is_not_believed_is_shown_to_no_other_library() {
    let other = Certificate::self_signed(vec![LOOPBACK.to_owned()]).unwrap();
    let host = Host::new(Deaf::Nobody, Manner::Silence).await;
    for (trust, words) in [
        (Trust::fingerprint(&other.sha256()).unwrap(), "has the fingerprint"),
        (Trust::authorities(other.pem().as_bytes()).unwrap(), "no trusted authority"),
    ] {
        let before = host.met();
        let message = host.fails(trust, ErrorKind::Untrusted).await;
        assert!(message.contains(words), "{message}");
        assert_eq!(host.met() - before, 1, "{message}");
        // A person can compare it on the host.
        let seen = host.certificate.sha256();
        assert!(message.replace(':', "").to_lowercase().contains(&seen.to_lowercase()), "{message}: {seen}");
    }
}

#[tokio::test]
async fn an_alert_that_is_about_something_else_leads_to_no_other_library() {
    let host = Host::new(Deaf::Everybody, Manner::Alert(DECRYPT_ERROR)).await;
    let message = host.fails(host.own(), ErrorKind::Unreachable).await;
    assert!(message.contains("TLS failed") && !message.contains("legacy-tls"), "{message}");
    assert_eq!(host.met(), 1);
}

#[cfg(not(feature = "legacy-tls"))]
#[tokio::test]
async fn who_has_nothing_in_common_is_told_what_helps() {
    for manner in MANNERS {
        let host = Host::new(Deaf::Newer, manner).await;
        // Who says nothing may be going down, and is worth asking again.
        let kind = if matches!(manner, Manner::Alert(_)) { ErrorKind::Unsupported } else { ErrorKind::Unreachable };
        let message = host.fails(host.own(), kind).await;
        for words in ["no cipher suite", "Windows Server 2012 and 2012 R2", "Negotiate", "ECDSA", "legacy-tls"] {
            assert!(message.contains(words), "{manner:?}: {message}");
        }
        assert_eq!(host.met(), 1, "{manner:?}");
    }
}

#[cfg(feature = "legacy-tls")]
#[tokio::test]
async fn the_systems_library_is_tried_where_there_is_nothing_in_common_and_then_remembered() {
    for manner in MANNERS {
        let host = Host::new(Deaf::Newer, manner).await;
        let client = host.client(host.own());
        for met in [2, 3, 4] {
            assert_eq!(client.identify().await.unwrap().vendor, "somebody", "{manner:?}");
            assert_eq!(host.met(), met, "{manner:?}");
        }
    }
}

#[cfg(feature = "legacy-tls")]
#[tokio::test]
async fn the_systems_library_believes_whom_rustls_believes_and_nobody_else() {
    let other = Certificate::self_signed(vec![LOOPBACK.to_owned()]).unwrap();
    let pinned = |certificate: &Certificate| Trust::fingerprint(&certificate.sha256()).unwrap();
    for name in [LOOPBACK, "hv99.lab.test"] {
        let named = name == LOOPBACK;
        for (belief, trusted) in [("own", named), ("own pinned", true), ("anybody", true), ("other", false)] {
            let host = Host::named(name, Deaf::Newer, Manner::Silence).await;
            let trust = match belief {
                "own" => host.own(),
                "own pinned" => pinned(&host.certificate),
                "anybody" => Trust::anybody().unwrap(),
                _ => Trust::authorities(other.pem().as_bytes()).unwrap(),
            };
            if trusted {
                assert!(host.client(trust).identify().await.is_ok(), "{belief} of {name}");
            } else {
                let message = host.fails(trust, ErrorKind::Untrusted).await;
                assert!(message.contains("not trusted: "), "{belief} of {name}: {message}");
            }
            assert_eq!(host.met(), 2, "{belief} of {name}");
        }
    }
    let host = Host::new(Deaf::Newer, Manner::Silence).await;
    let message = host.fails(pinned(&other), ErrorKind::Untrusted).await;
    assert!(message.contains("has the fingerprint") && !message.contains("too"), "{message}");
}

#[cfg(feature = "legacy-tls")]
#[tokio::test]
async fn a_host_that_neither_library_can_speak_to_is_asked_by_both_each_time() {
    let host = Host::new(Deaf::Everybody, Manner::Alert(HANDSHAKE_FAILURE)).await;
    let client = host.client(host.own());
    for met in [2, 4] {
        let message = client.identify().await.unwrap_err().message;
        assert!(message.contains("this system's library too"), "{message}");
        assert_eq!(host.met(), met);
    }
}
