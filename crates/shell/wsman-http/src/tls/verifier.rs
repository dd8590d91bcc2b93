//! Trusts one certificate, or any, regardless of its issuer, its content and its version of X.509.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{
    CertificateDer, ServerName, SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer, UnixTime,
};
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};
use sha2::{Digest as _, Sha256};

use super::fingerprint::{Fingerprint, fingerprint_of};
use crate::der::first;

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;
/// The field of the version, which a certificate of version 1 does not have.
const VERSION: u8 = 0xa0;

/// Trusts one certificate, or any. Either way the other side must prove that it has the certificate's key.
#[derive(Debug)]
pub(super) struct Verifier {
    pub(super) pinned: Option<Fingerprint>,
    pub(super) provider: Arc<CryptoProvider>,
}

/// Why a certificate is not trusted although no authority has to vouch for it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Distrust {
    /// No trusted authority has signed it.
    #[error(
        "no trusted authority has signed the host's certificate, whose SHA-256 fingerprint is {0} (give the authority's \
         certificate, or compare the fingerprint on the host and pin it)"
    )]
    NoAuthority(String),
    /// It is not the pinned one.
    #[error("the host's certificate has the fingerprint {0}, which is not the one that was given")]
    Other(String),
    /// Its key did not sign the handshake.
    #[error(
        "the host does not have the key of the certificate that it shows, so it is not the host that it claims to be"
    )]
    NotItsKey,
    /// It holds no key that can be read.
    #[error("what the host shows as its certificate cannot be read as one")]
    Unreadable,
    /// Its key is of a kind that the library does not know.
    #[error("the key of the host's certificate is of a kind that cannot be used here")]
    UnknownKey,
}

impl From<Distrust> for Error {
    fn from(why: Distrust) -> Self {
        Self::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(why))))
    }
}

impl Verifier {
    /// The pairs of algorithms that a scheme may stand for: in TLS 1.2 it does not name the curve of the key.
    fn algorithms(&self, scheme: SignatureScheme) -> &[&'static dyn SignatureVerificationAlgorithm] {
        let known = self.provider.signature_verification_algorithms.mapping;
        known.iter().find(|(known, _)| *known == scheme).map(|(_, algorithms)| *algorithms).unwrap_or_default()
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let hash = Sha256::digest(end_entity);
        if self.pinned.is_none_or(|pinned| hash.as_slice() == pinned) {
            return Ok(ServerCertVerified::assertion());
        }
        let found = fingerprint_of(end_entity);
        tracing::debug!(%found, "another certificate than the pinned one");
        Err(Distrust::Other(found).into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = PublicKey::of(certificate).ok_or(Distrust::Unreadable)?;
        let algorithms = self.algorithms(signature.scheme).iter();
        let mut fitting =
            algorithms.filter(|algorithm| algorithm.public_key_alg_id().as_ref() == key.algorithm).peekable();
        fitting.peek().ok_or(Distrust::UnknownKey)?;
        let proved =
            fitting.any(|algorithm| algorithm.verify_signature(key.bits, message, signature.signature()).is_ok());
        if proved { Ok(HandshakeSignatureValid::assertion()) } else { Err(Distrust::NotItsKey.into()) }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = PublicKey::of(certificate).ok_or(Distrust::Unreadable)?;
        let info = SubjectPublicKeyInfoDer::from(key.info);
        let known = &self.provider.signature_verification_algorithms;
        let unproved = Error::from(CertificateError::BadSignature);
        let verified = verify_tls13_signature_with_raw_key(message, &info, signature, known);
        verified.map_err(|error| if error == unproved { Distrust::NotItsKey.into() } else { error })
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// A certificate's key. The library that verifies chains reads version 3 alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct PublicKey<'c> {
    /// The whole field.
    info: &'c [u8],
    /// What its algorithm is called, with its parameters.
    algorithm: &'c [u8],
    bits: &'c [u8],
}

impl<'c> PublicKey<'c> {
    /// Finds the key in a certificate (RFC 5280 4.1): version, serial number, algorithm, issuer, validity, subject, key.
    fn of(certificate: &'c [u8]) -> Option<Self> {
        let (signed, _) = element(certificate, SEQUENCE)?;
        let (fields, _) = element(signed, SEQUENCE)?;
        let fields = element(fields, VERSION).map_or(fields, |(_, behind)| behind);
        let (_, mut fields) = element(fields, INTEGER)?;
        for _algorithm_issuer_validity_subject in 0..4 {
            (_, fields) = element(fields, SEQUENCE)?;
        }
        let (key, behind) = element(fields, SEQUENCE)?;
        let info = fields.get(..fields.len() - behind.len())?;
        let (algorithm, key) = element(key, SEQUENCE)?;
        // The first octet says how many bits of the last are unused: in a key none.
        let (bits, _) = element(key, BIT_STRING)?;
        Some(Self { info, algorithm, bits: bits.strip_prefix(&[0])? })
    }
}

/// The content of the first element, if it has this tag, and what stands behind it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    first(bytes).filter(|(found, _, _)| *found == tag).map(|(_, inside, behind)| (inside, behind))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::PublicKeyData as _;

    use super::*;

    #[test]
    fn the_key_of_a_certificate_is_found_where_it_stands() {
        let made = rcgen::generate_simple_self_signed(vec!["hv01".to_owned()]).unwrap();
        let info = made.signing_key.subject_public_key_info();
        let key = PublicKey::of(made.cert.der()).unwrap();
        assert_eq!(key.info, info);
        assert!(info.ends_with(key.bits) && key.bits.len() == 65, "{key:?}");
    }

    proptest! {
        #[test]
        fn damaged_certificates_do_not_panic(at in 0_usize..400, octet: u8, end in 0_usize..400) {
            let made = rcgen::generate_simple_self_signed(vec!["hv01".to_owned()]).unwrap();
            let mut certificate = made.cert.der().to_vec();
            let length = certificate.len();
            certificate[at % length] = octet;
            let _key = PublicKey::of(&certificate[..end % length]);
            let _key = PublicKey::of(&certificate);
        }

        #[test]
        fn arbitrary_octets_do_not_panic(octets in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _key = PublicKey::of(&octets);
        }
    }
}
