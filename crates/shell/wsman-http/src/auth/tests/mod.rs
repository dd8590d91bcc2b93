//! Whole logins and sealed messages, against `wsman-acceptor`, which shares no code with the client's.

mod certificate;
mod credential;
mod host;
mod kerberos;

use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cim::{CallError, ErrorKind, Name, ObjectPath, Reached, Reply, Request};
use proptest::prelude::*;

use self::host::{Arrival, Host, Quirk, Settings};
use super::AuthError;
use super::kdc::Kdc;
use super::offer::Mechanism;
use super::open::open;
use crate::{Client, Endpoint, Limits, Login, Scheme, Trust};
use wsman_acceptor::{Certificate, Schemes};

const NEGOTIATE: Schemes = Schemes { negotiate: true, ntlm: false, basic: false, certificate: false };
const NTLM: Schemes = Schemes { negotiate: false, ntlm: true, basic: false, certificate: false };
const BASIC: Schemes = Schemes { negotiate: false, ntlm: false, basic: true, certificate: false };

/// The answer to a message: what it asks for, with letters that are not ASCII.
fn answer(message: &str) -> String {
    let body = if message.contains("StopService_INPUT") {
        r#"<p:StopService_OUTPUT xmlns:p="urn:x"><p:ReturnValue>0</p:ReturnValue></p:StopService_OUTPUT>"#
    } else {
        r#"<p:Win32_Service xmlns:p="urn:x"><p:State>läuft</p:State></p:Win32_Service>"#
    };
    format!(
        r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body>{body}</s:Body></s:Envelope>"#
    )
}

fn get() -> Request {
    Request::Get { path: ObjectPath::new("root/cimv2", "Win32_Service").with("Name", "vmms") }
}

fn invoke() -> Request {
    let path = ObjectPath::new("root/cimv2", "Win32_Service").with("Name", "vmms");
    Request::Invoke { path, method: Name::new("StopService"), arguments: Vec::new() }
}

fn endpoint(host: &Host, scheme: &str) -> Endpoint {
    Endpoint::parse(&format!("{scheme}://{}", host.address)).unwrap()
}

fn client(host: &Host, scheme: Scheme, password: &str) -> Client {
    let login = Login::new(scheme, "LAB\\svc", password);
    Client::new(endpoint(host, "http"), login, Limits::default())
}

fn over_tls(host: &Host, scheme: Scheme, trust: Trust) -> Client {
    let login = Login::new(scheme, "LAB\\svc", "right horse");
    Client::new(endpoint(host, "https"), login, Limits::default()).with_trust(trust)
}

async fn fails(quirk: Quirk, request: Request) -> (CallError, Vec<Arrival>) {
    let host = Host::new(Settings::new(quirk)).await;
    let error = client(&host, Scheme::Negotiate, "right horse").call(request).await.unwrap_err();
    (error, host.heard())
}

fn certificate() -> Arc<Certificate> {
    Arc::new(Certificate::self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap())
}

