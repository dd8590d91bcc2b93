//! WS-Management over HTTP: a tokio client with connections that own their login.
//!
//! The messages are the `wsman` crate's; this crate sends them. It knows nothing of any class. Start with [`Client`]
//! to ask, and with [`Events`] to listen.
//!
//! Basic authentication is spoken over clear HTTP to loopback only; everything else is refused before a byte is sent.

mod client;
mod connection;
mod endpoint;
mod events;
mod login;
#[cfg(test)]
mod tests;

pub use client::{Client, Limits};
pub use endpoint::{Endpoint, EndpointError};
pub use events::Events;
pub use login::Login;
