//! One value of a row, and the sum that shows whether a row is as it was written.

use reprise_model::Timestamp;

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// No value.
    Null,
    /// A number.
    Number(i64),
    /// A time. Stored as a number.
    Time(Timestamp),
    /// A text.
    Text(String),
    /// A text that is JSON if it was written as such. Stored as it is.
    Json(String),
}

impl Cell {
    pub(crate) fn text(text: &(impl ToString + ?Sized)) -> Self {
        Self::Text(text.to_string())
    }

    pub(crate) fn maybe_text(text: Option<impl ToString>) -> Self {
        text.map_or(Self::Null, |text| Self::text(&text))
    }

    pub(crate) fn maybe_time(at: Option<Timestamp>) -> Self {
        at.map_or(Self::Null, Self::Time)
    }

    /// A count. SQLite has signed numbers alone; those above `i64::MAX` become negative ones and back, without loss.
    pub(crate) fn count(count: u64) -> Self {
        Self::Number(count.cast_signed())
    }

    /// How many bytes its text has.
    pub(crate) fn text_len(&self) -> usize {
        match self {
            Self::Null | Self::Number(_) | Self::Time(_) => 0,
            Self::Text(text) | Self::Json(text) => text.len(),
        }
    }
}

/// A sum over the values of a row (FNV-1a, 64 bits). It is stored: it must never change.
pub(crate) fn sum(cells: &[Cell]) -> i64 {
    let mut sum = Sum::default();
    for cell in cells {
        match cell {
            Cell::Null => sum.add(&[0]),
            Cell::Number(number) | Cell::Time(Timestamp(number)) => {
                sum.add(&[1]);
                sum.add(&number.to_le_bytes());
            }
            Cell::Text(text) | Cell::Json(text) => sum.add_text(text.as_bytes()),
        }
    }
    sum.end()
}

/// A sum under way.
#[derive(Debug)]
pub(crate) struct Sum(u64);

impl Default for Sum {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// Adds a text and its length, so that two texts are not the same as one.
    pub(crate) fn add_text(&mut self, text: &[u8]) {
        self.add(&[2]);
        self.add(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
        self.add(text);
    }

    pub(crate) fn end(&self) -> i64 {
        self.0.cast_signed()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_sum_of_a_row_is_the_same_in_every_version() {
        let row = [Cell::text("vm-001"), Cell::Null, Cell::Number(-7), Cell::Time(Timestamp(1_780_000_000_000))];
        assert_eq!(sum(&row), -51_068_554_599_571_559);
    }

    #[test]
    fn where_one_text_ends_and_the_next_begins_is_part_of_the_sum() {
        assert_ne!(sum(&[Cell::text("ab"), Cell::text("c")]), sum(&[Cell::text("a"), Cell::text("bc")]));
        assert_ne!(sum(&[Cell::text(""), Cell::Null]), sum(&[Cell::Null, Cell::text("")]));
    }

    proptest! {
        #[test]
        fn a_changed_byte_changes_the_sum(text in "[a-z]{1,40}", at in 0_usize..40, flip in 1_u8..32) {
            let mut bytes = text.clone().into_bytes();
            let at = at % bytes.len();
            bytes[at] ^= flip;
            prop_assert_ne!(sum(&[Cell::Text(text)]), sum(&[Cell::Text(String::from_utf8(bytes).unwrap())]));
        }
    }
}
