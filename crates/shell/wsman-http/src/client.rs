//! A client of one service: calls go over a few connections that are kept alive.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cim::{CallError, ErrorKind, Hint, Reached, Reply, Request, Row};
use hyper::StatusCode;
use tokio::sync::Semaphore;
use wsman::client::{Call, MessageSettings, Progress, asks_for_a_new_enumeration, asks_for_a_new_login};
use wsman::message::{Enumerate, Identity};

use crate::connection::{self, Connection, LoginInUse, LoginPlan, Target, UnsealedResponse};
use crate::dial::Resolver;
use crate::endpoint::Endpoint;
use crate::gate::locked;
use crate::limits::Limits;
use crate::login::Login;
use crate::memory::Account;
use crate::parsers::ClientParsers;
use crate::sockets::{Share, Sockets};
use crate::tap::{Tap, Tapped};
use crate::tls::{Handshakes, Trust};
use crate::wire;

/// Maximum size of the envelopes that the client requests, in bytes: the default of Windows (`MaxEnvelopeSizekb` 500).
const ENVELOPE_MAX: u32 = 500 * 1024;

/// Maximum size of an answer to a listener, in bytes: twice the envelope that it requests. It is parsed on the spot.
const EVENTS_MAX: usize = 1024 * 1024;

/// Maximum length of a message in a log, in characters.
const LOGGED_MAX: usize = 64 * 1024;

/// The text of an answer, and the memory that it takes.
struct Answer {
    text: String,
    _account: Account,
}

/// A message as a log may have it: in one line, without control characters, and cut. A message never holds a login: that is in
/// the headers of HTTP.
fn loggable(text: &str) -> String {
    text.chars().take(LOGGED_MAX).map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The effect of sending a message twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// None: it only reads.
    Reads,
    /// Items that the server has already handed out would be skipped.
    GoesOn,
    /// As [`Kind::GoesOn`], for a listener.
    Listens,
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
    target: Target,
    /// This client's part of the connections. Each connection is used for one request at a time.
    sockets: Share,
    parsers: ClientParsers,
    room: Semaphore,
    logins: Logins,
    /// The operation timeout of a listener's message, and how much longer the client waits for its answer.
    listens: (Duration, Duration),
    /// Who is shown the messages.
    tapped: Tapped,
    messages: AtomicU64,
    /// Distinguishes this client's message ids from another's.
    own: uuid::Uuid,
}

/// What the connections of a client know about logging in.
#[derive(Debug, Default)]
struct Logins {
    /// Until one login has succeeded, one connection at a time tries: a wrong password must not be tried by all of them.
    gate: tokio::sync::Mutex<()>,
    /// What a login may begin with, and how one succeeded.
    known: Mutex<Option<LoginPlan>>,
    /// How many were refused, and how the last one was.
    refused: Mutex<(u64, Option<CallError>)>,
}

impl Logins {
    /// How to begin a login, if one has succeeded. Where a better way failed, one connection at a time tries it again.
    fn known(&self) -> Option<LoginPlan> {
        locked(&self.known).as_mut().map(LoginPlan::next)
    }
}

impl Client {
    /// Creates a client; nothing is sent before the first call.
    pub fn new(endpoint: Endpoint, login: Login, limits: Limits) -> Self {
        let room = Semaphore::new(limits.connections.max(1));
        let sockets = Sockets::default();
        let memory = sockets.memory().of(&endpoint.authority());
        Self {
            target: Target { endpoint, resolver: Resolver::default(), login, tls: None, limits, memory },
            sockets: sockets.share(),
            parsers: sockets.parsers().of_a_client(),
            room,
            logins: Logins::default(),
            listens: (limits.read, limits.lateness),
            tapped: Tapped::default(),
            messages: AtomicU64::new(0),
            own: uuid::Uuid::new_v4(),
        }
    }

    /// Sets the budget of connections and memory, which other clients can share. By default each client has a budget of its own.
    #[must_use]
    pub fn sharing(mut self, sockets: &Sockets) -> Self {
        self.sockets = sockets.share();
        self.parsers = sockets.parsers().of_a_client();
        self.target.memory = sockets.memory().of(&self.target.endpoint.authority());
        self
    }

    /// Sets who is shown every message and its answer, without the logins.
    #[must_use]
    pub fn tapped_by(mut self, tap: Arc<dyn Tap>) -> Self {
        self.tapped = Tapped::new(tap);
        self
    }

    /// Sets the certificates to trust. Required for an https:// address.
    #[must_use]
    pub fn with_trust(mut self, trust: Trust) -> Self {
        self.target.tls = Some(Handshakes::new(trust));
        self
    }

