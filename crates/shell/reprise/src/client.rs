//! Asks the daemon of this computer, if one runs.

use std::io::{self, ErrorKind};
use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use reprise_model::{LegKind, VmSelector};
use serde::Deserialize;

use crate::console::{complain, print, print_painted};
use crate::exit;
use crate::render::Terminal;
use crate::serve::{COLOURS, EXIT, WIDTH};
use crate::usage::Usage;

/// Maximum wait for an answer about what is known: a report on a large fleet takes seconds.
const LOOK_MAX: Duration = Duration::from_secs(30);
/// Maximum wait for the result of an act: longer than the daemon itself waits for one.
const ACT_MAX: Duration = Duration::from_secs(150);

/// What a verb asks.
pub(crate) struct Question {
    /// How.
    pub(crate) method: Method,
    /// The path with its query.
    pub(crate) path: String,
    /// What is said besides.
    pub(crate) body: Option<String>,
    /// For whom the answer is: a page for such a terminal, or the document.
    pub(crate) page: Option<Terminal>,
}

impl Question {
    /// What is asked to be shown: as a document or as a page.
    pub(crate) fn look(path: String, json: bool, terminal: Terminal) -> Self {
        Self { method: Method::GET, path, body: None, page: (!json).then_some(terminal) }
    }
}

/// What the daemon says.
struct Reply {
    status: StatusCode,
    exit: u8,
    body: String,
}

/// A problem, as the API tells it.
#[derive(Deserialize)]
struct Problem {
    title: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    next: String,
}

/// Asks, and prints what it says. `None` if no daemon runs here.
pub(crate) async fn ask(question: &Question) -> Option<Result<ExitCode, Usage>> {
    let stream = match connect().await {
        Ok(stream) => stream,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => return None,
        Err(error) => return Some(Err(not_asked(&error.to_string()))),
    };
    let patience = if question.method == Method::GET { LOOK_MAX } else { ACT_MAX };
    let late = |_| Err(format!("it has not answered within {} s", patience.as_secs()));
    let reply = match tokio::time::timeout(patience, reply(stream, question)).await.unwrap_or_else(late) {
        Ok(reply) => reply,
        Err(why) => return Some(Err(not_asked(&why))),
    };
    Some(Ok(shown(&reply, question)))
}

fn not_asked(why: &str) -> Usage {
    let next = "ask as an account that may, name hosts with --host or --config to look without it, or look at its log";
    Usage::new("cannot ask the daemon of this computer", why, next)
}

/// Prints what the daemon says.
fn shown(reply: &Reply, question: &Question) -> ExitCode {
    if !reply.status.is_success() {
        let problem: Result<Problem, _> = serde_json::from_str(&reply.body);
        complain(&match problem {
            Ok(Problem { title, detail, next }) => format!("{title}\n  why:  {detail}\n  next: {next}"),
            Err(_) => format!("the daemon answered {}\n  why:  {}\n  next: look at its log", reply.status, reply.body),
        });
        let is_usage = matches!(reply.status, StatusCode::NOT_FOUND | StatusCode::CONFLICT | StatusCode::BAD_REQUEST);
        return ExitCode::from(if is_usage { exit::USAGE } else { exit::FAILED });
    }
    let text = reply.body.trim_end();
    if let Some(error) = question.page.and_then(|_| text.strip_prefix(ERROR)) {
        complain(error);
        return ExitCode::from(reply.exit);
    }
    let printed = match question.page {
        Some(_) => print_painted(&format!("{text}\n")),
        None => print(&format!("{text}\n")),
    };
    ExitCode::from(if printed.is_no_failure() { reply.exit } else { exit::FAILED })
}

/// What a page begins with that is an error.
pub(crate) const ERROR: &str = "error: ";

#[cfg(unix)]
async fn connect() -> io::Result<tokio::net::UnixStream> {
    use reprise_platform::paths;
    tokio::net::UnixStream::connect(paths::socket(paths::of_this_process)).await
}

#[cfg(windows)]
#[expect(clippy::unused_async, reason = "on other systems it waits")]
async fn connect() -> io::Result<tokio::net::windows::named_pipe::NamedPipeClient> {
    tokio::net::windows::named_pipe::ClientOptions::new().open(reprise_platform::paths::PIPE)
}

async fn reply(
    stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    question: &Question,
) -> Result<Reply, String> {
    let told = |error: &dyn std::error::Error| error.to_string();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| told(&error))?;
    let connection = tokio::spawn(connection);
    let mut request = Request::builder().method(&question.method).uri(&question.path).header(HOST, "localhost");
    if let Some(terminal) = &question.page {
        request = request.header(ACCEPT, "text/plain");
        if let Some(width) = terminal.width {
            request = request.header(WIDTH, width);
        }
        if terminal.colours {
            request = request.header(COLOURS, "yes");
        }
    }
    if question.body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    let body = Full::new(Bytes::from(question.body.clone().unwrap_or_default()));
    let request = request.body(body).map_err(|error| told(&error))?;
    let response = sender.send_request(request).await.map_err(|error| told(&error))?;
    let status = response.status();
    let exit = response.headers().get(&EXIT).and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(exit::OK);
    let body = response.into_body().collect().await.map_err(|error| told(&error))?.to_bytes();
    connection.abort();
    Ok(Reply { status, exit, body: String::from_utf8_lossy(&body).into_owned() })
}

/// Percent-encodes everything but letters, digits and `-._~`.
pub(crate) fn escaped(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// The path of a relationship, with an act on it if it is not empty.
pub(crate) fn relationship(vm: &VmSelector, extended: bool, on: Option<&str>, act: &str) -> String {
    let kind = if extended { LegKind::Extended } else { LegKind::Simple };
    let on = on.map_or_else(String::new, |host| format!("?on={}", escaped(host)));
    format!("/api/v1/relationships/{}/{kind}{act}{on}", escaped(&vm.to_string()))
}
