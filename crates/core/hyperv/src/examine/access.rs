//! Who may read an event log: its access list, as the text that Windows keeps (security descriptor string format, MS-DTYP 2.5.1.1).
//!
//! A reader of our own: the list is another host's, and Windows' functions for it are not there on Linux. What it does not
//! understand in full is not understood at all, so that nobody is left out by mistake.

/// Maximum length of a list that is read, in bytes. Windows' own have about 200.
const LENGTH_MAX: usize = 64 * 1024;
/// The right to read an event log (Windows event log, channel access).
const READ: u32 = 0x1;
const GENERIC_ALL: u32 = 0x1000_0000;
const GENERIC_READ: u32 = 0x8000_0000;
/// Everyone.
const EVERYONE: &str = "S-1-1-0";
/// The group Event Log Readers.
pub const EVENT_LOG_READERS: &str = "S-1-5-32-573";

/// The access list of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessList {
    /// Who may read it, by security identifier, in the order of the list. One that depends on the domain and has no fixed
    /// identifier keeps its two letters.
    pub readers: Vec<String>,
    /// Who is refused.
    pub refused: Vec<String>,
}

impl AccessList {
    /// Reads a list; `None` if it is not understood in full.
    pub fn read(text: &str) -> Option<Self> {
        let (head, entries) = discretionary(text)?;
        let mut list = Self::default();
        if head.contains("NO_ACCESS_CONTROL") {
            list.readers.push(EVERYONE.to_owned());
            return Some(list);
        }
        if !head.chars().all(|c| c.is_ascii_uppercase()) {
            return None;
        }
        for entry in entries.split_inclusive(')') {
            let entry = Entry::read(entry.strip_prefix('(')?.strip_suffix(')')?)?;
            // For each right, the first entry of an account decides.
            let is_known = [&list.readers, &list.refused].into_iter().any(|of| of.contains(&entry.account));
            if entry.reads && !is_known {
                if entry.allows { &mut list.readers } else { &mut list.refused }.push(entry.account);
            }
        }
        Some(list)
    }
}

/// A list with one more entry, by which Event Log Readers may read the log; `None` if the list is not understood, or has anything
/// that a shell may take apart.
pub fn with_readers(text: &str) -> Option<String> {
    AccessList::read(text)?;
    let is_inert = |c: char| c.is_ascii_alphanumeric() || ":;()-_".contains(c);
    let (_, entries) = discretionary(text)?;
    let (before, after) = text.split_once(entries).filter(|_| !entries.is_empty())?;
    let entry = format!("(A;;0x1;;;{EVENT_LOG_READERS})");
    text.chars().all(is_inert).then(|| format!("{before}{entries}{entry}{after}"))
}

/// The discretionary part of a list: what stands before its entries, and the entries.
fn discretionary(text: &str) -> Option<(&str, &str)> {
    if text.len() > LENGTH_MAX {
        return None;
    }
    let own = text.get(start_of(text, 'D')? + 2..)?;
    let own = start_of(own, 'S').map_or(Some(own), |end| own.get(..end))?.trim();
    let entries = own.find('(').unwrap_or(own.len());
    own.split_at_checked(entries)
}

/// Where a part begins that a letter and a colon announce, outside the entries.
fn start_of(text: &str, letter: char) -> Option<usize> {
    let mut depth = 0_usize;
    let mut before = None;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            ':' if depth == 0 && before.is_some_and(|(_, before)| before == letter) => return before.map(|(at, _)| at),
            _ => {}
        }
        before = Some((at, c));
    }
    None
}

/// One entry.
struct Entry {
    allows: bool,
    reads: bool,
    account: String,
}

impl Entry {
    /// Reads an entry of one of the two plain kinds; others have conditions, or are about parts of an object.
    fn read(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split(';').collect();
        let [kind, flags, rights, "", "", account] = *fields.as_slice() else { return None };
        let allows = match kind {
            "A" => true,
            "D" => false,
            _ => return None,
        };
        // An entry for inheritance alone says nothing of the log itself.
        let flags = pairs(flags)?;
        let reads = mask(rights)? & (READ | GENERIC_READ | GENERIC_ALL) != 0 && !flags.contains(&"IO");
        Some(Self { allows, reads, account: identifier(account)? })
    }
}

