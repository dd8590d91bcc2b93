//! Short ids that people can type, such as `h-7`.

use std::fmt;
use std::str::FromStr;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "-{}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = std::num::ParseIntError;
            /// Reads the id, with or without its prefix.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.strip_prefix(concat!($prefix, "-")).unwrap_or(text).parse().map(Self)
            }
        }
    };
}

number! {
    /// Identifies a hold: `h-7`. Numbers are not used again.
    HoldId, "h"
}
number! {
    /// Identifies an incident: `i-7`. Numbers are not used again.
    IncidentId, "i"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_from_what_it_is_written_as() {
        assert_eq!(HoldId(7).to_string(), "h-7");
        assert_eq!(IncidentId(12).to_string(), "i-12");
        for text in ["h-7", "7"] {
            assert_eq!(text.parse(), Ok(HoldId(7)));
        }
        for text in ["i-7", "h-", "h--7", "h-4294967296", ""] {
            assert!(text.parse::<HoldId>().is_err(), "{text:?}");
        }
    }
}
