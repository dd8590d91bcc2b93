//! Text as Windows keeps it in a credential: UTF-16, little end first, without an end.

use secrecy::SecretString;
use zeroize::Zeroizing;

/// The password that these octets are; `None` if they are none.
pub(super) fn password(octets: &[u8]) -> Option<SecretString> {
    let (pairs, rest) = octets.as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() {
        return None;
    }
    // Room for everything from the start, three octets for each pair at the most: a text that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(pairs.len() * 3));
    for character in char::decode_utf16(pairs.iter().map(|pair| u16::from_le_bytes(*pair))) {
        text.push(character.ok()?);
    }
    Some(SecretString::from(text.as_str()))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_password_is_read_as_windows_writes_it() {
        for text in ["hunter2", " p w ", "grün😀"] {
            let octets: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert_eq!(password(&octets).unwrap().expose_secret(), text);
        }
    }

    #[test]
    fn what_another_program_wrote_in_another_way_is_no_password() {
        for octets in [b"".as_slice(), b"h", b"hunter2", b"\x00\xd8h\x00"] {
            assert!(password(octets).is_none(), "{octets:?}");
        }
    }
}
