//! The three messages of NTLM as the server reads and writes them (MS-NLMP 2.2.1).

use super::charset::Charset;
use super::flag;
use super::keys::utf16;
use crate::logins::ComputerNames;

/// What a pair of the target information is about (MS-NLMP 2.2.2.1).
pub(super) mod av {
    pub(super) const END: u16 = 0;
    pub(super) const COMPUTER: u16 = 1;
    pub(super) const DOMAIN: u16 = 2;
    pub(super) const DNS_COMPUTER: u16 = 3;
    pub(super) const DNS_DOMAIN: u16 = 4;
    pub(in crate::ntlm) const FLAGS: u16 = 6;
    pub(in crate::ntlm) const TIMESTAMP: u16 = 7;
    pub(in crate::ntlm) const CHANNEL_BINDINGS: u16 = 10;
}

/// What each message begins with.
pub(crate) const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";
/// Where the code that proves the three messages stands in the third, and its size.
pub(super) const MIC_AT: usize = 72;
pub(super) const MIC_SIZE: usize = 16;
/// Windows Server 2022 and the revision of NTLM that all have.
const VERSION: [u8; 8] = [10, 0, 0x7c, 0x4f, 0, 0, 0, 15];

/// What the message is: 1, 2 or 3.
pub(crate) fn kind(message: &[u8]) -> Option<u32> {
    message.strip_prefix(SIGNATURE)?;
    u32_at(message, 8)
}

pub(super) fn u16_at(octets: &[u8], at: usize) -> Option<u16> {
    octets.get(at..)?.first_chunk().map(|octets| u16::from_le_bytes(*octets))
}

pub(super) fn u32_at(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..)?.first_chunk().map(|octets| u32::from_le_bytes(*octets))
}

/// The flags of a first message.
pub(super) fn read_negotiate(message: &[u8]) -> Option<u32> {
    kind(message).filter(|kind| *kind == 1)?;
    u32_at(message, 12)
}

/// Returns a challenge, which is the second message, and its flags; `None` if the client names no character set. `time` is
/// in the units of Windows, 100 ns since 1601.
pub(super) fn write_challenge(
    asked: u32,
    identity: &ComputerNames,
    nonce: [u8; 8],
    time: u64,
) -> Option<(Vec<u8>, u32)> {
    const PAYLOAD_AT: usize = 56;
    let charset = Charset::of(asked)?;
    let flags = flag::ALWAYS | charset.flag() | (asked & flag::ON_REQUEST);
    let target = charset.write(&identity.domain);
    let mut pairs = Vec::new();
    for (id, value) in [
        (av::DOMAIN, utf16(&identity.domain)),
        (av::COMPUTER, utf16(&identity.computer)),
        (av::DNS_DOMAIN, utf16(&identity.dns_domain)),
        (av::DNS_COMPUTER, utf16(&identity.dns_computer)),
        (av::TIMESTAMP, time.to_le_bytes().to_vec()),
        (av::END, Vec::new()),
    ] {
        pairs.extend_from_slice(&id.to_le_bytes());
        pairs.extend_from_slice(&short(value.len()).to_le_bytes());
        pairs.extend_from_slice(&value);
    }
    let mut message = SIGNATURE.to_vec();
    message.extend_from_slice(&2_u32.to_le_bytes());
    message.extend_from_slice(&field(target.len(), PAYLOAD_AT));
    message.extend_from_slice(&flags.to_le_bytes());
    message.extend_from_slice(&nonce);
    message.extend_from_slice(&[0; 8]);
    message.extend_from_slice(&field(pairs.len(), PAYLOAD_AT + target.len()));
    message.extend_from_slice(&VERSION);
    message.extend_from_slice(&target);
    message.extend_from_slice(&pairs);
    Some((message, flags))
}

/// A length on the wire. A [`ComputerNames`] has no name that needs more.
pub(super) fn short(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

/// Length, length again, and place.
pub(super) fn field(length: usize, at: usize) -> [u8; 8] {
    let length = u64::from(short(length));
    (length | length << 16 | u64::from(short(at)) << 32).to_le_bytes()
}

/// The third message.
#[derive(Debug)]
pub(super) struct Authenticate<'m> {
    pub(super) nt_response: &'m [u8],
    pub(super) domain: String,
    pub(super) user: String,
    pub(super) wrapped_key: &'m [u8],
    /// The flags that both the challenge and this message have.
    pub(super) flags: u32,
    /// Whether the client asks to be anonymous, which no challenge offers.
    pub(super) is_anonymous: bool,
}

impl<'m> Authenticate<'m> {
    /// Reads the answer to a challenge with these flags.
    pub(super) fn read(message: &'m [u8], offered: u32) -> Option<Self> {
        kind(message).filter(|kind| *kind == 3)?;
        let said = u32_at(message, 60)?;
        let flags = said & offered;
        let charset = Charset::of(flags)?;
        let text = |at| charset.read(part(message, at)?);
        Some(Self {
            nt_response: part(message, 20)?,
            domain: text(28)?,
            user: text(36)?,
            wrapped_key: part(message, 52)?,
            flags,
            is_anonymous: said & flag::ANONYMOUS != 0,
        })
    }
}

/// The octets that a field at this place points to.
pub(super) fn part(message: &[u8], at: usize) -> Option<&[u8]> {
    let length = usize::from(u16_at(message, at)?);
    let from = usize::try_from(u32_at(message, at + 4)?).ok()?;
    message.get(from..from.checked_add(length)?)
}

/// What the client says with its proof: its part of an NTLMv2 response behind the proof itself (MS-NLMP 2.2.2.7).
#[derive(Clone, Copy, Debug)]
pub(super) struct Blob<'m>(pub(super) &'m [u8]);

impl<'m> Blob<'m> {
    /// Splits an NTLMv2 response into proof and blob. The responses of older versions are no such thing.
    pub(super) fn split(response: &'m [u8]) -> Option<([u8; 16], Self)> {
        let (proof, blob) = response.split_first_chunk::<16>()?;
        blob.starts_with(&[1, 1]).then_some((*proof, Self(blob)))
    }

    /// The value of a pair; `Err` if the pairs are not well formed.
    pub(super) fn pair(self, wanted: u16) -> Result<Option<&'m [u8]>, ()> {
        let mut rest = self.0.get(28..).ok_or(())?;
        let mut found = None;
        loop {
            let (id, length) = u16_at(rest, 0).zip(u16_at(rest, 2)).ok_or(())?;
            if id == av::END {
                return Ok(found);
            }
            let (value, behind) = rest.get(4..).and_then(|rest| rest.split_at_checked(usize::from(length))).ok_or(())?;
            if id == wanted {
                found = Some(value);
            }
            rest = behind;
        }
    }
}
