//! Takes out of messages what identifies an installation, so that they can be given to others: names, users, addresses, security
//! identifiers, GUIDs, certificates, and every word that is not known to be harmless. What is taken out gets a stand-in, the same
//! one wherever it occurs, so that a message can still be read and related to others.
//!
//! It works by what may stay, never by what must go: a word stays if it is of the protocol, in the caller's [`Vocabulary`], or of
//! a form that says nothing (a small number, a time, a version). A word with any other beside it does not stay either.

mod form;
mod markup;
mod pieces;
mod stand_in;
#[cfg(test)]
mod tests;
mod vocabulary;
mod words;

use std::collections::BTreeSet;

use pieces::{Piece, pieces};
pub use vocabulary::Vocabulary;
use words::Words;

/// Minimum length of a word that is looked for in what is left. A shorter number is everywhere.
const SECRET_LEAST: usize = 3;

/// Takes out what identifies an installation. One value belongs to one recording: its stand-ins are the same throughout.
#[derive(Clone, Debug)]
pub struct Redactor {
    words: Words,
    /// Words that are known beforehand to be secret, in lower case: nothing is given out that has one.
    secrets: BTreeSet<String>,
}

impl Redactor {
    /// Creates one that lets the vocabulary's words stay, and those of the protocol.
    pub fn new(vocabulary: Vocabulary) -> Self {
        Self { words: Words::new(vocabulary), secrets: BTreeSet::new() }
    }

    /// Names a secret, of one or more words: what has one of these words, in whatever case, is left out as a whole. A second line
    /// of defence, for names of hosts and users that are known beforehand. A word that may stay anyway says nothing.
    pub fn beware(&mut self, secret: &str) {
        for piece in pieces(secret) {
            if let Piece::Word(word) | Piece::Dotted(word) = piece
                && word.chars().count() >= SECRET_LEAST
                && !self.words.may_stay(word)
            {
                self.secrets.insert(word.to_lowercase());
            }
        }
    }

    /// Redacts a message; `None` if it is not XML that can be read, or contains a secret even so.
    pub fn message(&mut self, xml: &str) -> Option<String> {
        let readable = cim::reference::readable(xml);
        crate::xml::parse(&readable).ok()?;
        let redacted = markup::rewrite(&readable, &mut self.words);
        Some(redacted).filter(|text| self.is_clean(text) && crate::xml::parse(text).is_ok())
    }

    /// Redacts the value of a property or an attribute; `None` if it contains a secret even so.
    pub fn value(&mut self, name: &str, text: &str) -> Option<String> {
        let redacted = self.words.text(Some(name), text);
        Some(redacted).filter(|text| self.is_clean(text))
    }

    /// Redacts a name that a schema gives, of a class or a property.
    pub fn name(&mut self, name: &str) -> String {
        self.words.name(name)
    }

    fn is_clean(&self, text: &str) -> bool {
        self.secrets.is_empty()
            || !pieces(text).iter().any(|piece| match piece {
                Piece::Word(word) | Piece::Dotted(word) => self.secrets.contains(&word.to_lowercase()),
                Piece::Address(_) | Piece::Between(_) => false,
            })
    }
}
