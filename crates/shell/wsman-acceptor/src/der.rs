//! As much of DER as logins and certificates need: elements with one tag octet and a definite, shortest length.

/// A tag: the class and the number in one octet.
pub(super) type Tag = u8;

pub(super) const OCTET_STRING: Tag = 0x04;
pub(super) const OBJECT_IDENTIFIER: Tag = 0x06;
pub(super) const ENUMERATED: Tag = 0x0a;
pub(super) const SEQUENCE: Tag = 0x30;

/// The constructed tag of context class with this number.
pub(super) const fn context(number: u8) -> Tag {
    0xa0 | (number & 0x1f)
}

/// One element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'d> {
    pub(super) tag: Tag,
    pub(super) content: &'d [u8],
}

/// Reads elements one after the other.
pub(super) struct Reader<'d>(&'d [u8]);

impl<'d> Reader<'d> {
    pub(super) fn new(octets: &'d [u8]) -> Self {
        Self(octets)
    }

    /// The next element; `None` if there is none that is well formed.
    pub(super) fn next(&mut self) -> Option<Element<'d>> {
        let (&tag, rest) = self.0.split_first()?;
        // Number 31 announces more tag octets; nothing here has such a tag.
        (tag & 0x1f != 0x1f).then_some(())?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = if first < 0x80 {
            (usize::from(first), rest)
        } else {
            let count = usize::from(first & 0x7f);
            // No element here needs more than three octets of length; none is the indefinite form.
            let (octets, rest) = rest.split_at_checked(count).filter(|_| (1..=3).contains(&count))?;
            let length = octets.iter().fold(0_usize, |length, octet| length << 8 | usize::from(*octet));
            let is_shortest = length >= 0x80 && octets.first() != Some(&0);
            is_shortest.then_some((length, rest))?
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(Element { tag, content })
    }

    /// The next element's content, if it has this tag.
    pub(super) fn expect(&mut self, tag: Tag) -> Option<&'d [u8]> {
        self.next().filter(|element| element.tag == tag).map(|element| element.content)
    }

    /// The next element's content if it has this tag; otherwise nothing is taken.
    pub(super) fn optional(&mut self, tag: Tag) -> Option<&'d [u8]> {
        if self.0.first() == Some(&tag) { self.expect(tag) } else { None }
    }

    /// Whether everything was read.
    pub(super) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }
}

/// The content of the one element that `octets` are, if it has this tag.
pub(super) fn only(octets: &[u8], tag: Tag) -> Option<&[u8]> {
    let mut reader = Reader::new(octets);
    reader.expect(tag).filter(|_| reader.is_at_end())
}

/// Writes one element.
pub(super) fn write(tag: Tag, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length = length.get(length.iter().take_while(|octet| **octet == 0).count()..).unwrap_or_default();
    let mut element = vec![tag];
    match length {
        [] => element.push(0),
        [short] if *short < 0x80 => element.push(*short),
        long => {
            // At most the eight octets of a `usize`.
            element.push(0x80 | u8::try_from(long.len()).unwrap_or(8));
            element.extend_from_slice(long);
        }
    }
    element.extend_from_slice(content);
    element
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_shortest_definite_form_is_read() {
        for octets in [
            &[][..],
            &[0x30],
            &[0x30, 1],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x81, 1, 0],
            &[0x30, 0x82, 0, 0x80],
            &[0x30, 0x84, 0, 0, 0, 0],
            &[0x1f, 1, 0],
        ] {
            assert!(Reader::new(octets).next().is_none(), "{octets:02x?}");
        }
        assert_eq!(only(&[0x30, 1, 7], SEQUENCE), Some(&[7][..]));
        assert_eq!(only(&[0x30, 1, 7, 0], SEQUENCE), None);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(tag in 0_u8..0x1f, length in 0_usize..70_000) {
            let content = vec![7; length];
            let octets = write(tag, &content);
            prop_assert_eq!(only(&octets, tag), Some(&content[..]));
        }

        #[test]
        fn arbitrary_octets_do_not_panic(octets in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut reader = Reader::new(&octets);
            let mut seen = 0;
            while let Some(element) = reader.next() {
                seen += element.content.len() + 2;
            }
            prop_assert!(seen <= octets.len());
        }
    }
}
