//! What the API answers when it cannot do what is asked (RFC 9457).

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::serve::desk::{Ending, NotFound};
use crate::usage::Usage;

/// The media type.
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A problem. The order of fields is the order of keys.
#[derive(Serialize)]
pub(super) struct Problem {
    title: String,
    status: u16,
    detail: String,
    /// What to do next.
    next: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, title: &str, detail: impl Into<String>, next: &str) -> Self {
        Self { title: title.to_owned(), status: status.as_u16(), detail: detail.into(), next: next.to_owned() }
    }

    /// What was asked names nothing, or several things.
    pub(super) fn of_usage(usage: &Usage) -> Self {
        Self {
            title: usage.what().to_owned(),
            status: StatusCode::NOT_FOUND.as_u16(),
            detail: usage.why().to_owned(),
            next: usage.next().to_owned(),
        }
    }

    /// The same if it is not the asker's fault.
    pub(super) fn of_the_daemon(self) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR.as_u16(), ..self }
    }

    pub(super) fn no_such_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is no such route", "the path is not known", "see the API's description")
    }

    pub(super) fn no_such_method() -> Self {
        let next = "use GET to look, and POST to do something";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "this route has no such method", "the method is not known", next)
    }

    pub(super) fn no_such_kind(kind: &str) -> Self {
        let detail = format!("`{kind}` is no kind of relationship");
        Self::new(StatusCode::NOT_FOUND, "there is no such relationship", detail, "write `simple` or `extended`")
    }
}

impl From<NotFound> for Problem {
    fn from(not: NotFound) -> Self {
        match not {
            NotFound::Named(usage) => Self::of_usage(&usage),
            NotFound::Blind => {
                let next = "ask again in a moment; `reprise status` says what is wrong with the hosts";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "nothing is known of any VM", "no host is ready", next)
            }
        }
    }
}

impl From<Ending> for Problem {
    fn from(Ending: Ending) -> Self {
        let next = "ask again once it has been started";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the daemon is ending", "it was asked to stop", next)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_string(&self).unwrap_or_default();
        (status, [(CONTENT_TYPE, PROBLEM)], body).into_response()
    }
}
