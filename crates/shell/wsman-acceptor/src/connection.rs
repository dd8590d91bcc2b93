//! One connection's login: from the first 401 to the keys that its messages are sealed with.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cim::CimTimestamp;
use uuid::Uuid;

use crate::channel::Channel;
use crate::error::LoginError;
use crate::exchange::{Entered, Exchange, Fresh, Progress, begins};
use crate::logins::Logins;
use crate::sealer::Sealer;
use wsman::media_type::charset;
use wsman::sealed::{self, Part, Protocol};

/// The type of a clear message (MS-WSMV 2.1).
const SOAP: &str = "application/soap+xml;charset=UTF-8";
/// Maximum length of a token. NTLM needs less than 1 KiB; HTTP.sys accepts headers of 16 KiB.
const TOKEN_MAX: usize = 16 * 1024;
/// The header of who logs in by the certificate that TLS has shown (DSP0226, `wsman:secprofile/https/mutual`).
const MUTUAL: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual";

/// What of an HTTP request a login is about.
#[derive(Clone, Copy, Debug)]
pub struct LoginRequest<'r> {
    /// The header Authorization.
    pub authorization: Option<&'r str>,
    /// The header Content-Type, or nothing.
    pub content_type: &'r str,
    /// The whole body.
    pub body: &'r [u8],
}

/// A message of a client that has logged in.
#[derive(Debug, PartialEq, Eq)]
pub struct ClearMessage {
    /// The account's name.
    pub user: String,
    /// The message, unsealed.
    pub content: Vec<u8>,
    /// Its charset, if its type names one.
    pub charset: Option<String>,
    /// Whether it was sealed; if so, the answer is to be sealed.
    pub is_sealed: bool,
    /// A value of WWW-Authenticate that the answer must carry: the last leg of the login that came with this message.
    pub authenticate: Option<String>,
}

/// What to do with a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// Answer 401 with these values of WWW-Authenticate, each in a header of its own: the client has not logged in.
    Unauthorized(Vec<String>),
    /// Answer 401 with this value of WWW-Authenticate: the login goes on.
    GoesOn(String),
    /// Answer 200 with this value of WWW-Authenticate and an empty body: the login is complete.
    LoggedIn(Option<String>),
    /// Answer 500 with an empty body: the message must be sealed.
    Unencrypted,
    /// Answer 400 and close the connection: the message cannot be unsealed, and so cannot any that follow.
    Unreadable,
    /// Answer the message.
    Message(ClearMessage),
}

/// The login of one connection.
pub struct ConnectionLogin {
    logins: Arc<Logins>,
    channel: Channel,
    state: State,
}

/// The word before a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Negotiate,
    Ntlm,
    Kerberos,
}

impl Scheme {
    fn word(self) -> &'static str {
        match self {
            Self::Negotiate => "Negotiate",
            Self::Ntlm => "NTLM",
            Self::Kerberos => "Kerberos",
        }
    }

    /// How sealed messages are framed after it (MS-WSMV 2.2.9.1).
    fn protocol(self) -> Protocol {
        match self {
            Self::Negotiate | Self::Ntlm => Protocol::Spnego,
            Self::Kerberos => Protocol::Kerberos,
        }
    }

    fn with(self, token: &[u8]) -> String {
        format!("{} {}", self.word(), STANDARD.encode(token))
    }
}

enum State {
    /// Nobody, or a user who logs in on each request.
    Nobody,
    /// A login is under way.
    UnderWay(Scheme, Exchange),
    /// Somebody has logged in.
    In { user: String, sealer: Option<Sealer>, protocol: Protocol },
}

/// Tells nothing about keys.
impl std::fmt::Debug for ConnectionLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectionLogin").field("user", &self.user()).finish_non_exhaustive()
    }
}

impl ConnectionLogin {
    /// Of a new connection.
    pub fn new(logins: Arc<Logins>, channel: Channel) -> Self {
        Self { logins, channel, state: State::Nobody }
    }

    /// Who has logged in on this connection.
    pub fn user(&self) -> Option<&str> {
        match &self.state {
            State::Nobody | State::UnderWay(..) => None,
            State::In { user, .. } => Some(user),
        }
    }

