//! Logging in: what a login mechanism must do, apart from the library that does it.
//!
//! A login belongs to its connection. What it agrees on seals the messages of that connection and no other, so a
//! mechanism is made for one connection and dies with it.

mod authenticator;
pub(crate) mod basic;
mod binding;
pub(crate) mod certificate;
mod context;
mod frame;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod handshake;
mod kdc;
#[cfg(windows)]
mod native;
mod offer;
#[cfg(test)]
mod tests;
#[cfg(all(unix, feature = "kerberos-system"))]
mod tickets;
mod wrap;

use std::fmt;

use cim::{CallError, ErrorKind, Reached};

use crate::endpoint::Endpoint;
use crate::login::{Identity, Login};
use kdc::Kdc;

pub(crate) use handshake::{LoginError, log_in, probe};
pub(crate) use offer::{Mechanism, Method, Tls, Way, choose};

/// One side of a login and, once it is done, of sealed messages.
pub(crate) trait Security: Send {
    /// Takes the other side's token, none at first, and gives the next one to send, which may be empty.
    ///
    /// May wait for a Kerberos server: it is called where waiting is allowed.
    fn step(&mut self, token: &[u8]) -> Result<Step, AuthError>;

    /// Seals a message: the length of the signature, the signature and the sealed data (MS-WSMV 2.2.9.1.2.1).
    fn seal(&mut self, message: &[u8]) -> Result<Vec<u8>, AuthError>;

    /// What [`Security::seal`] of the other side sealed.
    fn unseal(&mut self, sealed: &[u8]) -> Result<Vec<u8>, AuthError>;
}

/// Begins a login to `endpoint`, bound to what `binding` names. May look a Kerberos server up: call it where waiting is
/// allowed.
fn open(
    login: &Login,
    endpoint: &Endpoint,
    mechanism: Mechanism,
    binding: Option<&[u8]>,
    kdc: Kdc,
) -> Result<Box<dyn Security>, AuthError> {
    match login.identity {
        Identity::Password { .. } | Identity::Keytab { .. } => context::open(login, endpoint, mechanism, binding, kdc),
        #[cfg(windows)]
        Identity::CurrentUser => native::open(login, endpoint, mechanism, binding),
        #[cfg(all(unix, feature = "kerberos-system"))]
        Identity::CurrentUser => tickets::open(login, endpoint, mechanism, binding),
        #[cfg(not(any(windows, all(unix, feature = "kerberos-system"))))]
        Identity::CurrentUser => Err(AuthError::Impossible(
            "this build does not know the Kerberos tickets of the account that it runs as: give a user, or take a build with the \
             feature kerberos-system"
                .to_owned(),
        )),
        Identity::Certificate => Err(AuthError::Impossible("a certificate logs in by TLS, and by no token".to_owned())),
    }
}

/// What a step came to.
#[derive(Debug)]
pub(crate) struct Step {
    /// To be sent, if not empty.
    pub(crate) token: Vec<u8>,
    /// Whether this side asks for nothing more: the other has proved what it must.
    pub(crate) done: bool,
}

/// Why a login did not come about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AuthError {
    /// The Kerberos server does not know the user, or the password is wrong.
    Refused(String),
    /// The Kerberos server does not know the user, or the key from the keytab is not his.
    RefusedKey(String),
    /// Somebody who judges accounts refused the one that this process runs as.
    #[cfg_attr(not(windows), expect(dead_code, reason = "only Windows logs in as this account"))]
    RefusedAccount(String),
    /// The Kerberos server uses keys of more types than one for the user, which the library does not.
    KeyTypes(String),
    /// This computer has nothing to log in with.
    Impossible(String),
    /// The clocks differ too much for Kerberos.
    ClockSkew(String),
    /// No Kerberos server answers for the realm.
    NoKdc(String),
    /// The Kerberos server does not know the service, or knows another by its name.
    UnknownService(String),
    /// What the other side sent is no valid token, or is not sealed with this login's key.
    Invalid(String),
    /// The library broke.
    Broken(&'static str),
}

