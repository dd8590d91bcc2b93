//! Turns configuration text into checked values, and reports all problems at once, each with its line.
//!
//! Addresses and schemes are returned as the types that the wire uses. The crate reads no file and knows no secret: passwords are named by reference. Start with [`read`].

mod check;
mod duration;
mod login;
mod problem;
mod schema;
mod section;
mod settings;
mod table;
#[cfg(test)]
mod tests;

pub use duration::parse_duration;
pub use login::Contradiction;
pub use problem::{ConfigError, ConfigProblem};
pub use schema::schema;
pub use section::name::{kdc, vm};
pub use settings::{
    CertificateRef, Config, Discover, HostSettings, LocalSettings, LoginSettings, PasswordRef, ProofRef, Run, Serve,
    TrustRef,
};
pub use wsman::{Endpoint, EndpointProblem, Scheme};

/// Reads a configuration.
///
/// # Errors
/// [`ConfigError`] holds every problem, each with its line.
pub fn read(text: &str) -> Result<Config, ConfigError> {
    check::check(text)
}
