//! What one source file says of modules: which it declares, what it imports and defines, and which paths it names.

use std::collections::{BTreeMap, BTreeSet};

use super::condition;
use crate::token::{Placed, Token, tokens};

/// Keywords after which the name of a new item stands.
const ITEM_KEYWORDS: &[&str] = &["struct", "enum", "union", "trait", "type", "const", "static", "fn"];

/// One name that a `use` brings in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Import {
    /// The name here; `None` for a glob, which brings all of them.
    pub(super) name: Option<String>,
    pub(super) path: Vec<String>,
    pub(super) line: usize,
    /// `pub use` and `pub(…) use`.
    pub(super) is_public: bool,
}

/// A path, or a single name, and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mention {
    pub(super) path: Vec<String>,
    pub(super) line: usize,
}

/// What stands in one module, less what is compiled for tests alone.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) imports: Vec<Import>,
    pub(super) defined: BTreeSet<String>,
    /// Paths of at least two parts.
    pub(super) paths: Vec<Mention>,
    /// Single names that may be those of types, functions or macros.
    pub(super) names: Vec<Mention>,
    /// Modules with a file of their own.
    pub(super) declared: Vec<String>,
    /// Modules whose text stands here.
    pub(super) inline: BTreeMap<String, Contents>,
}

/// Reads a source file.
pub(super) fn read(text: &str) -> Contents {
    let tokens = tokens(text);
    let mut contents = Contents::default();
    Scan { tokens: &tokens, at: 0, depth: 0 }.module(&mut contents);
    contents
}

struct Scan<'a> {
    tokens: &'a [Placed],
    at: usize,
    /// Braces that are open in this module.
    depth: usize,
}

