//! A Kerberos server that does not answer for a while, and one that refuses.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cim::{CallError, ErrorKind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::get;
use super::host::{Host, Quirk, Settings};
use crate::{Client, Endpoint, Limits, Login, Scheme};
use wsman_acceptor::Schemes;

/// A Kerberos server that answers every question with these bytes, and then closes.
struct Server {
    address: String,
    asked: Arc<AtomicUsize>,
}

impl Server {
    async fn new(answer: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::Relaxed);
                let length = stream.read_u32().await.unwrap();
                let mut question = vec![0; usize::try_from(length).unwrap()];
                stream.read_exact(&mut question).await.unwrap();
                let _gone = stream.write_all(&answer).await;
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    fn client(&self, login: &Login, host: &Host) -> Client {
        let endpoint = Endpoint::parse("http://hv01.lab.test").unwrap();
        let login = login.clone().with_kdc(self.address.as_str());
        Client::new(endpoint, login, Limits::default()).at_addresses(vec![host.address])
    }
}

fn value(tag: u8, inside: &[u8]) -> Vec<u8> {
    [&[tag, u8::try_from(inside.len()).unwrap()], inside].concat()
}

/// An answer with an error code, its length before it (RFC 4120 5.9.1, 7.2.2).
fn error(code: u8) -> Vec<u8> {
    let number = |tag, number| value(tag, &value(0x02, &[number]));
    let text = |text: &str| value(0x1B, text.as_bytes());
    let name =
        value(0x30, &[number(0xA0, 2), value(0xA1, &value(0x30, &[text("krbtgt"), text("LAB")].concat()))].concat());
    let fields = [
        number(0xA0, 5),
        number(0xA1, 30),
        value(0xA4, &value(0x18, b"20261129110000Z")),
        number(0xA5, 0),
        number(0xA6, code),
        value(0xA9, &text("LAB")),
        value(0xAA, &name),
    ];
    let message = value(0x7E, &value(0x30, &fields.concat()));
    [u32::try_from(message.len()).unwrap().to_be_bytes().as_slice(), &message].concat()
}

#[tokio::test]
async fn after_a_kerberos_server_did_not_answer_it_is_asked_again_a_minute_later_and_not_before() {
    let host = Host::new(Settings::new(Quirk::None)).await;
    let server = Server::new(Vec::new()).await;
    let client = server.client(&Login::new(Scheme::Negotiate, "LAB\\svc", "right horse"), &host);
    client.call(get()).await.unwrap();
    let once = server.asked();
    assert!(once > 0, "and NTLM was taken");
    // Each time one connection more than there are.
    let (a, b) = tokio::join!(client.call(get()), client.call(get()));
    assert!(a.is_ok() && b.is_ok());
    assert_eq!(server.asked(), once);
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(61)).await;
    tokio::time::resume();
    let (a, b, c) = tokio::join!(client.call(get()), client.call(get()), client.call(get()));
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert_eq!(server.asked(), once * 2);
    let (a, b, c, d) = tokio::join!(client.call(get()), client.call(get()), client.call(get()), client.call(get()));
    assert!(a.is_ok() && b.is_ok() && c.is_ok() && d.is_ok());
    assert_eq!(server.asked(), once * 2, "bounded");
}

/// 24 is a wrong password (RFC 4120 7.5.9).
#[tokio::test]
async fn a_password_that_the_kerberos_server_refuses_is_tried_once_for_all_hosts() {
    let server = Server::new(error(24)).await;
    let login = Login::new(Scheme::Negotiate, "LAB\\svc", "wrong horse");
    let mut errors: Vec<CallError> = Vec::new();
    for _ in 0..5 {
        let host = Host::new(Settings::new(Quirk::None)).await;
        errors.push(server.client(&login, &host).call(get()).await.unwrap_err());
        assert_eq!(host.tokens(), 0, "and nothing by NTLM");
    }
    assert!(errors.iter().all(|error| error.kind == ErrorKind::Denied), "{errors:?}");
    assert!(errors[0].message.contains("the Kerberos server refused the user or the password"), "{}", errors[0]);
    assert!(
        errors[1..].iter().all(|error| error.message.contains("was not tried: the Kerberos server refused LAB\\svc"))
    );
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn a_host_that_only_another_host_named_gets_no_answer_of_ntlm_unless_that_is_named() {
    let server = Server::new(Vec::new()).await;
    let schemes = Schemes { negotiate: true, ntlm: true, basic: true, certificate: false };
    for (scheme, user, tokens, words) in [
        (Scheme::Auto, "LAB\\svc", 0, "no Kerberos server (KDC) answers"),
        (Scheme::Auto, "svc", 0, "Kerberos needs the user's realm"),
        (Scheme::Negotiate, "LAB\\svc", 2, ""),
        (Scheme::Ntlm, "LAB\\svc", 2, ""),
    ] {
        let host = Host::new(Settings { schemes, ..Settings::new(Quirk::None) }).await;
        let login = Login::new(scheme, user, "right horse").restricted_to_kerberos("since nobody listed it");
        let client = if user.contains('\\') && scheme != Scheme::Ntlm {
            server.client(&login, &host)
        } else {
            Client::new(Endpoint::parse("http://hv01.lab.test").unwrap(), login, Limits::default())
                .at_addresses(vec![host.address])
        };
        let answer = client.call(get()).await;
        assert_eq!((answer.is_err(), host.tokens()), (tokens == 0, tokens), "{scheme:?} {user}: {answer:?}");
        if let Err(error) = answer {
            assert!(error.message.contains(words) && error.message.ends_with("since nobody listed it"), "{error}");
        }
    }
    // Nor does one that is asked by its address, or that offers nothing else.
    let host = Host::new(Settings::new(Quirk::None)).await;
    let login =
        Login::new(Scheme::Auto, "svc@lab.test", "right horse").restricted_to_kerberos("since nobody listed it");
    let endpoint = Endpoint::parse(&format!("http://{}", host.address)).unwrap();
    let error = Client::new(endpoint, login, Limits::default()).call(get()).await.unwrap_err();
    assert!(error.message.ends_with("name its account with --spn; since nobody listed it"), "{error}");
    assert_eq!(host.tokens(), 0);
}