/// A text in words of two letters.
fn pairs(text: &str) -> Option<Vec<&str>> {
    let is_word = |word: &[u8]| word.len() == 2 && word.iter().all(u8::is_ascii_uppercase);
    text.as_bytes().chunks(2).map(|word| std::str::from_utf8(word).ok().filter(|_| is_word(word))).collect()
}

/// The rights of an entry: a number, or words of two letters.
fn mask(text: &str) -> Option<u32> {
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u32::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'));
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        // A leading zero makes a number octal.
        return text.parse().ok().filter(|_| !text.starts_with('0') || text == "0");
    }
    pairs(text)?.into_iter().try_fold(0, |mask, word| Some(mask | right(word)?))
}

fn right(word: &str) -> Option<u32> {
    Some(match word {
        "GA" => GENERIC_ALL,
        "GR" => GENERIC_READ,
        "GW" => 0x4000_0000,
        "GX" => 0x2000_0000,
        "RC" => 0x2_0000,
        "SD" => 0x1_0000,
        "WD" => 0x4_0000,
        "WO" => 0x8_0000,
        "CC" => 0x1,
        "DC" => 0x2,
        "LC" => 0x4,
        "SW" => 0x8,
        "RP" => 0x10,
        "WP" => 0x20,
        "DT" => 0x40,
        "LO" => 0x80,
        "CR" => 0x100,
        "FA" => 0x1f_01ff,
        "FR" => 0x12_0089,
        "FW" => 0x12_0116,
        "FX" => 0x12_00a0,
        "KA" => 0xf_003f,
        "KR" | "KX" => 0x2_0019,
        "KW" => 0x2_0006,
        _ => return None,
    })
}

/// The security identifier of an account; the two letters of one that has none of its own.
fn identifier(text: &str) -> Option<String> {
    if let Some((_, known)) = ALIASES.iter().find(|(alias, _)| *alias == text) {
        return Some((*known).to_owned());
    }
    let parts = text.strip_prefix("S-1-").map(|parts| parts.split('-').collect::<Vec<_>>());
    let is_number = |part: &&str| !part.is_empty() && part.len() <= 20 && part.chars().all(|c| c.is_ascii_digit());
    match parts {
        Some(parts) => parts.iter().all(is_number).then(|| text.to_owned()),
        None => (pairs(text)?.len() == 1).then(|| text.to_owned()),
    }
}

