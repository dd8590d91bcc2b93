//! Whom to believe over HTTPS: the system's authorities, given ones, one certificate, or anybody.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use sha2::{Digest as _, Sha256};

/// Length of a SHA-256 hash.
const HASH_LENGTH: usize = 32;

/// Whose certificates are believed. Cheap to clone: read once, it serves any number of clients.
#[derive(Clone)]
pub struct Trust {
    config: Arc<ClientConfig>,
    verified: bool,
}

/// Nobody can be believed like that.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// The system has no authority that can be read.
    #[error("this computer has no certificate authority that can be read ({0})")]
    NoSystemRoots(String),
    /// The text holds no authority.
    #[error("there is no certificate in it that can be read as PEM ({0})")]
    NotPem(String),
    /// It is no fingerprint.
    #[error("a SHA-256 fingerprint has 64 hexadecimal digits, with or without colons")]
    NotAFingerprint,
    /// The TLS library refuses.
    #[error("TLS cannot be set up ({0})")]
    Library(String),
}

impl Trust {
    /// Certificates that an authority of this computer has signed.
    ///
    /// # Errors
    /// [`TrustError::NoSystemRoots`] if there is none.
    pub fn system() -> Result<Self, TrustError> {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        let (added, _unreadable) = roots.add_parsable_certificates(found.certs);
        if added == 0 {
            let why = found.errors.first().map_or_else(|| "it has none".to_owned(), ToString::to_string);
            return Err(TrustError::NoSystemRoots(why));
        }
        Self::roots(roots)
    }

    /// Certificates that one of these authorities, in PEM, has signed. A certificate that has signed itself is its own.
    ///
    /// # Errors
    /// [`TrustError::NotPem`] if there is none.
    pub fn authorities(pem: &[u8]) -> Result<Self, TrustError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| TrustError::NotPem(error.to_string()))?;
            roots.add(certificate).map_err(|error| TrustError::NotPem(error.to_string()))?;
        }
        if roots.is_empty() {
            return Err(TrustError::NotPem("it holds none".to_owned()));
        }
        Self::roots(roots)
    }

    /// The one certificate whose SHA-256 fingerprint this is, whoever signed it and whatever names and dates it bears.
    ///
    /// # Errors
    /// [`TrustError::NotAFingerprint`] if it is none.
    pub fn fingerprint(text: &str) -> Result<Self, TrustError> {
        let pinned = parse_fingerprint(text).ok_or(TrustError::NotAFingerprint)?;
        Self::special(Some(pinned))
    }

    /// Any certificate at all: anybody on the way can pretend to be the host. Basic is not used then, and everything else
    /// that is sent can be read and changed by whoever answers.
    ///
    /// # Errors
    /// [`TrustError::Library`] if TLS cannot be set up.
    pub fn anybody() -> Result<Self, TrustError> {
        Self::special(None)
    }

    /// Whether certificates are verified.
    pub fn is_verified(&self) -> bool {
        self.verified
    }

    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.config)
    }

    fn roots(roots: RootCertStore) -> Result<Self, TrustError> {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| TrustError::Library(error.to_string()))?;
        let config = builder.with_root_certificates(roots).with_no_client_auth();
        Ok(Self { config: Arc::new(config), verified: true })
    }

    fn special(pinned: Option<[u8; HASH_LENGTH]>) -> Result<Self, TrustError> {
        let provider = provider();
        let verifier = Verifier { pinned, provider: Arc::clone(&provider) };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| TrustError::Library(error.to_string()))?;
        let config = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
        Ok(Self { config: Arc::new(config), verified: pinned.is_some() })
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").field("verified", &self.verified).finish_non_exhaustive()
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn parse_fingerprint(text: &str) -> Option<[u8; HASH_LENGTH]> {
    let digits: String = text.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    if digits.len() != HASH_LENGTH * 2 || !digits.is_ascii() {
        return None;
    }
    let mut hash = [0; HASH_LENGTH];
    for (slot, pair) in hash.iter_mut().zip(digits.as_bytes().chunks(2)) {
        *slot = u8::from_str_radix(std::str::from_utf8(pair).ok().filter(|pair| !pair.starts_with('+'))?, 16).ok()?;
    }
    Some(hash)
}

/// The SHA-256 fingerprint of a certificate, as people write it.
fn fingerprint_of(certificate: &[u8]) -> String {
    let hash = Sha256::digest(certificate);
    hash.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

/// Believes one certificate, or any. Either way the other side must prove that it has the certificate's key.
#[derive(Debug)]
struct Verifier {
    pinned: Option<[u8; HASH_LENGTH]>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let hash = Sha256::digest(end_entity);
        if self.pinned.is_none_or(|pinned| hash.as_slice() == pinned) {
            return Ok(ServerCertVerified::assertion());
        }
        let found = fingerprint_of(end_entity);
        tracing::debug!(%found, "another certificate than the pinned one");
        Err(rustls::Error::InvalidCertificate(CertificateError::Other(rustls::OtherError(Arc::new(OtherCertificate(
            found,
        ))))))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// The certificate is not the pinned one.
#[derive(Debug, thiserror::Error)]
#[error("the host's certificate has the fingerprint {0}, which is not the one that was given")]
pub(crate) struct OtherCertificate(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_with_and_without_colons_and_nothing_else_is_one() {
        let plain = "0123456789abcdefABCDEF0123456789".repeat(2);
        let colons = fingerprint_of(b"x");
        assert_eq!(parse_fingerprint(&plain).unwrap()[..4], [0x01, 0x23, 0x45, 0x67]);
        assert_eq!(parse_fingerprint(&colons).unwrap(), Sha256::digest(b"x").as_slice());
        for text in ["", "ab", &plain[1..], &plain.replace('a', "g"), &plain.replace("01", "+1"), &"é".repeat(32)] {
            assert_eq!(Trust::fingerprint(text).unwrap_err(), TrustError::NotAFingerprint, "{text}");
        }
    }

    #[test]
    fn what_holds_no_certificate_is_no_authority() {
        for pem in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert!(matches!(Trust::authorities(pem.as_bytes()), Err(TrustError::NotPem(_))), "{pem}");
        }
    }
}
