//! Certificates to trust over HTTPS: those of the system's authorities, of given ones, a single one, or any.
//!
//! Two libraries may make the handshake ([`Handshakes`]): rustls, and with the feature `legacy-tls` the system's own. Both trust
//! the same certificates.

mod belief;
mod chain;
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
