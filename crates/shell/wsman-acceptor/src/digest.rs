//! A hash that old protocols need, and the comparison of secrets.

use md5::{Digest as _, Md5};

pub(crate) fn md5(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Md5::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// Whether both are the same, found out in a time that does not tell where they differ.
pub(crate) fn are_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |seen, (a, b)| seen | (a ^ b)) == 0
}
