//! Configuration text to checked values: everything that is wrong is told at once, with its line.
//!
//! Addresses and schemes come out as the types that go down to the wire. The crate reads no file and knows no secret: passwords are named by reference. Start with [`read`].

mod check;
mod duration;
mod login;
mod problem;
mod section;
mod settings;
mod table;
#[cfg(test)]
mod tests;

pub use duration::parse_duration;
pub use login::Contradiction;
pub use problem::{ConfigError, ConfigProblem};
pub use settings::{CertificateRef, Config, Discover, Host, Login, PasswordRef, ProofRef, Run, TrustRef};
pub use wsman::{Endpoint, EndpointProblem, Scheme};

/// Reads a configuration.
///
/// # Errors
/// [`ConfigError`] holds every problem, each with its line.
pub fn read(text: &str) -> Result<Config, ConfigError> {
    check::check(text)
}
