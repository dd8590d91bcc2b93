//! SHA-256 fingerprints of certificates, as people write them.

use sha2::{Digest as _, Sha256};

/// Length of a SHA-256 hash.
const HASH_LENGTH: usize = 32;

/// A certificate's SHA-256.
pub(super) type Fingerprint = [u8; HASH_LENGTH];

pub(super) fn parse_fingerprint(text: &str) -> Option<Fingerprint> {
    let digits: String = text.chars().filter(|c| !matches!(c, ':' | '-' | ' ')).collect();
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
pub(super) fn fingerprint_of(certificate: &[u8]) -> String {
    let hash = Sha256::digest(certificate);
    hash.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}
