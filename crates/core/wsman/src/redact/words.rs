//! Words and texts: which stay, and what stands in for the others.

use super::form::{self, Form};
use super::pieces::{Piece, pieces};
use super::stand_in::StandIns;
use super::vocabulary::Vocabulary;

/// Maximum length of a text that is taken apart, unless it is harmless. A longer one is a certificate or the like, and gets one
/// stand-in.
const TEXT_MAX: usize = 512;
/// So many numbers without a word beside them may be parts of an address.
const NUMBERS_MAX: usize = 3;

/// The words that may stay, and the stand-ins of the others.
#[derive(Clone, Debug)]
pub(super) struct Words {
    vocabulary: Vocabulary,
    stand_ins: StandIns,
}

impl Words {
    pub(super) fn new(vocabulary: Vocabulary) -> Self {
        Self { vocabulary, stand_ins: StandIns::default() }
    }

    /// Whether a word may stay anyway.
    pub(super) fn may_stay(&self, word: &str) -> bool {
        self.vocabulary.has_name(word)
    }

    /// A name that a schema gives.
    pub(super) fn name(&mut self, name: &str) -> String {
        if self.vocabulary.has_name(name) { name.to_owned() } else { self.stand_ins.of_name(name) }
    }

    /// The text of what has this name.
    pub(super) fn text(&mut self, name: Option<&str>, text: &str) -> String {
        let is_private = name.is_some_and(|name| self.vocabulary.is_private(name));
        if text.trim().is_empty() || (!is_private && form::is_time(text.trim())) {
            return text.to_owned();
        }
        let parts = pieces(text);
        if !is_private && self.is_harmless(&parts) {
            return parts.iter().map(|piece| self.formed(*piece)).collect();
        }
        if text.len() > TEXT_MAX {
            return self.stand_ins.of_name(text);
        }
        if let Some((scheme, authority, path)) = url(text) {
            let (authority, path) = (self.authority(authority), self.path(path));
            return format!("{scheme}://{authority}{path}");
        }
        parts.iter().map(|piece| self.replaced(*piece)).collect()
    }

    /// Whether every piece of a text may stay, or has a form with a stand-in of the same form.
    fn is_harmless(&self, parts: &[Piece<'_>]) -> bool {
        let mut numbers = 0;
        let mut words = 0;
        for piece in parts {
            match piece {
                Piece::Between(text) if !text.is_ascii() => return false,
                Piece::Between(_) | Piece::Address(_) => {}
                Piece::Dotted(text) => words += usize::from(!form::is_address(text)),
                Piece::Word(word) => match form::of(word) {
                    Some(Form::Number) => numbers += 1,
                    Some(_) => words += 1,
                    None if self.vocabulary.has_name(word) => words += 1,
                    None => return false,
                },
            }
        }
        words > 0 || numbers <= NUMBERS_MAX
    }

    /// A piece of a harmless text.
    fn formed(&mut self, piece: Piece<'_>) -> String {
        match piece {
            Piece::Address(text) => self.stand_ins.of_address(text),
            Piece::Dotted(text) if form::is_address(text) => self.stand_ins.of_address(text),
            Piece::Between(text) | Piece::Dotted(text) => text.to_owned(),
            Piece::Word(word) => match form::of(word) {
                Some(Form::Number | Form::Code | Form::Update | Form::KnownSid | Form::KnownGuid) | None => {
                    word.to_owned()
                }
                Some(form @ (Form::Guid | Form::Sid | Form::Digits | Form::LongNumber)) => {
                    self.stand_ins.of(form, word)
                }
            },
        }
    }

    /// A piece of a text that is not harmless: nothing of it stays but what is between words.
    fn replaced(&mut self, piece: Piece<'_>) -> String {
        match piece {
            Piece::Between(text) => text.chars().map(|c| if c.is_ascii() { c } else { ' ' }).collect(),
            Piece::Address(text) => self.stand_ins.of_address(text),
            Piece::Dotted(text) if form::is_address(text) => self.stand_ins.of_address(text),
            Piece::Dotted(text) => self.stand_ins.of_name(text),
            Piece::Word(word) => match form::of(word) {
                Some(Form::KnownSid | Form::KnownGuid) => word.to_owned(),
                Some(form @ (Form::Guid | Form::Sid | Form::Digits)) => self.stand_ins.of(form, word),
                Some(Form::Number | Form::LongNumber | Form::Code | Form::Update) | None => {
                    self.stand_ins.of_name(word)
                }
            },
        }
    }

    /// The host of a URL, whose port may stay.
    fn authority(&mut self, authority: &str) -> String {
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if port.len() <= 5 && port.chars().all(|c| c.is_ascii_digit()) => (host, Some(port)),
            Some(_) | None => (authority, None),
        };
        let host: String = pieces(host).iter().map(|piece| self.replaced(*piece)).collect();
        port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
    }

    fn path(&mut self, path: &str) -> String {
        let parts = pieces(path);
        let stays = self.is_harmless(&parts);
        parts.iter().map(|piece| if stays { self.formed(*piece) } else { self.replaced(*piece) }).collect()
    }
}

/// A URL's scheme, authority and path.
fn url(text: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    if !["http", "https"].contains(&scheme) || rest.contains(char::is_whitespace) {
        return None;
    }
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    Some((scheme, authority, path))
}
