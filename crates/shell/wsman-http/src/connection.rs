//! One connection: opened, logged in, used for one request at a time, dropped as soon as it is in doubt.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cim::{CallError, ErrorKind, Hint, Reached};
use hyper::StatusCode;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::auth::{self, AuthError, LoginFailure, Method, Security, basic, certificate};
use crate::budget::Permit;
use crate::dial::Resolver;
use crate::endpoint::Endpoint;
use crate::gate::{Attempt, Gate, RefusedBy};
use crate::limits::Limits;
use crate::login::{Login, Scheme};
use crate::memory::{Account, HostMemory};
use crate::tls::Handshakes;
use crate::wire::{self, Message, Wire};
use wsman::media_type::charset;
use wsman::sealed::{self, Part, Protocol};

/// The type of a clear message (MS-WSMV 2.1).
const SOAP: &str = "application/soap+xml;charset=UTF-8";
/// Time until a better login method that failed is tried again, such as Kerberos while its server did not respond. A try may
/// take as long as a connection attempt, so not every connection may try.
const BETTER_AGAIN: Duration = Duration::from_mins(1);

/// Where connections lead, and the login that they use.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) endpoint: Endpoint,
    pub(crate) resolver: Resolver,
    pub(crate) login: Login,
    /// Over HTTPS.
    pub(crate) tls: Option<Handshakes>,
    pub(crate) limits: Limits,
    /// What the host's answers take.
    pub(crate) memory: HostMemory,
}

impl Target {
    /// The host's name at the credential's gate.
    fn host(&self) -> String {
        self.endpoint.authority().to_lowercase()
    }

    /// The gate of the credential. A certificate has none, since refusing one does not lock an account.
    fn gate(&self) -> Option<&Arc<Gate>> {
        (self.login.scheme != Scheme::Certificate).then_some(&self.login.gate)
    }
}

/// The login that a client's connections use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginInUse {
    /// What people call its scheme: `Kerberos`, `NTLM`, `Basic`.
    pub scheme: &'static str,
    /// Why a better one was not possible, if one was tried.
    pub passed_over: Option<String>,
}

/// How connections of a client log in.
#[derive(Clone, Debug)]
pub(crate) struct LoginPlan {
    /// The ways that the host offers, best first.
    methods: Vec<Method>,
    /// The one to begin with.
    pub(crate) first: usize,
    /// When it was found that no better one works.
    since: Instant,
    /// Why the best one does not work, if it was tried.
    passed_over: Option<String>,
}

impl LoginPlan {
    fn new(methods: Vec<Method>) -> Self {
        Self { methods, first: 0, since: Instant::now(), passed_over: None }
    }

    /// The login that worked last, and why a better one was not possible.
    pub(crate) fn in_use(&self) -> Option<LoginInUse> {
        let method = self.methods.get(self.first)?;
        let passed_over = self.passed_over.clone().filter(|_| self.first > 0);
        Some(LoginInUse { scheme: method.label(), passed_over })
    }

    /// What the next connection begins with: the method that worked last or, once in a while, the best one.
    pub(crate) fn next(&mut self) -> Self {
        if self.first == 0 || self.since.elapsed() < BETTER_AGAIN {
            return self.clone();
        }
        self.since = Instant::now();
        Self { first: 0, ..self.clone() }
    }
}

/// A connection with its login. Dropping it closes it.
pub(crate) struct Connection {
    wire: Wire,
    session: Session,
    /// Why a better login was not possible.
    passed_over: Option<String>,
    _permit: Permit,
}

/// What a login left behind.
enum Session {
    /// The header of each request, which shows the password, and what the host makes of it.
    Basic(Zeroizing<String>, Shown),
    /// TLS has shown who it is; a header on each request says so. Whether the host has answered one yet.
    Certificate { answered: bool },
    /// The connection itself is logged in; TLS protects its messages.
    Clear,
    /// The connection is logged in, and its messages are sealed. Nothing here after a failure.
    Sealed(Option<Box<dyn Security>>, Protocol),
}

