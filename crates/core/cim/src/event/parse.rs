//! Parses the text of a condition: the subset of `XPath` that queries of Windows' event logs use.

use std::str::FromStr;

use super::condition::{Comparison, EventCondition, Expression, Literal, Operand, Path, Step};

/// Maximum length of a text that is read: Windows takes no more than a few dozen comparisons either.
const LENGTH_MAX: usize = 16 * 1024;
/// Maximum nesting of brackets.
const DEPTH_MAX: usize = 16;

/// The text is not a condition, or uses a part of `XPath` that is not supported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a condition on events: {expected} is expected at character {at}")]
pub struct ConditionError {
    /// Where, counted from 0.
    pub at: usize,
    /// What should stand there.
    pub expected: &'static str,
}

impl FromStr for EventCondition {
    type Err = ConditionError;

    /// Reads `*`, or `*[…]` with comparisons, `and`, `or` and `timediff(@SystemTime)`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > LENGTH_MAX {
            return Err(ConditionError { at: LENGTH_MAX, expected: "the end" });
        }
        let mut reader = Reader { text, at: 0, depth: 0 };
        reader.space();
        if !reader.take("*") && !reader.take("Event") {
            return Err(reader.expected("*"));
        }
        let condition = if reader.take("[") { Some(reader.bracketed("]")?) } else { None };
        reader.space();
        if reader.at < text.len() {
            return Err(reader.expected("the end"));
        }
        Ok(Self(condition))
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn expected(&self, what: &'static str) -> ConditionError {
        ConditionError { at: self.at, expected: what }
    }

    fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    /// A word of the language, with nothing of a name behind it.
    fn word(&mut self, word: &str) -> bool {
        self.space();
        let whole = self.rest().strip_prefix(word).is_some_and(|rest| !rest.starts_with(is_of_a_name));
        whole && self.take(word)
    }

    fn bracketed(&mut self, close: &'static str) -> Result<Expression, ConditionError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.expected("less nesting"));
        }
        let inner = self.either()?;
        self.space();
        if !self.take(close) {
            return Err(self.expected(if close == "]" { "]" } else { ")" }));
        }
        self.depth -= 1;
        Ok(inner)
    }

    fn either(&mut self) -> Result<Expression, ConditionError> {
        let mut left = self.both()?;
        while self.word("or") {
            left = Expression::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Expression, ConditionError> {
        let mut left = self.one()?;
        while self.word("and") {
            left = Expression::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<Expression, ConditionError> {
        self.space();
        if self.take("(") {
            return self.bracketed(")");
        }
        let operand = self.operand()?;
        self.space();
        let signs = [
            ("!=", Comparison::Unequal),
            ("<=", Comparison::AtMost),
            (">=", Comparison::AtLeast),
            ("=", Comparison::Equal),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        match (signs.into_iter().find(|(sign, _)| self.take(sign)), operand) {
            (Some((_, how)), operand) => Ok(Expression::Compare(operand, how, self.literal()?)),
            (None, Operand::Path(path)) => Ok(Expression::Exists(path)),
            (None, Operand::Age(_)) => Err(self.expected("a comparison")),
        }
    }

    fn operand(&mut self) -> Result<Operand, ConditionError> {
        if self.take("timediff(") {
            self.space();
            let attribute = if self.take("@") { self.name()? } else { return Err(self.expected("@SystemTime")) };
            self.space();
            return if self.take(")") { Ok(Operand::Age(attribute)) } else { Err(self.expected(")")) };
        }
        Ok(Operand::Path(self.path()?))
    }

    fn path(&mut self) -> Result<Path, ConditionError> {
        let mut path = Path { steps: Vec::new(), attribute: None };
        loop {
            if self.take("@") {
                path.attribute = Some(self.name()?);
                return Ok(path);
            }
            let name = if self.take("*") { "*".to_owned() } else { self.name()? };
            let only = if self.take("[") { Some(Box::new(self.bracketed("]")?)) } else { None };
            path.steps.push(Step { name, only });
            if !self.take("/") {
                return Ok(path);
            }
        }
    }

    fn name(&mut self) -> Result<String, ConditionError> {
        let rest = self.rest();
        let length = rest.find(|c| !is_of_a_name(c)).unwrap_or(rest.len());
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return Err(self.expected("a name"));
        }
        self.at += length;
        Ok(rest.get(..length).unwrap_or_default().to_owned())
    }

    fn literal(&mut self) -> Result<Literal, ConditionError> {
        self.space();
        for quote in ["'", "\""] {
            if self.take(quote) {
                let Some((text, _)) = self.rest().split_once(quote) else {
                    return Err(self.expected("a closing quote"));
                };
                self.at += text.len() + quote.len();
                return Ok(Literal::Text(text.to_owned()));
            }
        }
        let rest = self.rest();
        let length = rest.char_indices().find(|(at, c)| !(c.is_ascii_digit() || (*at == 0 && *c == '-')));
        let digits = rest.get(..length.map_or(rest.len(), |(at, _)| at)).unwrap_or_default();
        let number = digits.parse().map_err(|_| self.expected("a number or a text"))?;
        self.at += digits.len();
        Ok(Literal::Number(number))
    }
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}
