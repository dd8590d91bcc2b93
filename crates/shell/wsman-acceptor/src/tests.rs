//! A connection's login as HTTP shows it: offers, legs, sealed messages, and what is refused.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use secrecy::SecretString;

use super::der::{self, OCTET_STRING, Reader, SEQUENCE, context};
use super::ntlm::initiator::{Initiator, Keys};
use super::spnego;
use super::*;
use wsman::sealed::{self, Part, Protocol};

const SOAP: &str = "application/soap+xml;charset=UTF-8";
const ALL: Schemes = Schemes { negotiate: true, ntlm: true, basic: true, certificate: false };

fn client() -> Initiator {
    Initiator::new("LAB", "administrator", "hunter2")
}

fn connection_with(schemes: Schemes, channel: Channel) -> ConnectionLogin {
    let accounts = vec![Account::new("LAB\\administrator", SecretString::from("hunter2"))];
    let identity = ComputerNames::of("hv01.lab.test");
    let logins = Logins { accounts, schemes, identity, channel_bindings: ChannelBindings::IfSent, services: None };
    ConnectionLogin::new(Arc::new(logins), channel)
}

fn connection() -> ConnectionLogin {
    connection_with(ALL, Channel::clear())
}

fn ask(connection: &mut ConnectionLogin, authorization: &str, content_type: &str, body: &[u8]) -> Taken {
    let authorization = Some(authorization).filter(|text| !text.is_empty());
    connection.take(LoginRequest { authorization, content_type, body })
}

fn with_token(connection: &mut ConnectionLogin, scheme: &str, token: &[u8], body: &[u8]) -> Taken {
    let content_type = if body.is_empty() { "" } else { SEALED };
    ask(connection, &format!("{scheme} {}", STANDARD.encode(token)), content_type, body)
}

const SEALED: &str =
    "multipart/encrypted;protocol=\"application/HTTP-SPNEGO-session-encrypted\";boundary=\"Encrypted Boundary\"";

/// The token of an answer that says that the login goes on.
fn token_of(taken: Taken, scheme: &str) -> Vec<u8> {
    let Taken::GoesOn(value) = taken else { panic!("{taken:?}") };
    STANDARD.decode(value.strip_prefix(scheme).unwrap().trim()).unwrap()
}

fn sealed_part(keys: &mut Keys, original_type: &str, content: &[u8]) -> Part {
    let mut sealed = content.to_vec();
    let signature = keys.outgoing.seal(&mut sealed);
    let sealed = [&16_u32.to_le_bytes()[..], &signature, &sealed].concat();
    Part { original_type: original_type.to_owned(), original_length: content.len(), sealed }
}

fn seal(keys: &mut Keys, text: &str) -> Vec<u8> {
    sealed::write(Protocol::Spnego, &[sealed_part(keys, SOAP, text.as_bytes())]).1
}

fn unseal(keys: &mut Keys, content_type: &str, body: &[u8]) -> String {
    let parts = sealed::read(content_type, body).unwrap();
    let (signature, content) = parts[0].sealed[4..].split_at(16);
    let mut content = content.to_vec();
    assert!(keys.incoming.open(signature, &mut content));
    String::from_utf8(content).unwrap()
}

/// Logs in by NTLM with nothing around it.
fn log_in(connection: &mut ConnectionLogin, scheme: &str, client: &Initiator) -> (Taken, Keys) {
    let challenge = token_of(with_token(connection, scheme, &client.negotiate(), b""), scheme);
    let (third, keys) = client.authenticate(&challenge);
    (with_token(connection, scheme, &third, b""), keys)
}

fn message(content: &str, is_sealed: bool) -> ClearMessage {
    ClearMessage {
        user: "LAB\\administrator".to_owned(),
        content: content.as_bytes().to_vec(),
        charset: Some("UTF-8".to_owned()),
        is_sealed,
        authenticate: None,
    }
}

