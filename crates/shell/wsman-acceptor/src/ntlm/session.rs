//! Sealing and signing for the life of a connection, with extended session security (MS-NLMP 3.4).
//!
//! Each direction has its own keys, its own cipher and its own count. One message lost or out of order and the two sides
//! never understand each other again.

use rc4::{Rc4, StreamCipher as _};
use zeroize::Zeroizing;

use super::keys::{self, Key};
use crate::digest::{are_same, md5};

/// Octets of a signature.
pub(crate) const SIGNATURE_SIZE: usize = 16;

/// The two directions of a connection.
pub(crate) struct Session {
    /// What the client sends.
    pub(crate) incoming: Direction,
    /// What the server sends.
    pub(crate) outgoing: Direction,
}

impl Session {
    /// Of an exported session key. `exchanged` tells whether the client chose that key itself (`NEGOTIATE_KEY_EXCH`).
    pub(super) fn new(session_key: &Key, exchanged: bool) -> Self {
        Self {
            incoming: Direction::new(session_key, "client-to-server", exchanged),
            outgoing: Direction::new(session_key, "server-to-client", exchanged),
        }
    }
}

/// One direction.
pub(crate) struct Direction {
    signing_key: Key,
    sealing_key: Key,
    cipher: Rc4,
    exchanged: bool,
    sequence: u32,
}

impl Direction {
    pub(super) fn new(session_key: &Key, name: &str, exchanged: bool) -> Self {
        let derive = |what: &str| {
            let magic = format!("session key to {name} {what} key magic constant\0");
            Zeroizing::new(md5(&[session_key.as_slice(), magic.as_bytes()]))
        };
        let sealing_key = derive("sealing");
        Self { signing_key: derive("signing"), cipher: keys::rc4(&sealing_key), sealing_key, exchanged, sequence: 0 }
    }

    /// Seals content in its place; gives its signature.
    pub(crate) fn seal(&mut self, content: &mut [u8]) -> [u8; SIGNATURE_SIZE] {
        let mut checksum = self.checksum(content);
        self.cipher.apply_keystream(content);
        if self.exchanged {
            self.cipher.apply_keystream(&mut checksum);
        }
        self.signature(checksum)
    }

    /// Opens content in its place. False if it is not what the other side sealed next; then nothing more can be opened.
    #[must_use]
    pub(crate) fn open(&mut self, signature: &[u8], content: &mut [u8]) -> bool {
        self.cipher.apply_keystream(content);
        let mut checksum = self.checksum(content);
        if self.exchanged {
            self.cipher.apply_keystream(&mut checksum);
        }
        are_same(&self.signature(checksum), signature)
    }

    /// Signs what is sent in clear before anything is sealed. It takes a number, but leaves the cipher as it was: that is
    /// how SPNEGO signs its list of mechanisms (MS-SPNG 3.1.5.1).
    pub(crate) fn sign(&mut self, content: &[u8]) -> [u8; SIGNATURE_SIZE] {
        let mut checksum = self.checksum(content);
        if self.exchanged {
            keys::rc4(&self.sealing_key).apply_keystream(&mut checksum);
        }
        self.signature(checksum)
    }

    fn checksum(&self, content: &[u8]) -> [u8; 8] {
        let parts: [&[u8]; 2] = [&self.sequence.to_le_bytes(), content];
        *keys::hmac_md5(self.signing_key.as_slice(), &parts).first_chunk().expect("16 octets hold 8")
    }

    /// `NTLMSSP_MESSAGE_SIGNATURE`: version 1, the checksum, the number of the message.
    fn signature(&mut self, checksum: [u8; 8]) -> [u8; SIGNATURE_SIZE] {
        let mut signature = [0; SIGNATURE_SIZE];
        let octets = 1_u32.to_le_bytes().into_iter().chain(checksum).chain(self.sequence.to_le_bytes());
        signature.iter_mut().zip(octets).for_each(|(place, octet)| *place = octet);
        self.sequence = self.sequence.wrapping_add(1);
        signature
    }
}
