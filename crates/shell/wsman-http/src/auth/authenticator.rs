//! Channel bindings within a Kerberos token that the library made without them (RFC 4121 4.1.1).
//!
//! Told of bindings, the library says so with an option of two octets where MS-KILE has four (`KERB_AP_OPTIONS_CBT`), and an
//! acceptor of MIT's refuses such a ticket. So it is not told. What it sends without them has sixteen zeros where their
//! hash would stand: the authenticator is opened with the ticket's session key, the hash is written there, and it is
//! sealed again. No length changes, so nothing around it does either.

use std::ops::Range;

use md5::{Digest as _, Md5};
use picky_krb::constants::key_usages::AP_REQ_AUTHENTICATOR;
use picky_krb::crypto::CipherSuite;
use zeroize::Zeroizing;

use crate::der;

/// The way to the Kerberos token within the first token of SPNEGO: what is negotiated, its first message, and there the
/// token for the first mechanism (RFC 4178 4.2.1).
const WITHIN_SPNEGO: [u8; 5] = [0x60, 0xA0, 0x30, 0xA2, 0x04];
/// The way to the sealed authenticator within a Kerberos token (RFC 4121 4.1, RFC 4120 5.5.1). The token's identifier
/// before the request, 01 00, passes for a value without content.
const TO_THE_AUTHENTICATOR: [u8; 5] = [0x60, 0x6E, 0x30, 0xA4, 0x30];
/// The ways from there to its encryption type and to its octets (RFC 4120 5.2.9).
const TO_THE_TYPE: [u8; 2] = [0xA0, 0x02];
const TO_THE_CIPHER: [u8; 2] = [0xA2, 0x04];
/// The way to the octets of the checksum within an authenticator (RFC 4120 5.5.1).
const TO_THE_CHECKSUM: [u8; 5] = [0x62, 0x30, 0xA3, 0x30, 0xA1];
const OCTET_STRING: u8 = 0x04;

/// How many octets the hash has, which the checksum says first.
const HASH_LENGTH: [u8; 4] = 16_u32.to_le_bytes();
/// Where the hash stands in the checksum.
const HASH_PLACE: Range<usize> = 4..20;

/// Ties a Kerberos token to the channel that `application` names. `None` if it is no first token of a login, or is bound
/// already.
pub(super) fn bind(token: &mut [u8], within_spnego: bool, session_key: &[u8], application: &[u8]) -> Option<()> {
    let whole = 0..token.len();
    let begin = if within_spnego { follow(token, whole, &WITHIN_SPNEGO)? } else { whole };
    let sealed = follow(token, begin, &TO_THE_AUTHENTICATOR)?;
    let kind = token.get(follow(token, sealed.clone(), &TO_THE_TYPE)?)?;
    let cipher = CipherSuite::try_from(kind).ok()?.cipher();
    let octets = token.get_mut(follow(token, sealed, &TO_THE_CIPHER)?)?;
    let mut plain = Zeroizing::new(cipher.decrypt(session_key, AP_REQ_AUTHENTICATOR, octets).ok()?);
    write_hash(&mut plain, &hash(application)?)?;
    let anew = cipher.encrypt(session_key, AP_REQ_AUTHENTICATOR, &plain).ok()?;
    (anew.len() == octets.len()).then(|| octets.copy_from_slice(&anew))
}

/// Writes the hash into an authenticator that has none.
fn write_hash(authenticator: &mut [u8], hash: &[u8; 16]) -> Option<()> {
    let checksum = follow(authenticator, 0..authenticator.len(), &TO_THE_CHECKSUM)?;
    let checksum = authenticator.get_mut(place(authenticator, checksum, OCTET_STRING)?)?;
    if !checksum.starts_with(&HASH_LENGTH) {
        return None;
    }
    let room = checksum.get_mut(HASH_PLACE).filter(|room| room.iter().all(|octet| *octet == 0))?;
    room.copy_from_slice(hash);
    Some(())
}

/// The hash of channel bindings: no addresses, and what the application gives (RFC 4121 4.1.1.2).
fn hash(application: &[u8]) -> Option<[u8; 16]> {
    let length = u32::try_from(application.len()).ok()?;
    let md5 = Md5::new().chain_update([0; 16]).chain_update(length.to_le_bytes()).chain_update(application);
    Some(md5.finalize().into())
}

/// The place of what is in the value at the end of a way of tags.
fn follow(bytes: &[u8], within: Range<usize>, tags: &[u8]) -> Option<Range<usize>> {
    tags.iter().try_fold(within, |within, tag| place(bytes, within, *tag))
}

