//! Forms of words that are known without knowing the word.

use cim::DateTime;

/// The form of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// A number that is too small to identify anything.
    Number,
    /// A longer one: a serial number, or a number of bytes.
    LongNumber,
    /// A code in hexadecimal: `0x80041010`.
    Code,
    /// The number of an update: `KB4088889`.
    Update,
    /// A GUID that every Windows has: of a provider of Hyper-V.
    KnownGuid,
    /// Any other GUID.
    Guid,
    /// A security identifier that every Windows has: `S-1-5-18`.
    KnownSid,
    /// Any other security identifier.
    Sid,
    /// Hexadecimal digits as a hash or a thumbprint has them.
    Digits,
}

/// Digits of the largest number that stays.
const NUMBER_LENGTH_MAX: usize = 10;
/// Longest text that is read as a time.
const TIME_LENGTH_MAX: usize = 40;
/// Replication between hosts, and VMMS's event provider.
const KNOWN_GUIDS: [&str; 2] = ["22391cdc-272c-4ddf-ba88-9befb1a0975c", "6066f867-7ca1-4418-85fd-36e3f9c0600c"];
/// Everyone, accounts of the system, groups that every Windows has (Microsoft, "Well-known SIDs").
const KNOWN_SIDS: [&str; 5] = ["S-1-1-0", "S-1-5-18", "S-1-5-19", "S-1-5-20", "S-1-5-32-"];
/// Digits of hashes: MD5, SHA-1, SHA-256.
const HASH_LENGTHS: [usize; 3] = [32, 40, 64];

/// The form of a word, if it has one.
pub(super) fn of(word: &str) -> Option<Form> {
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let hexadecimal = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_hexdigit());
    if digits(word) {
        return Some(if word.len() <= NUMBER_LENGTH_MAX { Form::Number } else { Form::LongNumber });
    }
    if word.strip_prefix("0x").is_some_and(|code| code.len() <= 8 && hexadecimal(code)) {
        return Some(Form::Code);
    }
    if word.strip_prefix("KB").is_some_and(|number| (6..=8).contains(&number.len()) && digits(number)) {
        return Some(Form::Update);
    }
    if is_guid(word) {
        let is_known = KNOWN_GUIDS.iter().any(|known| known.eq_ignore_ascii_case(word));
        return Some(if is_known { Form::KnownGuid } else { Form::Guid });
    }
    let is_sid = word.len() > 5 && word.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("S-"));
    if is_sid && word.split('-').skip(1).all(digits) {
        let is_known = KNOWN_SIDS.iter().any(|known| {
            if known.ends_with('-') {
                word.strip_prefix(known).is_some_and(|rest| rest.len() <= 3)
            } else {
                *known == word
            }
        });
        return Some(if is_known { Form::KnownSid } else { Form::Sid });
    }
    (hexadecimal(word) && HASH_LENGTHS.contains(&word.len())).then_some(Form::Digits)
}

fn is_guid(word: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let mut parts = word.split('-');
    let well = lengths.iter().all(|length| {
        parts.next().is_some_and(|part| part.len() == *length && part.chars().all(|c| c.is_ascii_hexdigit()))
    });
    well && parts.next().is_none()
}

/// Whether numbers with dots may be an address: four that fit into an octet each, or more than a version has.
pub(super) fn is_address(dotted: &str) -> bool {
    let parts: Vec<Option<u32>> = dotted.split('.').map(|part| part.parse().ok()).collect();
    let fit = parts.iter().all(|part| part.is_some_and(|number| number <= 255));
    parts.len() > 4 || (parts.len() == 4 && fit) || parts.iter().any(Option::is_none)
}

/// Whether a text is a point in time or a length of time.
pub(super) fn is_time(text: &str) -> bool {
    let is_number = text.chars().all(|c| c.is_ascii_digit());
    text.len() <= TIME_LENGTH_MAX && text.is_ascii() && !is_number && DateTime::parse(text).is_ok()
}