    /// Forgets who has logged in and gives the answer that says so.
    pub fn refuse(&mut self) -> Taken {
        self.state = State::Nobody;
        let schemes = self.logins.schemes;
        let offers = [
            (schemes.negotiate, "Negotiate"),
            (self.logins.services.is_some(), "Kerberos"),
            (schemes.ntlm, "NTLM"),
            // The realm that WinRM names.
            (schemes.basic, "Basic realm=\"WSMAN\""),
        ];
        Taken::Unauthorized(offers.iter().filter(|(is_on, _)| *is_on).map(|(_, offer)| (*offer).to_owned()).collect())
    }

    /// Takes a request.
    ///
    /// A new Authorization on a connection that has logged in begins anew; without one the login of before holds.
    pub fn take(&mut self, request: LoginRequest<'_>) -> Taken {
        let Some(authorization) = request.authorization else { return self.message(request, None) };
        let (scheme, token) = authorization.trim().split_once(' ').unwrap_or((authorization, ""));
        let schemes = self.logins.schemes;
        if schemes.basic && scheme.eq_ignore_ascii_case("Basic") {
            return self.basic(token.trim(), request);
        }
        if schemes.certificate && authorization.trim() == MUTUAL {
            return self.certificate(request);
        }
        let known = [
            (schemes.negotiate, Scheme::Negotiate),
            (self.logins.services.is_some(), Scheme::Kerberos),
            (schemes.ntlm, Scheme::Ntlm),
        ];
        let known = known.iter().find(|(is_on, known)| *is_on && scheme.eq_ignore_ascii_case(known.word()));
        let token =
            Some(token.trim()).filter(|token| token.len() <= TOKEN_MAX).and_then(|token| STANDARD.decode(token).ok());
        match known.zip(token) {
            Some((&(_, scheme), token)) => self.token(scheme, &token, request),
            None => self.refuse(),
        }
    }

    /// Writes the answer to a message: the type of its body, and the body. `is_sealed` is the message's.
    pub fn write(&mut self, content: String, is_sealed: bool) -> (String, Vec<u8>) {
        let original_length = content.len();
        match &mut self.state {
            State::In { sealer: Some(own), protocol, .. } if is_sealed => {
                let mut content = content.into_bytes();
                let signature = own.seal(&mut content);
                let length = u32::try_from(signature.len()).unwrap_or_default().to_le_bytes();
                let sealed = [&length[..], &signature, &content].concat();
                sealed::write(*protocol, &[Part { original_type: SOAP.to_owned(), original_length, sealed }])
            }
            State::Nobody | State::UnderWay(..) | State::In { .. } => (SOAP.to_owned(), content.into_bytes()),
        }
    }

    fn basic(&mut self, coded: &str, request: LoginRequest<'_>) -> Taken {
        let plain = STANDARD.decode(coded).ok().and_then(|plain| String::from_utf8(plain).ok());
        let account = plain
            .as_deref()
            .and_then(|plain| plain.split_once(':'))
            .and_then(|(name, password)| self.logins.accounts.iter().find(|account| account.is_basic(name, password)));
        match account {
            None => self.refuse(),
            Some(_) if sealed::is_sealed(request.content_type) => Taken::Unreadable,
            Some(account) => Taken::Message(clear(account.name(), request, None)),
        }
    }

    /// Like Basic, it holds for its request alone.
    fn certificate(&mut self, request: LoginRequest<'_>) -> Taken {
        let shown = self.channel.client_certificate();
        let account =
            shown.and_then(|shown| self.logins.accounts.iter().find(|account| account.has_certificate(shown)));
        match account {
            None => self.refuse(),
            Some(_) if sealed::is_sealed(request.content_type) => Taken::Unreadable,
            Some(account) => Taken::Message(clear(account.name(), request, None)),
        }
    }

