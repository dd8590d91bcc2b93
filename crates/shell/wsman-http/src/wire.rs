//! A connection to a service: TCP, TLS over it for an https:// address, and HTTP over that. One request at a time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use cim::{CallError, ErrorKind, Hint, Reached};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderValue, WWW_AUTHENTICATE};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use crate::allowance::Allowance;
use crate::dial::{Resolver, dial, not_connected, unreachable};
use crate::endpoint::Endpoint;
use crate::limits::Limits;
use crate::memory::{Account, HostMemory};
use crate::short_reads::ShortReads;
use crate::tls::{self, Handshakes};
use crate::way::{Tls, Transport};

/// Maximum size of a response's head, in bytes. A login token of 64 KiB fits.
const HEAD_LENGTH_MAX: usize = 128 * 1024;
/// The hint for a response that is not HTTP.
const NO_HTTP: &str = " (what answers there does not speak HTTP: is it an https:// address, or another port?)";
/// Maximum size of a body that is read to its end only to keep the connection, such as a refusal's page.
const REFUSAL_LENGTH_MAX: usize = 64 * 1024;
/// Maximum bytes before the end of a response's head: the head itself, others that announce it (`100 Continue`), and the first
/// bytes of its body.
const BEFORE_BODY_MAX: usize = 2 * HEAD_LENGTH_MAX;
/// Bytes of one read of a body's content that HTTP may take for itself: twice the content, where chunks of 16 bytes need half.
const FRAMING_MAX: usize = 2;

/// An open connection. Dropping it closes it.
pub(crate) struct Wire {
    sender: SendRequest<Full<Bytes>>,
    /// Moves bytes as long as the connection lives.
    _driver: AbortOnDropHandle<()>,
    allowance: Allowance,
    memory: HostMemory,
    authority: String,
    path: String,
    /// Where it leads, for messages.
    pub(crate) at: String,
    /// What it protects.
    pub(crate) way: Transport,
}

/// A complete HTTP response, still sealed if the connection seals its messages.
pub(crate) struct RawResponse {
    pub(crate) status: StatusCode,
    pub(crate) content_type: String,
    /// The values of WWW-Authenticate.
    pub(crate) challenges: Vec<String>,
    pub(crate) body: Bytes,
    /// The memory that the body takes.
    pub(crate) account: Account,
}

/// What is sent.
pub(crate) struct Message<'m> {
    pub(crate) content_type: &'m str,
    pub(crate) authorization: Option<&'m str>,
    pub(crate) body: Bytes,
}

impl Wire {
    /// Connects. `allowed` sees whether every address is this computer, before a byte is sent.
    pub(crate) async fn open(
        (endpoint, resolver): (&Endpoint, &Resolver),
        tls: Option<&Handshakes>,
        (limits, memory): (&Limits, &HostMemory),
        allowed: impl FnOnce(bool) -> Result<(), CallError>,
    ) -> Result<Self, CallError> {
        let connected = timeout(limits.connect, Self::connect((endpoint, resolver), tls, memory, allowed)).await;
        connected.unwrap_or_else(|_| {
            let why = format!("no answer to the connection within {} s", limits.connect.as_secs_f32());
            Err(unreachable(endpoint, &why))
        })
    }

    async fn connect(
        (endpoint, resolver): (&Endpoint, &Resolver),
        tls: Option<&Handshakes>,
        memory: &HostMemory,
        allowed: impl FnOnce(bool) -> Result<(), CallError>,
    ) -> Result<Self, CallError> {
        let failed = |error: std::io::Error| not_connected(endpoint, &error);
        let tls = if endpoint.is_secure() { Some(tls.ok_or_else(|| no_trust(endpoint))?) } else { None };
        let addresses = resolver.addresses(endpoint.host(), endpoint.port()).await.map_err(failed)?;
        let loopback = addresses.iter().all(|address| address.ip().is_loopback());
        allowed(loopback)?;
        let Some(tls) = tls else {
            let way = Transport { loopback, tls: None };
            return Self::over(dial(&addresses).await.map_err(failed)?, endpoint, way, memory).await;
        };
        let secured = tls
            .connect(endpoint.host_without_zone(), &addresses)
            .await
            .map_err(|error| tls::failed(endpoint, &error))?;
        let proved = Tls { verified: tls.is_verified(), certificate: secured.certificate };
        Self::over(secured.stream, endpoint, Transport { loopback, tls: Some(proved) }, memory).await
    }

