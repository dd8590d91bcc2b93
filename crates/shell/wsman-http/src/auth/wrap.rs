//! Messages that a host has sealed by Kerberos (RFC 4121 4.2).
//!
//! The login library opens them too, but accepts them in any order, repeatedly, and signed without being sealed, so an on-path
//! attacker could replay a host's messages. Here each message is accepted once, sealed, and in order.

use picky_krb::constants::key_usages::ACCEPTOR_SEAL;
use picky_krb::crypto::CipherSuite;

/// A token's own octets. They are sealed once more behind the message.
const HEADER: usize = 16;
const WRAP: [u8; 2] = [5, 4];
/// The flags: by the host, and sealed. The third, whose key it is, says nothing of worth: there is one.
const BY_HOST_AND_SEALED: u8 = 0b011;
/// Where a token says how far it is rotated, which is all that may differ in what is sealed of its own octets.
const ROTATION: std::ops::Range<usize> = 6..8;

/// The messages from a host on one connection.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    /// The number of the next message. The first may have any: no other was sealed with this key before.
    next: Option<u64>,
}

impl Incoming {
    /// Opens the next message; `None` if it is not that.
    pub(super) fn open(&mut self, key: &[u8], token: &[u8]) -> Option<Vec<u8>> {
        let (header, octets) = token.split_first_chunk::<HEADER>()?;
        let [first, second, flags, _, filler @ .., _, _, _, _, _, _, _, _, _, _] = *header;
        let number = u64::from_be_bytes(*header.last_chunk()?);
        let fits = [first, second] == WRAP && flags & BY_HOST_AND_SEALED == BY_HOST_AND_SEALED;
        (fits && self.next.is_none_or(|next| next == number)).then_some(())?;
        let filler = usize::from(u16::from_be_bytes(filler));
        let rotation = usize::from(u16::from_be_bytes(header.get(ROTATION)?.try_into().ok()?));
        let mut sealed = octets.to_vec();
        // Windows counts the filler with it (MS-KILE 3.4.5.4.1).
        sealed.rotate_left((rotation + filler).checked_rem(octets.len())?);
        let mut plain = suite(key)?.cipher().decrypt(key, ACCEPTOR_SEAL, &sealed).ok()?;
        let mut own: [u8; HEADER] = *plain.last_chunk()?;
        own.get_mut(ROTATION)?.copy_from_slice(header.get(ROTATION)?);
        let length = plain.len().checked_sub(HEADER + filler).filter(|_| own == *header)?;
        plain.truncate(length);
        self.next = Some(number.wrapping_add(1));
        Some(plain)
    }
}

/// AES with SHA-1, which is all that logins here have (RFC 3962).
fn suite(key: &[u8]) -> Option<CipherSuite> {
    [CipherSuite::Aes128CtsHmacSha196, CipherSuite::Aes256CtsHmacSha196]
        .into_iter()
        .find(|suite| suite.cipher().key_size() == key.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: [u8; 32] = [7; 32];

    struct Token {
        flags: u8,
        filler: u16,
        rotation: u16,
        number: u64,
        /// The number that is sealed behind the message.
        within: u64,
    }

    fn header(flags: u8, filler: u16, rotation: u16, number: u64) -> Vec<u8> {
        [&[5, 4, flags, 0xff], filler.to_be_bytes().as_slice(), &rotation.to_be_bytes(), &number.to_be_bytes()].concat()
    }

    fn sealed(key: &[u8], text: &[u8], token: &Token) -> Vec<u8> {
        let Token { flags, filler, rotation, number, within } = *token;
        let plain = [text, &vec![0; usize::from(filler)], &header(flags, filler, 0, within)].concat();
        let mut octets = suite(key).unwrap().cipher().encrypt(key, ACCEPTOR_SEAL, &plain).unwrap();
        let length = octets.len();
        octets.rotate_right((usize::from(rotation) + usize::from(filler)) % length);
        [header(flags, filler, rotation, number), octets].concat()
    }

    fn numbered(number: u64) -> Token {
        Token { flags: 7, filler: 0, rotation: 28, number, within: number }
    }

    #[test]
    fn messages_are_opened_in_their_turn_whatever_their_form() {
        for key in [&KEY[..], &KEY[..16]] {
            let mut incoming = Incoming::default();
            for (count, (flags, filler, rotation)) in
                [(7, 0, 28), (3, 0, 28), (7, 16, 28), (7, 0, 0), (7, 0, 12_345)].into_iter().enumerate()
            {
                let number = 0xffff_fffe + u64::try_from(count).unwrap();
                let token = Token { flags, filler, rotation, ..numbered(number) };
                let opened = incoming.open(key, &sealed(key, b"<s/>", &token));
                assert_eq!(opened.unwrap(), b"<s/>", "{flags} {filler} {rotation}");
            }
        }
    }

    #[test]
    fn what_was_said_before_or_is_not_next_is_not_taken() {
        let mut incoming = Incoming::default();
        let first = sealed(&KEY, b"first", &numbered(41));
        assert!(incoming.open(&KEY, &first).is_some());
        let again = Token { number: 42, ..numbered(41) };
        for token in [first, sealed(&KEY, b"later", &numbered(43)), sealed(&KEY, b"first", &again)] {
            assert_eq!(incoming.open(&KEY, &token), None);
        }
        assert!(
            incoming.open(&KEY, &sealed(&KEY, b"next", &numbered(42))).is_some(),
            "nothing that was refused counts"
        );
    }

    #[test]
    fn what_is_not_sealed_by_the_host_with_this_key_is_not_taken() {
        let open = |key: &[u8], token: &[u8]| Incoming::default().open(key, token);
        // Signed alone, and said by a client.
        for flags in [0b101, 0b110] {
            assert_eq!(open(&KEY, &sealed(&KEY, b"x", &Token { flags, ..numbered(1) })), None, "{flags}");
        }
        let token = sealed(&KEY, b"x", &numbered(1));
        assert_eq!(open(&[8; 32], &token), None);
        assert_eq!(open(&[7; 5], &token), None);
        assert!(open(&KEY, &token).is_some());
    }

    proptest! {
        #[test]
        fn a_token_that_is_altered_anywhere_but_in_its_rotation_is_not_taken(at in 0_usize..70, bit in 0_u8..8) {
            let mut token = sealed(&KEY, b"hunter2", &numbered(1));
            let at = at % token.len();
            prop_assume!(!ROTATION.contains(&at));
            token[at] ^= 1 << bit;
            prop_assert_eq!(Incoming::default().open(&KEY, &token), None);
        }

        #[test]
        fn any_bytes_are_no_token(bytes in prop::collection::vec(any::<u8>(), 0..99), framed: bool) {
            let bytes = if framed { [header(7, 0, 28, 1), bytes].concat() } else { bytes };
            prop_assert_eq!(Incoming::default().open(&KEY, &bytes), None);
        }
    }
}
