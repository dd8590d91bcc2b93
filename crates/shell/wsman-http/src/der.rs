//! As much of DER (X.690) as a client must read of logins and certificates: one value after the other.

/// The first value of DER bytes: its tag, what is in it, and what comes after it.
pub(crate) fn first(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let (digits, rest) =
            rest.split_at_checked(usize::from(first & 0x7F)).filter(|(digits, _)| digits.len() <= 4)?;
        (digits.iter().fold(0, |length, digit| (length << 8) | usize::from(*digit)), rest)
    };
    let (inside, rest) = rest.split_at_checked(length)?;
    Some((*tag, inside, rest))
}

/// Whether the bytes are one value with this tag and nothing after it.
pub(crate) fn is_one(tag: u8, bytes: &[u8]) -> bool {
    first(bytes).is_some_and(|(found, _, rest)| found == tag && rest.is_empty())
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A value with a length of two octets.
    pub(crate) fn value(tag: u8, inside: &[u8]) -> Vec<u8> {
        let length = u16::try_from(inside.len()).unwrap().to_be_bytes();
        [&[tag, 0x82], length.as_slice(), inside].concat()
    }

    proptest! {
        #[test]
        fn what_is_written_as_der_reads_back(
            tag: u8,
            inside in prop::collection::vec(any::<u8>(), 0..600),
            after in prop::collection::vec(any::<u8>(), 0..9),
        ) {
            let bytes = [value(tag, &inside), after.clone()].concat();
            prop_assert_eq!(first(&bytes), Some((tag, inside.as_slice(), after.as_slice())));
        }
    }
}
