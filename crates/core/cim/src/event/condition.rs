//! Conditions on records: the subset of `XPath` that Windows' event logs support, as a value.

use std::fmt;
use std::time::Duration;

/// Which records of a log. Built or parsed, never formatted by hand; its `Display` is the text that a host takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventCondition(pub(super) Option<Expression>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expression {
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    /// Something of that path is there.
    Exists(Path),
    /// Something of that path compares so.
    Compare(Operand, Comparison, Literal),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operand {
    Path(Path),
    /// Milliseconds since the time in an attribute: `timediff(@SystemTime)`.
    Age(String),
}

/// From an element to its children and, at the end, to an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) steps: Vec<Step>,
    pub(super) attribute: Option<String>,
}

/// Children of a name (`*` for any), of which some hold more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) only: Option<Box<Expression>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Literal {
    Number(i64),
    /// `XPath` has no escapes: one kind of quote cannot stand in it.
    Text(String),
}

impl EventCondition {
    /// Every record.
    pub fn any() -> Self {
        Self(None)
    }

    /// The records of these ids; every record for none.
    pub fn ids(ids: &[u32]) -> Self {
        Self(Self::of(ids).map(in_system))
    }

    /// The one record of that number.
    pub fn number(number: u64) -> Self {
        let path = Path { steps: vec![step("EventRecordID", None)], attribute: None };
        let number = Literal::Number(i64::try_from(number).unwrap_or(i64::MAX));
        Self(Some(in_system(Expression::Compare(Operand::Path(path), Comparison::Equal, number))))
    }

    /// The records of these ids that are no older than that by their host's own clock.
    pub fn recent(ids: &[u32], age: Duration) -> Self {
        let age = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        let young =
            Expression::Compare(Operand::Age("SystemTime".to_owned()), Comparison::AtMost, Literal::Number(age));
        let young = Expression::Exists(Path { steps: vec![step("TimeCreated", Some(young))], attribute: None });
        let both = match Self::of(ids) {
            Some(ids) => Expression::And(Box::new(ids), Box::new(young)),
            None => young,
        };
        Self(Some(in_system(both)))
    }

    /// How many comparisons with values it has. An age counts for none.
    pub(super) fn comparisons(&self) -> usize {
        self.0.as_ref().map_or(0, Expression::comparisons)
    }

    fn of(ids: &[u32]) -> Option<Expression> {
        let one = |id: &u32| {
            let path = Path { steps: vec![step("EventID", None)], attribute: None };
            Expression::Compare(Operand::Path(path), Comparison::Equal, Literal::Number(i64::from(*id)))
        };
        ids.iter().map(one).reduce(|a, b| Expression::Or(Box::new(a), Box::new(b)))
    }
}

impl Expression {
    fn comparisons(&self) -> usize {
        match self {
            Self::And(left, right) | Self::Or(left, right) => left.comparisons().saturating_add(right.comparisons()),
            Self::Exists(path) => path.comparisons(),
            Self::Compare(Operand::Path(path), ..) => path.comparisons().saturating_add(1),
            Self::Compare(Operand::Age(_), ..) => 0,
        }
    }
}

impl Path {
    fn comparisons(&self) -> usize {
        self.steps.iter().filter_map(|step| step.only.as_ref()).map(|only| only.comparisons()).sum()
    }
}

fn step(name: &str, only: Option<Expression>) -> Step {
    Step { name: name.to_owned(), only: only.map(Box::new) }
}

fn in_system(what: Expression) -> Expression {
    Expression::Exists(Path { steps: vec![step("System", Some(what))], attribute: None })
}

impl fmt::Display for EventCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str("*"),
            Some(expression) => write!(f, "*[{expression}]"),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(left, right) => {
                let wrapped = |side: &Self, wrap: bool| if wrap { format!("({side})") } else { side.to_string() };
                let left = wrapped(left, matches!(**left, Self::Or(..)));
                let right = wrapped(right, matches!(**right, Self::Or(..) | Self::And(..)));
                write!(f, "{left} and {right}")
            }
            Self::Or(left, right) if matches!(**right, Self::Or(..)) => write!(f, "{left} or ({right})"),
            Self::Or(left, right) => write!(f, "{left} or {right}"),
            Self::Exists(path) => write!(f, "{path}"),
            Self::Compare(Operand::Path(path), how, literal) => write!(f, "{path}{how}{literal}"),
            Self::Compare(Operand::Age(attribute), how, literal) => write!(f, "timediff(@{attribute}){how}{literal}"),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.steps.iter().enumerate() {
            f.write_str(if number > 0 { "/" } else { "" })?;
            match &step.only {
                None => f.write_str(&step.name)?,
                Some(only) => write!(f, "{}[{only}]", step.name)?,
            }
        }
        match (&self.attribute, self.steps.is_empty()) {
            (Some(attribute), true) => write!(f, "@{attribute}"),
            (Some(attribute), false) => write!(f, "/@{attribute}"),
            (None, _) => Ok(()),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::Unequal => "!=",
            Self::Less => " < ",
            Self::AtMost => " <= ",
            Self::Greater => " > ",
            Self::AtLeast => " >= ",
        })
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) if text.contains('\'') => write!(f, "\"{text}\""),
            Self::Text(text) => write!(f, "'{text}'"),
        }
    }
}
