//! What makes a host's certificate one that is trusted.

use rustls::pki_types::CertificateDer;

use super::fingerprint::Fingerprint;

/// What makes a certificate one that is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Belief {
    /// An authority of this computer has signed it.
    System,
    /// One of these has signed it.
    Authorities(Vec<CertificateDer<'static>>),
    /// It is this one.
    Pinned(Fingerprint),
    /// Nothing: all are.
    Anybody,
}
