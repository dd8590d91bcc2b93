//! One connection: opened, logged in, used for one request at a time, dropped at the first doubt.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use cim::{CallError, ErrorKind, Reached};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, WWW_AUTHENTICATE};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use crate::client::Limits;
use crate::endpoint::Endpoint;
use crate::login::Login;

/// The type of a clear message (MS-WSMV 2.1).
const SOAP: &str = "application/soap+xml;charset=UTF-8";

/// A connection with its login. Dropping it closes it.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// Moves bytes as long as the connection lives.
    _driver: AbortOnDropHandle<()>,
}

/// An answer: its status and its body, whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) charset: Option<String>,
    pub(crate) body: Bytes,
}

impl Connection {
    /// Connects. Every address that is used is checked first: Basic would show the password to anybody on the way.
    pub(crate) async fn open(endpoint: &Endpoint, limits: &Limits) -> Result<Self, CallError> {
        let at = endpoint.to_string();
        let unreachable =
            |why: String| CallError::new(ErrorKind::Unreachable, Reached::No, format!("cannot reach {at}: {why}"));
        if endpoint.is_secure() {
            let message = format!("cannot reach {at}: HTTPS is not spoken yet; use http:// to loopback");
            return Err(CallError::new(ErrorKind::Unsupported, Reached::No, message));
        }
        let connect = async {
            let found = tokio::net::lookup_host((endpoint.host(), endpoint.port())).await;
            let addresses: Vec<SocketAddr> = found.map_err(|error| unreachable(error.to_string()))?.collect();
            if addresses.iter().any(|address| !address.ip().is_loopback()) {
                let message = format!(
                    "refused to log in to {at}: Basic over clear HTTP would show the password to the network; \
                     it is allowed to loopback only"
                );
                return Err(CallError::new(ErrorKind::Denied, Reached::No, message));
            }
            TcpStream::connect(addresses.as_slice()).await.map_err(|error| unreachable(error.to_string()))
        };
        let stream = timeout(limits.connect, connect).await.map_err(|_| {
            unreachable(format!("no answer to the connection within {} s", limits.connect.as_secs_f32()))
        })??;
        // Small messages one after the other: waiting to fill packets would only delay them.
        stream.set_nodelay(true).map_err(|error| unreachable(error.to_string()))?;
        let (sender, driver) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| unreachable(error.to_string()))?;
        let driver = AbortOnDropHandle::new(tokio::spawn(async move {
            if let Err(error) = driver.await {
                tracing::debug!(%error, "connection ended");
            }
        }));
        Ok(Self { sender, _driver: driver })
    }

    /// Whether the other side has not closed it, as far as is known.
    pub(crate) fn is_alive(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Sends one message and reads the whole answer. On any error the connection is of no more use.
    pub(crate) async fn send(
        &mut self,
        endpoint: &Endpoint,
        login: &Login,
        limits: &Limits,
        message: String,
    ) -> Result<Answer, CallError> {
        let at = endpoint.to_string();
        let failed = |reached, why: String| {
            CallError::new(ErrorKind::Unreachable, reached, format!("lost the connection to {at}: {why}"))
        };
        let patience = limits.answer;
        let late = |_| {
            let message = format!("no answer from {at} within {} s", Duration::as_secs_f32(&patience));
            CallError::new(ErrorKind::TimedOut, Reached::Perhaps, message)
        };
        // Without this the first request on a fresh connection can be refused by hyper itself.
        let ready = timeout(patience, self.sender.ready()).await.map_err(late)?;
        ready.map_err(|error| failed(Reached::No, error.to_string()))?;
        let request = request(endpoint, login, message).ok_or_else(|| {
            CallError::new(ErrorKind::Unsupported, Reached::No, format!("cannot write a request to {at}"))
        })?;
        let exchange = async {
            let response = self.sender.send_request(request).await.map_err(|error| {
                let reached = if error.is_canceled() { Reached::No } else { Reached::Perhaps };
                failed(reached, error.to_string())
            })?;
            read(response, limits.body, &at).await
        };
        timeout(patience, exchange).await.map_err(late)?
    }
}

fn request(endpoint: &Endpoint, login: &Login, message: String) -> Option<Request<Full<Bytes>>> {
    let mut authorization = HeaderValue::from_str(&login.authorization()).ok()?;
    authorization.set_sensitive(true);
    Request::builder()
        .method(Method::POST)
        .uri(endpoint.path())
        .header(HOST, endpoint.authority())
        .header(CONTENT_TYPE, SOAP)
        .header(AUTHORIZATION, authorization)
        .body(Full::new(Bytes::from(message)))
        .ok()
}

async fn read(response: Response<hyper::body::Incoming>, limit: usize, at: &str) -> Result<Answer, CallError> {
    let status = response.status();
    if status == StatusCode::UNAUTHORIZED {
        let offered: Vec<&str> =
            response.headers().get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()).collect();
        let offered = if offered.is_empty() { "nothing".to_owned() } else { offered.join(", ") };
        let message = format!("{at} refused the login (it offers {offered})");
        return Err(CallError::new(ErrorKind::Denied, Reached::No, message));
    }
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let charset = content_type.split(';').find_map(|part| {
        let (name, value) = part.trim().split_once('=')?;
        name.eq_ignore_ascii_case("charset").then(|| value.trim_matches('"').to_owned())
    });
    let body = Limited::new(response.into_body(), limit).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            let message = format!("the answer of {at} is larger than the {limit} bytes that are accepted");
            CallError::new(ErrorKind::TooLarge, Reached::Yes, message)
        } else {
            let message = format!("lost the connection to {at} in the middle of its answer: {error}");
            CallError::new(ErrorKind::Unreachable, Reached::Perhaps, message)
        }
    })?;
    Ok(Answer { status, charset, body: body.to_bytes() })
}
