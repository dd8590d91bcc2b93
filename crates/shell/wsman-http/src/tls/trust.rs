//! The public settings of which certificates to trust.

use std::fmt;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use super::belief::Belief;
use super::chain::Chain;
use super::fingerprint::parse_fingerprint;
#[cfg(feature = "legacy-tls")]
use super::legacy;
use super::provider::provider;
use super::shown::ClientCertificate;
use super::verifier::Verifier;

/// Which certificates to trust. Cheap to clone: create it once and use it for any number of clients.
#[derive(Clone)]
pub struct Trust {
    belief: Arc<Belief>,
    pub(super) config: Arc<ClientConfig>,
    pub(super) shown: Option<ClientCertificate>,
    /// The same settings for the system's library.
    #[cfg(feature = "legacy-tls")]
    pub(super) legacy: legacy::Setup,
}

/// Why the settings cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// The system has no authority that can be read.
    #[error("this computer has no certificate authority that can be read ({0})")]
    NoSystemRoots(String),
    /// The text holds no authority.
    #[error("there is no certificate in it that can be read as PEM ({0})")]
    NotPem(String),
    /// The text is not a fingerprint.
    #[error("a SHA-256 fingerprint has 64 hexadecimal digits, with or without colons")]
    NotAFingerprint,
    /// The TLS library refuses.
    #[error("TLS cannot be set up ({0})")]
    Library(String),
}

impl Trust {
    /// Trusts certificates that an authority of this computer has signed.
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
        Self::new(Belief::System, roots)
    }

    /// Trusts certificates that one of these authorities, in PEM, has signed. A self-signed certificate is its own authority.
    ///
    /// # Errors
    /// [`TrustError::NotPem`] if there is none.
    pub fn authorities(pem: &[u8]) -> Result<Self, TrustError> {
        let mut roots = RootCertStore::empty();
        let mut certificates = Vec::new();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| TrustError::NotPem(error.to_string()))?;
            roots.add(certificate.clone()).map_err(|error| TrustError::NotPem(error.to_string()))?;
            certificates.push(certificate);
        }
        if roots.is_empty() {
            return Err(TrustError::NotPem("it holds none".to_owned()));
        }
        Self::new(Belief::Authorities(certificates), roots)
    }

    /// Trusts the one certificate with this SHA-256 fingerprint, regardless of its issuer, names and dates.
    ///
    /// # Errors
    /// [`TrustError::NotAFingerprint`] if the text is not a fingerprint.
    pub fn fingerprint(text: &str) -> Result<Self, TrustError> {
        let pinned = parse_fingerprint(text).ok_or(TrustError::NotAFingerprint)?;
        Self::new(Belief::Pinned(pinned), RootCertStore::empty())
    }

    /// Trusts any certificate: an on-path attacker can impersonate the host, and read and change everything that is sent.
    /// Basic is not used then.
    ///
    /// # Errors
    /// [`TrustError::Library`] if TLS cannot be set up.
    pub fn anybody() -> Result<Self, TrustError> {
        Self::new(Belief::Anybody, RootCertStore::empty())
    }

    /// Sets the client certificate to present, for [`Login::by_certificate`](crate::Login::by_certificate). A connection to a
    /// host that does not ask for it fails.
    #[must_use]
    pub fn showing(&self, certificate: &ClientCertificate) -> Self {
        Self {
            belief: Arc::clone(&self.belief),
            config: Arc::clone(&self.config),
            shown: Some(certificate.clone()),
            #[cfg(feature = "legacy-tls")]
            legacy: legacy::Setup::new(Arc::clone(&self.belief), Some(certificate.clone())),
        }
    }

    /// Whether certificates are verified.
    pub fn is_verified(&self) -> bool {
        *self.belief != Belief::Anybody
    }

    /// `roots` are the belief's authorities.
    fn new(belief: Belief, roots: RootCertStore) -> Result<Self, TrustError> {
        let belief = Arc::new(belief);
        let provider = provider();
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| TrustError::Library(error.to_string()))?;
        let builder = match &*belief {
            Belief::System | Belief::Authorities(_) => {
                let library = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
                let library = library.map_err(|error| TrustError::Library(error.to_string()))?;
                builder.dangerous().with_custom_certificate_verifier(Arc::new(Chain(library)))
            }
            Belief::Pinned(hash) => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Verifier { pinned: Some(*hash), provider })),
            Belief::Anybody => {
                builder.dangerous().with_custom_certificate_verifier(Arc::new(Verifier { pinned: None, provider }))
            }
        };
        Ok(Self {
            config: Arc::new(builder.with_no_client_auth()),
            shown: None,
            #[cfg(feature = "legacy-tls")]
            legacy: legacy::Setup::new(Arc::clone(&belief), None),
            belief,
        })
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust")
            .field("verified", &self.is_verified())
            .field("shown", &self.shown)
            .finish_non_exhaustive()
    }
}
