//! WS-Management over HTTP: a tokio client with connections that own their login.
//!
//! The messages are the `wsman` crate's; this crate sends them. It knows nothing of any class. Start with [`Client`]
//! to ask, with [`Events`] to listen to event logs and with [`Changes`] to a class. The other half of a login, for programs
//! that play a host, is in `wsman-acceptor`, which this crate uses in its tests only.
//!
//! Logins are Kerberos, NTLM (bare or within SPNEGO), Basic and client certificates ([`Scheme`]): by password, by a key from a
//! keytab, or on Windows as the account that the process runs as. Over plain HTTP the messages of the first two are sealed;
//! over HTTPS they are bound to the host's certificate. Basic exposes the password, so it is refused, before a byte is sent,
//! unless TLS is verified ([`Trust`]) or the host is this computer.
//!
//! `CredSSP` is left out on purpose: it hands the password itself to the host, so that the host can log in elsewhere with
//! it. A compromised host would have the password. Query the other host directly instead.

mod allowance;
mod auth;
mod budget;
mod changes;
mod client;
mod connection;
mod der;
mod dial;
mod events;
mod files;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod gate;
mod idle;
mod keytab;
mod limits;
mod line;
mod login;
mod memory;
mod parsers;
mod short_reads;
mod sockets;
mod tap;
#[cfg(test)]
mod tests;
mod tls;
mod way;
mod wire;

pub use changes::{Changed, Changes, HeardBy, Watch};
pub use client::Client;
pub use connection::LoginInUse;
pub use events::Events;
pub use gate::Gates;
pub use keytab::{Keytab, KeytabError};
pub use limits::Limits;
pub use login::Login;
pub use sockets::Sockets;
pub use tap::{Exchange, Tap};
pub use tls::{ClientCertificate, ClientCertificateError, Trust, TrustError};
pub use wsman::eventing::{Change, What};
pub use wsman::{Endpoint, EndpointError, EndpointProblem, Scheme, UnknownScheme};

use wsman::endpoint;
