//! The calls that a host can be sent, its replies, and how a call fails.

use std::fmt;

use crate::{FromValue, Name, Namespace, ObjectPath, Properties, PropertyError, Row, Value, wql};

/// One call to one host.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// One whole instance.
    Get {
        /// Which.
        path: ObjectPath,
    },
    /// The instances of a class that a query selects. A transport fetches them all, in as many messages as needed.
    Query {
        /// Where the class is.
        namespace: Namespace,
        /// Which instances and columns. Built, never formatted.
        select: wql::Select,
    },
    /// The instances related to one instance. A transport fetches them all, in as many messages as needed.
    Related {
        /// From where, over what, to what; in the object's namespace.
        related: wql::Related,
    },
    /// A method of one instance.
    Invoke {
        /// Whose method.
        path: ObjectPath,
        /// Its name.
        method: Name,
        /// The inputs in the order of the method's definition; NULL ones are left out.
        arguments: Vec<Argument>,
    },
}

/// One input of a method.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// The parameter's name.
    pub name: Name,
    /// Its value. A parameter that takes an embedded instance as text gets [`Value::String`] with CIM-XML
    /// ([`crate::cimxml::write`]).
    pub value: Value,
}

impl Argument {
    /// Names a value.
    pub fn new(name: impl Into<Name>, value: Value) -> Self {
        Self { name: name.into(), value }
    }
}

/// A host's reply.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// To [`Request::Get`].
    Instance(Row),
    /// To [`Request::Query`] and [`Request::Related`], in the host's order.
    Rows(Vec<Row>),
    /// To [`Request::Invoke`].
    Output(Output),
}

/// A method's outputs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// Every output parameter, `ReturnValue` included.
    pub parameters: Properties,
}

impl Output {
    /// The method's return value; `None` for a method without one.
    ///
    /// # Errors
    /// [`PropertyError::Unreadable`] if it is not a number.
    pub fn return_value(&self) -> Result<Option<u32>, PropertyError> {
        self.parameters.get_opt::<u32>("ReturnValue")
    }

    /// An output parameter that may be absent or NULL.
    ///
    /// # Errors
    /// [`PropertyError::Unreadable`] names the parameter.
    pub fn get_opt<T: FromValue>(&self, name: impl AsRef<str>) -> Result<Option<T>, PropertyError> {
        self.parameters.get_opt(name)
    }
}

/// Why a call failed, by what the caller may do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorKind {
    /// No connection: refused, swallowed, no such host, lost.
    Unreachable,
    /// The answering side did not prove that it is the host: its certificate is not trusted.
    Untrusted,
    /// The login or the access was refused.
    Denied,
    /// No such instance, class or namespace.
    NotThere,
    /// The host is over a quota or starting; worth asking again later.
    Busy,
    /// No answer in time.
    TimedOut,
    /// The host understood the call and refused it.
    Refused,
    /// The answer could not be understood.
    Malformed,
    /// The answer is larger than we accept, or the request than the host does.
    TooLarge,
    /// The host or the transport cannot do this at all.
    Unsupported,
}

/// Whether the host may have carried out the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// Certainly not.
    No,
    /// It may have.
    Perhaps,
    /// It answered.
    Yes,
}

/// What is known about a failure beyond its class, from the place that detected it. It changes what to do next, and never
/// when to retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hint {
    /// The address leads to something else than the service: another path, port or scheme.
    Address,
    /// The host accepts encrypted messages only.
    Encryption,
    /// The host offers no login scheme that may be used here.
    Schemes,
    /// The host refused a login by Basic, which accepts only accounts of the host itself.
    Basic,
    /// The host refused a login by NTLM, which a domain or a host may restrict.
    Ntlm,
    /// The host refused a login by Kerberos, or it is not possible there.
    Kerberos,
    /// The host refused a client certificate.
    Certificate,
    /// The host accepted the login of an account of its own and refused the request: Windows may have removed the account's
    /// administrative rights, as it does over the network.
    LocalAccount,
    /// This computer's own WMI or event log failed the call: there is no network, no WinRM and no login that could be at fault.
    Local,
    /// The host sent more than is accepted here. The host's own limits have nothing to do with it.
    Excess,
}

/// A failed call.
///
/// INVARIANT: after a [`Request::Invoke`], only an error with [`Reached::No`] may be answered by the same call again
/// without reading the object first.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CallError {
    /// The class of failure.
    pub kind: ErrorKind,
    /// The host's own number: a `WSManFault` code, a WMI HRESULT or a Win32 code.
    pub status: Option<u32>,
    /// Whether the host may have acted.
    pub reached: Reached,
    /// What else is known about it.
    pub hint: Option<Hint>,
    /// What happened, in words, from this call and no other: lower case, no full stop.
    pub message: String,
}

/// Maximum length of an error's message, in bytes. A host may put a book into its answer, and the message goes on into logs,
/// event logs and tables; the longest that Windows is known to write has some hundred characters.
const MESSAGE_MAX: usize = 2 * 1024;

impl CallError {
    /// Creates a failure without a number. A message that is too long is truncated.
    pub fn new(kind: ErrorKind, reached: Reached, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if message.len() > MESSAGE_MAX {
            message.truncate(message.floor_char_boundary(MESSAGE_MAX));
            message.push('…');
        }
        Self { kind, status: None, reached, hint: None, message }
    }

    /// Sets the host's number.
    #[must_use]
    pub fn with_status(mut self, status: u32) -> Self {
        self.status = Some(status);
        self
    }

    /// Sets what else is known about it.
    #[must_use]
    pub fn with_hint(mut self, hint: Hint) -> Self {
        self.hint = Some(hint);
        self
    }

    /// Creates the failure for a reply of the wrong kind or form.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Malformed, Reached::Yes, message)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreachable => "unreachable",
            Self::Untrusted => "untrusted",
            Self::Denied => "denied",
            Self::NotThere => "not there",
            Self::Busy => "busy",
            Self::TimedOut => "timed out",
            Self::Refused => "refused",
            Self::Malformed => "malformed answer",
            Self::TooLarge => "too large",
            Self::Unsupported => "unsupported",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_book_in_an_error_is_cut_between_two_characters() {
        for letter in ["x", "ä", "€", "\u{1F480}"] {
            let error = CallError::malformed(letter.repeat(100_000));
            let words = error.message.strip_suffix('…').expect("it is cut");
            assert!(words.len() <= MESSAGE_MAX && words.len() > MESSAGE_MAX - 4, "{}", words.len());
            assert!(words.chars().all(|own| letter.starts_with(own)));
        }
        assert_eq!(CallError::malformed("short").message, "short");
    }
}