    /// Sets the addresses that the host's name leads to.
    #[cfg(test)]
    pub(crate) fn at_addresses(mut self, addresses: Vec<std::net::SocketAddr>) -> Self {
        self.target.resolver = Resolver::Fixed(addresses);
        self
    }

    /// The address of the service.
    pub fn endpoint(&self) -> &Endpoint {
        &self.target.endpoint
    }

    /// Asks the service to identify itself; needs no login.
    ///
    /// # Errors
    /// [`CallError`] says what failed and where.
    pub async fn identify(&self) -> Result<Identity, CallError> {
        let _place = self.room.acquire().await;
        let answer = self.exchange(&mut None, &wsman::client::identify(), Kind::Reads).await?;
        let length = answer.text.len();
        self.parsers.work(length, move || wsman::client::read_identity(&answer.text)).await?
    }

    /// Asks which login schemes the service offers, by their names. Nobody logs in.
    ///
    /// # Errors
    /// [`CallError`] says what failed and where: nothing answers, or something other than such a service.
    pub async fn offers(&self) -> Result<Vec<String>, CallError> {
        let _place = self.room.acquire().await;
        let leave = self.sockets.leave(&self.target.endpoint.to_string(), self.target.limits.login).await?;
        let offers = connection::offers(&self.target).await;
        drop(leave);
        offers
    }

    /// The login that has worked, if one has.
    pub fn login_in_use(&self) -> Option<LoginInUse> {
        locked(&self.logins.known).as_ref().and_then(LoginPlan::in_use)
    }

    /// Carries out one call, in as many messages as needed.
    ///
    /// A read may be retried once on a new connection, if an idle one turns out to be dead. A Pull whose answer was lost is not
    /// sent again, since the server may have handed out its items; instead the enumeration is started again, once. An Invoke is
    /// sent again only if the server certainly did not process it. Dropping this future also drops its connection.
    ///
    /// # Errors
    /// [`CallError`] says what failed and where, and whether the server may have acted.
    pub async fn call(&self, request: Request) -> Result<Reply, CallError> {
        self.carry_out(|| Call::new(request.clone())).await
    }

    /// Enumerates with a given batch size and kind of item; otherwise like [`Client::call`] with a read.
    ///
    /// # Errors
    /// [`CallError`] says what failed and where.
    pub async fn enumerate(&self, enumerate: Enumerate) -> Result<Vec<Row>, CallError> {
        match self.carry_out(|| Call::enumerate(enumerate.clone())).await? {
            Reply::Rows(rows) => Ok(rows),
            Reply::Instance(_) | Reply::Output(_) => Err(CallError::malformed("the reply isn't an enumeration result")),
        }
    }

    async fn carry_out(&self, begin: impl Fn() -> Call) -> Result<Reply, CallError> {
        let _place = self.room.acquire().await;
        let patience = self.target.limits.call;
        let carried = tokio::time::timeout(patience, self.carry_through(begin)).await.unwrap_or_else(|_| {
            let (at, seconds) = (&self.target.endpoint, patience.as_secs_f32());
            let message = format!("{at} answered, but had not finished after {seconds} s");
            Err(CallError::new(ErrorKind::TimedOut, Reached::Perhaps, message))
        });
        carried.map_err(|error| self.with_account(error))
    }

    /// Adds that the account is one of the host itself, if that may be why the host accepted its login and refused the request.
    fn with_account(&self, error: CallError) -> CallError {
        let lacks_rights = error.kind == ErrorKind::Denied && error.reached == Reached::Yes;
        let is_local = lacks_rights && self.target.login.password().is_some() && !self.target.login.has_domain();
        if is_local { error.with_hint(Hint::LocalAccount) } else { error }
    }

