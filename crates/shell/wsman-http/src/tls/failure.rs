//! Error messages for failed TLS connections, with hints for the known causes.

use std::io;

use cim::{CallError, ErrorKind, Hint, Reached};
use rustls::{CertificateError, Error};

use super::error::TlsError;
use super::verifier::Distrust;
use crate::dial::not_connected;
use crate::endpoint::Endpoint;

/// The hint if the host and rustls may have no cipher suite in common.
const NO_COMMON_SUITE: &str = " (the host may offer no cipher suite that this build supports, like Windows Server 2012 and 2012 R2 \
     with an RSA certificate: use http:// with Negotiate, which seals every message, give the host an ECDSA certificate, or \
     use a build with the feature legacy-tls)";
/// The error of a failed TLS connection. Only transient causes get a kind that is retried.
pub(crate) fn failed(endpoint: &Endpoint, error: &TlsError) -> CallError {
    let (kind, why) = match error {
        TlsError::Dial(error) => return not_connected(endpoint, error),
        TlsError::Name => {
            let why =
                format!("`{}` is not a name that a certificate can hold: give the host's DNS name", endpoint.host());
            (ErrorKind::Unsupported, why)
        }
        TlsError::Handshake(inner) if error.is_want_of_common_ground() => {
            // A host that is shutting down also closes the connection without an alert.
            let kind = if rustls_said(inner).is_some() { ErrorKind::Unsupported } else { ErrorKind::Unreachable };
            (kind, format!("TLS failed: {inner}{NO_COMMON_SUITE}"))
        }
        TlsError::Handshake(inner) if speaks_no_tls(inner) => {
            let why = format!(
                "TLS failed: {inner} (what answers there does not speak TLS: is it an http:// address, or another port?)"
            );
            let error = CallError::new(ErrorKind::Unsupported, Reached::No, format!("cannot reach {endpoint}: {why}"));
            return error.with_hint(Hint::Address);
        }
        TlsError::Handshake(inner) => tls_failure(inner),
        TlsError::NotAsked => return not_asked(endpoint),
        #[cfg(feature = "legacy-tls")]
        TlsError::Untrusted(why) => (ErrorKind::Untrusted, format!("TLS failed: {why}")),
        #[cfg(feature = "legacy-tls")]
        TlsError::Legacy(why) => (ErrorKind::Unreachable, format!("TLS failed by this system's library too: {why}")),
    };
    CallError::new(kind, Reached::No, format!("cannot reach {endpoint}: {why}"))
}

fn not_asked(endpoint: &Endpoint) -> CallError {
    let message = format!(
        "cannot log in to {endpoint} by certificate: the host did not ask for one in the TLS handshake. WinRM asks later, by \
         renegotiation, which this build does not speak: use a build with the feature legacy-tls, or let the host ask in the \
         handshake (`netsh http`, clientcertnegotiation=enable)"
    );
    CallError::new(ErrorKind::Unsupported, Reached::No, message)
}

/// The error of rustls itself, if it was not the connection that failed.
fn rustls_said(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

/// Whether what answers does not speak TLS at all.
fn speaks_no_tls(error: &io::Error) -> bool {
    matches!(rustls_said(error), Some(Error::InvalidMessage(_)))
}

/// Why TLS failed, with a hint for known causes.
fn tls_failure(error: &io::Error) -> (ErrorKind, String) {
    let (kind, text, hint) = match rustls_said(error) {
        Some(Error::InvalidCertificate(CertificateError::Other(other))) if other.0.is::<Distrust>() => {
            (ErrorKind::Untrusted, other.0.to_string(), "")
        }
        // The library does not name the error's type; a test holds its text.
        Some(Error::InvalidCertificate(CertificateError::Other(other)))
            if other.0.to_string() == "UnsupportedCertVersion" =>
        {
            let text =
                "the host's certificate is of X.509 version 1, which names no hosts, so no authority can vouch for it";
            let hint = " (make a new one of version 3 with the host's name in it, or pin this one by its fingerprint)";
            (ErrorKind::Untrusted, text.to_owned(), hint)
        }
        Some(Error::InvalidCertificate(CertificateError::Other(_))) => {
            let hint = " (an authority's own certificate can be pinned by its fingerprint only)";
            (ErrorKind::Untrusted, error.to_string(), hint)
        }
        Some(Error::InvalidCertificate(_) | Error::NoCertificatesPresented) => {
            (ErrorKind::Untrusted, error.to_string(), "")
        }
        _ => (ErrorKind::Unreachable, error.to_string(), ""),
    };
    (kind, format!("TLS failed: {text}{hint}"))
}