#[test]
fn who_says_nothing_hears_what_is_offered() {
    let mut connection = connection();
    let offers = ["Negotiate", "NTLM", "Basic realm=\"WSMAN\""].map(str::to_owned).to_vec();
    assert_eq!(ask(&mut connection, "", "", b""), Taken::Unauthorized(offers.clone()));
    for nonsense in ["Negotiate", "Negotiate ????", "Negotiate AAAA", "Kerberos AAAA", "Basic ????", "NTLM", "x"] {
        assert_eq!(ask(&mut connection, nonsense, SOAP, b"<x/>"), Taken::Unauthorized(offers.clone()), "{nonsense}");
    }
    let mut basic = connection_with(Schemes { basic: true, ..Schemes::default() }, Channel::clear());
    let only = Taken::Unauthorized(vec!["Basic realm=\"WSMAN\"".to_owned()]);
    assert_eq!(with_token(&mut basic, "Negotiate", &client().negotiate(), b""), only);
    let mut ntlm = connection_with(Schemes { ntlm: true, ..Schemes::default() }, Channel::clear());
    let good = format!("Basic {}", STANDARD.encode("LAB\\administrator:hunter2"));
    assert_eq!(ask(&mut ntlm, &good, SOAP, b"<x/>"), Taken::Unauthorized(vec!["NTLM".to_owned()]));
}

#[test]
fn a_basic_login_holds_for_its_request_alone() {
    let mut connection = connection();
    let good = format!("basic {}", STANDARD.encode("lab\\administrator:hunter2"));
    assert_eq!(ask(&mut connection, &good, SOAP, b"<x/>"), Taken::Message(message("<x/>", false)));
    assert!(matches!(ask(&mut connection, "", SOAP, b"<x/>"), Taken::Unauthorized(_)));
    let bad = format!("Basic {}", STANDARD.encode("lab\\administrator:hunter3"));
    assert!(matches!(ask(&mut connection, &bad, SOAP, b"<x/>"), Taken::Unauthorized(_)));
    assert_eq!(ask(&mut connection, &good, SEALED, b"x"), Taken::Unreadable);
}

#[test]
fn a_certificate_that_is_registered_lets_in_for_its_request_alone() {
    let mine = Certificate::for_client("administrator@LAB").unwrap();
    let other = Certificate::for_client("administrator@LAB").unwrap();
    let account = Account::new("LAB\\administrator", SecretString::from("hunter2")).with_certificate(mine.der());
    let mutual = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual";
    let connection = |is_on: bool, channel: Channel| {
        let schemes = Schemes { certificate: is_on, ..Schemes::default() };
        let identity = ComputerNames::of("hv01.lab.test");
        let accounts = vec![account.clone()];
        let logins = Logins { accounts, schemes, identity, channel_bindings: ChannelBindings::IfSent, services: None };
        ConnectionLogin::new(Arc::new(logins), channel)
    };
    let tls = |shown: Option<&Certificate>| Channel::tls(b"the host's").shown(shown.map(|one| one.der().to_vec()));
    let mut good = connection(true, tls(Some(&mine)));
    assert_eq!(ask(&mut good, mutual, SOAP, b"<x/>"), Taken::Message(message("<x/>", false)));
    assert_eq!(ask(&mut good, "", SOAP, b"<x/>"), Taken::Unauthorized(Vec::new()));
    assert_eq!(ask(&mut good, mutual, SEALED, b"x"), Taken::Unreadable);
    for (is_on, channel) in [
        (false, tls(Some(&mine))),
        (true, tls(Some(&other))),
        (true, tls(None)),
        (true, Channel::clear().shown(Some(mine.der().to_vec()))),
    ] {
        let mut connection = connection(is_on, channel);
        assert_eq!(ask(&mut connection, mutual, SOAP, b"<x/>"), Taken::Unauthorized(Vec::new()));
    }
}

#[test]
fn sealed_messages_follow_a_login_on_its_connection() {
    for scheme in ["Negotiate", "NTLM"] {
        let mut connection = connection();
        let (taken, mut keys) = log_in(&mut connection, scheme, &client());
        assert_eq!(taken, Taken::LoggedIn(None));
        assert_eq!(connection.user(), Some("LAB\\administrator"));
        for text in ["<one/>", "<two/>", ""] {
            let body = seal(&mut keys, text);
            assert_eq!(ask(&mut connection, "", SEALED, &body), Taken::Message(message(text, true)));
            let (content_type, body) = connection.write(format!("answer to {text}"), true);
            assert_eq!(unseal(&mut keys, &content_type, &body), format!("answer to {text}"));
        }
    }
}

