//! The acceptor's half of a WinRM login, for programs that play a host: Basic, NTLM, Kerberos, Negotiate and client
//! certificates, and sealed messages.
//!
//! It does no input or output, apart from the TLS handshake on a stream that it is given ([`Tls`]). A host has one [`Logins`] and makes a
//! [`ConnectionLogin`] for each connection, since a login and its keys belong to their connection. Each request goes through
//! [`ConnectionLogin::take`], which says what to answer or returns the message; each answer to a message goes through
//! [`ConnectionLogin::write`].
//!
//! Like a host with default settings, it refuses unsealed messages over clear HTTP after a login by NTLM, Kerberos or
//! Negotiate. Basic shows the password to the network: offer it on loopback only.
//!
//! It must not use the client, `wsman-http`: the two halves are tested against each other, and a mistake that both shared
//! would not be seen.

mod account;
mod certificate;
mod channel;
mod connection;
mod der;
mod digest;
mod error;
mod exchange;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod kerberos;
mod logins;
mod ntlm;
mod sealer;
mod spnego;
#[cfg(test)]
mod tests;

pub use account::Account;
pub use certificate::{Certificate, CertificateError, Tls};
pub use channel::{Channel, ChannelBindings};
pub use connection::{ClearMessage, ConnectionLogin, LoginRequest, Taken};
pub use error::LoginError;
pub use logins::{ComputerNames, Logins, Schemes, ServiceKey};