#[tokio::test]
async fn a_connection_logs_in_once_and_then_every_message_is_sealed() {
    for (scheme, schemes, seals) in [
        (Scheme::Ntlm, NEGOTIATE, true),
        (Scheme::Ntlm, NTLM, true),
        (Scheme::Negotiate, NEGOTIATE, true),
        (Scheme::Auto, NEGOTIATE, true),
        (Scheme::Auto, NTLM, true),
        (Scheme::Auto, BASIC, false),
        (Scheme::Auto, Schemes { negotiate: true, ntlm: true, basic: true, certificate: false }, true),
        (Scheme::Basic, BASIC, false),
    ] {
        let host = Host::new(Settings { schemes, ..Settings::new(Quirk::None) }).await;
        let client = client(&host, scheme, "right horse");
        for _ in 0..3 {
            let Ok(Reply::Instance(row)) = client.call(get()).await else { panic!("{scheme:?} {schemes:?}") };
            assert_eq!(row.properties.get::<String>("State").unwrap(), "läuft");
        }
        assert_eq!(host.messages(), [(0, seals); 3], "{scheme:?} {schemes:?}");
        assert_eq!(host.tokens(), if seals { 2 } else { 0 }, "{scheme:?} {schemes:?}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_by_all_connections_together_and_told() {
    for scheme in [Scheme::Ntlm, Scheme::Negotiate, Scheme::Auto] {
        let host = Host::new(Settings::new(Quirk::None)).await;
        let client = client(&host, scheme, "wrong horse");
        let (a, b, c) = tokio::join!(client.call(get()), client.call(get()), client.call(invoke()));
        for error in [a.unwrap_err(), b.unwrap_err(), c.unwrap_err()] {
            assert_eq!((error.kind, error.reached), (ErrorKind::Denied, Reached::No), "{error}");
            assert!(error.message.contains("LAB\\svc by NTLM: the user or the password is wrong"), "{error}");
            assert!(!error.message.contains("wrong horse"), "{error}");
        }
        assert_eq!(host.heard(), [Arrival::Nothing, Arrival::Token, Arrival::Token], "{scheme:?}");
    }
}

#[cfg(not(windows))]
#[tokio::test]
async fn without_a_password_nothing_is_sent_where_no_ticket_can_be_used() {
    let host = Host::new(Settings::new(Quirk::None)).await;
    let ntlm = if cfg!(feature = "kerberos-system") { "NTLM needs a user and a password" } else { "kerberos-system" };
    for (scheme, kind, why) in [
        (Scheme::Auto, ErrorKind::Unsupported, "write the host's full DNS name"),
        (Scheme::Ntlm, ErrorKind::Denied, ntlm),
        (Scheme::Basic, ErrorKind::Unsupported, "it needs a password"),
    ] {
        let client = Client::new(endpoint(&host, "http"), Login::current_user(scheme), Limits::default());
        let error = client.call(get()).await.unwrap_err();
        assert_eq!((error.kind, error.reached), (kind, Reached::No), "{error}");
        assert!(error.message.contains(why), "{error}");
    }
    assert!(host.messages().is_empty() && host.tokens() == 0);
}

#[tokio::test]
async fn what_comes_in_the_clear_or_altered_is_not_believed() {
    for (quirk, words) in [
        (Quirk::AnswersInTheClear, "with a clear one"),
        (Quirk::FlipsABit, "answered what cannot be unsealed"),
        (Quirk::PromisesMore, "not well formed"),
    ] {
        let (error, heard) = fails(quirk, invoke()).await;
        assert_eq!((error.kind, error.reached), (ErrorKind::Malformed, Reached::Perhaps), "{error}");
        assert!(error.message.contains(words), "{error}");
        assert_eq!(heard.iter().filter(|heard| matches!(heard, Arrival::Message(..))).count(), 1, "sent once");
    }
}

#[tokio::test]
async fn what_was_sealed_once_is_not_taken_a_second_time() {
    let host = Host::new(Settings::new(Quirk::SaysItAgain)).await;
    let client = client(&host, Scheme::Negotiate, "right horse");
    client.call(get()).await.unwrap();
    let error = client.call(invoke()).await.unwrap_err();
    assert_eq!((error.kind, error.reached), (ErrorKind::Malformed, Reached::Perhaps), "{error}");
    assert!(error.message.contains("cannot be unsealed"), "{error}");
    assert_eq!(host.messages(), [(0, true), (0, true)]);
}

#[tokio::test]
async fn what_was_sealed_for_another_connection_is_not_taken() {
    let host = Host::new(Settings::new(Quirk::SaysWhatOthersHeard)).await;
    client(&host, Scheme::Negotiate, "right horse").call(get()).await.unwrap();
    for scheme in [Scheme::Negotiate, Scheme::Ntlm] {
        let error = client(&host, scheme, "right horse").call(get()).await.unwrap_err();
        assert_eq!((error.kind, error.reached), (ErrorKind::Malformed, Reached::Perhaps), "{error}");
        assert!(error.message.contains("cannot be unsealed"), "{error}");
    }
}

#[tokio::test]
async fn after_a_doubt_the_next_call_logs_in_anew() {
    let host = Host::new(Settings::new(Quirk::FlipsABit)).await;
    let client = client(&host, Scheme::Negotiate, "right horse");
    for _ in 0..2 {
        client.call(invoke()).await.unwrap_err();
    }
    assert_eq!(host.messages(), [(0, true), (1, true)]);
}

/// The host says that it did not look at the message, so even an Invoke goes once more, on a connection that is logged in.
#[tokio::test]
async fn a_host_that_forgot_the_login_is_logged_in_to_again_and_nothing_is_done_twice() {
    let host = Host::new(Settings::new(Quirk::ForgetsTheLogin)).await;
    let client = client(&host, Scheme::Negotiate, "right horse");
    client.call(get()).await.unwrap();
    client.call(get()).await.unwrap();
    // The refusal is not sealed, so the host may have carried out the request anyway.
    let error = client.call(invoke()).await.unwrap_err();
    assert_eq!((error.kind, error.reached), (ErrorKind::Unreachable, Reached::Perhaps), "{error}");
    assert_eq!(host.messages(), [(0, true), (0, true), (1, true), (1, true)]);
}

#[tokio::test]
async fn a_host_that_closes_after_its_offer_is_connected_to_again() {
    let host = Host::new(Settings::new(Quirk::ClosesAfterTheOffer)).await;
    client(&host, Scheme::Auto, "right horse").call(get()).await.unwrap();
    assert_eq!(host.messages(), [(1, true)]);
}

#[tokio::test]
async fn a_login_ends_whatever_the_host_answers() {
    for (challenge, kind) in [
        ("Negotiate", ErrorKind::Denied),
        ("Negotiate TlRMTVNTUAACAAAA", ErrorKind::Malformed),
        ("Negotiate oQcwBaADCgEB", ErrorKind::Malformed),
        ("Negotiate YIIB", ErrorKind::Malformed),
        ("Negotiate !", ErrorKind::Malformed),
        ("Basic x", ErrorKind::Denied),
    ] {
        let (error, heard) = fails(Quirk::AlwaysAnswers(challenge), invoke()).await;
        assert_eq!((error.kind, error.reached), (kind, Reached::No), "{challenge}: {error}");
        assert!(heard.len() < 8, "{challenge}: {heard:?}");
    }
    let (error, _) = fails(Quirk::LetsAnybodyIn, invoke()).await;
    assert_eq!((error.kind, error.reached), (ErrorKind::Denied, Reached::No), "{error}");
    assert!(error.message.contains("without proving who it is"), "{error}");
}

#[tokio::test]
async fn over_tls_a_login_is_bound_to_the_certificate_and_nothing_is_sealed_twice() {
    let own = certificate();
    for scheme in [Scheme::Ntlm, Scheme::Negotiate] {
        let settings = Settings { tls: Some(Arc::clone(&own)), ..Settings::new(Quirk::None) };
        let host = Host::new(settings.clone()).await;
        let trust = Trust::authorities(own.pem().as_bytes()).unwrap();
        over_tls(&host, scheme, trust.clone()).call(get()).await.unwrap();
        assert_eq!(host.messages(), [(0, false)]);
        // The host means another TLS connection: somebody stands between.
        let host = Host::new(Settings { bound_to: Some(certificate()), ..settings }).await;
        let error = over_tls(&host, scheme, trust).call(get()).await.unwrap_err();
        assert_eq!((error.kind, error.reached), (ErrorKind::Denied, Reached::No), "{error}");
        assert!(error.message.ends_with("something between ends the TLS connection"), "{error}");
    }
}

#[tokio::test]
async fn only_the_certificate_that_is_believed_is_talked_to() {
    let own = certificate();
    let host = Host::new(Settings { tls: Some(Arc::clone(&own)), ..Settings::new(Quirk::None) }).await;
    let pinned = Trust::fingerprint(&own.sha256()).unwrap();
    over_tls(&host, Scheme::Negotiate, pinned).call(get()).await.unwrap();
    over_tls(&host, Scheme::Negotiate, Trust::anybody().unwrap()).call(get()).await.unwrap();
    let before = host.heard().len();
    let other = certificate();
    for (trust, words) in [
        (Trust::fingerprint(&other.sha256()).unwrap(), "which is not the one that was given"),
        (Trust::authorities(other.pem().as_bytes()).unwrap(), "TLS failed"),
    ] {
        let error = over_tls(&host, Scheme::Negotiate, trust).call(get()).await.unwrap_err();
        assert_eq!((error.kind, error.reached), (ErrorKind::Untrusted, Reached::No), "{error}");
        assert!(error.message.contains(words), "{error}");
    }
    assert_eq!(host.heard().len(), before, "nothing was sent to a host that is not trusted");
}

#[tokio::test]
async fn a_kerberos_server_that_is_not_there_is_told_or_done_without() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = listener.local_addr().unwrap().to_string();
    drop(listener);
    let login = Login::new(Scheme::Kerberos, "svc@LAB.TEST", "right horse").with_kdc(nobody.as_str());
    let to = Endpoint::parse("http://hv01.lab.test").unwrap();
    let kdc = Kdc { until: Instant::now() + Duration::from_secs(5), connect: Duration::from_secs(1) };
    for mechanism in [Mechanism::Kerberos, Mechanism::SpnegoKerberos] {
        let (login, to) = (login.clone(), to.clone());
        let failed = move || open(&login, &to, mechanism, None, kdc).and_then(|mut own| own.step(b""));
        let error = tokio::task::spawn_blocking(failed).await.unwrap().unwrap_err();
        assert!(matches!(&error, AuthError::NoKdc(why) if why.contains(&nobody)), "{error}");
        assert!(error.leaves_a_choice());
        assert_eq!(error.at("x").kind, ErrorKind::Unreachable);
    }
}

/// As deep as a token may be long, with values that hold each other as the readers of the library expect them.
fn nested(tags: &[u8], length: usize) -> Vec<u8> {
    let mut token = Vec::new();
    for tag in tags.iter().rev().cycle() {
        let inside = u32::try_from(token.len()).unwrap().to_be_bytes();
        token.splice(0..0, [*tag, 0x84].into_iter().chain(inside));
        if token.len() > length {
            return token;
        }
    }
    token
}

/// Tokens, and answers of Kerberos servers, that are deeper or longer than any reader should accept.
fn beyond_measure(length: usize) -> Vec<Vec<u8>> {
    const WAYS: [&[u8]; 7] = [
        &[0x30],
        &[0xA1, 0x30, 0xA0],
        &[0xA1, 0x30, 0xA2, 0x04],
        &[0x60, 0x30, 0xA0],
        &[0x6B, 0x30, 0xA0, 0x02],
        &[0x7E, 0x30, 0xA0, 0x02],
        &[0x7E, 0x30, 0xAC, 0x04, 0x30],
    ];
    const LIES: [&[u8]; 3] =
        [&[0x84, 0xFF, 0xFF, 0xFF, 0xFF], &[0x88, 0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0], &[0x84, 0x7F, 0, 0, 0]];
    let lie = |way: &[u8], lie: &[u8]| {
        way.iter().rev().enumerate().fold(Vec::new(), |inside, (depth, tag)| {
            let own = u8::try_from(inside.len()).unwrap();
            [[*tag].as_slice(), if depth == 0 { lie } else { std::slice::from_ref(&own) }, &inside].concat()
        })
    };
    let deep = WAYS.iter().map(|way| nested(way, length));
    let long = WAYS.iter().flat_map(|way| LIES.iter().map(move |own| lie(way, own)));
    deep.chain(long).collect()
}

/// Does this on a stack as small as the threads have that logins run on: one that overflows would end the whole program.
fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(1024 * 1024).spawn(work).unwrap().join().unwrap();
}

