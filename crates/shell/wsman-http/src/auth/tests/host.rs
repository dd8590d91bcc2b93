//! A host on loopback that accepts logins as `wsman-acceptor` does, and misbehaves on request.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;

use wsman_acceptor::{
    Account, Certificate, Channel, ChannelBindings, ComputerNames, ConnectionLogin, LoginRequest, Logins, Schemes,
    Taken, Tls,
};

/// How a host goes wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Quirk {
    /// Not at all.
    #[default]
    None,
    /// It answers a sealed message in the clear.
    AnswersInTheClear,
    /// An on-path attacker flips a bit of a sealed message.
    FlipsABit,
    /// It promises one octet more than it has sealed.
    PromisesMore,
    /// It answers the second message of each connection, and every later one, with the first answer as it was sealed.
    SaysItAgain,
    /// It answers everybody with what it has sealed for the first message of its first connection.
    SaysWhatOthersHeard,
    /// It answers the second message of each connection, and every later one, as if nobody had logged in.
    ForgetsTheLogin,
    /// It answers every token with this challenge.
    AlwaysAnswers(&'static str),
    /// It lets anybody in who sends a token.
    LetsAnybodyIn,
    /// It closes a connection once it has said what it offers.
    ClosesAfterTheOffer,
}

/// What one host is like.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) schemes: Schemes,
    /// The password of the account.
    pub(super) password: &'static str,
    pub(super) quirk: Quirk,
    pub(super) tls: Option<Arc<Certificate>>,
    /// The certificate that is registered for the user; then clients are asked for one.
    pub(super) client: Option<Arc<Certificate>>,
    /// The certificate that logins must be bound to, if it is not the one that is shown.
    pub(super) bound_to: Option<Arc<Certificate>>,
}

impl Settings {
    pub(super) fn new(quirk: Quirk) -> Self {
        let schemes = Schemes { negotiate: true, ntlm: false, basic: false, certificate: false };
        Self { schemes, password: "right horse", quirk, tls: None, client: None, bound_to: None }
    }
}

/// What a host was told, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// A request without a login.
    Nothing,
    /// A token.
    Token,
    /// A message on this connection, and whether it was sealed.
    Message(usize, bool),
}

/// A host that runs.
pub(super) struct Host {
    pub(super) address: SocketAddr,
    heard: Arc<Mutex<Vec<Arrival>>>,
}

