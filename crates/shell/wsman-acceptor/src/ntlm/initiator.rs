//! A client's half of an NTLM login, for tests: it can do wrong what a bad client does wrong.

use super::message::{self, MIC_AT, MIC_SIZE, av, field};
use super::session::Direction;
use super::{flag, keys};

/// The key that this client always chooses.
const CHOSEN_KEY: [u8; 16] = [0x55; 16];

/// A client, and what it does.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that a client can do wrong")]
pub(crate) struct Initiator {
    pub(crate) domain: &'static str,
    pub(crate) user: &'static str,
    pub(crate) password: &'static str,
    pub(crate) flags: u32,
    pub(crate) channel: Option<[u8; 16]>,
    /// Whether it says that the third message proves all three, and whether that is true.
    pub(crate) says_mic: bool,
    pub(crate) has_mic: bool,
    /// Answers as the first version of NTLM did.
    pub(crate) is_old: bool,
    /// Uses the key that the password makes, not one of its own.
    pub(crate) keeps_key: bool,
    /// Repeats the flags of the challenge in its third message, not those of its first.
    pub(crate) repeats_flags: bool,
    /// Sends the domain, and leaves it out of its response key.
    pub(crate) forgets_domain: bool,
}

/// The keys of a client.
pub(crate) struct Keys {
    pub(crate) outgoing: Direction,
    pub(crate) incoming: Direction,
}

impl Initiator {
    pub(crate) fn new(domain: &'static str, user: &'static str, password: &'static str) -> Self {
        Self {
            domain,
            user,
            password,
            flags: 0xe288_8235,
            channel: None,
            says_mic: true,
            has_mic: true,
            is_old: false,
            keeps_key: false,
            repeats_flags: false,
            forgets_domain: false,
        }
    }

    /// A client with the first message and the habits of somebody else's: no proof of the messages, no key of its own
    /// unless both sides want one.
    #[cfg(test)]
    pub(crate) fn of_others(self, flags: u32) -> Self {
        let keeps_key = flags & flag::KEY_EXCHANGE == 0;
        Self { flags, keeps_key, repeats_flags: true, says_mic: false, has_mic: false, ..self }
    }

    fn sent_flags(&self) -> u32 {
        if self.keeps_key { self.flags & !flag::KEY_EXCHANGE } else { self.flags }
    }

    pub(crate) fn negotiate(&self) -> Vec<u8> {
        let mut message = message::SIGNATURE.to_vec();
        message.extend_from_slice(&1_u32.to_le_bytes());
        message.extend_from_slice(&self.sent_flags().to_le_bytes());
        message.extend_from_slice(&[0; 16]);
        message
    }

    /// The third message and the keys, as they are if the server agrees.
    pub(crate) fn authenticate(&self, challenge: &[u8]) -> (Vec<u8>, Keys) {
        let nonce: [u8; 8] = challenge[24..32].try_into().unwrap();
        let pairs = message::part(challenge, 40).unwrap();
        let mut blob = vec![1, 1, 0, 0, 0, 0, 0, 0];
        blob.extend_from_slice(&[3; 8]);
        blob.extend_from_slice(&[0xaa; 8]);
        blob.extend_from_slice(&[0; 4]);
        blob.extend_from_slice(&pairs[..pairs.len() - 4]);
        let mut pair = |id: u16, value: &[u8]| {
            blob.extend_from_slice(&id.to_le_bytes());
            blob.extend_from_slice(&u16::try_from(value.len()).unwrap().to_le_bytes());
            blob.extend_from_slice(value);
        };
        if self.says_mic {
            pair(av::FLAGS, &super::HAS_MIC.to_le_bytes());
        }
        if let Some(channel) = self.channel {
            pair(av::CHANNEL_BINDINGS, &channel);
        }
        pair(0, b"");
        blob.extend_from_slice(&[0; 4]);

        let domain = if self.forgets_domain { "" } else { self.domain };
        let response_key = keys::response_key(self.password, self.user, domain);
        let proof = keys::proof(&response_key, nonce, &blob);
        let base_key = keys::base_key(&response_key, proof);
        let (session_key, wrapped) = if self.keeps_key {
            (base_key, Vec::new())
        } else {
            (keys::Key::new(CHOSEN_KEY), keys::exchanged(&base_key, CHOSEN_KEY).to_vec())
        };
        let response = if self.is_old { vec![7; 24] } else { [&proof[..], &blob].concat() };
        let chosen = message::u32_at(challenge, 20).unwrap();
        let flags = if self.repeats_flags { chosen } else { self.sent_flags() };
        let mut third = self.third(flags, chosen & flag::UNICODE != 0, &response, &wrapped);
        if self.has_mic {
            let mic = keys::hmac_md5(session_key.as_slice(), &[&self.negotiate(), challenge, &third]);
            third[MIC_AT..MIC_AT + MIC_SIZE].copy_from_slice(&mic);
        }
        let outgoing = Direction::new(&session_key, "client-to-server", !self.keeps_key);
        let incoming = Direction::new(&session_key, "server-to-client", !self.keeps_key);
        (third, Keys { outgoing, incoming })
    }

    fn third(&self, flags: u32, in_unicode: bool, response: &[u8], wrapped: &[u8]) -> Vec<u8> {
        let name = |text: &str| if in_unicode { keys::utf16(text) } else { text.as_bytes().to_vec() };
        let mut payload = Vec::new();
        let mut place = |octets: &[u8]| {
            let field = field(octets.len(), MIC_AT + MIC_SIZE + payload.len());
            payload.extend_from_slice(octets);
            field
        };
        let fields = [
            place(&[0; 24]),
            place(response),
            place(&name(self.domain)),
            place(&name(self.user)),
            place(&name("CLIENT")),
            place(wrapped),
        ];
        let mut message = message::SIGNATURE.to_vec();
        message.extend_from_slice(&3_u32.to_le_bytes());
        message.extend_from_slice(fields.as_flattened());
        message.extend_from_slice(&flags.to_le_bytes());
        message.extend_from_slice(&[0; 8 + MIC_SIZE]);
        message.extend_from_slice(&payload);
        message
    }
}
