//! A text in pieces: words, addresses, numbers with dots, and what is between them.

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Letters, digits and marks that belong together.
    Word(&'t str),
    /// What has the form of an IPv6 or hardware address.
    Address(&'t str),
    /// Numbers with dots between them: a version or an IPv4 address.
    Dotted(&'t str),
    /// Blanks and punctuation.
    Between(&'t str),
}

/// Maximum length of an address in characters; an IPv6 address has 45 at most. What is longer is words, so that a text is walked
/// through once and not from each of its pieces.
const LENGTH_MAX: usize = 64;
/// So many colons make an address, even if none follows another: a hardware address has five, a full IPv6 address seven.
const COLONS_LEAST: usize = 5;

/// Takes a text apart. The pieces together are the text.
pub(super) fn pieces<'t>(text: &'t str) -> Vec<Piece<'t>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (length, piece): (usize, fn(&'t str) -> Piece<'t>) = if let Some(length) = address(rest) {
            (length, Piece::Address)
        } else if let Some(length) = dotted(rest) {
            (length, Piece::Dotted)
        } else if is_of_word(first) {
            (word(rest), Piece::Word)
        } else {
            (between(rest), Piece::Between)
        };
        // Every piece has at least its first character.
        let Some((own, after)) = rest.split_at_checked(length.max(first.len_utf8())) else { break };
        pieces.push(piece(own));
        rest = after;
    }
    pieces
}

/// Whether a character is part of a word. Any that is not ASCII may be.
fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || (!c.is_ascii() && !c.is_whitespace())
}

/// The length of the word at the beginning. A hyphen belongs to it between two of its characters.
fn word(text: &str) -> usize {
    let mut end = 0;
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let joins = c == '-' && at > 0 && characters.peek().is_some_and(|(_, next)| is_of_word(*next));
        if !is_of_word(c) && !joins {
            break;
        }
        end = at + c.len_utf8();
    }
    end
}

/// The length of what lies between words at the beginning. An address may begin within it.
fn between(text: &str) -> usize {
    let starts = |at: usize| text.get(at..).is_some_and(|rest| address(rest).is_some());
    let end = text.char_indices().skip(1).find(|(at, c)| is_of_word(*c) || (*c == ':' && starts(*at)));
    end.map_or(text.len(), |(at, _)| at)
}

/// What the text begins with, as far as its characters are `of` this kind; `None` if it is longer than any address.
fn run(text: &str, of: impl Fn(char) -> bool) -> Option<&str> {
    let end = text.char_indices().take(LENGTH_MAX + 1).find(|(_, c)| !of(*c)).map(|(at, _)| at);
    let end = end.or_else(|| (text.len() <= LENGTH_MAX).then_some(text.len()))?;
    text.get(..end)
}

/// The length of an address with colons at the beginning.
fn address(text: &str) -> Option<usize> {
    let run = run(text, |c| c.is_ascii_hexdigit() || c == ':' || c == '.')?.trim_end_matches('.');
    let colons = run.chars().filter(|c| *c == ':').count();
    let has_digit = run.chars().any(|c| c.is_ascii_hexdigit());
    ((run.contains("::") || colons >= COLONS_LEAST) && has_digit).then_some(run.len())
}

/// The length of numbers with dots between them at the beginning.
fn dotted(text: &str) -> Option<usize> {
    let run = run(text, |c| c.is_ascii_digit() || c == '.')?.trim_end_matches('.');
    let goes_on = text.get(run.len()..).and_then(|rest| rest.chars().next()).is_some_and(|c| is_of_word(c) || c == '-');
    let well = run.split('.').count() > 1 && run.split('.').all(|part| !part.is_empty());
    (well && !goes_on).then_some(run.len())
}
