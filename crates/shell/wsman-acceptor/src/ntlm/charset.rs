//! The character set of the names in a login, which the client chooses (MS-NLMP 2.2.2.5, bits A and B).

use super::flag;
use super::keys::utf16;

/// How names are encoded. Names in the target information are always in Unicode (MS-NLMP 2.2.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    /// UTF-16, little end first.
    Unicode,
    /// The system's code page. The protocol does not say which one that is, and all of them contain ASCII, so only ASCII is
    /// accepted here.
    Oem,
}

impl Charset {
    /// Returns the character set that these flags choose: Unicode if both are set, `None` if neither is.
    pub(super) fn of(flags: u32) -> Option<Self> {
        if flags & flag::UNICODE != 0 {
            Some(Self::Unicode)
        } else if flags & flag::OEM != 0 {
            Some(Self::Oem)
        } else {
            None
        }
    }

    /// The flag that names it.
    pub(super) fn flag(self) -> u32 {
        match self {
            Self::Unicode => flag::UNICODE,
            Self::Oem => flag::OEM,
        }
    }

    /// Encodes a name. A character that the set lacks becomes a question mark.
    pub(super) fn write(self, name: &str) -> Vec<u8> {
        match self {
            Self::Unicode => utf16(name),
            Self::Oem => {
                name.chars().map(|letter| u8::try_from(letter).ok().filter(u8::is_ascii).unwrap_or(b'?')).collect()
            }
        }
    }

    /// Decodes a name; `None` if the octets are not valid in this character set.
    pub(super) fn read(self, octets: &[u8]) -> Option<String> {
        match self {
            Self::Unicode => {
                let (pairs, rest) = octets.as_chunks();
                rest.is_empty().then_some(())?;
                let letters: Vec<u16> = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
                String::from_utf16(&letters).ok()
            }
            Self::Oem => std::str::from_utf8(octets).ok().filter(|name| name.is_ascii()).map(str::to_owned),
        }
    }
}
