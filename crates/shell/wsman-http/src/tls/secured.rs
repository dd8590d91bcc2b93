//! A connection after its TLS handshake, whichever library made it.

use tokio::io::{AsyncRead, AsyncWrite};

/// What carries bytes both ways.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Duplex for S {}

/// A connection after its handshake, whichever library made it.
pub(crate) struct Secured {
    pub(crate) stream: Box<dyn Duplex>,
    /// The host's certificate in DER, for channel bindings.
    pub(crate) certificate: Vec<u8>,
}
