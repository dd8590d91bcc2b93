//! The message table from which Windows reads the texts of events: made from the list of events, for the program's resources.
//!
//! The first string of every record is the whole message, as the support article's script writes it. So a message table in which
//! every text is `%1`, such as the one that the script registers, shows the same texts. The strings after it are the values that
//! the text takes.
//!
//! Sources: Windows debug help and resource references, `MESSAGE_RESOURCE_DATA` and `MESSAGE_RESOURCE_ENTRY`; message text
//! files ("Severity" and "Facility" are parts of the id: both are 0 here, so that Event Viewer shows the id as it is).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::codes::CODES;

/// Marks a text in UTF-16.
const UTF_16: u16 = 1;
/// The size of a block's description, and of the number before them.
const BLOCK_BYTES: usize = 12;
const COUNT_BYTES: usize = 4;

/// The names of a text's placeholders, in order.
pub fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name)
}

/// The text of each id as `FormatMessage` takes it. An id with two texts has the whole message alone.
pub fn texts() -> BTreeMap<u32, String> {
    let mut texts = BTreeMap::new();
    for code in CODES {
        let alone = CODES.iter().filter(|other| other.id == code.id).count() == 1;
        texts.insert(u32::from(code.id), if alone { with_inserts(code.text) } else { "%1".to_owned() });
    }
    texts
}

/// A text whose placeholders are numbers. `%` has a meaning of its own.
fn with_inserts(text: &str) -> String {
    let mut made = String::new();
    // The first string is the whole message.
    let mut next = 2;
    for (number, part) in text.split('{').enumerate() {
        let literal = match part.split_once('}') {
            Some((_, after)) if number > 0 => {
                write!(made, "%{next}").expect("writing to a text cannot fail");
                next += 1;
                after
            }
            _ => part,
        };
        made.push_str(&literal.replace('%', "%%"));
    }
    made
}

/// The table, as a resource of type 11 holds it.
pub fn bytes() -> Vec<u8> {
    let texts = texts();
    let blocks = blocks(&texts.keys().copied().collect::<Vec<_>>());
    let mut entries = Vec::new();
    let mut table = long(blocks.len()).to_vec();
    let start = COUNT_BYTES + blocks.len() * BLOCK_BYTES;
    for (first, last) in &blocks {
        table.extend(first.to_le_bytes());
        table.extend(last.to_le_bytes());
        table.extend(long(start + entries.len()));
        for (_, text) in texts.range(first..=last) {
            entries.extend(entry(text));
        }
    }
    table.extend(entries);
    table
}

/// Ids that follow one another: the first and the last of each block.
fn blocks(ids: &[u32]) -> Vec<(u32, u32)> {
    let mut blocks: Vec<(u32, u32)> = Vec::new();
    for id in ids {
        match blocks.last_mut() {
            Some((_, last)) if *last + 1 == *id => *last = *id,
            _ => blocks.push((*id, *id)),
        }
    }
    blocks
}

/// Length, form and text, which ends with a line end and a zero; padded to a multiple of four bytes.
fn entry(text: &str) -> Vec<u8> {
    let mut units: Vec<u16> = text.encode_utf16().chain([13, 10, 0]).collect();
    if units.len() % 2 == 1 {
        units.push(0);
    }
    let length = u16::try_from(COUNT_BYTES + units.len() * 2).expect("a text of the list is short");
    [length, UTF_16].into_iter().chain(units).flat_map(u16::to_le_bytes).collect()
}

fn long(number: usize) -> [u8; 4] {
    u32::try_from(number).expect("the table is small").to_le_bytes()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{CODES, bytes, placeholders, texts, with_inserts};

    fn number(table: &[u8], at: usize) -> usize {
        usize::try_from(u32::from_le_bytes(table[at..at + 4].try_into().unwrap())).unwrap()
    }

    /// Reads a table as `FormatMessage` does: the block that has the id, then from entry to entry.
    fn read(table: &[u8]) -> BTreeMap<u32, String> {
        let mut found = BTreeMap::new();
        for block in 0..number(table, 0) {
            let (first, last) = (number(table, 4 + block * 12), number(table, 8 + block * 12));
            let mut at = number(table, 12 + block * 12);
            for id in first..=last {
                assert_eq!(at % 4, 0, "an entry begins at a multiple of four");
                let length = usize::from(u16::from_le_bytes([table[at], table[at + 1]]));
                assert_eq!(table[at + 2..at + 4], [1, 0], "UTF-16");
                let units: Vec<u16> =
                    table[at + 4..at + length].chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
                let text = String::from_utf16(&units).unwrap();
                // One zero ends it, another may pad it.
                let ended = text.strip_suffix("\r\n\0").or_else(|| text.strip_suffix("\r\n\0\0"));
                let text = ended.expect("a line end and a zero").to_owned();
                found.insert(u32::try_from(id).unwrap(), text);
                at += length;
            }
        }
        found
    }

    #[test]
    fn every_event_of_the_list_is_in_the_table_and_reads_as_it_was_written() {
        let found = read(&bytes());
        assert_eq!(found, texts());
        let ids: Vec<u32> = found.keys().copied().collect();
        let mut listed: Vec<u32> = CODES.iter().map(|code| u32::from(code.id)).collect();
        listed.dedup();
        assert_eq!(ids, listed);
        assert_eq!(found[&0], "Starting script to restart replication.");
        assert_eq!(found[&4], "Replication for %2 on %3 was in suspended and resumed successfully.");
        assert_eq!(found[&3], "%1", "it has two texts");
    }

    #[test]
    fn nothing_in_a_text_is_taken_for_an_insert_that_is_none() {
        assert_eq!(with_inserts("50% of {a} and {b}, 100%"), "50%% of %2 and %3, 100%%");
        for code in CODES {
            // `%2!d!` is a number in a format, and `%21` the twenty-first string.
            for part in code.text.split('}').skip(1) {
                assert!(!part.starts_with(|c: char| c == '!' || c.is_ascii_digit()), "{}", code.text);
            }
            assert_eq!(placeholders(code.text).count(), code.text.matches('{').count(), "{}", code.text);
        }
    }
}
