//! As much of a certificate (RFC 5280) as says whether a replica server can use it: its thumbprint, its validity, its uses.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cim::DateTime;
use reprise_model::Timestamp;
use sha1::{Digest as _, Sha1};

/// Maximum size of a certificate's text that is read. Real ones have some thousand characters.
const LENGTH_MAX: usize = 256 * 1024;

const OCTET_STRING: u8 = 0x04;
const OBJECT: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;

/// 2.5.29.37
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
/// 1.3.6.1.5.5.7.3.1, 1.3.6.1.5.5.7.3.2 and 2.5.29.37.0 (any)
const FOR_SERVERS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
const FOR_CLIENTS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];
const FOR_ANYTHING: &[u8] = &[0x55, 0x1d, 0x25, 0];

/// A certificate of the computer's own store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComputerCertificate {
    /// SHA-1 in upper-case hexadecimal digits, as Windows names certificates.
    pub thumbprint: String,
    /// From when it is valid.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Whether servers and clients may use it; without a restriction both may.
    pub for_both: bool,
}

impl ComputerCertificate {
    /// Reads an entry of `GetSystemCertificates`: DER in base 64. `None` if it is not one.
    pub fn read(encoded: &str) -> Option<Self> {
        if encoded.len() > LENGTH_MAX {
            return None;
        }
        let encoded: String = encoded.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let der = STANDARD.decode(encoded).ok()?;
        let (certificate, _) = element(&der, SEQUENCE)?;
        let (mut rest, _) = element(certificate, SEQUENCE)?;
        if let Some((_, after)) = element(rest, VERSION) {
            rest = after;
        }
        // Serial number, algorithm and issuer come before the validity, and subject and key behind it.
        for _ in 0..3 {
            rest = next(rest)?.2;
        }
        let (validity, rest) = element(rest, SEQUENCE)?;
        let (from, after) = time(validity)?;
        let (until, _) = time(after)?;
        Some(Self { thumbprint: thumbprint(&der), from, until, for_both: is_for_both(rest) })
    }
}

/// Brings a thumbprint as people and settings write it into the form of [`ComputerCertificate::thumbprint`].
pub(crate) fn normal(thumbprint: &str) -> String {
    thumbprint.chars().filter(char::is_ascii_hexdigit).map(|c| c.to_ascii_uppercase()).collect()
}

fn thumbprint(der: &[u8]) -> String {
    Sha1::digest(der).iter().fold(String::new(), |mut text, octet| {
        let _infallible = write!(text, "{octet:02X}");
        text
    })
}

/// Whether the extensions behind subject and key allow both uses.
fn is_for_both(mut rest: &[u8]) -> bool {
    while let Some((tag, content, after)) = next(rest) {
        if tag == EXTENSIONS {
            return element(content, SEQUENCE).and_then(|(list, _)| uses(list)).is_none_or(|uses| allow_both(&uses));
        }
        rest = after;
    }
    true
}

fn allow_both(uses: &[&[u8]]) -> bool {
    uses.contains(&FOR_ANYTHING) || (uses.contains(&FOR_SERVERS) && uses.contains(&FOR_CLIENTS))
}

/// The extended key usages, if there is such an extension.
fn uses(mut extensions: &[u8]) -> Option<Vec<&[u8]>> {
    while let Some((extension, after)) = element(extensions, SEQUENCE) {
        extensions = after;
        let Some((EXTENDED_KEY_USAGE, mut rest)) = element(extension, OBJECT) else { continue };
        // A mark of importance may come before the value.
        let value = loop {
            let (tag, content, after) = next(rest)?;
            if tag == OCTET_STRING {
                break content;
            }
            rest = after;
        };
        let (mut list, _) = element(value, SEQUENCE)?;
        let mut uses = Vec::new();
        while let Some((one, after)) = element(list, OBJECT) {
            uses.push(one);
            list = after;
        }
        return Some(uses);
    }
    None
}

/// A time, and what follows it.
fn time(bytes: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (tag, content, after) = next(bytes)?;
    let digits = str::from_utf8(content).ok()?.strip_suffix('Z')?;
    let digits = match tag {
        // RFC 5280, 4.1.2.5.1: two digits for the years from 1950 to 2049.
        UTC_TIME if digits < "50" => format!("20{digits}"),
        UTC_TIME => format!("19{digits}"),
        GENERALIZED_TIME => digits.to_owned(),
        _ => return None,
    };
    match DateTime::parse(&format!("{digits}.000000+000")) {
        Ok(DateTime::Timestamp(at)) => Some((Timestamp(at.unix_us().div_euclid(1_000)), after)),
        Ok(DateTime::Interval(_)) | Err(_) => None,
    }
}

/// The content of the first element if it has this tag, and what follows it.
fn element(bytes: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (tag, content, after) = next(bytes)?;
    (tag == wanted).then_some((content, after))
}

/// The first element of DER: its tag, its content, and what follows it.
fn next(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        let (octets, rest) = rest.split_at_checked(count).filter(|_| (1..=3).contains(&count))?;
        (octets.iter().fold(0, |length, octet| length << 8 | usize::from(*octet)), rest)
    };
    let (content, after) = rest.split_at_checked(length)?;
    Some((*tag, content, after))
}
