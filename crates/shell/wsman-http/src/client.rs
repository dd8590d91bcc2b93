//! A client of one service: calls go over a few connections that are kept alive.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use cim::{CallError, ErrorKind, Reached, Reply, Request};
use hyper::StatusCode;
use tokio::sync::Semaphore;
use wsman::client::{Call, Settings, Step};
use wsman::message::Identity;

use crate::connection::{Answer, Connection};
use crate::endpoint::Endpoint;
use crate::login::Login;

/// Bounds on what one client does.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest wait for a connection, name look-up included.
    pub connect: Duration,
    /// What the server is told as its time for one operation.
    pub operation: Duration,
    /// Longest wait for one whole answer. More than `operation`, so that the server can say itself that it is late.
    pub answer: Duration,
    /// Largest answer, in bytes.
    pub body: usize,
    /// Most connections at once.
    pub connections: usize,
}

impl Default for Limits {
    /// A connection within 5 s: hosts are near or gone. 60 s for an operation is Windows' own most (`MaxTimeoutms`), and
    /// 10 s more for the answer to arrive. Answers of at most 8 MiB: 500 KiB is usual, and a server may be set higher.
    /// Eight connections: six acts, a look and one to spare.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            operation: Duration::from_mins(1),
            answer: Duration::from_secs(70),
            body: 8 * 1024 * 1024,
            connections: 8,
        }
    }
}

/// Largest envelope that is asked for, in bytes: the default of Windows (`MaxEnvelopeSizekb` 500).
const ENVELOPE_MAX: u32 = 500 * 1024;

/// What it would mean to send a message twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Nothing: it only reads.
    Reads,
    /// Items that the server has already handed out would be skipped.
    GoesOn,
    /// Something would be done twice.
    Changes,
}

impl Kind {
    /// Of a call's next message.
    fn of(call: &Call) -> Self {
        match (call.changes_something(), call.goes_on()) {
            (true, _) => Self::Changes,
            (false, true) => Self::GoesOn,
            (false, false) => Self::Reads,
        }
    }
}

