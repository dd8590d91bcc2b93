//! The TLS handshake: with rustls first, and with the system's own library if the host has no cipher suite in common with rustls.
//!
//! Windows Server 2012 and 2012 R2 with an RSA certificate are such hosts. They offer ECDHE with CBC only, and GCM only with
//! DHE or plain RSA; rustls has neither (Microsoft, "TLS Cipher Suites in Windows 8.1"). An on-path attacker can imitate such a
//! host, but not its certificate: both libraries verify it, and if one has refused a certificate, the other is not tried.

use std::net::SocketAddr;
use std::sync::Arc;
#[cfg(feature = "legacy-tls")]
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::error::TlsError;
#[cfg(feature = "legacy-tls")]
use super::legacy;
use super::secured::Secured;
use super::shown::Shown;
use super::trust::Trust;
use crate::dial::dial;

/// Makes the TLS handshakes of one client.
#[derive(Debug)]
pub(crate) struct Handshakes {
    trust: Trust,
    /// Whether the system's library was the one that worked last.
    #[cfg(feature = "legacy-tls")]
    legacy_works: AtomicBool,
}

impl Handshakes {
    pub(crate) fn new(trust: Trust) -> Self {
        Self {
            trust,
            #[cfg(feature = "legacy-tls")]
            legacy_works: AtomicBool::new(false),
        }
    }

    /// Whether certificates are verified.
    pub(crate) fn is_verified(&self) -> bool {
        self.trust.is_verified()
    }

    /// Whether a client certificate is presented to a host that asks for one.
    pub(crate) fn shows_a_certificate(&self) -> bool {
        self.trust.shown.is_some()
    }

    /// Shakes hands with `host`, on as many connections as it takes.
    #[cfg(not(feature = "legacy-tls"))]
    pub(crate) async fn connect(&self, host: &str, addresses: &[SocketAddr]) -> Result<Secured, TlsError> {
        by_rustls(&self.trust, host, dial(addresses).await.map_err(TlsError::Dial)?).await
    }

    /// Shakes hands with `host`, on as many connections as it takes.
    ///
    /// A host that the system's library could not speak to either is asked by rustls again the next time: it may have got
    /// another certificate by then, or have been rebooting.
    #[cfg(feature = "legacy-tls")]
    pub(crate) async fn connect(&self, host: &str, addresses: &[SocketAddr]) -> Result<Secured, TlsError> {
        if !self.legacy_works.load(Ordering::Relaxed) {
            match by_rustls(&self.trust, host, dial(addresses).await.map_err(TlsError::Dial)?).await {
                Err(error) if error.is_want_of_common_ground() || matches!(error, TlsError::NotAsked) => {
                    tracing::debug!(?error, host, "rustls does not get on with it; the system's TLS library is tried");
                }
                done => return done,
            }
        }
        let stream = dial(addresses).await.map_err(TlsError::Dial)?;
        let secured = legacy::shake_hands(&self.trust.legacy, host, stream).await;
        self.legacy_works.store(secured.is_ok(), Ordering::Relaxed);
        secured
    }
}

async fn by_rustls(trust: &Trust, host: &str, stream: TcpStream) -> Result<Secured, TlsError> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_invalid| TlsError::Name)?;
    let shown = trust.shown.as_ref().map(|certificate| Arc::new(Shown::new(certificate)));
    let config = match &shown {
        None => Arc::clone(&trust.config),
        Some(shown) => {
            let mut config = ClientConfig::clone(&trust.config);
            config.client_auth_cert_resolver = Arc::<Shown>::clone(shown);
            // A session that goes on shows no certificate again, so one could not see whether it was asked for.
            config.resumption = Resumption::disabled();
            Arc::new(config)
        }
    };
    let stream = TlsConnector::from(config).connect(name, stream).await.map_err(TlsError::Handshake)?;
    if shown.is_some_and(|shown| !shown.was_asked_for()) {
        return Err(TlsError::NotAsked);
    }
    let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let certificate = certificates.first().map(|certificate| certificate.to_vec()).unwrap_or_default();
    Ok(Secured { stream: Box::new(stream), certificate })
}
