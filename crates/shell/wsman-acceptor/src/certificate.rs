//! HTTPS for a played host: a certificate made at start, and TLS with it; and certificates for who logs in there.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, SanType};
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::{self, DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme};

/// The object identifier of a user principal name ([MS-WCCE] 2.2.2.7.7.4, `szOID_NT_PRINCIPAL_NAME`).
const PRINCIPAL_NAME: [u64; 10] = [1, 3, 6, 1, 4, 1, 311, 20, 2, 3];
/// Characters in a line of PEM (RFC 7468 2).
const PEM_LINE: usize = 64;

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

    /// Makes one for a user to log in with: for clients, and with the user's name as `user@domain` in it, as Windows wants it (the
    /// user principal name among the alternative names).
    ///
    /// # Errors
    /// [`CertificateError`] if the name cannot stand in a certificate.
    pub fn for_client(principal_name: &str) -> Result<Self, CertificateError> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, principal_name);
        params.subject_alt_names.push(SanType::OtherName((PRINCIPAL_NAME.to_vec(), principal_name.into())));
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
        let key = KeyPair::generate().map_err(CertificateError::Make)?;
        let made = params.self_signed(&key).map_err(CertificateError::Make)?;
        Ok(Self { der: made.der().clone(), key: key.serialize_der(), pem: made.pem() })
    }

    /// The key in PEM (PKCS#8).
    pub fn key_pem(&self) -> SecretString {
        let coded = STANDARD.encode(&self.key);
        let lines: Vec<&str> = coded.as_bytes().chunks(PEM_LINE).filter_map(|line| str::from_utf8(line).ok()).collect();
        SecretString::from(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n")))
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
        Self::with(certificate, false)
    }

    /// The same, and clients are asked for a certificate in the handshake, which they may leave out. WinRM asks so if
    /// `clientcertnegotiation` is on for its address (`netsh http show sslcert`), and else by renegotiation.
    ///
    /// # Errors
    /// [`CertificateError`] if the certificate cannot be used.
    pub fn asking(certificate: &Certificate) -> Result<Self, CertificateError> {
        Self::with(certificate, true)
    }

    fn with(certificate: &Certificate, asks: bool) -> Result<Self, CertificateError> {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(certificate.key.clone()));
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(CertificateError::Use)?;
        let builder = if asks {
            builder.with_client_cert_verifier(Arc::new(AnyClient(provider)))
        } else {
            builder.with_no_client_auth()
        };
        let config = builder.with_single_cert(vec![certificate.der.clone()], key).map_err(CertificateError::Use)?;
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    /// Shakes hands as the server; gives the certificate too that the client has shown.
    ///
    /// # Errors
    /// What the client or the network did wrong.
    pub async fn accept<S>(
        &self,
        stream: S,
    ) -> std::io::Result<(impl AsyncRead + AsyncWrite + Unpin + Send + use<S>, Option<Vec<u8>>)>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let stream = self.0.accept(stream).await?;
        let shown = stream.get_ref().1.peer_certificates().and_then(|shown| shown.first()).map(|shown| shown.to_vec());
        Ok((stream, shown))
    }
}

/// Takes any certificate whose key the client has. Whose it is, the accounts say.
#[derive(Debug)]
struct AnyClient(Arc<CryptoProvider>);

impl ClientCertVerifier for AnyClient {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
