//! Records that were passed on, so that none is passed on twice after a subscription was lost.

use std::collections::{BTreeSet, VecDeque};

use super::Record;

/// So many records are remembered. A batch has at most a few hundred.
const REMEMBERED_MAX: usize = 10_000;

/// Records that were passed on: their log, number and time. A log that was cleared counts from 1 again, so that the number
/// alone says too little.
#[derive(Debug, Default)]
pub struct KnownRecords {
    order: VecDeque<(String, u64, i64)>,
    all: BTreeSet<(String, u64, i64)>,
}

impl KnownRecords {
    /// Returns whether a record is new; it is known from now on. What cannot be read is new: its reader will say so.
    pub fn is_new(&mut self, xml: &str) -> bool {
        let Ok(record) = Record::parse(xml) else { return true };
        let key = (record.channel.to_lowercase(), record.number, record.time.unix_us());
        if !self.all.insert(key.clone()) {
            return false;
        }
        self.order.push_back(key);
        if self.order.len() > REMEMBERED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.all.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::KnownRecords;

    fn record(channel: &str, number: u64, second: u64) -> String {
        format!(
            "<Event><System><Provider Name='P'/><EventID>1</EventID><TimeCreated SystemTime='2026-03-01T00:00:{second:02}Z'/>\
             <EventRecordID>{number}</EventRecordID><Channel>{channel}</Channel></System></Event>"
        )
    }

    #[test]
    fn a_record_is_new_once_and_what_cannot_be_read_always() {
        let mut known = KnownRecords::default();
        for (xml, is_new) in [
            (record("System", 1, 1), true),
            (record("system", 1, 1), false),
            (record("Admin", 1, 1), true),
            (record("System", 2, 1), true),
            // The log was cleared.
            (record("System", 1, 2), true),
            ("<Event/>".to_owned(), true),
            ("<Event/>".to_owned(), true),
        ] {
            assert_eq!(known.is_new(&xml), is_new, "{xml}");
        }
        for number in 100..11_000 {
            assert!(known.is_new(&record("System", number, 3)));
        }
        assert!(known.is_new(&record("Admin", 1, 1)), "the oldest are forgotten");
        assert!(!known.is_new(&record("System", 10_999, 3)));
    }
}
