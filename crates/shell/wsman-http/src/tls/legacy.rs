//! The system's own TLS library (OpenSSL, or Schannel on Windows), for what rustls leaves out on purpose.
//!
//! Only TLS 1.2: older versions are insecure, and hosts with a newer one work with rustls. In TLS 1.2 a host may also ask for a
//! client's certificate after it has received the request, by renegotiation (RFC 5246 7.4.1.1), as WinRM does.

use std::sync::{Arc, OnceLock};

use native_tls::{Certificate, Protocol};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;
use tokio_native_tls::TlsConnector;

use super::belief::Belief;
use super::error::TlsError;
use super::fingerprint::fingerprint_of;
use super::secured::Secured;
use super::shown::ClientCertificate;
use super::verifier::Distrust;

/// What to trust. The library is not used before it is needed.
#[derive(Clone)]
pub(super) struct Setup(Arc<Inner>);

struct Inner {
    belief: Arc<Belief>,
    shown: Option<ClientCertificate>,
    connector: OnceLock<Result<TlsConnector, String>>,
}

impl Setup {
    pub(super) fn new(belief: Arc<Belief>, shown: Option<ClientCertificate>) -> Self {
        Self(Arc::new(Inner { belief, shown, connector: OnceLock::new() }))
    }

    fn connector(&self) -> Result<&TlsConnector, TlsError> {
        let built = self.0.connector.get_or_init(|| build(&self.0).map_err(|error| error.to_string()));
        built.as_ref().map_err(|why| TlsError::Legacy(why.clone()))
    }
}

fn build(inner: &Inner) -> native_tls::Result<TlsConnector> {
    let mut builder = native_tls::TlsConnector::builder();
    builder.min_protocol_version(Some(Protocol::Tlsv12)).max_protocol_version(Some(Protocol::Tlsv12));
    match &*inner.belief {
        Belief::System => {}
        Belief::Authorities(certificates) => {
            builder.disable_built_in_roots(true);
            for certificate in certificates {
                builder.add_root_certificate(Certificate::from_der(certificate)?);
            }
        }
        // Every handshake proves that the host has the certificate's key. Whether it is the pinned certificate is checked
        // afterwards. Until then only our own certificate is sent, which TLS 1.2 sends in the clear anyway.
        Belief::Pinned(_) | Belief::Anybody => {
            builder.danger_accept_invalid_certs(true).danger_accept_invalid_hostnames(true);
        }
    }
    if let Some(shown) = &inner.shown {
        builder.identity(shown.identity()?);
    }
    builder.build().map(TlsConnector::from)
}

/// Shakes hands with `host`.
pub(super) async fn shake_hands(setup: &Setup, host: &str, stream: TcpStream) -> Result<Secured, TlsError> {
    let stream = setup.connector()?.connect(host, stream).await.map_err(|error| failure(&error))?;
    let certificate = stream.get_ref().peer_certificate().and_then(|found| found.map(|one| one.to_der()).transpose());
    let certificate = certificate.map_err(|error| failure(&error))?.unwrap_or_default();
    match &*setup.0.belief {
        Belief::Pinned(pinned) if Sha256::digest(&certificate).as_slice() != pinned => {
            Err(TlsError::Untrusted(Distrust::Other(fingerprint_of(&certificate)).to_string()))
        }
        Belief::Pinned(_) | Belief::System | Belief::Authorities(_) | Belief::Anybody => {
            Ok(Secured { stream: Box::new(stream), certificate })
        }
    }
}

/// Classifies an error of the library by its text, since nothing else says what was wrong.
fn failure(error: &native_tls::Error) -> TlsError {
    /// OpenSSL's words (`SSL_R_CERTIFICATE_VERIFY_FAILED`). Schannel's are in the language of the system.
    const UNTRUSTED: &str = "certificate verify failed";
    let text = error.to_string();
    if !text.contains(UNTRUSTED) {
        return TlsError::Legacy(text);
    }
    // What it found stands in parentheses at the end.
    let found = text.rsplit_once(" (").and_then(|(_, found)| found.strip_suffix(')')).unwrap_or(&text);
    // A certificate signed by an intermediate authority is trusted by rustls but not by OpenSSL.
    let advice = "give the root authority's certificate, or pin the host's by its fingerprint";
    TlsError::Untrusted(format!("the host's certificate is not trusted: {found} ({advice})"))
}