#[test]
fn a_message_may_be_sealed_in_pieces_and_in_another_charset() {
    let mut connection = connection();
    let (_, mut keys) = log_in(&mut connection, "Negotiate", &client());
    let parts = [b"<one".as_slice(), b"/>"].map(|piece| sealed_part(&mut keys, "text/xml; Charset=\"UTF-16\"", piece));
    let (content_type, body) = sealed::write(Protocol::Kerberos, &parts);
    let expected = ClearMessage { charset: Some("UTF-16".to_owned()), ..message("<one/>", true) };
    assert_eq!(ask(&mut connection, "", &content_type, &body), Taken::Message(expected));
}

#[test]
fn a_message_may_come_with_the_last_leg() {
    let mut connection = connection();
    let challenge = token_of(with_token(&mut connection, "NTLM", &client().negotiate(), b""), "NTLM");
    let (third, mut keys) = client().authenticate(&challenge);
    let body = seal(&mut keys, "<one/>");
    assert_eq!(with_token(&mut connection, "NTLM", &third, &body), Taken::Message(message("<one/>", true)));
}

#[test]
fn an_unsealed_message_is_refused_over_clear_http_and_taken_over_tls() {
    let mut connection = connection();
    let _keys = log_in(&mut connection, "Negotiate", &client());
    assert_eq!(ask(&mut connection, "", SOAP, b"<x/>"), Taken::Unencrypted);
    let mut secure = connection_with(ALL, Channel::tls(b"certificate"));
    let (_, mut keys) = log_in(&mut secure, "Negotiate", &client());
    assert_eq!(ask(&mut secure, "", SOAP, b"<x/>"), Taken::Message(message("<x/>", false)));
    assert_eq!(secure.write("<y/>".to_owned(), false), (SOAP.to_owned(), b"<y/>".to_vec()));
    let body = seal(&mut keys, "<x/>");
    assert_eq!(ask(&mut secure, "", SEALED, &body), Taken::Message(message("<x/>", true)));
}

#[test]
fn a_client_without_sealing_can_use_tls_alone() {
    let unsealing = Initiator { flags: client().flags & !0x30, ..client() };
    let mut connection = connection();
    let (taken, mut keys) = log_in(&mut connection, "Negotiate", &unsealing);
    assert_eq!(taken, Taken::LoggedIn(None));
    let body = seal(&mut keys, "<x/>");
    assert_eq!(ask(&mut connection, "", SEALED, &body), Taken::Unreadable);
}

#[test]
fn what_cannot_be_unsealed_ends_the_login() {
    let mut connection = connection();
    let (_, mut keys) = log_in(&mut connection, "Negotiate", &client());
    let first = seal(&mut keys, "<one/>");
    assert!(matches!(ask(&mut connection, "", SEALED, &first), Taken::Message(_)));
    assert_eq!(ask(&mut connection, "", SEALED, &first), Taken::Unreadable, "the same message again");
    assert_eq!(connection.user(), None);
    let next = seal(&mut keys, "<two/>");
    assert!(matches!(ask(&mut connection, "", SEALED, &next), Taken::Unauthorized(_)));
    let (_, mut keys) = log_in(&mut connection, "Negotiate", &client());
    let body = seal(&mut keys, "<one/>");
    let at = body.windows(8).position(|window| window == b"Length=6").unwrap();
    let shorter = [&body[..at], b"Length=5", &body[at + 8..]].concat();
    assert_eq!(ask(&mut connection, "", SEALED, &shorter), Taken::Unreadable, "another length than was promised");
}

