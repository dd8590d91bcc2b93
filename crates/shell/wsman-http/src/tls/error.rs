//! Why a TLS handshake failed.

use std::io;

/// Why a TLS connection could not be made.
#[derive(Debug)]
pub(crate) enum TlsError {
    /// The connection under it failed.
    Dial(io::Error),
    /// The host's name cannot be used in a handshake.
    Name,
    /// The handshake failed; within is rustls' error, if it was not the connection that failed.
    Handshake(io::Error),
    /// It succeeded, and the host did not ask for the certificate that is to log in. With rustls there is no later moment.
    NotAsked,
    /// The system's library does not trust the host's certificate.
    #[cfg(feature = "legacy-tls")]
    Untrusted(String),
    /// The handshake failed with the system's library too.
    #[cfg(feature = "legacy-tls")]
    Legacy(String),
}

impl TlsError {
    /// Whether the host and rustls may have no version or cipher suite in common.
    ///
    /// Hosts say so by an alert. Windows says nothing and ends the connection.
    pub(crate) fn is_want_of_common_ground(&self) -> bool {
        use rustls::{AlertDescription, Error};
        let Self::Handshake(error) = self else { return false };
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            Some(Error::AlertReceived(alert)) => matches!(
                alert,
                AlertDescription::HandshakeFailure
                    | AlertDescription::ProtocolVersion
                    | AlertDescription::InsufficientSecurity
            ),
            Some(Error::PeerIncompatible(_)) => true,
            Some(_) => false,
            None => matches!(
                error.kind(),
                io::ErrorKind::UnexpectedEof
                    | io::ErrorKind::ConnectionReset
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::BrokenPipe
            ),
        }
    }
}
