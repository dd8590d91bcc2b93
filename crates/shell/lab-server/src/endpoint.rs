//! One connection to a host's WS-Management service: HTTP, login, one message after the other.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use hyper::header::{
    ALLOW, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    TRANSFER_ENCODING, WWW_AUTHENTICATE,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use wsman::media_type::charset;
use wsman::sealed::is_sealed;
use wsman_acceptor::{ClearMessage, ConnectionLogin, Taken};

use crate::broken::{CutOff, Resetter, Sending};
use crate::site::{Site, lock};
use crate::strike::Sent;

/// Additional room for the frame of a sealed request, usually 350 bytes.
const SEAL_MAX: usize = 1024;
/// Maximum wait for a request's head on an idle connection (Windows drops idle connections after two minutes).
const HEAD_WAIT: Duration = Duration::from_mins(2);
/// A response that is not an envelope: a page from a proxy, that is not even XML.
const GARBAGE: &[u8] = b"<html><body><p>Bad gateway<br>please <b>try again</body></html>\0\xff";
/// The type of an unsealed envelope.
const SOAP: &str = "application/soap+xml;charset=UTF-8";

/// Serves one connection to its end.
pub(crate) async fn serve(stream: TcpStream, host: usize, site: Arc<Site>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let resetter = Resetter::new(&stream);
    match site.entrances.tls() {
        None => exchange(stream, Session::new(host, None, resetter, site)).await,
        Some(tls) => match timeout(HEAD_WAIT, tls.accept(stream)).await {
            Ok(Ok((stream, shown))) => exchange(stream, Session::new(host, shown, resetter, Arc::clone(&site))).await,
            Ok(Err(error)) => tracing::debug!(%error, "no TLS came about"),
            Err(_late) => tracing::debug!("no TLS came about in time"),
        },
    }
}

async fn exchange(stream: impl AsyncRead + AsyncWrite + Unpin, session: Option<Session>) {
    let Some(session) = session.map(Arc::new) else { return };
    let service = service_fn(move |request| {
        let session = Arc::clone(&session);
        async move { session.answer(request).await }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WAIT)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "connection ended");
    }
}

/// The state of one connection.
struct Session {
    host: usize,
    /// Held for the length of one step of a login, never across an await.
    login: Mutex<ConnectionLogin>,
    resetter: Resetter,
    site: Arc<Site>,
}

