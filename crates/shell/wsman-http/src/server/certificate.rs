//! HTTPS for a played host: a certificate made at start, and TLS with it.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

/// A certificate that vouches for itself, and its key.
pub struct Certificate {
    der: CertificateDer<'static>,
    key: Vec<u8>,
    pem: String,
}

/// A certificate that could not be made or used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// It could not be made.
    #[error("cannot make a certificate")]
    Make(#[source] rcgen::Error),
    /// It could not be used.
    #[error("cannot use the certificate")]
    Use(#[source] rustls::Error),
}

/// Shows no key.
impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate").field("sha256", &self.sha256()).finish_non_exhaustive()
    }
}

impl Certificate {
    /// Makes one for these names and addresses, with a key of its own (ECDSA, P-256).
    ///
    /// # Errors
    /// [`CertificateError`] if a name cannot stand in a certificate.
    pub fn self_signed(names: Vec<String>) -> Result<Self, CertificateError> {
        let made = rcgen::generate_simple_self_signed(names).map_err(CertificateError::Make)?;
        Ok(Self { der: made.cert.der().clone(), key: made.signing_key.serialize_der(), pem: made.cert.pem() })
    }

    /// The certificate, as clients' settings take it.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The certificate in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Its fingerprint: SHA-256 in lower-case hexadecimal digits.
    pub fn sha256(&self) -> String {
        use std::fmt::Write as _;
        Sha256::digest(&self.der).iter().fold(String::new(), |mut text, octet| {
            let _infallible = write!(text, "{octet:02x}");
            text
        })
    }
}

/// TLS with a certificate.
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

/// Shows no key.
impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Tls").finish()
    }
}

impl Tls {
    /// TLS 1.2 and 1.3 with this certificate; clients show none.
    ///
    /// # Errors
    /// [`CertificateError`] if the certificate cannot be used.
    pub fn new(certificate: &Certificate) -> Result<Self, CertificateError> {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(certificate.key.clone()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(CertificateError::Use)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der.clone()], key)
            .map_err(CertificateError::Use)?;
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    /// Shakes hands as the server.
    ///
    /// # Errors
    /// What the client or the network did wrong.
    pub async fn accept<S>(&self, stream: S) -> std::io::Result<impl AsyncRead + AsyncWrite + Unpin + Send + use<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        self.0.accept(stream).await
    }
}