    async fn carry_through(&self, begin: impl Fn() -> Call) -> Result<Reply, CallError> {
        let mut call = begin();
        let mut account = self.target.memory.account();
        let mut begun_anew = false;
        let mut connection = None;
        loop {
            let kind = Kind::of(&call);
            let message = call.message(&self.settings(kind), &self.message_id());
            let sent = self.exchange(&mut connection, &message, kind).await;
            let answered = sent.is_ok();
            let step = match sent {
                Ok(answer) => {
                    let (taken, step) = self.taken(call, answer).await?;
                    call = taken;
                    account.set(call.weight()).and(step)
                }
                Err(error) => call.failed(error),
            };
            if let Err(error) = &step {
                let is_lost = error.kind == ErrorKind::Unreachable || asks_for_a_new_enumeration(error);
                if is_lost && call.goes_on() && !begun_anew {
                    begun_anew = true;
                    call = begin();
                    continue;
                }
                self.revoked(error, &mut connection);
            }
            match step {
                Ok(Progress::Next) => {}
                Err(error) if !answered => return Err(error),
                Ok(Progress::Done(reply)) => {
                    self.keep(connection);
                    return Ok(reply);
                }
                Err(error) => {
                    let release = call.release(&self.settings(Kind::Reads), &self.message_id());
                    if let Some(release) = release.filter(|_| connection.is_some()) {
                        // The enumeration ends by itself if this fails.
                        let _ended = self.exchange(&mut connection, &release, Kind::Reads).await;
                    }
                    // A connection that answered another message than the one sent may stay one answer behind.
                    if error.kind != ErrorKind::Malformed {
                        self.keep(connection);
                    }
                    return Err(error);
                }
            }
        }
    }

    /// Parses an answer to a call.
    async fn taken(&self, mut call: Call, answer: Answer) -> Result<(Call, Result<Progress, CallError>), CallError> {
        let length = answer.text.len();
        let work = move || {
            let step = call.take(&answer.text);
            (call, step)
        };
        self.parsers.work(length, work).await
    }

    /// Drops all connections if the host has revoked the login of this user: none of them is usable any more.
    fn revoked(&self, error: &CallError, connection: &mut Option<Connection>) {
        if asks_for_a_new_login(error) {
            *connection = None;
            self.sockets.close_all();
        }
    }

    /// Sets the times of a listener with a connection of its own: the server waits for `operation`, and its answer may take
    /// `lateness` longer.
    pub(crate) fn listening(mut self, operation: Duration, lateness: Duration) -> Self {
        self.listens = (operation, lateness);
        self
    }

    /// The settings and the id of a listener's next message.
    pub(crate) fn next_message(&self) -> (MessageSettings, String) {
        (self.settings(Kind::Listens), self.message_id())
    }

    /// The operation timeout of a message, and how much longer the client waits for its answer.
    fn times(&self, kind: Kind) -> (Duration, Duration) {
        let limits = &self.target.limits;
        match kind {
            Kind::Reads | Kind::GoesOn => (limits.read, limits.lateness),
            Kind::Changes => (limits.change, limits.lateness),
            Kind::Listens => self.listens,
        }
    }

    fn settings(&self, kind: Kind) -> MessageSettings {
        let (operation_timeout, _) = self.times(kind);
        MessageSettings { to: self.target.endpoint.to_string(), max_envelope_size: ENVELOPE_MAX, operation_timeout }
    }

    /// Sends one message that is not to be sent twice, on the caller's own connection.
    pub(crate) async fn send_once(
        &self,
        connection: &mut Option<Connection>,
        message: &str,
    ) -> Result<String, CallError> {
        self.exchange(connection, message, Kind::Listens).await.map(|answer| answer.text)
    }

    fn message_id(&self) -> String {
        let count = self.messages.fetch_add(1, Ordering::Relaxed);
        let own = self.own.as_u128().wrapping_add(u128::from(count));
        format!(
            "uuid:{}",
            uuid::Builder::from_u128(own).with_version(uuid::Version::Random).into_uuid().as_hyphenated()
        )
    }

    fn keep(&self, connection: Option<Connection>) {
        if let Some(connection) = connection.filter(Connection::is_alive) {
            self.sockets.keep(connection);
        }
    }

    /// Maximum size of the answer to a message, in bytes.
    fn answer_max(&self, kind: Kind) -> usize {
        let most = self.target.limits.body;
        match kind {
            Kind::Reads | Kind::GoesOn | Kind::Changes => most,
            Kind::Listens => most.min(EVENTS_MAX),
        }
    }

    /// Sends one message and gives the text of its answer. `connection` is the one that this call holds.
    async fn exchange(
        &self,
        connection: &mut Option<Connection>,
        message: &str,
        kind: Kind,
    ) -> Result<Answer, CallError> {
        match self.answered(connection, message, kind).await {
            Ok(answer) => self.text(answer, message, kind == Kind::Changes).await,
            Err(error) => {
                self.tapped.show(message, Err(&error));
                Err(error)
            }
        }
    }