/// The place of what is in the first value with this tag.
fn place(bytes: &[u8], within: Range<usize>, tag: u8) -> Option<Range<usize>> {
    let end = within.end;
    let mut rest = bytes.get(within)?;
    loop {
        let (found, inside, after) = der::first(rest)?;
        if found == tag {
            let end = end - after.len();
            return Some(end - inside.len()..end);
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: [u8; 32] = [7; 32];
    const APPLICATION: &[u8] = b"tls-server-end-point:01234567890123456789012345678901";

    fn value(tag: u8, inside: &[u8]) -> Vec<u8> {
        let length = u16::try_from(inside.len()).unwrap().to_be_bytes();
        [&[tag, 0x82], length.as_slice(), inside].concat()
    }

    fn values(tags: &[u8], inside: &[u8]) -> Vec<u8> {
        tags.iter().rev().fold(inside.to_vec(), |inside, tag| value(*tag, &inside))
    }

    /// As much of an authenticator as matters, and something on either side of the checksum.
    fn authenticator(checksum: &[u8]) -> Vec<u8> {
        let kind = value(0xA0, &value(0x02, &[0, 0x80, 0x03]));
        let checksum = values(&[0xA3, 0x30], &[kind, values(&[0xA1, 0x04], checksum)].concat());
        let name = value(0xA1, b"LAB.TEST");
        values(&[0x62, 0x30], &[name, checksum, value(0xA4, &[9])].concat())
    }

    fn token(kind: u8, key: &[u8], authenticator: &[u8]) -> Vec<u8> {
        let cipher = CipherSuite::try_from(usize::from(kind)).unwrap().cipher();
        let sealed = cipher.encrypt(key, AP_REQ_AUTHENTICATOR, authenticator).unwrap();
        let parts = [values(&TO_THE_TYPE, &[kind]), values(&TO_THE_CIPHER, &sealed)].concat();
        let ticket = value(0xA3, &value(0x61, &[1; 300]));
        let request = values(&[0x6E, 0x30], &[ticket, values(&[0xA4, 0x30], &parts)].concat());
        value(0x60, &[value(0x06, b"krb5"), vec![1, 0], request].concat())
    }

    fn within_spnego(token: &[u8]) -> Vec<u8> {
        let mechanisms = value(0xA0, &value(0x30, &value(0x06, b"krb5")));
        let first = values(&[0xA0, 0x30], &[mechanisms, values(&[0xA2, 0x04], token)].concat());
        value(0x60, &[value(0x06, b"spnego"), first].concat())
    }

    fn opened(kind: u8, key: &[u8], token: &[u8], spnego: bool) -> Vec<u8> {
        let begin = if spnego { follow(token, 0..token.len(), &WITHIN_SPNEGO).unwrap() } else { 0..token.len() };
        let sealed = follow(token, begin, &TO_THE_AUTHENTICATOR).unwrap();
        let octets = &token[follow(token, sealed, &TO_THE_CIPHER).unwrap()];
        CipherSuite::try_from(usize::from(kind)).unwrap().cipher().decrypt(key, AP_REQ_AUTHENTICATOR, octets).unwrap()
    }

    fn checksum(hash: [u8; 16]) -> Vec<u8> {
        [HASH_LENGTH.as_slice(), &hash, &[0x3E, 0, 0, 0]].concat()
    }

    #[test]
    fn the_hash_is_that_of_the_structure_of_gss_api() {
        let application = [b"tls-server-end-point:".as_slice(), &[1; 32]].concat();
        let expected = 0xceab_3dd4_042e_39ad_abd7_5880_be0a_aa11_u128.to_be_bytes();
        assert_eq!(hash(&application), Some(expected));
    }

    #[test]
    fn a_ticket_is_bound_and_nothing_else_of_its_token_changes() {
        for (kind, key) in [(0x12, KEY.as_slice()), (0x11, &KEY[..16])] {
            let bare = token(kind, key, &authenticator(&checksum([0; 16])));
            for (spnego, before) in [(false, bare.clone()), (true, within_spnego(&bare))] {
                let mut bound = before.clone();
                bind(&mut bound, spnego, key, APPLICATION).unwrap();
                assert_eq!(bound.len(), before.len());
                let expected = authenticator(&checksum(hash(APPLICATION).unwrap()));
                assert_eq!(opened(kind, key, &bound, spnego), expected);
                assert_eq!(bind(&mut bound, spnego, key, APPLICATION), None, "it is bound already");
            }
        }
    }

    #[test]
    fn what_is_no_such_token_is_left_alone() {
        let fits = token(0x12, &KEY, &authenticator(&checksum([0; 16])));
        let spnego = within_spnego(&fits);
        for (token, within, key) in [
            (fits.clone(), false, &[8; 32]),
            (fits.clone(), true, &KEY),
            (spnego.clone(), false, &KEY),
            (fits[..fits.len() - 1].to_vec(), false, &KEY),
            (token(0x12, &KEY, &authenticator(&[0; 24])), false, &KEY),
            (token(0x12, &KEY, &authenticator(&HASH_LENGTH)), false, &KEY),
        ] {
            let mut bound = token.clone();
            assert_eq!(bind(&mut bound, within, key, APPLICATION), None);
            assert_eq!(bound, token);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_no_token(bytes in prop::collection::vec(any::<u8>(), 0..200), spnego: bool) {
            prop_assert_eq!(bind(&mut bytes.clone(), spnego, &KEY, APPLICATION), None);
        }

        #[test]
        fn an_altered_token_is_bound_or_left_alone(at in 0_usize..600, to: u8) {
            let mut token = within_spnego(&token(0x12, &KEY, &authenticator(&checksum([0; 16]))));
            let length = token.len();
            token[at % length] = to;
            let _bound = bind(&mut token, true, &KEY, APPLICATION);
            prop_assert_eq!(token.len(), length);
        }
    }
}
