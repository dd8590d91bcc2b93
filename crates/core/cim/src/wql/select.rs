//! `SELECT`: instances of a class, built and written.

use std::fmt;

use crate::Name;

/// `SELECT … FROM class [WHERE …]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Select {
    /// What is returned.
    pub columns: Columns,
    /// The class.
    pub class: Name,
    /// Which instances.
    pub condition: Option<Condition>,
}

/// What a query returns.
#[derive(Clone, Debug, PartialEq)]
pub enum Columns {
    /// `*`: whole instances.
    All,
    /// These properties. Never empty.
    Named(Vec<Name>),
}

/// What follows `WHERE`.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// `property op literal`
    Compare {
        /// The property; may be a system property such as `__SERVER`.
        property: Name,
        /// How.
        operator: Operator,
        /// With what.
        literal: Literal,
    },
    /// `property op property`
    CompareProperties {
        /// The property on the left.
        property: Name,
        /// How.
        operator: Operator,
        /// The property on the right. Either may be a system property such as `__SERVER`.
        other: Name,
    },
    /// `property LIKE 'pattern'`, with `%`, `_`, `[a-f]` and `[^a-f]`.
    Like {
        /// The property.
        property: Name,
        /// The pattern.
        pattern: String,
    },
    /// `property IS NULL`
    IsNull {
        /// The property.
        property: Name,
    },
    /// `a AND b`
    And(Box<Condition>, Box<Condition>),
    /// `a OR b`
    Or(Box<Condition>, Box<Condition>),
    /// `NOT a`
    Not(Box<Condition>),
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=` or `<>`
    NotEqual,
    /// `<`
    Less,
    /// `>`
    Greater,
    /// `<=`
    LessOrEqual,
    /// `>=`
    GreaterOrEqual,
}

/// A constant in a query.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `'text'`
    Text(String),
    /// A whole number.
    Integer(i64),
    /// `TRUE` or `FALSE`
    Boolean(bool),
}

impl Operator {
    /// The operator that says the same with its sides exchanged.
    pub(super) fn mirrored(self) -> Self {
        match self {
            Self::Equal | Self::NotEqual => self,
            Self::Less => Self::Greater,
            Self::Greater => Self::Less,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }
}

impl Select {
    /// `SELECT * FROM class`
    pub fn all(class: impl Into<Name>) -> Self {
        Self { columns: Columns::All, class: class.into(), condition: None }
    }

    /// `SELECT a, b FROM class`
    pub fn columns(class: impl Into<Name>, columns: &[&str]) -> Self {
        Self {
            columns: Columns::Named(columns.iter().map(|c| Name::new(*c)).collect()),
            class: class.into(),
            condition: None,
        }
    }

    /// The properties that the query names, in its order: the columns, then those of the condition.
    pub fn properties(&self) -> Vec<&Name> {
        let mut names = match &self.columns {
            Columns::All => Vec::new(),
            Columns::Named(names) => names.iter().collect(),
        };
        if let Some(condition) = &self.condition {
            condition.collect_properties(&mut names);
        }
        names
    }

    /// Sets the condition, replacing an earlier one.
    #[must_use]
    pub fn filter(mut self, condition: Condition) -> Self {
        self.condition = Some(condition);
        self
    }
}

impl Condition {
    /// `property = literal`
    pub fn equals(property: impl Into<Name>, literal: impl Into<Literal>) -> Self {
        Self::Compare { property: property.into(), operator: Operator::Equal, literal: literal.into() }
    }

    /// Nesting is bounded where conditions are read.
    fn collect_properties<'a>(&'a self, names: &mut Vec<&'a Name>) {
        match self {
            Self::Compare { property, .. } | Self::Like { property, .. } | Self::IsNull { property } => {
                names.push(property);
            }
            Self::CompareProperties { property, other, .. } => names.extend([property, other]),
            Self::And(a, b) | Self::Or(a, b) => {
                a.collect_properties(names);
                b.collect_properties(names);
            }
            Self::Not(a) => a.collect_properties(names),
        }
    }

    /// `self AND other`
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::And(Box::new(self), Box::new(other))
    }

    /// `self OR other`
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self::Or(Box::new(self), Box::new(other))
    }
}

impl From<&str> for Literal {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Literal {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<bool> for Literal {
    fn from(b: bool) -> Self {
        Self::Boolean(b)
    }
}

impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SELECT ")?;
        match &self.columns {
            Columns::All => f.write_str("*")?,
            Columns::Named(names) => {
                for (index, name) in names.iter().enumerate() {
                    write!(f, "{}{name}", if index == 0 { "" } else { ", " })?;
                }
            }
        }
        write!(f, " FROM {}", self.class)?;
        match &self.condition {
            Some(condition) => write!(f, " WHERE {condition}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compare { property, operator, literal } => write!(f, "{property} {operator} {literal}"),
            Self::CompareProperties { property, operator, other } => write!(f, "{property} {operator} {other}"),
            Self::Like { property, pattern } => write!(f, "{property} LIKE {}", Quoted(pattern)),
            Self::IsNull { property } => write!(f, "{property} IS NULL"),
            Self::And(a, b) => write!(f, "({a} AND {b})"),
            Self::Or(a, b) => write!(f, "({a} OR {b})"),
            Self::Not(a) => write!(f, "(NOT {a})"),
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::Greater => ">",
            Self::LessOrEqual => "<=",
            Self::GreaterOrEqual => ">=",
        })
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{}", Quoted(text)),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Boolean(true) => f.write_str("TRUE"),
            Self::Boolean(false) => f.write_str("FALSE"),
        }
    }
}

/// A string literal: backslash and quote are escaped by a backslash, so no text can end it.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.0.replace('\\', "\\\\").replace('\'', "\\'"))
    }
}