/// A password that goes with each request.
struct Shown {
    gate: Arc<Gate>,
    host: String,
    patience: Duration,
    /// The login that the next request is.
    attempt: Option<Attempt>,
}

impl Shown {
    /// Waits for the turn of a request.
    async fn attempt(&mut self) -> Result<Attempt, CallError> {
        match self.attempt.take() {
            Some(first) => Ok(first),
            None => self.gate.enter_again(&self.host, self.patience).await,
        }
    }
}

/// An HTTP response after unsealing: its status and the bytes of its text.
pub(crate) struct UnsealedResponse {
    pub(crate) status: StatusCode,
    pub(crate) charset: Option<String>,
    pub(crate) body: Bytes,
    /// Whether the connection seals its messages.
    pub(crate) sealed: bool,
    /// The memory that the body takes.
    pub(crate) account: Account,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl Connection {
    /// Connects and logs in, with what an earlier connection found or with what the host offers. What comes back begins with the
    /// way that worked.
    pub(crate) async fn open(
        target: &Target,
        known: Option<LoginPlan>,
        permit: Permit,
    ) -> Result<(Self, LoginPlan), CallError> {
        let host = target.host();
        if let Some(gate) = target.gate() {
            gate.check(&host)?;
        }
        let mut wire = connect(target).await?;
        let mut known = match known {
            Some(known) => known,
            None => LoginPlan::new(methods(&mut wire, target).await?),
        };
        // Nobody waits for a host that does not even answer: its turn begins here.
        let mut attempt = match target.gate() {
            Some(gate) => Some(gate.enter(&host, target.limits.login).await?),
            None => None,
        };
        for (index, method) in known.methods.clone().into_iter().enumerate().skip(known.first) {
            // A host may close a connection that it refused or that waited for its turn; a login that broke off has spoilt one.
            if !wire.is_alive() {
                wire = connect(target).await?;
            }
            match begin(&mut wire, target, method, &mut attempt).await {
                Ok(session) => {
                    if let Some(attempt) = attempt {
                        attempt.accepted();
                    }
                    let passed_over = known.passed_over.clone().filter(|_| index > 0);
                    return Ok((
                        Self { wire, session, passed_over, _permit: permit },
                        LoginPlan { first: index, ..known },
                    ));
                }
                Err(LoginFailure::Mechanism(error)) if error.leaves_a_choice() && index + 1 < known.methods.len() => {
                    let label = method.label();
                    tracing::warn!(%error, at = %wire.at, "{label} is not possible; another login is tried");
                    known.passed_over = Some(format!("{label} is not possible: {error}"));
                    if let Some(attempt) = &attempt {
                        attempt.check()?;
                    }
                    wire = connect(target).await?;
                }
                Err(error) => {
                    let why = known.passed_over.as_deref().filter(|_| index > 0);
                    return Err(second_best(failed(error, attempt, &wire.at, &target.login), why));
                }
            }
        }
        let message = format!("{} offers no login that may be used", wire.at);
        Err(CallError::new(ErrorKind::Denied, Reached::No, message).with_hint(Hint::Schemes))
    }

    /// Whether the other side has not closed it, as far as is known.
    pub(crate) fn is_alive(&self) -> bool {
        self.wire.is_alive()
    }

    /// Sends one message and reads the whole answer, of at most `limit` bytes. On any error the connection is of no more use.
    pub(crate) async fn send(
        &mut self,
        message: String,
        patience: Duration,
        limit: usize,
    ) -> Result<UnsealedResponse, CallError> {
        let attempt = match &mut self.session {
            Session::Basic(_, shown) => Some(shown.attempt().await?),
            Session::Certificate { .. } | Session::Clear | Session::Sealed(..) => None,
        };
        let (content_type, body) = match &mut self.session {
            Session::Basic(..) | Session::Certificate { .. } | Session::Clear => {
                (SOAP.to_owned(), message.into_bytes())
            }
            Session::Sealed(security, protocol) => {
                let sealed = seal(security, *protocol, message.into_bytes()).await;
                sealed.map_err(|error| error.at(&self.wire.at))?
            }
        };
        let authorization = match &self.session {
            Session::Basic(header, _) => Some(header.as_str()),
            Session::Certificate { .. } => Some(certificate::AUTHORIZATION),
            Session::Clear | Session::Sealed(..) => None,
        };
        let outgoing = Message { content_type: &content_type, authorization, body: body.into() };
        let sent = self.wire.send(outgoing, patience, limit).await;
        let answer = sent.map_err(|error| self.lost(error))?;
        if let Session::Certificate { answered } = &mut self.session {
            *answered = true;
        }
        if answer.status == StatusCode::UNAUTHORIZED {
            let error = self.refused(&answer.challenges);
            if let Some(attempt) = attempt {
                attempt.refused(RefusedBy::Host, &error);
            }
            return Err(error);
        }
        // Other statuses come from in front of WinRM, and may come before anybody judged the login.
        let is_served = answer.status.is_success() || answer.status == StatusCode::INTERNAL_SERVER_ERROR;
        if let Some(attempt) = attempt.filter(|_| is_served) {
            attempt.accepted();
        }
        let Session::Sealed(security, _) = &mut self.session else {
            let charset = charset(&answer.content_type);
            let wire::RawResponse { status, body, account, .. } = answer;
            return Ok(UnsealedResponse { status, charset, body, sealed: false, account });
        };
        unseal(security, answer, &self.wire.at).await
    }

    /// Adds a hint to an error: some hosts close the connection instead of reporting that they do not accept a certificate.
    fn lost(&self, error: CallError) -> CallError {
        if error.kind != ErrorKind::Unreachable || !matches!(self.session, Session::Certificate { answered: false }) {
            return error;
        }
        let message = format!("{} (the host may not accept the client certificate)", error.message);
        CallError { message, ..error }
    }

    /// The host no longer knows the login, or never accepted it, so it did not process the message. On a sealed connection the
    /// refusal itself is not sealed, so an on-path attacker may have sent it after the host carried out the request.
    fn refused(&self, challenges: &[String]) -> CallError {
        let at = &self.wire.at;
        let offered = if challenges.is_empty() { "nothing".to_owned() } else { challenges.join(", ") };
        let (kind, hint, message) = match &self.session {
            Session::Basic(..) => {
                (ErrorKind::Denied, Some(Hint::Basic), format!("{at} refused the login (it offers {offered})"))
            }
            Session::Certificate { .. } => {
                let why = "it belongs to no account there (WSMan:\\localhost\\ClientCertificate), or logins by certificate are off \
                           (WSMan:\\localhost\\Service\\Auth\\Certificate)";
                (ErrorKind::Denied, Some(Hint::Certificate), format!("{at} refused the client certificate: {why}"))
            }
            Session::Clear | Session::Sealed(..) => {
                (ErrorKind::Unreachable, None, format!("{at} ended the login of this connection"))
            }
        };
        let reached = if matches!(self.session, Session::Sealed(..)) { Reached::Perhaps } else { Reached::No };
        second_best(CallError { hint, ..CallError::new(kind, reached, message) }, self.passed_over.as_deref())
    }
}

/// The error of a login that was tried since a better one was not possible. What is wrong may be that.
fn second_best(error: CallError, why: Option<&str>) -> CallError {
    match why.filter(|_| error.kind == ErrorKind::Denied) {
        Some(why) => {
            CallError { message: format!("{}; this login was tried since {why}", error.message), hint: None, ..error }
        }
        None => error,
    }
}

/// The names of the schemes that a service offers. Nobody logs in.
pub(crate) async fn offers(target: &Target) -> Result<Vec<String>, CallError> {
    let bounds = (&target.limits, &target.memory);
    let way = (&target.endpoint, &target.resolver);
    let mut wire = Wire::open(way, target.tls.as_ref(), bounds, |_| Ok(())).await?;
    Ok(auth::scheme_names(&auth::probe(&mut wire, &target.limits).await?))
}

/// The ways to log in that the target's login and the host's offer allow.
async fn methods(wire: &mut Wire, target: &Target) -> Result<Vec<Method>, CallError> {
    match target.login.scheme {
        Scheme::Basic => Ok(vec![Method::Basic]),
        Scheme::Certificate => Ok(vec![Method::Certificate]),
        Scheme::Auto | Scheme::Ntlm | Scheme::Negotiate | Scheme::Kerberos => {
            let challenges = auth::probe(wire, &target.limits).await?;
            let chosen = auth::choose(&target.login, &target.endpoint, &wire.way, &challenges);
            chosen.map_err(|error| target.login.explain(error))
        }
    }
}

/// A login that failed: what the caller hears, and what the credential's gate does.
fn failed(error: LoginFailure, attempt: Option<Attempt>, at: &str, login: &Login) -> CallError {
    let (by, error) = match error {
        LoginFailure::Call(error) => return error,
        LoginFailure::Mechanism(error) => return login.explain(error.at(at)),
        LoginFailure::ByHost(error) => (RefusedBy::Host, error),
        LoginFailure::ByAccounts(error) => (RefusedBy::Accounts, error.at(at)),
    };
    if let Some(attempt) = attempt {
        attempt.refused(by, &error);
    }
    error
}

async fn connect(target: &Target) -> Result<Wire, CallError> {
    let endpoint = &target.endpoint;
    let tls = target.tls.as_ref().filter(|_| endpoint.is_secure());
    let verified = tls.is_some_and(Handshakes::is_verified);
    let allowed = |loopback: bool| match target.login.scheme {
        Scheme::Basic if !loopback && !verified => Err(shows_the_password(endpoint)),
        Scheme::Certificate if !verified => Err(needs(endpoint, "https:// and a host whose certificate is verified")),
        Scheme::Certificate if !tls.is_some_and(Handshakes::shows_a_certificate) => {
            Err(needs(endpoint, "a certificate to show"))
        }
        Scheme::Basic | Scheme::Certificate | Scheme::Auto | Scheme::Ntlm | Scheme::Negotiate | Scheme::Kerberos => {
            Ok(())
        }
    };
    let bounds = (&target.limits, &target.memory);
    Wire::open((endpoint, &target.resolver), target.tls.as_ref(), bounds, allowed).await
}

fn needs(endpoint: &Endpoint, what: &str) -> CallError {
    let message = format!("refused to log in to {endpoint}: a login by certificate needs {what}");
    CallError::new(ErrorKind::Unsupported, Reached::No, message)
}

fn shows_the_password(endpoint: &Endpoint) -> CallError {
    let way = if endpoint.is_secure() { "unverified TLS" } else { "plain HTTP" };
    let message = format!(
        "refused to log in to {endpoint}: Basic over {way} would show the password to the network; it is allowed to \
         loopback only"
    );
    CallError::new(ErrorKind::Denied, Reached::No, message).with_hint(Hint::Encryption)
}

fn needs_a_password(endpoint: &Endpoint) -> CallError {
    let message = format!("cannot log in to {endpoint} by Basic: it needs a password");
    CallError::new(ErrorKind::Unsupported, Reached::No, message)
}

/// Logs in by one method. A password that goes with each request is judged with the first one, so its attempt goes there.
async fn begin(
    wire: &mut Wire,
    target: &Target,
    method: Method,
    attempt: &mut Option<Attempt>,
) -> Result<Session, LoginFailure> {
    let (scheme, mechanism) = match method {
        // The way may be another than the one that the method was chosen for: a name can lead elsewhere by now.
        Method::Basic if !wire.way.may_show_a_password() => return Err(shows_the_password(&target.endpoint).into()),
        Method::Basic => {
            return match target.login.password() {
                Some((user, password)) => {
                    let (gate, patience) = (Arc::clone(&target.login.gate), target.limits.login);
                    let shown = Shown { gate, host: target.host(), patience, attempt: attempt.take() };
                    Ok(Session::Basic(basic::authorization(user, password), shown))
                }
                None => Err(needs_a_password(&target.endpoint).into()),
            };
        }
        Method::Certificate => return Ok(Session::Certificate { answered: false }),
        Method::Tokens { scheme, mechanism } => (scheme, mechanism),
    };
    let Target { endpoint, login, limits, .. } = target;
    let logging_in = auth::log_in(wire, login, endpoint, (scheme, mechanism), limits);
    let security = tokio::time::timeout(limits.login, logging_in).await.unwrap_or_else(|_| {
        let message = format!("the login to {endpoint} was not done within {} s", limits.login.as_secs_f32());
        Err(CallError::new(ErrorKind::TimedOut, Reached::No, message).into())
    })?;
    if wire.way.tls.is_some() {
        return Ok(Session::Clear);
    }
    let protocol = if scheme == "Kerberos" { Protocol::Kerberos } else { Protocol::Spnego };
    Ok(Session::Sealed(Some(security), protocol))
}

const LOST: AuthError = AuthError::Broken("seal a message");

async fn seal(
    security: &mut Option<Box<dyn Security>>,
    protocol: Protocol,
    message: Vec<u8>,
) -> Result<(String, Vec<u8>), AuthError> {
    let own = security.take().ok_or(LOST)?;
    let original_length = message.len();
    let quick = auth::is_quick(original_length);
    let (own, sealed) = auth::without_blocking(own, quick, move |security| security.seal(&message)).await?;
    *security = Some(own);
    Ok(sealed::write(protocol, &[Part { original_type: SOAP.to_owned(), original_length, sealed }]))
}

/// The content of a sealed answer. Of an unsealed answer only the status is used, since an on-path attacker can forge it.
async fn unseal(
    security: &mut Option<Box<dyn Security>>,
    answer: wire::RawResponse,
    at: &str,
) -> Result<UnsealedResponse, CallError> {
    let doubtful = |why: String| {
        let message = format!("{at} answered {why}: the connection was dropped");
        CallError::new(ErrorKind::Malformed, Reached::Perhaps, message)
    };
    let status = answer.status;
    if !sealed::is_sealed(&answer.content_type) {
        if status.is_success() {
            return Err(doubtful("a sealed message with a clear one".to_owned()));
        }
        return Ok(UnsealedResponse {
            status,
            charset: None,
            body: Bytes::new(),
            sealed: true,
            account: answer.account,
        });
    }
    let parts = sealed::read(&answer.content_type, &answer.body).map_err(|error| doubtful(error.to_string()))?;
    let kind = parts.first().map(|part| part.original_type.clone()).unwrap_or_default();
    let own = security.take().ok_or(LOST).map_err(|error| doubtful(error.to_string()))?;
    let opened = auth::without_blocking(own, auth::is_quick(answer.body.len()), move |security| {
        let mut text = Vec::new();
        for part in parts {
            let clear = security.unseal(&part.sealed)?;
            if clear.len() != part.original_length {
                let why = format!("{} bytes were sealed where {} were declared", clear.len(), part.original_length);
                return Err(AuthError::Invalid(why));
            }
            if text.is_empty() {
                text = clear;
            } else {
                text.extend(clear);
            }
        }
        Ok(text)
    });
    let (own, text) = opened.await.map_err(|error| doubtful(format!("what cannot be unsealed ({error})")))?;
    *security = Some(own);
    Ok(UnsealedResponse { status, charset: charset(&kind), body: text.into(), sealed: true, account: answer.account })
}