    fn token(&mut self, scheme: Scheme, token: &[u8], request: LoginRequest<'_>) -> Taken {
        let logins = Arc::clone(&self.logins);
        let fresh = Fresh {
            logins: &logins,
            channel: self.channel.hash(),
            takes_ntlm: scheme != Scheme::Kerberos,
            takes_kerberos: scheme != Scheme::Ntlm,
            nonce: nonce(),
            chance: chance(),
            seconds: seconds(),
            time: now(),
        };
        let before = std::mem::replace(&mut self.state, State::Nobody);
        let progress = match before {
            State::UnderWay(earlier, exchange) if earlier == scheme && !begins(token) => {
                exchange.proceed(token, &fresh)
            }
            State::UnderWay(..) | State::Nobody | State::In { .. } => Exchange::begin(token, &fresh),
        };
        match progress {
            Ok(Progress::More(answer, exchange)) => {
                self.state = State::UnderWay(scheme, exchange);
                Taken::GoesOn(scheme.with(&answer))
            }
            Ok(Progress::Done(answer, entered)) => self.enter(scheme, answer, entered, request),
            Err(error) => {
                log_refusal(error);
                self.refuse()
            }
        }
    }

    fn enter(&mut self, scheme: Scheme, answer: Option<Vec<u8>>, entered: Entered, request: LoginRequest<'_>) -> Taken {
        let authenticate = answer.map(|answer| scheme.with(&answer));
        self.state = State::In { user: entered.user, sealer: entered.sealer, protocol: scheme.protocol() };
        if request.body.is_empty() { Taken::LoggedIn(authenticate) } else { self.message(request, authenticate) }
    }

    /// A message without a login of its own.
    fn message(&mut self, request: LoginRequest<'_>, authenticate: Option<String>) -> Taken {
        let State::In { user, sealer, .. } = &mut self.state else { return self.refuse() };
        if !sealed::is_sealed(request.content_type) {
            return if self.channel.is_clear() {
                Taken::Unencrypted
            } else {
                Taken::Message(clear(user.clone(), request, authenticate))
            };
        }
        let opened = sealer.as_mut().and_then(|sealer| open(sealer, request));
        let Some((content, charset)) = opened else {
            self.state = State::Nobody;
            return Taken::Unreadable;
        };
        Taken::Message(ClearMessage { user: user.clone(), content, charset, is_sealed: true, authenticate })
    }
}

fn log_refusal(error: LoginError) {
    tracing::debug!(%error, "a login was refused");
}

fn clear(user: String, request: LoginRequest<'_>, authenticate: Option<String>) -> ClearMessage {
    let charset = charset(request.content_type);
    ClearMessage { user, content: request.body.to_vec(), charset, is_sealed: false, authenticate }
}

/// Unseals a message; gives its charset too.
fn open(sealer: &mut Sealer, request: LoginRequest<'_>) -> Option<(Vec<u8>, Option<String>)> {
    let parts = sealed::read(request.content_type, request.body).ok()?;
    let charset = parts.first().and_then(|part| charset(&part.original_type));
    let mut message = Vec::new();
    for part in parts {
        let (length, rest) = part.sealed.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (signature, content) = rest.split_at_checked(length)?;
        let mut content = content.to_vec();
        sealer.open(signature, &mut content).then_some(())?;
        // Clients may pad what they seal with zeros.
        let padding = content.get(part.original_length..)?;
        padding.iter().all(|octet| *octet == 0).then_some(())?;
        content.truncate(part.original_length);
        message.append(&mut content);
    }
    Some((message, charset))
}

/// Eight octets that are unpredictable and never used twice.
fn nonce() -> [u8; 8] {
    // The few bits of a UUID that are not chance stand at different places of its halves.
    let (high, low) = Uuid::new_v4().as_u64_pair();
    (high ^ low).to_le_bytes()
}

/// As many octets of that kind as a login by ticket needs.
fn chance() -> [u8; 36] {
    let mut chance = [0; 36];
    chance.chunks_mut(8).for_each(|own| own.iter_mut().zip(nonce()).for_each(|(place, octet)| *place = octet));
    chance
}

/// Now, in seconds since 1970.
fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// Now, as a FILETIME. A challenge without a time would be answered without a proof of its messages.
fn now() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    CimTimestamp::from_unix_us(i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX)).filetime()
}
