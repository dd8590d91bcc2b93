//! The certificate that a client logs in with, and its key.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use secrecy::{ExposeSecret as _, SecretString};

use super::provider::provider;

/// How a key begins that is neither in an older form nor encrypted.
const PKCS8: &str = "-----BEGIN PRIVATE KEY-----";

/// A client's certificate with those of its authorities, and its key. Cheap to clone.
#[derive(Clone)]
pub struct ClientCertificate(Arc<Inner>);

struct Inner {
    key: Arc<CertifiedKey>,
    /// Both as texts, for the system's library.
    #[cfg(feature = "legacy-tls")]
    pem: (Vec<u8>, SecretString),
}

/// Nobody can log in with that. Never holds anything of a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientCertificateError {
    /// There is no certificate in the text.
    #[error("there is no certificate in it that can be read as PEM")]
    NoCertificate,
    /// There is no key in the text that can be used.
    #[error("there is no key in it that can be used: it must be in PEM as PKCS#8, and not encrypted")]
    NoKey,
    /// They do not belong together.
    #[error("the key is not that of the certificate, which must be the first in its file")]
    Mismatch,
}

impl ClientCertificate {
    /// From PEM: the certificate, with those between it and its authority behind it, and its key as PKCS#8.
    ///
    /// # Errors
    /// [`ClientCertificateError`] says which of the two is of no use.
    pub fn from_pem(certificates: &[u8], key: &SecretString) -> Result<Self, ClientCertificateError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificates).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or(ClientCertificateError::NoCertificate)?;
        let text = key.expose_secret();
        let text = text.find(PKCS8).and_then(|at| text.get(at..)).ok_or(ClientCertificateError::NoKey)?;
        let der = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes()).map_err(|_| ClientCertificateError::NoKey)?;
        let key = CertifiedKey::from_der(chain, der.into(), &provider()).map_err(|error| {
            if matches!(error, rustls::Error::InconsistentKeys(_)) {
                ClientCertificateError::Mismatch
            } else if matches!(error, rustls::Error::InvalidCertificate(_)) {
                ClientCertificateError::NoCertificate
            } else {
                ClientCertificateError::NoKey
            }
        })?;
        Ok(Self(Arc::new(Inner {
            key: Arc::new(key),
            #[cfg(feature = "legacy-tls")]
            pem: (certificates.to_vec(), SecretString::from(text)),
        })))
    }

    /// Both for the system's library.
    #[cfg(feature = "legacy-tls")]
    pub(super) fn identity(&self) -> native_tls::Result<native_tls::Identity> {
        let (certificates, key) = &self.0.pem;
        native_tls::Identity::from_pkcs8(certificates, key.expose_secret().as_bytes())
    }
}

/// Shows nothing of the key.
impl std::fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientCertificate").finish_non_exhaustive()
    }
}

/// What one handshake of rustls shows, and whether the host asked for it.
#[derive(Debug)]
pub(super) struct Shown {
    key: ClientCertificate,
    asked: AtomicBool,
}

impl Shown {
    pub(super) fn new(key: &ClientCertificate) -> Self {
        Self { key: key.clone(), asked: AtomicBool::new(false) }
    }

    pub(super) fn was_asked_for(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

impl ResolvesClientCert for Shown {
    /// Whatever authorities the host names: Windows names all that it knows, or none, and the account's certificate may have
    /// signed itself.
    fn resolve(&self, _roots: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        let key = &self.key.0.key;
        key.key.choose_scheme(schemes).map(|_| Arc::clone(key))
    }

    fn has_certs(&self) -> bool {
        true
    }
}