    async fn over<S>(stream: S, endpoint: &Endpoint, way: Transport, memory: &HostMemory) -> Result<Self, CallError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let allowance = Allowance::new();
        let (sender, driver) = http1::Builder::new()
            .max_buf_size(HEAD_LENGTH_MAX)
            .handshake(TokioIo::new(ShortReads(stream, allowance.clone())))
            .await
            .map_err(|error| unreachable(endpoint, &with_cause(&error)))?;
        let driver = AbortOnDropHandle::new(tokio::spawn(async move {
            if let Err(error) = driver.await {
                tracing::debug!(%error, "connection ended");
            }
        }));
        let (authority, path, at) = (endpoint.host_header(), endpoint.path().to_owned(), endpoint.to_string());
        Ok(Self { sender, _driver: driver, allowance, memory: memory.clone(), authority, path, at, way })
    }

    /// Whether the other side has not closed it, as far as is known.
    pub(crate) fn is_alive(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Sends one message and reads the whole answer, of at most `limit` bytes. After an error the connection is unusable.
    pub(crate) async fn send(
        &mut self,
        message: Message<'_>,
        patience: Duration,
        limit: usize,
    ) -> Result<RawResponse, CallError> {
        let at = self.at.clone();
        let failed = |reached, why: String| {
            CallError::new(ErrorKind::Unreachable, reached, format!("lost the connection to {at}: {why}"))
        };
        let late = |_| {
            let message = format!("no answer from {at} within {} s", patience.as_secs_f32());
            CallError::new(ErrorKind::TimedOut, Reached::Perhaps, message)
        };
        // Without this the first request on a fresh connection can be refused by hyper itself.
        let ready = timeout(patience, self.sender.ready()).await.map_err(late)?;
        ready.map_err(|error| failed(Reached::No, with_cause(&error)))?;
        let request = self.request(message).ok_or_else(|| {
            CallError::new(ErrorKind::Unsupported, Reached::No, format!("cannot write a request to {at}"))
        })?;
        self.allowance.set(BEFORE_BODY_MAX);
        let exchange = async {
            let response = self.sender.send_request(request).await.map_err(|error| {
                let reached = if error.is_canceled() { Reached::No } else { Reached::Perhaps };
                if self.allowance.is_spent() {
                    return endless(&at);
                }
                if error.is_parse() {
                    let message = format!("cannot understand {at}: {}{NO_HTTP}", with_cause(&error));
                    return CallError::new(ErrorKind::Malformed, reached, message);
                }
                failed(reached, with_cause(&error))
            })?;
            self.allowance.set(limit.saturating_mul(FRAMING_MAX).saturating_add(BEFORE_BODY_MAX));
            read(response, limit, &at, (&self.memory, &self.allowance)).await
        };
        timeout(patience, exchange).await.map_err(late)?
    }

    fn request(&self, message: Message<'_>) -> Option<Request<Full<Bytes>>> {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(&self.path)
            .header(HOST, &self.authority)
            .header(CONTENT_TYPE, message.content_type)
            // Of an empty body too, which hyper leaves to us: HTTP.sys answers 411 to a POST without a length.
            .header(CONTENT_LENGTH, message.body.len());
        if let Some(authorization) = message.authorization {
            let mut authorization = HeaderValue::from_str(authorization).ok()?;
            authorization.set_sensitive(true);
            request = request.header(AUTHORIZATION, authorization);
        }
        request.body(Full::new(message.body)).ok()
    }
}

/// The meaning of a status that HTTP.sys returns before WinRM sees the request; `None` for any other.
pub(crate) fn unserved(status: StatusCode, at: &str, reached: Reached) -> Option<CallError> {
    if status == StatusCode::NOT_FOUND {
        let message = format!("{at} has no such path: is this a WinRM address?");
        return Some(CallError::new(ErrorKind::Unsupported, reached, message).with_hint(Hint::Address));
    }
    let is_away = status == StatusCode::SERVICE_UNAVAILABLE;
    let message = || format!("{at} is busy or starting (HTTP status {status})");
    is_away.then(|| CallError::new(ErrorKind::Busy, reached, message()))
}

async fn read(
    response: Response<hyper::body::Incoming>,
    limit: usize,
    at: &str,
    (memory, allowance): (&HostMemory, &Allowance),
) -> Result<RawResponse, CallError> {
    let (head, mut body) = response.into_parts();
    let text = |value: &HeaderValue| value.to_str().ok().map(ToOwned::to_owned);
    let content_type = head.headers.get(CONTENT_TYPE).and_then(text).unwrap_or_default();
    let challenges = head.headers.get_all(WWW_AUTHENTICATE).iter().filter_map(text).collect();
    let refused = head.status == StatusCode::UNAUTHORIZED;
    let limit = if refused { REFUSAL_LENGTH_MAX.min(limit) } else { limit };
    // One buffer: a list of the pieces, each with its own place, is many times as large if they are small.
    let mut whole = BytesMut::new();
    let mut account = memory.account();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            if allowance.is_spent() {
                return endless(at);
            }
            let message = format!("lost the connection to {at} in the middle of its answer: {error}");
            CallError::new(ErrorKind::Unreachable, Reached::Perhaps, message)
        })?;
        // Trailers say nothing here.
        let Ok(data) = frame.into_data() else { continue };
        if data.len() > limit - whole.len() {
            let message = format!("the answer of {at} is larger than the {limit} bytes that are accepted");
            return Err(CallError::new(ErrorKind::TooLarge, Reached::Yes, message).with_hint(Hint::Excess));
        }
        let before = whole.capacity();
        whole.extend_from_slice(&data);
        if whole.capacity() != before {
            account.set(whole.capacity())?;
        }
    }
    Ok(RawResponse { status: head.status, content_type, challenges, body: whole.freeze(), account })
}

/// The host sends more than any answer needs.
fn endless(at: &str) -> CallError {
    let message = format!("gave up on the answer of {at}: it sends more than HTTP needs for an answer, and no end");
    CallError::new(ErrorKind::TooLarge, Reached::Perhaps, message).with_hint(Hint::Excess)
}

/// An error with its cause: hyper's own text is "connection error" for both a reset and a TLS alert.
fn with_cause(error: &hyper::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

fn no_trust(endpoint: &Endpoint) -> CallError {
    let message = format!("cannot reach {endpoint}: no setting says which certificates to trust");
    CallError::new(ErrorKind::Unsupported, Reached::No, message)
}