#[test]
fn a_token_without_measure_costs_neither_stack_nor_memory() {
    on_a_small_stack(|| {
        let login = Login::new(Scheme::Ntlm, "LAB\\svc", "right horse");
        let to = Endpoint::parse("http://127.0.0.1").unwrap();
        let kdc = Kdc { until: Instant::now(), connect: Duration::ZERO };
        for token in beyond_measure(super::context::TOKEN_LENGTH_MAX - 64) {
            let mut own = open(&login, &to, Mechanism::SpnegoNtlm, None, kdc).unwrap();
            own.step(b"").unwrap();
            let error = own.step(&token).unwrap_err();
            assert!(matches!(error, AuthError::Invalid(_) | AuthError::Broken(_)), "{error}");
        }
    });
}

/// An on-path attacker can answer in place of a Kerberos server.
#[test]
fn an_answer_of_a_kerberos_server_without_measure_costs_neither_stack_nor_memory() {
    on_a_small_stack(|| {
        for answer in beyond_measure(900_000) {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap().to_string();
            let server = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut length = [0; 4];
                stream.read_exact(&mut length).unwrap();
                let mut question = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
                stream.read_exact(&mut question).unwrap();
                let length = u32::try_from(answer.len()).unwrap().to_be_bytes();
                stream.write_all(&[length.as_slice(), &answer].concat()).unwrap();
            });
            let login = Login::new(Scheme::Kerberos, "svc@LAB.TEST", "right horse").with_kdc(address);
            let to = Endpoint::parse("http://hv01.lab.test").unwrap();
            let kdc = Kdc { until: Instant::now() + Duration::from_mins(1), connect: Duration::from_mins(1) };
            let failed = open(&login, &to, Mechanism::Kerberos, None, kdc).and_then(|mut own| own.step(b""));
            let error = failed.unwrap_err();
            server.join().unwrap();
            assert!(!matches!(error, AuthError::Refused(_)), "{error}");
        }
    });
}