/// A client of one service.
#[derive(Debug)]
pub struct Client {
    endpoint: Endpoint,
    login: Login,
    limits: Limits,
    settings: Settings,
    /// Connections that nobody uses now. Each is used for one request at a time.
    idle: Mutex<Vec<Connection>>,
    room: Semaphore,
    messages: AtomicU64,
    /// Tells this client's message ids from another's.
    own: uuid::Uuid,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl Client {
    /// A client; nothing is sent before the first call.
    pub fn new(endpoint: Endpoint, login: Login, limits: Limits) -> Self {
        let settings =
            Settings { to: endpoint.to_string(), max_envelope_size: ENVELOPE_MAX, operation_timeout: limits.operation };
        let room = Semaphore::new(limits.connections.max(1));
        let own = uuid::Uuid::new_v4();
        Self { endpoint, login, limits, settings, idle: Mutex::new(Vec::new()), room, messages: AtomicU64::new(0), own }
    }

    /// Where the service is.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Asks who is there.
    ///
    /// # Errors
    /// [`CallError`] says what failed and where.
    pub async fn identify(&self) -> Result<Identity, CallError> {
        let _place = self.room.acquire().await;
        let text = self.exchange(&mut None, &wsman::client::identify(), Kind::Reads).await?;
        wsman::client::read_identity(&text)
    }

    /// Carries out one call, in as many messages as it takes.
    ///
    /// A read may be sent again once on a fresh connection, if an idle one turns out to be dead. A Pull whose answer was
    /// lost is not sent again, since the server may have handed out its items: the enumeration begins anew, once. An
    /// Invoke is never sent twice. If this future is dropped, so is its connection.
    ///
    /// # Errors
    /// [`CallError`] says what failed and where, and whether the server may have acted.
    pub async fn call(&self, request: Request) -> Result<Reply, CallError> {
        let _place = self.room.acquire().await;
        let mut call = Call::new(request.clone());
        let mut begun_anew = false;
        let mut connection = None;
        loop {
            let message = call.message(&self.settings, &self.message_id());
            let sent = self.exchange(&mut connection, &message, Kind::of(&call)).await;
            if sent.as_ref().is_err_and(|error| error.kind == ErrorKind::Unreachable && call.goes_on()) && !begun_anew {
                begun_anew = true;
                call = Call::new(request.clone());
                continue;
            }
            let text = sent?;
            match call.take(&text) {
                Ok(Step::Next) => {}
                Ok(Step::Done(reply)) => {
                    self.keep(connection);
                    return Ok(reply);
                }
                Err(error) => {
                    if let Some(release) = call.release(&self.settings, &self.message_id()) {
                        // The enumeration ends by itself if this fails.
                        let _ended = self.exchange(&mut connection, &release, Kind::Reads).await;
                    }
                    self.keep(connection);
                    return Err(error);
                }
            }
        }
    }

    /// What the next message of a listener says, and its id.
    pub(crate) fn next_message(&self) -> (Settings, String) {
        (self.settings.clone(), self.message_id())
    }

    /// Sends one message that is not to be sent twice, on the caller's own connection.
    pub(crate) async fn send_once(
        &self,
        connection: &mut Option<Connection>,
        message: &str,
    ) -> Result<String, CallError> {
        self.exchange(connection, message, Kind::GoesOn).await
    }

    fn message_id(&self) -> String {
        let count = self.messages.fetch_add(1, Ordering::Relaxed);
        let own = self.own.as_u128().wrapping_add(u128::from(count));
        format!(
            "uuid:{}",
            uuid::Builder::from_u128(own).with_version(uuid::Version::Random).into_uuid().as_hyphenated()
        )
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, connection: Option<Connection>) {
        self.idle().extend(connection.filter(Connection::is_alive));
    }

    /// Sends one message and gives the text of its answer. `connection` is the one that this call holds.
    async fn exchange(
        &self,
        connection: &mut Option<Connection>,
        message: &str,
        kind: Kind,
    ) -> Result<String, CallError> {
        let idle = connection.take().or_else(|| self.idle().pop());
        if let Some(mut reused) = idle.filter(Connection::is_alive) {
            let sent = reused.send(&self.endpoint, &self.login, &self.limits, message.to_owned()).await;
            match sent {
                Ok(answer) => {
                    *connection = Some(reused);
                    return self.text(&answer, kind == Kind::Changes);
                }
                // The host may have closed an idle connection. What only reads is asked again on a fresh one; so is
                // what certainly was not sent.
                Err(error)
                    if error.kind == ErrorKind::Unreachable
                        && (kind == Kind::Reads || error.reached == Reached::No) =>
                {
                    tracing::debug!(%error, "an idle connection was dead");
                }
                Err(error) => return Err(error),
            }
        }
        let mut fresh = Connection::open(&self.endpoint, &self.limits).await?;
        let answer = fresh.send(&self.endpoint, &self.login, &self.limits, message.to_owned()).await?;
        *connection = Some(fresh);
        self.text(&answer, kind == Kind::Changes)
    }

    /// The text of an answer whose HTTP status allows for one.
    fn text(&self, answer: &Answer, invoked: bool) -> Result<String, CallError> {
        let at = &self.endpoint;
        let text = wsman::decode_text(&answer.body, answer.charset.as_deref());
        let refused = |kind, reached, message: String| Err(CallError::new(kind, reached, message));
        match answer.status {
            StatusCode::OK => match text {
                Ok(text) => Ok(text.into_owned()),
                Err(error) => Err(CallError::malformed(format!("{at}: {error}"))),
            },
            StatusCode::PAYLOAD_TOO_LARGE => {
                refused(ErrorKind::TooLarge, Reached::No, format!("{at} says that the request is larger than it takes"))
            }
            StatusCode::NOT_FOUND => {
                refused(ErrorKind::Refused, Reached::No, format!("{at} has no such path: is this a WinRM address?"))
            }
            StatusCode::INTERNAL_SERVER_ERROR if answer.body.is_empty() => {
                let message = format!("{at} refuses unencrypted messages (AllowUnencrypted is false there)");
                refused(ErrorKind::Denied, Reached::No, message)
            }
            status => {
                let fault = text.ok().and_then(|text| wsman::client::read_fault(&text, invoked));
                Err(fault.unwrap_or_else(|| {
                    CallError::malformed(format!("{at} answered with HTTP status {status} and no fault"))
                }))
            }
        }
    }
}
