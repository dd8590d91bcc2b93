//! Messages sealed by Kerberos (RFC 4121 4.2), with the octets in the order that WinRM sends them: what is not the message
//! itself comes first.

use picky_krb::crypto::CipherSuite;
use zeroize::Zeroizing;

/// The uses of keys (RFC 4121 2).
const USE_OF_ACCEPTOR: i32 = 22;
const USE_OF_INITIATOR: i32 = 24;
/// A token's own octets, which are sealed once more behind the message.
const HEADER: usize = 16;
/// The random octets before a message.
const CONFOUNDER: usize = 16;
/// What a token has behind the message: its own octets again, and the code that proves all of it (RFC 3962 6).
const TRAILER: usize = HEADER + 12;
/// Where the trailer goes is given by a rotation to the right of so many octets.
const ROTATION: u16 = 28;

const TOKEN: [u8; 2] = [5, 4];
/// The flags: by whom it is, whether it is sealed, and with the acceptor's key.
const BY_ACCEPTOR: u8 = 1;
const SEALED: u8 = 2;
const ACCEPTORS_KEY: u8 = 4;

/// The two directions of a connection.
pub(crate) struct Session {
    suite: CipherSuite,
    key: Zeroizing<Vec<u8>>,
    incoming: u64,
    outgoing: u64,
}

impl Session {
    pub(super) fn new(suite: CipherSuite, key: Zeroizing<Vec<u8>>, incoming: u64, outgoing: u32) -> Self {
        Self { suite, key, incoming, outgoing: u64::from(outgoing) }
    }

    /// Seals content in its place; gives what comes before it.
    pub(crate) fn seal(&mut self, content: &mut Vec<u8>) -> Vec<u8> {
        let flags = BY_ACCEPTOR | SEALED | ACCEPTORS_KEY;
        let plain = Zeroizing::new([content.as_slice(), &header(flags, 0, self.outgoing)].concat());
        let sealed = self.suite.cipher().encrypt(&self.key, USE_OF_ACCEPTOR, &plain);
        let mut octets = sealed.expect("the key is as long as the cipher wants it");
        octets.rotate_right(usize::from(ROTATION));
        *content = octets.split_off(TRAILER + CONFOUNDER);
        let signature = [header(flags, ROTATION, self.outgoing).as_slice(), &octets].concat();
        self.outgoing = self.outgoing.wrapping_add(1);
        signature
    }

    /// Opens content in its place. False if it is not what the other side sealed next.
    #[must_use]
    pub(crate) fn open(&mut self, before: &[u8], content: &mut Vec<u8>) -> bool {
        let opened = self.opened(&[before, content].concat());
        let Some(opened) = opened else { return false };
        *content = opened;
        self.incoming = self.incoming.wrapping_add(1);
        true
    }

    fn opened(&self, token: &[u8]) -> Option<Vec<u8>> {
        let (own, octets) = token.split_first_chunk::<HEADER>()?;
        let [.., right, left, _, _, _, _, _, _, _, _] = *own;
        let rotation = u16::from_be_bytes([right, left]);
        let flags = SEALED | ACCEPTORS_KEY;
        // Nothing is between message and header: these ciphers need no filling.
        (*own == header(flags, rotation, self.incoming)).then_some(())?;
        let mut octets = octets.to_vec();
        let rotation = usize::from(rotation).checked_rem(octets.len())?;
        octets.rotate_left(rotation);
        let mut plain = self.suite.cipher().decrypt(&self.key, USE_OF_INITIATOR, &octets).ok()?;
        let again = plain.split_off(plain.len().checked_sub(HEADER)?);
        (again == header(flags, 0, self.incoming)).then_some(plain)
    }
}

fn header(flags: u8, rotation: u16, sequence: u64) -> [u8; HEADER] {
    let [right, left] = rotation.to_be_bytes();
    let [kind, of_wrap] = TOKEN;
    let mut header = [kind, of_wrap, flags, 0xff, 0, 0, right, left, 0, 0, 0, 0, 0, 0, 0, 0];
    header.iter_mut().skip(8).zip(sequence.to_be_bytes()).for_each(|(place, octet)| *place = octet);
    header
}