/// The words of two letters that stand for the same account on every host (MS-DTYP 2.5.1.1).
const ALIASES: [(&str, &str); 22] = [
    ("WD", EVERYONE),
    ("CO", "S-1-3-0"),
    ("NU", "S-1-5-2"),
    ("IU", "S-1-5-4"),
    ("SU", "S-1-5-6"),
    ("AN", "S-1-5-7"),
    ("AU", "S-1-5-11"),
    ("SY", "S-1-5-18"),
    ("LS", "S-1-5-19"),
    ("NS", "S-1-5-20"),
    ("WR", "S-1-5-33"),
    ("BA", "S-1-5-32-544"),
    ("BU", "S-1-5-32-545"),
    ("BG", "S-1-5-32-546"),
    ("AO", "S-1-5-32-548"),
    ("SO", "S-1-5-32-549"),
    ("PO", "S-1-5-32-550"),
    ("BO", "S-1-5-32-551"),
    ("NO", "S-1-5-32-556"),
    ("LU", "S-1-5-32-559"),
    ("ER", EVENT_LOG_READERS),
    ("HA", "S-1-5-32-578"),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SYSTEM: &str =
        "O:BAG:SYD:(A;;0xf0007;;;SY)(A;;0x7;;;BA)(D;;0x1;;;BG)(A;;0x2;;;S-1-5-33)(A;;0x1;;;S-1-5-32-573)";

    fn read(text: &str) -> Option<(Vec<String>, Vec<String>)> {
        AccessList::read(text).map(|list| (list.readers, list.refused))
    }

    #[track_caller]
    fn says(text: &str, readers: &[&str], refused: &[&str]) {
        let list = AccessList::read(text).unwrap();
        assert_eq!(
            (list.readers.as_slice(), list.refused.as_slice()),
            (&owned(readers)[..], &owned(refused)[..]),
            "{text}"
        );
    }

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_list_says_who_may_read_and_who_is_refused() {
        let readers = &["S-1-5-18", "S-1-5-32-544", "S-1-5-32-573"];
        says(SYSTEM, readers, &["S-1-5-32-546"]);
        // What is audited says nothing of rights.
        says(&format!("{SYSTEM}S:(AU;SAFA;0x1;;;WD)"), readers, &["S-1-5-32-546"]);
        says("D:PAI(A;;GA;;;SY)(A;;FRCC;;;DA)", &["S-1-5-18", "DA"], &[]);
        // The first entry of an account decides.
        says("D:(D;;0x1;;;AU)(A;;0x1;;;AU)", &[], &["S-1-5-11"]);
        says("D:(A;CIIO;0x1;;;BU)(A;;2;;;AU)", &[], &[]);
        says("D:NO_ACCESS_CONTROL", &["S-1-1-0"], &[]);
        says("D:", &[], &[]);
    }

    #[test]
    fn what_is_not_understood_in_full_is_not_understood() {
        for odd in [
            "",
            "O:BAG:SY",
            "D:(A;;0x1;;;SY",
            "D:A;;0x1;;;SY)",
            "D:(A;;0x1;;;SY))",
            "D:(XA;;0x1;;;SY;(@User.x == 1))",
            "D:(OA;;0x1;;;SY)",
            "D:(A;;0xg;;;SY)",
            "D:(A;;017;;;SY)",
            "D:(A;;ZZ;;;SY)",
            "D:(A;;0x1;;;S-1-5-x)",
            "D:(A;;0x1;;;anna)",
            "D:p(A;;0x1;;;SY)",
            "D:(A;;0x1;;;SY)x",
        ] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }

    #[test]
    fn event_log_readers_are_added_to_the_entries_and_only_to_what_a_shell_leaves_alone() {
        let audited = "D:(A;;0x1;;;SY)S:(AU;SAFA;0x1;;;WD)";
        let with = with_readers(audited).unwrap();
        assert_eq!(with, "D:(A;;0x1;;;SY)(A;;0x1;;;S-1-5-32-573)S:(AU;SAFA;0x1;;;WD)");
        assert_eq!(AccessList::read(&with).unwrap().readers, ["S-1-5-18", EVENT_LOG_READERS]);
        for odd in ["O:BA$(x)D:(A;;0x1;;;SY)", "O:BA\"D:(A;;0x1;;;SY)", "D:", "nonsense"] {
            assert_eq!(with_readers(odd), None, "{odd}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_texts_do_not_panic(text in ".{0,80}", pieces in proptest::collection::vec(
            prop::sample::select(vec!["O:", "D:", "S:", "(", ")", ";", "A", "D", "0x", "1", "SY", "S-1-5", "-", "é", "P", " "]), 0..40)) {
            let pieces = pieces.concat();
            for text in [text, pieces.clone(), format!("D:(A;;0x1;;;SY){pieces}")] {
                let _read = AccessList::read(&text);
                if let Some(more) = with_readers(&text) {
                    prop_assert!(AccessList::read(&more).is_some(), "{}", more);
                }
            }
        }

        #[test]
        fn whoever_has_the_right_to_read_is_named_once(entries in proptest::collection::vec((any::<bool>(), any::<u32>(), 0_u32..6), 0..12)) {
            let mut text = "D:".to_owned();
            let mut expected: std::collections::BTreeMap<String, bool> = std::collections::BTreeMap::new();
            for (allows, mask, account) in entries {
                let (kind, account) = (if allows { "A" } else { "D" }, format!("S-1-5-21-1-2-3-{account}"));
                text = format!("{text}({kind};;{mask:#x};;;{account})");
                if mask & 0x9000_0001 != 0 {
                    expected.entry(account).or_insert(allows);
                }
            }
            let (mut readers, mut refused) = read(&text).unwrap();
            readers.sort();
            refused.sort();
            let of = |allows| expected.iter().filter(|(_, is)| **is == allows).map(|(account, _)| account.clone()).collect::<Vec<_>>();
            prop_assert_eq!((readers, refused), (of(true), of(false)));
        }
    }
}
