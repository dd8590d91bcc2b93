//! One connection to a host's WS-Management service: HTTP, login, one message after the other.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;

use crate::broken::{CutOff, Resetter, Sending};
use crate::site::Site;
use crate::strike::{Late, Sent};

/// Largest request that is taken, in bytes (`MaxEnvelopeSizekb` 500).
const REQUEST_MAX: usize = 500 * 1024;
/// Longest wait for a request's head on a quiet connection (Windows drops idle connections after two minutes).
const HEAD_WAIT: Duration = Duration::from_mins(2);
/// What comes where an envelope should: a page of something in between, that is not even XML.
const GARBAGE: &[u8] = b"<html><body><p>Bad gateway<br>please <b>try again</body></html>\0\xff";

/// Serves one connection to its end.
pub(crate) async fn serve(stream: TcpStream, host: usize, site: Arc<Site>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let resetter = Arc::new(Resetter::new(&stream));
    let service = service_fn(move |request| {
        let (site, resetter) = (Arc::clone(&site), Arc::clone(&resetter));
        async move { answer(request, host, &site, &resetter).await }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WAIT)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "connection ended");
    }
}

async fn answer(
    request: Request<Incoming>,
    host: usize,
    site: &Site,
    resetter: &Resetter,
) -> Result<Response<Sending>, CutOff> {
    let half = site.options.round_trip / 2;
    tokio::time::sleep(half).await;
    let response = handle(request, host, site, resetter).await;
    tokio::time::sleep(half).await;
    response
}

async fn handle(
    request: Request<Incoming>,
    host: usize,
    site: &Site,
    resetter: &Resetter,
) -> Result<Response<Sending>, CutOff> {
    if request.uri().path() != "/wsman" {
        return Ok(empty(StatusCode::NOT_FOUND));
    }
    if request.method() != Method::POST {
        return Ok(empty(StatusCode::METHOD_NOT_ALLOWED));
    }
    // Anybody may ask who is there, if he says that he has not logged in (MS-WSMV 3.1.4.1.31).
    let only_identify = request.headers().get("WSMANIDENTIFY").is_some_and(|value| value == "unauthenticated");
    let known = is_known(request.headers().get(AUTHORIZATION), site) && !site.refuses_login(host);
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let charset = content_type.split(';').find_map(|part| part.trim().strip_prefix("charset=").map(ToOwned::to_owned));
    let body = match Limited::new(request.into_body(), REQUEST_MAX).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Ok(empty(StatusCode::PAYLOAD_TOO_LARGE)),
        Err(_) => return Ok(empty(StatusCode::BAD_REQUEST)),
    };
    let late = if known {
        site.exchange(host, &body, charset.as_deref())
    } else {
        let answer = only_identify.then(|| site.answer_unknown(host, &body, charset.as_deref())).flatten();
        answer.map(|answer| Late { sent: Sent::Whole(answer), delay: Duration::ZERO })
    };
    let Some(late) = late else {
        site.count_unauthorized(host);
        let mut response = empty(StatusCode::UNAUTHORIZED);
        response.headers_mut().append(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"WSMAN\""));
        return Ok(response);
    };
    tokio::time::sleep(late.delay).await;
    let sent = match late.sent {
        // The host is the one that was just asked, so it is there.
        Sent::Waits(waiting) => site.wait(host, &waiting).await.map_or(Sent::Closed, Sent::Whole),
        sent @ (Sent::Whole(_) | Sent::Half(_) | Sent::Garbage | Sent::Empty | Sent::Closed | Sent::Reset) => sent,
    };
    match sent {
        Sent::Whole(answer) => Ok(soap(answer.status, Sending::whole(answer.body.into()))),
        Sent::Half(answer) => Ok(soap(answer.status, Sending::half(&answer.body.into()))),
        Sent::Garbage => Ok(soap(200, Sending::whole(Bytes::from_static(GARBAGE)))),
        Sent::Empty => Ok(soap(200, Sending::whole(Bytes::new()))),
        Sent::Closed | Sent::Waits(_) => Err(CutOff),
        Sent::Reset => {
            resetter.reset_at_end();
            Err(CutOff)
        }
    }
}

fn soap(status: u16, body: Sending) -> Response<Sending> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let soap = HeaderValue::from_static("application/soap+xml;charset=UTF-8");
    response.headers_mut().insert(CONTENT_TYPE, soap);
    response
}

fn is_known(authorization: Option<&HeaderValue>, site: &Site) -> bool {
    let Some((scheme, coded)) = authorization.and_then(|value| value.to_str().ok()?.split_once(' ')) else {
        return false;
    };
    let plain = base64::engine::general_purpose::STANDARD.decode(coded.trim()).ok();
    let Some(plain) = plain.and_then(|bytes| String::from_utf8(bytes).ok()) else { return false };
    let Some((user, password)) = plain.split_once(':') else { return false };
    scheme.eq_ignore_ascii_case("basic")
        && user.eq_ignore_ascii_case(&site.options.user)
        && password == site.options.password
}

fn empty(status: StatusCode) -> Response<Sending> {
    let mut response = Response::new(Sending::whole(Bytes::new()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    response
}