impl Host {
    pub(super) async fn new(settings: Settings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&heard);
        let first = Arc::new(Mutex::default());
        tokio::spawn(async move {
            let made = if settings.client.is_some() { Tls::asking } else { Tls::new };
            let tls = settings.tls.as_ref().map(|certificate| made(certificate).unwrap());
            for number in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let (tls, settings, log) = (tls.clone(), settings.clone(), Arc::clone(&log));
                let everybody = settings.quirk == Quirk::SaysWhatOthersHeard;
                let first = if everybody { Arc::clone(&first) } else { Arc::default() };
                tokio::spawn(async move {
                    let session = |shown| Arc::new(Session::new(number, &settings, shown, (log, first)));
                    match tls {
                        Some(tls) => {
                            if let Ok((stream, shown)) = tls.accept(stream).await {
                                serve(stream, session(shown)).await;
                            }
                        }
                        None => serve(stream, session(None)).await,
                    }
                });
            }
        });
        Self { address, heard }
    }

    pub(super) fn heard(&self) -> Vec<Arrival> {
        self.heard.lock().unwrap().clone()
    }

    pub(super) fn tokens(&self) -> usize {
        self.heard().iter().filter(|heard| **heard == Arrival::Token).count()
    }

    /// The messages: on which connection each came, and whether it was sealed.
    pub(super) fn messages(&self) -> Vec<(usize, bool)> {
        let message = |heard| if let Arrival::Message(number, sealed) = heard { Some((number, sealed)) } else { None };
        self.heard().into_iter().filter_map(message).collect()
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S, session: Arc<Session>) {
    let service = service_fn(move |request| {
        let session = Arc::clone(&session);
        async move { session.answer(request).await }
    });
    let _ended = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// The first answer, as it was sealed.
type First = Arc<Mutex<Option<Vec<u8>>>>;

/// One connection.
struct Session {
    number: usize,
    quirk: Quirk,
    login: Mutex<ConnectionLogin>,
    messages: AtomicUsize,
    first: First,
    heard: Arc<Mutex<Vec<Arrival>>>,
}

type Response = hyper::Response<Full<Bytes>>;

impl Session {
    fn new(
        number: usize,
        settings: &Settings,
        shown: Option<Vec<u8>>,
        (heard, first): (Arc<Mutex<Vec<Arrival>>>, First),
    ) -> Self {
        let certificate = settings.bound_to.as_ref().or(settings.tls.as_ref());
        let channel = certificate.map_or_else(Channel::clear, |certificate| Channel::tls(certificate.der()));
        let channel = channel.shown(shown);
        let account = Account::new("LAB\\svc", settings.password.into());
        let account = match &settings.client {
            Some(client) => account.with_certificate(client.der()),
            None => account,
        };
        let channel_bindings = if certificate.is_some() { ChannelBindings::Required } else { ChannelBindings::IfSent };
        let logins = Logins {
            accounts: vec![account],
            schemes: settings.schemes,
            identity: ComputerNames::of("hv01.lab.test"),
            channel_bindings,
            services: None,
        };
        let login = Mutex::new(ConnectionLogin::new(Arc::new(logins), channel));
        Self { number, quirk: settings.quirk.clone(), login, messages: AtomicUsize::new(0), first, heard }
    }

    async fn answer(&self, request: hyper::Request<Incoming>) -> Result<Response, std::convert::Infallible> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let text = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
        let (authorization, content_type) = (text(AUTHORIZATION), text(CONTENT_TYPE).unwrap_or_default());
        let taken = self.login.lock().unwrap().take(LoginRequest { authorization, content_type, body: &body });
        let told = match (&taken, authorization) {
            (Taken::Message(message), _) => Arrival::Message(self.number, message.is_sealed),
            (_, Some(_)) => Arrival::Token,
            (_, None) => Arrival::Nothing,
        };
        self.heard.lock().unwrap().push(told);
        Ok(match (&self.quirk, told) {
            (Quirk::AlwaysAnswers(challenge), Arrival::Token) => challenged(401, &[(*challenge).to_owned()]),
            (Quirk::LetsAnybodyIn, Arrival::Token) => challenged(200, &[]),
            (Quirk::ClosesAfterTheOffer, Arrival::Nothing) => {
                let mut response = challenged(401, &["Negotiate".to_owned()]);
                response.headers_mut().insert("connection", "close".parse().unwrap());
                response
            }
            _ => self.taken(taken),
        })
    }

    fn taken(&self, taken: Taken) -> Response {
        let message = match taken {
            Taken::GoesOn(leg) => return challenged(401, &[leg]),
            Taken::LoggedIn(leg) => return challenged(200, &leg.into_iter().collect::<Vec<_>>()),
            Taken::Unauthorized(offers) => return challenged(401, &offers),
            Taken::Unencrypted => return challenged(500, &[]),
            Taken::Unreadable => return challenged(400, &[]),
            Taken::Message(message) => message,
        };
        let earlier = self.messages.fetch_add(1, Ordering::Relaxed);
        if self.quirk == Quirk::ForgetsTheLogin && earlier > 0 {
            return challenged(401, &["Negotiate".to_owned()]);
        }
        let answer = super::answer(&String::from_utf8(message.content).unwrap());
        let seals = message.is_sealed && self.quirk != Quirk::AnswersInTheClear;
        let (content_type, mut body) = self.login.lock().unwrap().write(answer, seals);
        if self.quirk == Quirk::FlipsABit {
            let middle = body.len() / 2;
            body[middle] ^= 1;
        }
        if self.quirk == Quirk::PromisesMore {
            let text = body.windows(7).position(|own| own == b"Length=").unwrap() + 7;
            let digits = body[text..].iter().take_while(|digit| digit.is_ascii_digit()).count();
            let length: usize = std::str::from_utf8(&body[text..text + digits]).unwrap().parse().unwrap();
            body.splice(text..text + digits, (length + 1).to_string().into_bytes());
        }
        let mut first = self.first.lock().unwrap();
        match &*first {
            Some(first) if matches!(self.quirk, Quirk::SaysItAgain | Quirk::SaysWhatOthersHeard) => {
                body.clone_from(first);
            }
            Some(_) => {}
            None => *first = Some(body.clone()),
        }
        drop(first);
        hyper::Response::builder().header(CONTENT_TYPE, content_type).body(Full::new(body.into())).unwrap()
    }
}

fn challenged(status: u16, challenges: &[String]) -> Response {
    let mut response = hyper::Response::builder().status(status);
    for challenge in challenges {
        response = response.header(WWW_AUTHENTICATE, challenge);
    }
    response.body(Full::new(Bytes::new())).unwrap()
}
