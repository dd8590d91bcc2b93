//! Whom to believe over HTTPS: the system's authorities, given ones, one certificate, or anybody.
//!
//! Two libraries may shake hands ([`Handshakes`]): rustls, and with the feature `legacy-tls` the system's own. Both believe
//! the same.

mod belief;
mod error;
mod failure;
mod fingerprint;
mod handshake;
#[cfg(feature = "legacy-tls")]
mod legacy;
mod provider;
mod secured;
mod shown;
#[cfg(test)]
mod tests;
mod trust;
mod verifier;

pub(crate) use failure::failed;
pub(crate) use handshake::Handshakes;
pub use shown::{ClientCertificate, ClientCertificateError};
pub use trust::{Trust, TrustError};