#[test]
fn zeros_that_pad_a_sealed_message_are_not_part_of_it() {
    for (text, length, content) in [
        ("<one/>\0\0", 6, Some("<one/>")),
        ("<one/>\0\0", 8, Some("<one/>\0\0")),
        ("<one/>x\0", 6, None),
        ("\0", 0, Some("")),
    ] {
        let mut connection = connection();
        let (_, mut keys) = log_in(&mut connection, "Negotiate", &client());
        let part = Part { original_length: length, ..sealed_part(&mut keys, SOAP, text.as_bytes()) };
        let (_, body) = sealed::write(Protocol::Spnego, &[part]);
        let expected = content.map_or(Taken::Unreadable, |content| Taken::Message(message(content, true)));
        assert_eq!(ask(&mut connection, "", SEALED, &body), expected, "{text:?} of {length}");
    }
}

#[test]
fn an_answer_to_a_challenge_is_good_once_and_there_alone() {
    let mut one = connection();
    let challenge = token_of(with_token(&mut one, "NTLM", &client().negotiate(), b""), "NTLM");
    let (third, _) = client().authenticate(&challenge);
    assert_eq!(with_token(&mut one, "NTLM", &third, b""), Taken::LoggedIn(None));
    assert!(matches!(with_token(&mut one, "NTLM", &third, b""), Taken::Unauthorized(_)), "the same again");
    assert_eq!(one.user(), None, "a failed login ends the one of before");
    let mut other = connection();
    let _challenge = with_token(&mut other, "NTLM", &client().negotiate(), b"");
    assert!(matches!(with_token(&mut other, "NTLM", &third, b""), Taken::Unauthorized(_)), "on another connection");
    let challenge = token_of(with_token(&mut other, "NTLM", &client().negotiate(), b""), "NTLM");
    let (third, _) = client().authenticate(&challenge);
    assert!(matches!(with_token(&mut other, "Negotiate", &third, b""), Taken::Unauthorized(_)), "under another scheme");
    let again = token_of(with_token(&mut other, "NTLM", &client().negotiate(), b""), "NTLM");
    assert_ne!(again[24..32], challenge[24..32], "no challenge comes twice");
}

#[test]
fn a_login_may_begin_anew_at_any_leg() {
    let mut connection = connection();
    let _challenge = with_token(&mut connection, "NTLM", &client().negotiate(), b"");
    let (taken, _) = log_in(&mut connection, "NTLM", &client());
    assert_eq!(taken, Taken::LoggedIn(None));
    let (taken, _) = log_in(&mut connection, "Negotiate", &Initiator { password: "hunter3", ..client() });
    assert!(matches!(taken, Taken::Unauthorized(_)));
    assert_eq!(connection.user(), None);
}

#[test]
fn a_refused_login_is_over() {
    let mut connection = connection();
    let (_, mut keys) = log_in(&mut connection, "NTLM", &client());
    assert!(matches!(connection.refuse(), Taken::Unauthorized(_)));
    let body = seal(&mut keys, "<one/>");
    assert!(matches!(ask(&mut connection, "", SEALED, &body), Taken::Unauthorized(_)));
}

#[test]
fn a_login_over_tls_is_bound_to_its_certificate() {
    let hash = Channel::tls(b"certificate").hash();
    for (channel, is_in) in [(hash, true), (None, true), (Channel::tls(b"another").hash(), false)] {
        let mut connection = connection_with(ALL, Channel::tls(b"certificate"));
        let (taken, _) = log_in(&mut connection, "Negotiate", &Initiator { channel, ..client() });
        assert_eq!(taken == Taken::LoggedIn(None), is_in, "{channel:?}");
    }
    let mut clear = connection();
    let (taken, _) = log_in(&mut clear, "Negotiate", &Initiator { channel: Channel::tls(b"x").hash(), ..client() });
    assert_eq!(taken, Taken::LoggedIn(None), "over clear HTTP nobody looks");
}

/// A field of an acceptor's SPNEGO answer.
fn answer_field(answer: &[u8], number: u8) -> Option<Vec<u8>> {
    let mut fields = Reader::new(der::only(der::only(answer, context(1))?, SEQUENCE)?);
    while let Some(field) = fields.next() {
        if field.tag == context(number) {
            return Reader::new(field.content).next().map(|element| element.content.to_vec());
        }
    }
    None
}