    /// Sends one message and gives its answer as it came.
    async fn answered(
        &self,
        connection: &mut Option<Connection>,
        message: &str,
        kind: Kind,
    ) -> Result<UnsealedResponse, CallError> {
        let most = self.answer_max(kind);
        tracing::trace!(at = %self.target.endpoint, "request {}", loggable(message));
        let (operation, lateness) = self.times(kind);
        let patience = operation + lateness;
        let idle = connection.take().or_else(|| self.sockets.take());
        if let Some(mut reused) = idle.filter(Connection::is_alive) {
            let sent = reused.send(message.to_owned(), patience, most).await;
            match sent {
                Ok(answer) => {
                    *connection = Some(reused);
                    return Ok(answer);
                }
                // The host may have closed an idle connection. Read-only requests are retried on a new one; so are
                // requests that certainly were not sent.
                Err(error)
                    if error.kind == ErrorKind::Unreachable
                        && (kind == Kind::Reads || error.reached == Reached::No) =>
                {
                    tracing::debug!(%error, "an idle connection was dead");
                }
                Err(error) => return Err(error),
            }
        }
        let mut fresh = self.open().await?;
        let answer = fresh.send(message.to_owned(), patience, most).await?;
        *connection = Some(fresh);
        Ok(answer)
    }

    /// A connection that is logged in.
    async fn open(&self) -> Result<Connection, CallError> {
        if let Some(known) = self.logins.known() {
            return self.open_as(Some(known)).await;
        }
        let before = locked(&self.logins.refused).0;
        let _first = self.logins.gate.lock().await;
        let known = self.logins.known();
        let (refusals, last) = locked(&self.logins.refused).clone();
        if let Some(refused) = last.filter(|_| refusals > before) {
            return Err(refused);
        }
        let opened = self.open_as(known).await;
        if let Err(error) = &opened
            && error.kind == ErrorKind::Denied
        {
            *locked(&self.logins.refused) = (refusals + 1, Some(error.clone()));
        }
        opened
    }

    async fn open_as(&self, known: Option<LoginPlan>) -> Result<Connection, CallError> {
        let began_at = known.as_ref().map(|known| known.first);
        let limits = &self.target.limits;
        let leave = self.sockets.leave(&self.target.endpoint.to_string(), limits.login).await?;
        let opened = Connection::open(&self.target, known, leave.permit).await;
        drop(leave.opening);
        let (connection, found) = opened?;
        // A login that began with a later way says nothing about a better one.
        if began_at.is_none_or(|first| first == 0 || first < found.first) {
            *locked(&self.logins.known) = Some(found);
        }
        Ok(connection)
    }

    /// The text of an answer, or the error that its HTTP status or its fault stands for.
    async fn text(&self, answer: UnsealedResponse, request: &str, invoked: bool) -> Result<Answer, CallError> {
        let UnsealedResponse { status, charset, body, sealed, account } = answer;
        let at = &self.target.endpoint;
        let text = wsman::decode_text(&body, charset.as_deref()).map(Cow::into_owned);
        self.tapped.show(request, Ok((status.as_u16(), text.as_deref().unwrap_or_default())));
        tracing::trace!(%at, %status, "answer {}", text.as_deref().map(loggable).unwrap_or_default());
        let refused = |kind, reached, message: String| Err(CallError::new(kind, reached, message));
        // On a sealed connection, only the HTTP status is sent in the clear, so an on-path attacker can forge it.
        let untouched = if sealed { Reached::Perhaps } else { Reached::No };
        match status {
            StatusCode::OK => match text {
                Ok(text) => Ok(Answer { text, _account: account }),
                Err(error) => Err(CallError::malformed(format!("{at}: {error}"))),
            },
            StatusCode::PAYLOAD_TOO_LARGE => {
                refused(ErrorKind::TooLarge, untouched, format!("{at} says that the request is larger than it accepts"))
            }
            StatusCode::INTERNAL_SERVER_ERROR if body.is_empty() && sealed => {
                Err(CallError::malformed(format!("{at} refused a sealed message and did not say why")))
            }
            StatusCode::INTERNAL_SERVER_ERROR if body.is_empty() => {
                let message = format!("{at} refuses unencrypted messages (AllowUnencrypted is false there)");
                Err(CallError::new(ErrorKind::Denied, Reached::No, message).with_hint(Hint::Encryption))
            }
            status => {
                let length = body.len();
                let read = move || wsman::client::read_fault(&text.ok()?, invoked);
                if let Some(fault) = self.parsers.work(length, read).await? {
                    return Err(fault);
                }
                match wire::unserved(status, &at.to_string(), untouched) {
                    Some(error) => Err(error),
                    None => Err(CallError::malformed(format!("{at} answered with HTTP status {status} and no fault"))),
                }
            }
        }
    }
}
