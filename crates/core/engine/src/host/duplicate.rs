//! What a host is that says the name of another one.

use reprise_model::HostId;

/// An asked host that bears the same name as another one: it is asked, and nothing is done there.
#[derive(Clone, Debug)]
pub(crate) struct Duplicate {
    /// The other one.
    pub(crate) host: HostId,
    /// The other one, as it was asked.
    pub(crate) of: String,
    pub(crate) kind: Kind,
}

/// What a host is that says the name of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A second address of the same machine.
    SecondAddress,
    /// Another machine, or perhaps one: nothing shows it to be a second address of the same.
    Another,
    /// Nobody knows: a person has given that name to the other one, which does not say it.
    NotTrusted,
}