fn response(token: Option<&[u8]>, mic: Option<&[u8]>) -> Vec<u8> {
    spnego::write(spnego::State::Incomplete, None, token, mic)
}

/// Logs in by SPNEGO with this list of mechanisms; `mic` makes the signature that the client sends of what it should be.
fn log_in_spnego(
    connection: &mut ConnectionLogin,
    mechanisms: &[&[u8]],
    mic: impl Fn(Vec<u8>) -> Option<Vec<u8>>,
) -> (Taken, Keys, Vec<u8>) {
    let client = client();
    let first = client.negotiate();
    let ntlm_is_first = mechanisms[0] == spnego::NTLM;
    let offered = if ntlm_is_first { &first[..] } else { b"of another mechanism" };
    let init = spnego::write_init(mechanisms, Some(offered));
    let mut answer = token_of(with_token(connection, "Negotiate", &init, b""), "Negotiate");
    assert_eq!(answer_field(&answer, 1).unwrap(), spnego::NTLM);
    if !ntlm_is_first {
        assert_eq!(answer_field(&answer, 0).unwrap(), [3]);
        assert_eq!(answer_field(&answer, 2), None);
        answer = token_of(with_token(connection, "Negotiate", &response(Some(&first), None), b""), "Negotiate");
    }
    let (third, mut keys) = client.authenticate(&answer_field(&answer, 2).unwrap());
    let Some(spnego::Token::Init(read)) = spnego::read(&init) else { panic!("not read") };
    let list = read.mechanism_list.to_vec();
    let mic = mic(keys.outgoing.sign(&list).to_vec());
    let taken = with_token(connection, "Negotiate", &response(Some(&third), mic.as_deref()), b"");
    (taken, keys, list)
}

#[test]
fn spnego_around_ntlm_signs_its_list_and_the_count_goes_on_behind_that() {
    const KERBEROS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 1, 2, 2];
    for mechanisms in [&[spnego::NTLM][..], &[spnego::NTLM, KERBEROS], &[KERBEROS, spnego::NTLM]] {
        let mut connection = connection();
        let (taken, mut keys, list) = log_in_spnego(&mut connection, mechanisms, Some);
        let Taken::LoggedIn(Some(value)) = taken else { panic!("{taken:?}") };
        let answer = STANDARD.decode(value.strip_prefix("Negotiate ").unwrap()).unwrap();
        assert_eq!(answer_field(&answer, 0).unwrap(), [0], "completed");
        assert_eq!(answer_field(&answer, 3).unwrap(), keys.incoming.sign(&list));
        let body = seal(&mut keys, "<one/>");
        assert_eq!(ask(&mut connection, "", SEALED, &body), Taken::Message(message("<one/>", true)));
        let (content_type, body) = connection.write("<two/>".to_owned(), true);
        assert_eq!(unseal(&mut keys, &content_type, &body), "<two/>");
    }
}

#[test]
fn a_list_of_mechanisms_that_was_changed_on_the_way_is_noticed() {
    const OTHER: &[u8] = &[0x2a, 0x03];
    let changed = |mut mic: Vec<u8>| {
        mic[5] ^= 1;
        Some(mic)
    };
    let (taken, ..) = log_in_spnego(&mut connection(), &[spnego::NTLM], changed);
    assert!(matches!(taken, Taken::Unauthorized(_)), "a wrong signature");
    let (taken, ..) = log_in_spnego(&mut connection(), &[OTHER, spnego::NTLM], |_| None);
    assert!(matches!(taken, Taken::Unauthorized(_)), "none, though the first wish was not granted");
    let (taken, ..) = log_in_spnego(&mut connection(), &[spnego::NTLM], |_| None);
    assert!(matches!(taken, Taken::LoggedIn(Some(_))), "none is needed if it was");
    let init = spnego::write_init(&[OTHER], None);
    assert!(matches!(with_token(&mut connection(), "Negotiate", &init, b""), Taken::Unauthorized(_)), "nothing known");
}