impl Scan<'_> {
    fn peek(&self, ahead: usize) -> Option<&Placed> {
        self.tokens.get(self.at.saturating_add(ahead))
    }

    fn before(&self) -> Option<&Placed> {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at))
    }

    fn sign_at(&self, ahead: usize, sign: char) -> bool {
        self.peek(ahead).is_some_and(|token| token.is_sign(sign))
    }

    /// Reads up to the brace that closes the module, or to the end.
    fn module(&mut self, contents: &mut Contents) {
        while let Some(here) = self.peek(0).cloned() {
            match &here.token {
                Token::Sign('#') if self.is_test_attribute() => self.skip_item(),
                Token::Sign('{') => {
                    self.depth += 1;
                    self.at += 1;
                }
                Token::Sign('}') => {
                    self.at += 1;
                    let Some(depth) = self.depth.checked_sub(1) else { return };
                    self.depth = depth;
                }
                Token::Word(word) => self.word(word, here.line, contents),
                Token::Sign(_) | Token::PathSeparator | Token::Literal => self.at += 1,
            }
        }
    }

    fn word(&mut self, word: &str, line: usize, contents: &mut Contents) {
        let next = self.peek(1).and_then(Placed::word).map(ToOwned::to_owned);
        match (word, next) {
            ("use", _) if self.is_start_of_item() => self.import(contents),
            ("mod", Some(name)) => {
                self.at += 3;
                if self.tokens.get(self.at - 1).is_some_and(|token| token.is_sign('{')) {
                    let mut inner = Scan { tokens: self.tokens, at: self.at, depth: 0 };
                    let mut inline = Contents::default();
                    inner.module(&mut inline);
                    self.at = inner.at;
                    contents.inline.insert(name, inline);
                } else {
                    contents.declared.push(name);
                }
            }
            ("pub", _) if self.sign_at(1, '(') && self.peek(2).is_some_and(|token| token.is_word("in")) => {
                while self.peek(0).is_some_and(|token| !token.is_sign(')')) {
                    self.at += 1;
                }
            }
            ("macro_rules", None) => {
                let name = self.peek(2).and_then(Placed::word).map(ToOwned::to_owned);
                contents.defined.extend(name);
                self.at += 3;
            }
            (keyword, Some(name)) if ITEM_KEYWORDS.contains(&keyword) && !ITEM_KEYWORDS.contains(&name.as_str()) => {
                if self.depth == 0 {
                    contents.defined.insert(name);
                }
                self.at += 2;
            }
            _ => self.mention(word, line, contents),
        }
    }

    /// Whether a `use` here is the keyword of an item; `impl Trait + use<'a>` has one too.
    fn is_start_of_item(&self) -> bool {
        !self.sign_at(1, '<')
    }

    fn mention(&mut self, word: &str, line: usize, contents: &mut Contents) {
        let before = self.before().map(|placed| placed.token.clone());
        let mut path = vec![word.to_owned()];
        self.at += 1;
        while self.peek(0).is_some_and(|token| token.token == Token::PathSeparator) {
            let Some(part) = self.peek(1).and_then(Placed::word) else { break };
            path.push(part.to_owned());
            self.at += 2;
        }
        if matches!(before, Some(Token::PathSeparator | Token::Sign('.'))) {
            return; // the rest of a longer path, a field or a method
        }
        if path.len() > 1 {
            contents.paths.push(Mention { path, line });
        } else if word.starts_with(char::is_uppercase) || self.sign_at(0, '(') || self.sign_at(0, '!') {
            contents.names.push(Mention { path, line });
        }
    }

    fn import(&mut self, contents: &mut Contents) {
        let is_public = self.before().is_some_and(|token| token.is_word("pub") || token.is_sign(')'));
        self.at += 1;
        self.tree(&[], is_public, contents);
        if self.sign_at(0, ';') {
            self.at += 1;
        }
    }

    /// One tree of a `use`, up to the `,`, `}` or `;` behind it.
    fn tree(&mut self, prefix: &[String], is_public: bool, contents: &mut Contents) {
        let mut path = prefix.to_vec();
        let line = self.peek(0).map_or(0, |token| token.line);
        let mut import =
            |name: Option<String>, path: Vec<String>| contents.imports.push(Import { name, path, line, is_public });
        while let Some(here) = self.peek(0).cloned() {
            match here.token {
                Token::Word(word) if word == "as" => {
                    let name = self.peek(1).and_then(Placed::word).map(ToOwned::to_owned);
                    self.at += 2;
                    return import(name.or(Some("_".to_owned())), path);
                }
                Token::Word(word) => path.push(word),
                Token::Sign('*') => {
                    self.at += 1;
                    return import(None, path);
                }
                Token::Sign('{') => {
                    self.at += 1;
                    while self.peek(0).is_some_and(|token| !token.is_sign('}')) {
                        self.tree(&path, is_public, contents);
                        if self.sign_at(0, ',') {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    return;
                }
                Token::Sign(',' | '}' | ';') => break,
                Token::PathSeparator if path.is_empty() => path.push(String::new()), // `::outside::Thing`
                Token::PathSeparator | Token::Literal | Token::Sign(_) => {}
            }
            self.at += 1;
        }
        // `a::{self}` brings `a` itself.
        if path.len() > prefix.len() && prefix.last().is_some() && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        import(path.last().cloned(), path);
    }

    /// Whether an attribute begins here that keeps its item out of the product.
    fn is_test_attribute(&self) -> bool {
        if !self.sign_at(1, '[') {
            return false;
        }
        let inside = self.tokens.get(self.at + 2..self.end_of_attribute()).unwrap_or_default();
        match inside.first().and_then(Placed::word) {
            Some("test") => inside.len() == 2,
            Some("cfg") => condition::is_never_in_the_product(inside.get(1..).unwrap_or_default()),
            _ => false,
        }
    }

    /// The place behind the attribute that begins here.
    fn end_of_attribute(&self) -> usize {
        let mut depth = 0_usize;
        for (at, token) in self.tokens.iter().enumerate().skip(self.at) {
            match token.token {
                Token::Sign('[') => depth += 1,
                Token::Sign(']') => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return at + 1;
                    }
                }
                Token::Sign(_) | Token::Word(_) | Token::PathSeparator | Token::Literal => {}
            }
        }
        self.tokens.len()
    }

    /// Skips the attributes that begin here and what they belong to: an item, a statement, a field or an arm.
    fn skip_item(&mut self) {
        while self.sign_at(0, '#') {
            self.at = self.end_of_attribute();
        }
        let mut open = 0_usize;
        let is_import = self.peek(0).is_some_and(|token| token.is_word("use"));
        let mut is_item = is_import;
        while let Some(here) = self.peek(0).cloned() {
            match here.token {
                Token::Sign('(' | '[' | '{') => open += 1,
                Token::Sign('}') if open == 0 => return,
                Token::Sign(')' | ']') => open = open.saturating_sub(1),
                Token::Sign('}') => {
                    open -= 1;
                    if open == 0 && !is_import {
                        self.at += 1;
                        return;
                    }
                }
                Token::Sign(';') if open == 0 => {
                    self.at += 1;
                    return;
                }
                Token::Sign(',') if open == 0 && !is_item => return,
                Token::Word(word) => {
                    is_item |= word == "impl" || word == "mod" || ITEM_KEYWORDS.contains(&word.as_str());
                }
                Token::Sign(_) | Token::PathSeparator | Token::Literal => {}
            }
            self.at += 1;
        }
    }
}
