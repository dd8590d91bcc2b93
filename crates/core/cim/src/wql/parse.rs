//! Reading WQL: a small recursive-descent parser with a bound on length and depth.

use super::{Columns, Condition, Literal, Operator, Select};
use crate::Name;

/// Maximum length of a query that is read.
const LENGTH_MAX: usize = 64 * 1024;
/// Maximum nesting of conditions that is read.
const DEPTH_MAX: usize = 64;

/// The text is not a query that is understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the query at character {at}: {problem}")]
pub struct ParseError {
    /// Where, counted from 0.
    pub at: usize,
    /// What is wrong.
    pub problem: &'static str,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Word(String),
    Text(String),
    Integer(i64),
    Star,
    Comma,
    Open,
    Close,
    Operator(Operator),
}

/// Reads `SELECT *|columns FROM class [WHERE condition]`.
///
/// # Errors
/// [`ParseError`] with the place.
pub fn parse(text: &str) -> Result<Select, ParseError> {
    if text.len() > LENGTH_MAX {
        return Err(ParseError { at: LENGTH_MAX, problem: "it is too long" });
    }
    let mut parser = Parser { tokens: tokens_from(text, 0)?, at: 0, end: text.chars().count() };
    let select = parser.select()?;
    match parser.peek() {
        None => Ok(select),
        Some(_) => Err(parser.error("text follows the end of the query")),
    }
}

/// The tokens of a part of a query that begins at a character, each with its place in the whole.
pub(super) fn tokens_from(text: &str, start: usize) -> Result<Vec<(usize, Token)>, ParseError> {
    let placed = |error: ParseError| ParseError { at: start + error.at, ..error };
    Ok(tokens(text).map_err(placed)?.into_iter().map(|(at, token)| (start + at, token)).collect())
}

fn tokens(text: &str) -> Result<Vec<(usize, Token)>, ParseError> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        if c.is_whitespace() {
            at += 1;
            continue;
        }
        let (token, length) = match c {
            '*' => (Token::Star, 1),
            ',' => (Token::Comma, 1),
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '\'' | '"' => quoted(&chars, at)?,
            '=' | '<' | '>' | '!' => operator(c, chars.get(at + 1).copied(), at)?,
            _ => word(&chars, at)?,
        };
        tokens.push((at, token));
        at += length;
    }
    Ok(tokens)
}

fn operator(first: char, second: Option<char>, at: usize) -> Result<(Token, usize), ParseError> {
    let (operator, length) = match (first, second) {
        ('=', _) => (Operator::Equal, 1),
        ('!', Some('=')) | ('<', Some('>')) => (Operator::NotEqual, 2),
        ('<', Some('=')) => (Operator::LessOrEqual, 2),
        ('>', Some('=')) => (Operator::GreaterOrEqual, 2),
        ('<', _) => (Operator::Less, 1),
        ('>', _) => (Operator::Greater, 1),
        _ => {
            return Err(ParseError { at, problem: "no such operator" });
        }
    };
    Ok((Token::Operator(operator), length))
}

fn quoted(chars: &[char], start: usize) -> Result<(Token, usize), ParseError> {
    let quote = chars.get(start).copied();
    let mut text = String::new();
    let mut at = start + 1;
    loop {
        match chars.get(at) {
            None => {
                return Err(ParseError { at: start, problem: "a string does not end" });
            }
            Some('\\') => {
                let escaped = chars.get(at + 1).ok_or(ParseError { at, problem: "a string does not end" })?;
                text.push(*escaped);
                at += 2;
            }
            Some(&c) if Some(c) == quote => return Ok((Token::Text(text), at + 1 - start)),
            Some(&c) => {
                text.push(c);
                at += 1;
            }
        }
    }
}

fn word(chars: &[char], start: usize) -> Result<(Token, usize), ParseError> {
    let rest = chars.get(start..).unwrap_or_default();
    let text: String = rest
        .iter()
        .enumerate()
        .take_while(|(i, c)| c.is_ascii_alphanumeric() || **c == '_' || (*i == 0 && **c == '-'))
        .map(|(_, c)| *c)
        .collect();
    let length = text.chars().count();
    let starts_number = text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    if starts_number {
        let number = text.parse().map_err(|_| ParseError { at: start, problem: "not a whole number" })?;
        return Ok((Token::Integer(number), length));
    }
    if length == 0 {
        return Err(ParseError { at: start, problem: "a character that WQL has no use for" });
    }
    Ok((Token::Word(text), length))
}

/// What follows the path of `ASSOCIATORS OF`: a keyword, then assignments in any order.
pub(super) struct Terms(Parser);

impl Terms {
    /// `end` is where the query ends.
    pub(super) fn new(tokens: Vec<(usize, Token)>, end: usize) -> Self {
        Self(Parser { tokens, at: 0, end })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.peek().is_none()
    }

    pub(super) fn error(&self, problem: &'static str) -> ParseError {
        self.0.error(problem)
    }

    pub(super) fn keyword_where(&mut self) -> Result<(), ParseError> {
        if self.0.accept("WHERE") { Ok(()) } else { Err(self.error("WHERE is expected")) }
    }

