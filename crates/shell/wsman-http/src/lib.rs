//! WS-Management over HTTP: a tokio client with connections that own their login.
//!
//! The messages are the `wsman` crate's; this crate sends them. It knows nothing of any class. Start with [`Client`];
//! whoever plays a host finds the other half of a login in [`server`]. Both frame sealed messages by [`sealed`].
//!
//! Basic authentication is spoken over clear HTTP to loopback only; everything else is refused before a byte is sent.

mod client;
mod connection;
mod endpoint;
mod login;
pub mod sealed;
pub mod server;
#[cfg(test)]
mod tests;

pub use client::{Client, Limits};
pub use endpoint::{Endpoint, EndpointError};
pub use login::Login;
