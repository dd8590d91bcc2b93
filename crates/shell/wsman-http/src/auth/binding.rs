//! What ties a login to the TLS connection that it runs over: `tls-server-end-point` (RFC 5929 4.1).
//!
//! Windows calls it Extended Protection. A login that an on-path attacker relays over another TLS connection is
//! then refused by the host.

use sha2::{Digest as _, Sha256, Sha384, Sha512};

use crate::der::first;

/// The prefix of the binding.
const PREFIX: &[u8] = b"tls-server-end-point:";

/// The object identifiers of signature and hash algorithms that name SHA-384 (RFC 4055 5, RFC 5758 3.2, RFC 4055 2.1).
const NAMES_SHA384: [&[u8]; 3] = [
    &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0C],
    &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x03],
    &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02],
];
/// The same for SHA-512.
const NAMES_SHA512: [&[u8]; 3] = [
    &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0D],
    &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x04],
    &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03],
];
const OBJECT_IDENTIFIER: u8 = 0x06;
/// Structures within structures that are followed.
const DEPTH_MAX: u32 = 6;

/// The binding to a server's certificate: its hash by the hash function of its own signature. What is weaker than SHA-256,
/// or names none, is replaced by SHA-256.
pub(crate) fn of_certificate(certificate: &[u8]) -> Vec<u8> {
    [PREFIX, &hash(certificate)].concat()
}

/// A binding as Windows' functions and the login library take it: a header of eight 32-bit numbers, of which the length of
/// what the application gives is at 24 and its place at 28 (`SEC_CHANNEL_BINDINGS`).
pub(super) fn as_windows_has_it(application: &[u8]) -> Vec<u8> {
    const HEADER: u32 = 32;
    let length = u32::try_from(application.len()).unwrap_or(u32::MAX);
    [&[0; 24], length.to_le_bytes().as_slice(), &HEADER.to_le_bytes(), application].concat()
}

fn hash(certificate: &[u8]) -> Vec<u8> {
    // Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue } (RFC 5280 4.1).
    let signature = first(certificate)
        .and_then(|(_, parts, _)| first(parts))
        .and_then(|(_, _, after)| first(after))
        .map(|(_, names, _)| names);
    let named = |names: &[&[u8]]| signature.is_some_and(|inside| holds(inside, names, DEPTH_MAX));
    if named(&NAMES_SHA512) {
        Sha512::digest(certificate).to_vec()
    } else if named(&NAMES_SHA384) {
        Sha384::digest(certificate).to_vec()
    } else {
        Sha256::digest(certificate).to_vec()
    }
}

/// Whether an identifier among `names` is somewhere in these values. For RSASSA-PSS it is among the parameters.
fn holds(mut values: &[u8], names: &[&[u8]], depth: u32) -> bool {
    while let Some((tag, inside, rest)) = first(values) {
        let constructed = tag & 0x20 != 0;
        let found = if constructed {
            depth > 0 && holds(inside, names, depth - 1)
        } else {
            tag == OBJECT_IDENTIFIER && names.contains(&inside)
        };
        if found {
            return true;
        }
        values = rest;
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::der::tests::value;

    /// As much of a certificate as matters: three parts, the second of which names the signature.
    fn certificate(signature: &[u8]) -> Vec<u8> {
        let parts = [value(0x30, &[0; 300]), value(0x30, signature), value(0x03, &[0; 65])];
        value(0x30, &parts.concat())
    }

    #[test]
    fn the_hash_is_that_of_the_certificates_own_signature_and_never_weaker_than_sha_256() {
        let rsa = |last| value(OBJECT_IDENTIFIER, &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, last]);
        let ecdsa = |last| value(OBJECT_IDENTIFIER, &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, last]);
        let sha384 = value(OBJECT_IDENTIFIER, NAMES_SHA384[2]);
        let pss = [rsa(0x0A), value(0x30, &value(0xA0, &value(0x30, &sha384)))].concat();
        for (signature, length) in [
            (rsa(0x05), 32),
            (rsa(0x0B), 32),
            (rsa(0x0C), 48),
            (rsa(0x0D), 64),
            (ecdsa(0x02), 32),
            (ecdsa(0x03), 48),
            (ecdsa(0x04), 64),
            (rsa(0x0A), 32),
            (pss, 48),
        ] {
            let bound = of_certificate(&certificate(&signature));
            assert!(bound.starts_with(PREFIX));
            assert_eq!(bound.len() - PREFIX.len(), length, "{signature:x?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_bind_to_some_hash(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(of_certificate(&bytes).len() > PREFIX.len());
        }
    }
}
