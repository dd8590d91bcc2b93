//! What a `cfg` says of the product: whether its item can be in it at all.

use crate::token::{Placed, Token};

/// What is set in tests and while fuzzing alone.
const NOT_IN_THE_PRODUCT: &[&str] = &["test", "fuzzing"];

/// Whether the condition in these parentheses fails in every build of the product, on whatever system.
pub(super) fn is_never_in_the_product(parentheses: &[Placed]) -> bool {
    Reader { tokens: parentheses, at: 1 }.predicate() == Some(false)
}

struct Reader<'a> {
    tokens: &'a [Placed],
    at: usize,
}

impl Reader<'_> {
    /// Whether one predicate holds; `None` where that depends on the build.
    fn predicate(&mut self) -> Option<bool> {
        let name = self.tokens.get(self.at).and_then(Placed::word).unwrap_or_default().to_owned();
        self.at += 1;
        if !self.sign('(') {
            while self.tokens.get(self.at).is_some_and(|token| !matches!(token.token, Token::Sign(',' | ')'))) {
                self.at += 1; // `= "value"`
            }
            return NOT_IN_THE_PRODUCT.contains(&name.as_str()).then_some(false);
        }
        self.at += 1;
        let mut parts = Vec::new();
        while self.at < self.tokens.len() && !self.sign(')') {
            parts.push(self.predicate());
            if self.sign(',') {
                self.at += 1;
            }
        }
        self.at += 1;
        match name.as_str() {
            "not" => parts.first().copied().flatten().map(|holds| !holds),
            "any" => decided(&parts, true),
            _ => decided(&parts, false),
        }
    }

    fn sign(&self, sign: char) -> bool {
        self.tokens.get(self.at).is_some_and(|token| token.is_sign(sign))
    }
}

/// `any` is decided by one part that holds, `all` by one that does not; else by all parts together.
fn decided(parts: &[Option<bool>], by: bool) -> Option<bool> {
    if parts.contains(&Some(by)) {
        return Some(by);
    }
    parts.iter().all(Option::is_some).then_some(!by)
}
