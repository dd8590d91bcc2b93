//! Seals the messages of a connection that is logged in.

use crate::{kerberos, ntlm};

/// The keys and counts of a connection.
pub(super) enum Sealer {
    Ntlm(Box<ntlm::Session>),
    Kerberos(Box<kerberos::Session>),
}

impl Sealer {
    /// Seals content in its place; gives its signature, which goes before it.
    pub(super) fn seal(&mut self, content: &mut Vec<u8>) -> Vec<u8> {
        match self {
            Self::Ntlm(session) => session.outgoing.seal(content).to_vec(),
            Self::Kerberos(session) => session.seal(content),
        }
    }

    /// Opens content in its place. False if it is not what the other side sealed next; then nothing more can be opened.
    #[must_use]
    pub(super) fn open(&mut self, signature: &[u8], content: &mut Vec<u8>) -> bool {
        match self {
            Self::Ntlm(session) => session.incoming.open(signature, content),
            Self::Kerberos(session) => session.open(signature, content),
        }
    }
}
