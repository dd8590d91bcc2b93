//! Hosts that attack their clients: what they send in place of an answer.

/// What a host that attacks sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attack {
    /// An element with hundreds of thousands of attributes.
    Attributes,
    /// Thousands of elements within each other, each with a namespace.
    Nested,
    /// Hundreds of thousands of elements beside each other, each with a namespace, within many namespaces.
    Siblings,
    /// Rows of 4 KB without an end, a few at a time. Where no rows were asked for, as [`Attack::Attributes`].
    Rows,
    /// An answer without an end, in pieces of one byte.
    Pieces,
    /// The announcement that an answer will come (`100 Continue`), without an end.
    Announcements,
    /// An answer without an end, a byte a second.
    Drip,
}

impl Attack {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Attributes, Self::Nested, Self::Siblings, Self::Rows, Self::Pieces, Self::Announcements, Self::Drip];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Attributes => "attributes",
            Self::Nested => "nested",
            Self::Siblings => "siblings",
            Self::Rows => "rows",
            Self::Pieces => "pieces",
            Self::Announcements => "announcements",
            Self::Drip => "drip",
        }
    }

    /// The one of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|attack| attack.name() == name)
    }
}
