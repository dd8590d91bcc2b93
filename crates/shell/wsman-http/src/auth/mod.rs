//! Logging in: what a login mechanism must do, apart from the library that does it.
//!
//! A login belongs to its connection. What it agrees on seals the messages of that connection and no other, so a
//! mechanism is made for one connection and dies with it.

mod authenticator;
pub(crate) mod basic;
mod binding;
pub(crate) mod certificate;
mod context;
mod error;
mod frame;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod handshake;
mod kdc;
#[cfg(windows)]
mod native;
mod offer;
mod open;
mod security;
#[cfg(test)]
mod tests;
#[cfg(all(unix, feature = "kerberos-system"))]
mod tickets;
mod upper;
mod wrap;

pub(crate) use error::AuthError;
pub(crate) use handshake::{LoginFailure, log_in, probe};
pub(crate) use offer::{Method, choose, scheme_names};
pub(crate) use security::{Security, is_quick, without_blocking};