impl AuthError {
    /// Whether the user has not been judged, so that another mechanism may be tried without harm to the account.
    pub(crate) fn leaves_a_choice(&self) -> bool {
        match self {
            Self::NoKdc(_) | Self::UnknownService(_) | Self::ClockSkew(_) | Self::KeyTypes(_) | Self::Impossible(_) => {
                true
            }
            Self::Refused(_) | Self::RefusedKey(_) | Self::RefusedAccount(_) | Self::Invalid(_) | Self::Broken(_) => {
                false
            }
        }
    }

    /// Whether somebody who keeps accounts has refused the user.
    fn judges_the_user(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::RefusedKey(_) | Self::RefusedAccount(_))
    }

    /// The failure of a login at `at`. Nothing of the call was sent.
    pub(crate) fn at(&self, at: &str) -> CallError {
        let kind = match self {
            Self::Refused(_)
            | Self::RefusedKey(_)
            | Self::RefusedAccount(_)
            | Self::Impossible(_)
            | Self::ClockSkew(_)
            | Self::UnknownService(_) => ErrorKind::Denied,
            Self::KeyTypes(_) => ErrorKind::Unsupported,
            Self::NoKdc(_) => ErrorKind::Unreachable,
            Self::Invalid(_) | Self::Broken(_) => ErrorKind::Malformed,
        };
        CallError::new(kind, Reached::No, format!("cannot log in to {at}: {self}"))
    }
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => write!(f, "the Kerberos server refused the user or the password ({why})"),
            Self::RefusedKey(why) => write!(
                f,
                "the Kerberos server refused the user or his key: was the password changed after the keytab was written? ({why})"
            ),
            Self::RefusedAccount(why) => write!(f, "the account that this program runs as was refused ({why})"),
            Self::KeyTypes(why) => write!(
                f,
                "the Kerberos server uses other types of keys than the user has here: only AES-256 works everywhere ({why})"
            ),
            Self::Impossible(why) => write!(f, "{why}"),
            Self::ClockSkew(why) => {
                write!(f, "the clocks of this computer, the host and the Kerberos server differ too much ({why})")
            }
            Self::NoKdc(why) => write!(f, "no Kerberos server (KDC) answers ({why})"),
            Self::UnknownService(why) => write!(f, "the Kerberos server does not know the host by this name ({why})"),
            Self::Invalid(why) => write!(f, "the host sent what belongs to no login ({why})"),
            Self::Broken(what) => write!(f, "the login library broke while it was to {what}"),
        }
    }
}

/// Maximum size of a message that is sealed or opened on the spot, in bytes: a few milliseconds of work. Windows' own limit
/// on a message is half of it (`MaxEnvelopeSizekb` 500).
const QUICK_MAX: usize = 1024 * 1024;

/// Whether sealing or opening a message of this size is quick.
pub(crate) fn is_quick(length: usize) -> bool {
    length <= QUICK_MAX
}

/// Works with a login. What is quick is done on the spot, since handing it to another thread costs more than most messages
/// and a fleet's answers would start hundreds of threads. The rest, which may wait for a Kerberos server, is done where it
/// holds up nobody else.
///
/// If it breaks, so does the login: what it was given is lost.
pub(crate) async fn apart<T, F>(
    mut security: Box<dyn Security>,
    quick: bool,
    work: F,
) -> Result<(Box<dyn Security>, T), AuthError>
where
    T: Send + 'static,
    F: FnOnce(&mut dyn Security) -> Result<T, AuthError> + Send + 'static,
{
    let done = move || work(security.as_mut()).map(|done| (security, done));
    if quick {
        return done();
    }
    tokio::task::spawn_blocking(done).await.unwrap_or(Err(AuthError::Broken("do its work")))
}
