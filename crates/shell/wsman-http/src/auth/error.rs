//! Why a login mechanism failed.

use std::fmt;

use cim::{CallError, ErrorKind, Hint, Reached};

/// Why a login failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AuthError {
    /// The Kerberos server does not know the user, or the password is wrong.
    Refused(String),
    /// The Kerberos server does not know the user, or the key from the keytab is not the user's.
    RefusedKey(String),
    /// An account authority refused the account that this process runs as.
    #[cfg_attr(not(windows), expect(dead_code, reason = "only Windows logs in as this account"))]
    RefusedAccount(String),
    /// The Kerberos server uses several types of keys for the user, which the library does not support.
    KeyTypes(String),
    /// This computer has nothing to log in with.
    Impossible(String),
    /// The clocks differ too much for Kerberos.
    ClockSkew(String),
    /// No Kerberos server responds for the realm.
    NoKdc(String),
    /// The Kerberos server does not know the service, or knows another one by this name.
    UnknownService(String),
    /// The other side sent an invalid token, or one that is not sealed with this login's key.
    Invalid(String),
    /// The library failed.
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

    /// Whether an account authority has refused the user.
    pub(super) fn judges_the_user(&self) -> bool {
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
        let error = CallError::new(kind, Reached::No, format!("cannot log in to {at}: {self}"));
        if self.is_of_kerberos() { error.with_hint(Hint::Kerberos) } else { error }
    }

    /// Whether Kerberos itself failed, so that the host and its endpoint have no part in it.
    fn is_of_kerberos(&self) -> bool {
        match self {
            Self::Refused(_)
            | Self::RefusedKey(_)
            | Self::KeyTypes(_)
            | Self::ClockSkew(_)
            | Self::NoKdc(_)
            | Self::UnknownService(_) => true,
            Self::RefusedAccount(_) | Self::Impossible(_) | Self::Invalid(_) | Self::Broken(_) => false,
        }
    }
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => write!(f, "the Kerberos server refused the user or the password ({why})"),
            Self::RefusedKey(why) => write!(
                f,
                "the Kerberos server refused the user or the key: was the password changed after the keytab was written? ({why})"
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
            Self::Invalid(why) => write!(f, "the host's part of the login is invalid ({why})"),
            Self::Broken(what) => write!(f, "the login library failed to {what}"),
        }
    }
}
