//! An answer: the document or the page, and the exit code of a verb that prints it.

use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};

use crate::render::Terminal;

/// How a verb that prints the answer ends.
pub(crate) const EXIT: HeaderName = HeaderName::from_static("reprise-exit");
/// The width of the terminal of who asks, in columns.
pub(crate) const WIDTH: HeaderName = HeaderName::from_static("reprise-width");
/// That this terminal shows colours.
pub(crate) const COLOURS: HeaderName = HeaderName::from_static("reprise-colours");
/// The media type of a page for people.
pub(crate) const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
/// The media type of a document.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    /// The document for programs.
    Json,
    /// The page for people, for such a terminal.
    Text(Terminal),
}

impl Form {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let accepts = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
        if !accepts.is_some_and(|types| types.trim_start().starts_with("text/plain")) {
            return Self::Json;
        }
        let width = headers.get(WIDTH).and_then(|value| value.to_str().ok()?.parse().ok()).filter(|width| *width > 0);
        Self::Text(Terminal { width, colours: headers.contains_key(COLOURS), ..Terminal::default() })
    }
}

/// An answer.
pub(super) struct Answer {
    pub(super) form: Form,
    pub(super) body: String,
    pub(super) exit: u8,
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let kind = match self.form {
            Form::Json => JSON,
            Form::Text(_) => TEXT,
        };
        ([(CONTENT_TYPE, kind), (EXIT, HeaderValue::from(u16::from(self.exit)))], self.body).into_response()
    }
}