    /// `word = name`
    pub(super) fn assignment(&mut self) -> Result<(String, Name), ParseError> {
        let term = self.0.name("a term is expected")?;
        if self.0.take() != Some(Token::Operator(Operator::Equal)) {
            self.0.at -= 1;
            return Err(self.error("= is expected"));
        }
        Ok((term.as_str().to_owned(), self.0.name("a name is expected")?))
    }
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    at: usize,
    end: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.at += 1;
        token
    }

    fn error(&self, problem: &'static str) -> ParseError {
        ParseError { at: self.tokens.get(self.at).map_or(self.end, |(at, _)| *at), problem }
    }

    fn is_keyword(&self, keyword: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword))
    }

    fn accept(&mut self, keyword: &str) -> bool {
        let found = self.is_keyword(keyword);
        if found {
            self.at += 1;
        }
        found
    }

    fn name(&mut self, problem: &'static str) -> Result<Name, ParseError> {
        match self.peek().cloned() {
            Some(Token::Word(word)) => {
                self.at += 1;
                Ok(Name::new(word))
            }
            _ => Err(self.error(problem)),
        }
    }

    fn select(&mut self) -> Result<Select, ParseError> {
        if !self.accept("SELECT") {
            return Err(self.error("it does not begin with SELECT"));
        }
        let columns = if self.peek() == Some(&Token::Star) {
            self.at += 1;
            Columns::All
        } else {
            let mut names = vec![self.name("a column is expected")?];
            while self.peek() == Some(&Token::Comma) {
                self.at += 1;
                names.push(self.name("a column is expected")?);
            }
            Columns::Named(names)
        };
        if !self.accept("FROM") {
            return Err(self.error("FROM is expected"));
        }
        let class = self.name("a class is expected")?;
        let condition = if self.accept("WHERE") { Some(self.any_of(0)?) } else { None };
        Ok(Select { columns, class, condition })
    }

    fn any_of(&mut self, depth: usize) -> Result<Condition, ParseError> {
        let mut left = self.all_of(depth)?;
        while self.accept("OR") {
            left = left.or(self.all_of(depth)?);
        }
        Ok(left)
    }

    fn all_of(&mut self, depth: usize) -> Result<Condition, ParseError> {
        let mut left = self.one(depth)?;
        while self.accept("AND") {
            left = left.and(self.one(depth)?);
        }
        Ok(left)
    }

    fn one(&mut self, depth: usize) -> Result<Condition, ParseError> {
        if depth > DEPTH_MAX {
            return Err(self.error("it is nested too deeply"));
        }
        if self.accept("NOT") {
            return Ok(Condition::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.peek() == Some(&Token::Open) {
            self.at += 1;
            let inner = self.any_of(depth + 1)?;
            if self.take() != Some(Token::Close) {
                self.at -= 1;
                return Err(self.error("a parenthesis is not closed"));
            }
            return Ok(inner);
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Condition, ParseError> {
        if let Some(literal) = self.peek().and_then(constant) {
            self.at += 1;
            let operator = self.operator()?;
            let property = self.name("a property is expected")?;
            return Ok(Condition::Compare { property, operator: operator.mirrored(), literal });
        }
        let property = self.name("a property is expected")?;
        if self.accept("LIKE") {
            return match self.take() {
                Some(Token::Text(pattern)) => Ok(Condition::Like { property, pattern }),
                _ => Err(self.error("LIKE takes a string")),
            };
        }
        if self.accept("IS") {
            let negated = self.accept("NOT");
            if !self.accept("NULL") {
                return Err(self.error("NULL is expected"));
            }
            let is_null = Condition::IsNull { property };
            return Ok(if negated { Condition::Not(Box::new(is_null)) } else { is_null });
        }
        let operator = self.operator()?;
        self.right_side(property, operator)
    }

    fn operator(&mut self) -> Result<Operator, ParseError> {
        let Some(Token::Operator(operator)) = self.peek().cloned() else {
            return Err(self.error("an operator is expected"));
        };
        self.at += 1;
        Ok(operator)
    }

    fn right_side(&mut self, property: Name, operator: Operator) -> Result<Condition, ParseError> {
        if self.accept("NULL") {
            let is_null = Condition::IsNull { property };
            return match operator {
                Operator::Equal => Ok(is_null),
                Operator::NotEqual => Ok(Condition::Not(Box::new(is_null))),
                Operator::Less | Operator::Greater | Operator::LessOrEqual | Operator::GreaterOrEqual => {
                    Err(self.error("NULL has no order"))
                }
            };
        }
        let condition = match self.peek().cloned() {
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("TRUE") || word.eq_ignore_ascii_case("FALSE") => {
                let literal = Literal::Boolean(word.eq_ignore_ascii_case("TRUE"));
                Condition::Compare { property, operator, literal }
            }
            Some(Token::Word(word)) => Condition::CompareProperties { property, operator, other: Name::new(word) },
            other => match other.as_ref().and_then(constant) {
                Some(literal) => Condition::Compare { property, operator, literal },
                None => return Err(self.error("a constant or a property is expected")),
            },
        };
        self.at += 1;
        Ok(condition)
    }
}

/// A constant that can be distinguished from a property's name.
fn constant(token: &Token) -> Option<Literal> {
    match token {
        Token::Text(text) => Some(Literal::Text(text.clone())),
        Token::Integer(number) => Some(Literal::Integer(*number)),
        Token::Word(_) | Token::Star | Token::Comma | Token::Open | Token::Close | Token::Operator(_) => None,
    }
}