impl Session {
    /// Creates the state for a client that has presented this certificate, if any; `None` if there is no such host.
    fn new(host: usize, shown: Option<Vec<u8>>, resetter: Resetter, site: Arc<Site>) -> Option<Self> {
        let login = site.entrances.login(host, shown)?;
        Some(Self { host, login, resetter, site })
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Sending>, CutOff> {
        let half = self.site.options.round_trip / 2;
        tokio::time::sleep(half).await;
        let response = self.handle(request).await;
        tokio::time::sleep(half).await;
        response
    }

    async fn handle(&self, request: Request<Incoming>) -> Result<Response<Sending>, CutOff> {
        // HTTP.sys compares paths without case, and WinRM registers its path with a slash at the end.
        let path = request.uri().path();
        if !path.strip_suffix('/').unwrap_or(path).eq_ignore_ascii_case("/wsman") {
            return Ok(empty(StatusCode::NOT_FOUND));
        }
        if request.method() != Method::POST {
            let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            return Ok(response);
        }
        let (head, body) = request.into_parts();
        // HTTP.sys wants to know where a body ends, of an empty one too (RFC 9110, 15.5.12).
        if ![CONTENT_LENGTH, TRANSFER_ENCODING].iter().any(|length| head.headers.contains_key(length)) {
            return Ok(empty(StatusCode::LENGTH_REQUIRED));
        }
        // Before the login sees a byte of it, and at once if it is announced.
        let content_type = text(&head.headers, CONTENT_TYPE).unwrap_or_default();
        let request_max = self.site.envelope_max(self.host);
        let most = if is_sealed(content_type) { request_max + SEAL_MAX } else { request_max };
        if body.size_hint().lower() > u64::try_from(most).unwrap_or(u64::MAX) {
            return Ok(empty(StatusCode::PAYLOAD_TOO_LARGE));
        }
        let body = match whole(body, most).await {
            Ok(Some(body)) => body,
            Ok(None) => return Ok(empty(StatusCode::PAYLOAD_TOO_LARGE)),
            Err(_) => return Ok(empty(StatusCode::BAD_REQUEST)),
        };
        let taken = self.let_in(&head.headers, &body);
        // A client may send Identify without a login, if it declares that (MS-WSMV 3.1.4.1.31).
        let only_identify = head.headers.get("WSMANIDENTIFY").is_some_and(|value| value == "unauthenticated");
        if only_identify
            && matches!(taken, Taken::Unauthorized(_) | Taken::Unencrypted)
            && let Some(answer) = self.site.answer_unknown(self.host, &body, charset(content_type).as_deref())
        {
            return Ok(typed(answer.status, SOAP, Sending::whole(answer.body.into())));
        }
        match taken {
            Taken::Message(message) if message.content.len() > request_max => Ok(empty(StatusCode::PAYLOAD_TOO_LARGE)),
            Taken::Message(message) => self.answer_message(message).await,
            Taken::GoesOn(leg) => Ok(with_authenticate(empty(StatusCode::UNAUTHORIZED), [leg])),
            Taken::LoggedIn(leg) => Ok(with_authenticate(empty(StatusCode::OK), leg)),
            Taken::Unauthorized(offers) => {
                self.site.count_unauthorized(self.host);
                Ok(with_authenticate(empty(StatusCode::UNAUTHORIZED), offers))
            }
            Taken::Unencrypted => Ok(empty(StatusCode::INTERNAL_SERVER_ERROR)),
            Taken::Unreadable => {
                let mut response = empty(StatusCode::BAD_REQUEST);
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                Ok(response)
            }
        }
    }

    /// Does one step of the login, and refuses a valid one if a fault says so.
    fn let_in(&self, headers: &HeaderMap, body: &[u8]) -> Taken {
        let content_type = text(headers, CONTENT_TYPE).unwrap_or_default();
        let authorization = text(headers, AUTHORIZATION);
        let request = wsman_acceptor::LoginRequest { authorization, content_type, body };
        let mut login = lock(&self.login);
        let taken = login.take(request);
        match taken {
            Taken::Message(_) | Taken::LoggedIn(_) if self.site.refuses_login(self.host) => login.refuse(),
            Taken::Message(_)
            | Taken::LoggedIn(_)
            | Taken::Unauthorized(_)
            | Taken::GoesOn(_)
            | Taken::Unencrypted
            | Taken::Unreadable => taken,
        }
    }

    async fn answer_message(&self, message: ClearMessage) -> Result<Response<Sending>, CutOff> {
        let Some(late) = self.site.exchange(self.host, &message.content, message.charset.as_deref()) else {
            return Ok(empty(StatusCode::NOT_FOUND));
        };
        tokio::time::sleep(late.delay).await;
        let write = |body| {
            let (content_type, body) = lock(&self.login).write(body, message.is_sealed);
            (content_type, Bytes::from(body))
        };
        let sent = match late.sent {
            // The host is the one that was just asked, so it is there.
            Sent::Waits(waiting) => self.site.wait(self.host, &waiting).await.map_or(Sent::Closed, Sent::Whole),
            sent @ (Sent::Whole(_)
            | Sent::Half(_)
            | Sent::Garbage
            | Sent::Empty
            | Sent::Endless(_)
            | Sent::Announcements
            | Sent::Closed
            | Sent::Reset) => sent,
        };
        let response = match sent {
            Sent::Whole(answer) => {
                let (content_type, body) = write(answer.body);
                typed(answer.status, &content_type, Sending::whole(body))
            }
            Sent::Half(answer) => {
                let (content_type, body) = write(answer.body);
                typed(answer.status, &content_type, Sending::half(&body))
            }
            Sent::Garbage => typed(200, SOAP, Sending::whole(Bytes::from_static(GARBAGE))),
            Sent::Empty => typed(200, SOAP, Sending::whole(Bytes::new())),
            Sent::Endless(pace) => typed(200, SOAP, Sending::endless(pace)),
            Sent::Announcements => {
                self.resetter.announce_without_end().await;
                return Err(CutOff);
            }
            Sent::Closed | Sent::Waits(_) => return Err(CutOff),
            Sent::Reset => {
                self.resetter.reset_at_end();
                return Err(CutOff);
            }
        };
        Ok(with_authenticate(response, message.authenticate))
    }
}

/// A whole body in one buffer, since its pieces may be of one byte each; `None` if it is larger than `most` bytes.
async fn whole(mut body: Incoming, most: usize) -> Result<Option<Bytes>, hyper::Error> {
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if data.len() > most.saturating_sub(whole.len()) {
            return Ok(None);
        }
        whole.extend_from_slice(&data);
    }
    Ok(Some(whole.freeze()))
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn typed(status: u16, content_type: &str, body: Sending) -> Response<Sending> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().extend(HeaderValue::from_str(content_type).ok().map(|value| (CONTENT_TYPE, value)));
    response
}

/// Adds the challenges of a login, each in a header of its own.
fn with_authenticate(mut response: Response<Sending>, values: impl IntoIterator<Item = String>) -> Response<Sending> {
    for value in values {
        // Words and Base64: nothing that a header cannot hold.
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().append(WWW_AUTHENTICATE, value);
        }
    }
    response
}

fn empty(status: StatusCode) -> Response<Sending> {
    let mut response = Response::new(Sending::whole(Bytes::new()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    response
}