/// Clients that have a ticket send it first, under either scheme and with nothing around it; they may try NTLM then.
#[test]
fn a_kerberos_ticket_is_refused_with_what_is_offered_and_the_connection_goes_on() {
    let mechanism = der::write(der::OBJECT_IDENTIFIER, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 1, 2, 2]);
    let ticket = der::write(0x60, &[&mechanism[..], b"\x01\x00 a ticket"].concat());
    for scheme in ["Negotiate", "Kerberos", "NTLM"] {
        let mut connection = connection();
        let taken = with_token(&mut connection, scheme, &ticket, b"");
        assert!(matches!(&taken, Taken::Unauthorized(offers) if offers.len() == 3), "{scheme}: {taken:?}");
        let (taken, _) = log_in(&mut connection, "Negotiate", &client());
        assert_eq!(taken, Taken::LoggedIn(None), "{scheme}");
    }
}

#[test]
fn spnego_tokens_are_read_under_negotiate_and_at_their_place_only() {
    let token = der::write(context(1), &der::write(SEQUENCE, &der::write(context(2), &der::write(OCTET_STRING, b"x"))));
    assert!(matches!(with_token(&mut connection(), "Negotiate", &token, b""), Taken::Unauthorized(_)));
    let mut connection = connection();
    let init = spnego::write_init(&[spnego::NTLM], Some(&client().negotiate()));
    let _challenge = token_of(with_token(&mut connection, "Negotiate", &init, b""), "Negotiate");
    assert!(matches!(with_token(&mut connection, "Negotiate", &response(None, None), b""), Taken::Unauthorized(_)));
}

#[test]
fn a_certificate_is_made_for_its_names() {
    let certificate = Certificate::self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    assert!(certificate.pem().starts_with("-----BEGIN CERTIFICATE-----"));
    assert_eq!(certificate.sha256().len(), 64);
    assert!(certificate.der().windows(9).any(|window| window == b"localhost"));
    assert!(Tls::new(&certificate).is_ok());
    let shown = format!("{certificate:?}");
    assert!(shown.contains("sha256") && shown.len() < 120, "{shown}");
}

#[tokio::test]
async fn whoever_trusts_the_certificate_can_talk_over_tls() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio_rustls::rustls::crypto::ring;
    use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
    use tokio_rustls::rustls::{ClientConfig, RootCertStore};

    let certificate = Certificate::self_signed(vec!["hv01.lab.test".to_owned()]).unwrap();
    let tls = Tls::new(&certificate).unwrap();
    for (name, is_trusted) in [("hv01.lab.test", true), ("hv02.lab.test", false)] {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_slice(certificate.der())).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let (here, there) = tokio::io::duplex(4096);
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        let client = async {
            let mut stream = connector.connect(ServerName::try_from(name).unwrap(), here).await?;
            stream.write_all(b"hello").await?;
            stream.shutdown().await?;
            stream.read_to_end(&mut Vec::new()).await
        };
        let server = async {
            let mut text = String::new();
            let (mut stream, shown) = tls.accept(there).await?;
            assert_eq!(shown, None);
            stream.read_to_string(&mut text).await?;
            stream.shutdown().await?;
            Ok::<_, std::io::Error>(text)
        };
        let (sent, received) = tokio::join!(client, server);
        assert_eq!(sent.is_ok(), is_trusted, "{sent:?}");
        assert_eq!(received.ok(), is_trusted.then(|| "hello".to_owned()));
    }
}

proptest! {
    #[test]
    fn arbitrary_requests_do_not_panic(
        authorization in proptest::option::of(".{0,60}"),
        content_type in ".{0,40}",
        tokens in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..80), 0..4),
        body in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        let mut connection = connection();
        let _taken = connection.take(LoginRequest { authorization: authorization.as_deref(), content_type: &content_type, body: &body });
        for token in &tokens {
            let _taken = with_token(&mut connection, "Negotiate", token, &body);
        }
        let (_, _keys) = log_in(&mut connection, "Negotiate", &client());
        let _taken = connection.take(LoginRequest { authorization: None, content_type: SEALED, body: &body });
    }
}
