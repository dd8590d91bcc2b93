//! Channel bindings: a login is bound to its TLS connection, so that it cannot be relayed (RFC 5929, MS-NLMP 3.1.5.1.2).

use sha2::{Digest as _, Sha256, Sha384, Sha512};

use crate::der::{self, OBJECT_IDENTIFIER, Reader, SEQUENCE};
use crate::digest::{are_same, md5};
use crate::error::LoginError;

/// How strict a server is with the channel that a client says it means. Windows calls it `CbtHardeningLevel`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChannelBindings {
    /// It does not look.
    Ignored,
    /// A wrong one is refused (`Relaxed`, Windows' default).
    #[default]
    IfSent,
    /// A wrong one and none are refused (`Strict`).
    Required,
}

/// What a connection runs over.
#[derive(Clone, Debug)]
pub struct Channel(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Clear,
    /// What logins are bound to, and the certificate that the client has shown.
    Tls([u8; 16], Option<Vec<u8>>),
}

impl Channel {
    /// Clear HTTP.
    pub fn clear() -> Self {
        Self(Kind::Clear)
    }

    /// TLS, with the server's own certificate in DER.
    pub fn tls(certificate: &[u8]) -> Self {
        Self(Kind::Tls(binding_hash(certificate), None))
    }

    /// The same, where the client has shown this certificate and proved that it has its key.
    #[must_use]
    pub fn shown(self, certificate: Option<Vec<u8>>) -> Self {
        match self.0 {
            Kind::Clear => self,
            Kind::Tls(hash, _) => Self(Kind::Tls(hash, certificate)),
        }
    }

    pub(super) fn is_clear(&self) -> bool {
        matches!(self.0, Kind::Clear)
    }

    pub(super) fn hash(&self) -> Option<[u8; 16]> {
        match self.0 {
            Kind::Clear => None,
            Kind::Tls(hash, _) => Some(hash),
        }
    }

    pub(super) fn client_certificate(&self) -> Option<&[u8]> {
        match &self.0 {
            Kind::Clear | Kind::Tls(_, None) => None,
            Kind::Tls(_, Some(certificate)) => Some(certificate),
        }
    }
}

/// Checks that the client's binding is that of this channel; otherwise there is an on-path attacker. What it sent is the hash
/// of that channel; zeros say that it knows none.
pub(super) fn check(
    bindings: ChannelBindings,
    channel: Option<[u8; 16]>,
    sent: Option<&[u8]>,
) -> Result<(), LoginError> {
    let Some(channel) = channel else { return Ok(()) };
    let sent = sent.filter(|hash| hash.iter().any(|octet| *octet != 0));
    match (bindings, sent) {
        (ChannelBindings::Ignored, _) | (ChannelBindings::IfSent, None) => Ok(()),
        (ChannelBindings::Required, None) => Err(LoginError::WrongChannel),
        (ChannelBindings::IfSent | ChannelBindings::Required, Some(hash)) => {
            if are_same(hash, &channel) {
                Ok(())
            } else {
                Err(LoginError::WrongChannel)
            }
        }
    }
}

/// The MD5 of the structure that GSS has for channel bindings, with `tls-server-end-point` in it.
fn binding_hash(certificate: &[u8]) -> [u8; 16] {
    let mut data = b"tls-server-end-point:".to_vec();
    data.extend_from_slice(&fingerprint(certificate));
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    // No addresses: four fields of zero before the data.
    md5(&[&[0; 16], &length.to_le_bytes(), &data])
}

/// The hash of a certificate by the hash that signed it; SHA-256 where that is older, or not known (RFC 5929, 4.1).
fn fingerprint(certificate: &[u8]) -> Vec<u8> {
    match signature_algorithm(certificate) {
        // sha384WithRSAEncryption, ecdsa-with-SHA384
        Some([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12] | [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3]) => {
            Sha384::digest(certificate).to_vec()
        }
        // sha512WithRSAEncryption, ecdsa-with-SHA512
        Some([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13] | [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4]) => {
            Sha512::digest(certificate).to_vec()
        }
        Some(_) | None => Sha256::digest(certificate).to_vec(),
    }
}

fn signature_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    let mut fields = Reader::new(der::only(certificate, SEQUENCE)?);
    let _signed = fields.expect(SEQUENCE)?;
    Reader::new(fields.expect(SEQUENCE)?).expect(OBJECT_IDENTIFIER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_a_certificate_is_that_of_its_signature() {
        for (oid, size) in [
            (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5][..], 32),
            (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2], 32),
            (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3], 48),
            (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13], 64),
        ] {
            let algorithm = der::write(SEQUENCE, &der::write(OBJECT_IDENTIFIER, oid));
            let certificate = der::write(SEQUENCE, &[der::write(SEQUENCE, b""), algorithm].concat());
            assert_eq!(fingerprint(&certificate).len(), size);
        }
        assert_eq!(fingerprint(b"no certificate").len(), 32);
    }
}
