//! The arithmetic of NTLMv2: from a password to the keys of a session (MS-NLMP 3.3.2 and 3.4.5).

use hmac::{Hmac, KeyInit as _, Mac as _};
use md4::Md4;
use md5::{Digest as _, Md5};
use rc4::{Rc4, StreamCipher as _};
use zeroize::Zeroizing;

/// A key, wiped when it is no longer needed.
pub(super) type Key = Zeroizing<[u8; 16]>;

/// Text in UTF-16, little end first, as all of NTLM has it.
pub(super) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Windows' upper case, which never changes the number of letters.
pub(super) fn upper(text: &str) -> String {
    let one = |letter: char| {
        let mut upper = letter.to_uppercase();
        upper.next().filter(|_| upper.next().is_none()).unwrap_or(letter)
    };
    text.chars().map(one).collect()
}

pub(super) fn hmac_md5(key: &[u8], parts: &[&[u8]]) -> [u8; 16] {
    let mut mac = Hmac::<Md5>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

pub(super) fn rc4(key: &Key) -> Rc4 {
    rc4::KeyInit::new_from_slice(key.as_slice()).expect("RC4 takes keys of 16 octets")
}

/// `NTOWFv2`. The user's name is in upper case and the domain is as it was sent.
pub(super) fn response_key(password: &str, user: &str, domain: &str) -> Key {
    let hash = Zeroizing::new(<[u8; 16]>::from(Md4::digest(Zeroizing::new(utf16(password)).as_slice())));
    Zeroizing::new(hmac_md5(hash.as_slice(), &[&utf16(&upper(user)), &utf16(domain)]))
}

/// `NTProofStr`, which only a user who knows the password can compute from a challenge and their own blob.
pub(super) fn proof(response_key: &Key, nonce: [u8; 8], blob: &[u8]) -> [u8; 16] {
    hmac_md5(response_key.as_slice(), &[&nonce, blob])
}

/// `SessionBaseKey`, which for NTLMv2 is the key exchange key too.
pub(super) fn base_key(response_key: &Key, proof: [u8; 16]) -> Key {
    Zeroizing::new(hmac_md5(response_key.as_slice(), &[&proof]))
}

/// What an exchanged key is under its wrapping, or the other way round.
pub(super) fn exchanged(base_key: &Key, wrapped: [u8; 16]) -> Key {
    let mut key = Zeroizing::new(wrapped);
    rc4(base_key).apply_keystream(key.as_mut_slice());
    key
}