#[test]
fn a_name_that_is_none_is_told_without_a_word_to_a_kerberos_server() {
    let to = Endpoint::parse("http://hv01.lab.test").unwrap();
    for (user, mechanism) in [
        ("LAB\\svc\\svc", Mechanism::Kerberos),
        ("LAB\\svc\\svc", Mechanism::Ntlm),
        ("svc@LAB@", Mechanism::SpnegoKerberos),
    ] {
        let login = Login::new(Scheme::Negotiate, user, "right horse");
        let kdc = Kdc { until: Instant::now() + Duration::from_mins(1), connect: Duration::from_mins(1) };
        let error = open(&login, &to, mechanism, None, kdc).map(drop).unwrap_err();
        assert!(matches!(&error, AuthError::Impossible(why) if why.contains(user)), "{user}: {error}");
    }
}

fn any_token() -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop::collection::vec(any::<u8>(), 0..80);
    let framed = (prop::sample::select(vec![0xA1_u8, 0x60]), bytes.clone()).prop_map(|(tag, inside)| {
        let length = u8::try_from(inside.len()).unwrap();
        [&[tag, length], inside.as_slice()].concat()
    });
    let ntlm = bytes.clone().prop_map(|rest| [b"NTLMSSP\0\x02\0\0\0".as_slice(), &rest].concat());
    prop_oneof![bytes, framed, ntlm]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_token_of_a_host_makes_a_login_panic(token in any_token(), spnego: bool) {
        let login = Login::new(Scheme::Ntlm, "LAB\\svc", "right horse");
        let to = Endpoint::parse("http://127.0.0.1").unwrap();
        let kdc = Kdc { until: Instant::now(), connect: Duration::ZERO };
        let mechanism = if spnego { Mechanism::SpnegoNtlm } else { Mechanism::Ntlm };
        let mut own = open(&login, &to, mechanism, None, kdc).unwrap();
        prop_assert!(!own.step(b"").unwrap().token.is_empty());
        // It may be taken or refused; and what follows is refused at the latest where it is unsealed.
        let _taken = own.step(&token);
        prop_assert!(own.unseal(&token).is_err());
    }
}
