//! How the transport to a service is protected: by loopback, or by TLS and what it proved.

/// How the transport to a service is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transport {
    /// It does not leave this computer.
    pub(crate) loopback: bool,
    /// What TLS proved.
    pub(crate) tls: Option<Tls>,
}

/// A TLS connection, as far as a login is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tls {
    /// The server's certificate was verified.
    pub(crate) verified: bool,
    /// That certificate, for channel bindings.
    pub(crate) certificate: Vec<u8>,
}

impl Transport {
    /// Whether a password may be shown to the other end.
    pub(crate) fn may_show_a_password(&self) -> bool {
        self.loopback || self.tls.as_ref().is_some_and(|tls| tls.verified)
    }
}
