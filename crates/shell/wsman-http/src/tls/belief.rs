//! What makes a host's certificate one that is trusted.

use rustls::pki_types::CertificateDer;

use super::fingerprint::Fingerprint;

/// What makes a certificate trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Belief {
    /// An authority of this computer has signed it.
    System,
    /// One of these has signed it.
    Authorities(Vec<CertificateDer<'static>>),
    /// It has this fingerprint.
    Pinned(Fingerprint),
    /// Nothing: every certificate is trusted.
    Anybody,
}
