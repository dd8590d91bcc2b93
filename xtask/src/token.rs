//! Rust source as words and signs, each with its line; comments, literals and lifetimes are left out.

/// One word or sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// A keyword or a name. A raw one (`r#type`) is the word itself.
    Word(String),
    /// `::`.
    PathSeparator,
    /// A literal of any kind, whose content does not matter.
    Literal,
    /// Any other character.
    Sign(char),
}

/// A token and the line on which it begins, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) token: Token,
    pub(crate) line: usize,
}

impl Placed {
    pub(crate) fn is_sign(&self, sign: char) -> bool {
        self.token == Token::Sign(sign)
    }

    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.word() == Some(word)
    }

    pub(crate) fn word(&self) -> Option<&str> {
        match &self.token {
            Token::Word(word) => Some(word),
            Token::PathSeparator | Token::Literal | Token::Sign(_) => None,
        }
    }
}

/// Reads a source file that the compiler accepts. Text that is not Rust gives some tokens, and no error.
pub(crate) fn tokens(text: &str) -> Vec<Placed> {
    let mut reader = Reader { rest: text, line: 1 };
    let mut tokens = Vec::new();
    while let Some(first) = reader.rest.chars().next() {
        let line = reader.line;
        if let Some(token) = reader.next(first) {
            tokens.push(Placed { token, line });
        }
    }
    tokens
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Reader<'a> {
    /// Consumes at least the character `first`, with which the rest begins.
    fn next(&mut self, first: char) -> Option<Token> {
        if self.rest.starts_with("//") {
            self.skip(self.rest.find('\n').unwrap_or(self.rest.len()));
            return None;
        }
        if self.rest.starts_with("/*") {
            self.block_comment();
            return None;
        }
        if let Some(opening) = opening(self.rest) {
            self.skip(opening.length);
            self.string(opening.raw_hashes);
            return Some(Token::Literal);
        }
        if first == '\'' {
            return self.character_or_lifetime();
        }
        if let Some(raw) = self.rest.strip_prefix("r#").filter(|raw| raw.starts_with(is_word_part)) {
            self.rest = raw;
            return Some(Token::Word(self.word().to_owned()));
        }
        if first.is_ascii_digit() {
            self.word();
            return Some(Token::Literal);
        }
        if is_word_part(first) {
            return Some(Token::Word(self.word().to_owned()));
        }
        if self.rest.starts_with("::") {
            self.skip(2);
            return Some(Token::PathSeparator);
        }
        self.skip(first.len_utf8());
        (!first.is_whitespace()).then_some(Token::Sign(first))
    }

    fn skip(&mut self, bytes: usize) {
        let (skipped, rest) = self.rest.split_at(bytes);
        self.line += skipped.matches('\n').count();
        self.rest = rest;
    }

    fn word(&mut self) -> &'a str {
        let end = self.rest.find(|c| !is_word_part(c)).unwrap_or(self.rest.len());
        let word = self.rest.get(..end).unwrap_or_default();
        self.skip(end);
        word
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        loop {
            if self.rest.starts_with("/*") {
                depth += 1;
                self.skip(2);
            } else if self.rest.starts_with("*/") {
                depth = depth.saturating_sub(1);
                self.skip(2);
            } else if let Some(c) = self.rest.chars().next() {
                self.skip(c.len_utf8());
            }
            if depth == 0 || self.rest.is_empty() {
                return;
            }
        }
    }

    /// Skips to the end of a string; the rest begins behind its opening quote.
    fn string(&mut self, raw_hashes: Option<usize>) {
        if let Some(hashes) = raw_hashes {
            let closing = format!("\"{}", "#".repeat(hashes));
            self.skip(self.rest.find(&closing).map_or(self.rest.len(), |at| at + closing.len()));
            return;
        }
        let mut escaped = false;
        let end = self.rest.find(|c| {
            let closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        });
        self.skip(end.map_or(self.rest.len(), |at| at + 1));
    }

    /// The rest begins with `'`.
    fn character_or_lifetime(&mut self) -> Option<Token> {
        let mut after = self.rest.chars().skip(1);
        let (second, third) = (after.next(), after.next());
        if second != Some('\\') && third != Some('\'') {
            self.skip(1);
            self.word();
            return None;
        }
        // The quote, the escaping backslash and what it escapes, or the one character; then up to the closing quote.
        let content = if second == Some('\\') { 2 } else { 1 };
        let content: usize = self.rest.chars().take(1 + content).map(char::len_utf8).sum();
        self.skip(content);
        self.skip(self.rest.find('\'').map_or(self.rest.len(), |at| at + 1));
        Some(Token::Literal)
    }
}

/// How a string begins.
struct Opening {
    /// Bytes up to and with the quote.
    length: usize,
    /// The number of `#`s of a raw string.
    raw_hashes: Option<usize>,
}

/// The opening of the string with which `text` begins, if it begins with one.
fn opening(text: &str) -> Option<Opening> {
    let prefix = text.find(|c| !matches!(c, 'b' | 'c' | 'r')).filter(|length| *length <= 2)?;
    let (letters, rest) = text.split_at(prefix);
    if !matches!(letters, "" | "b" | "c" | "r" | "br" | "cr") {
        return None;
    }
    let hashes = rest.find(|c| c != '#')?;
    let raw = letters.ends_with('r');
    if (hashes > 0 && !raw) || !rest.get(hashes..)?.starts_with('"') {
        return None;
    }
    Some(Opening { length: prefix + hashes + 1, raw_hashes: raw.then_some(hashes) })
}

fn is_word_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
