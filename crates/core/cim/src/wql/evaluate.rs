//! Evaluating a query against rows, as a server does.

use std::cmp::Ordering;

use super::{Columns, Condition, Literal, Operator, Select};
use crate::{DateTime, FromValue, Properties, Row, Value};

impl Select {
    /// Whether the row is selected. The class is not looked at: inheritance is the server's to know.
    pub fn selects(&self, row: &Row) -> bool {
        self.condition.as_ref().is_none_or(|condition| condition.holds(&row.properties))
    }

    /// What is returned of a selected row: all but the system properties, or the named columns (NULL where there is
    /// none such).
    #[must_use]
    pub fn project(&self, row: &Row) -> Row {
        let properties = match &self.columns {
            Columns::All => {
                row.properties.iter().filter(|(n, _)| !n.is_system()).map(|(n, v)| (n.clone(), v.clone())).collect()
            }
            Columns::Named(names) => {
                names.iter().map(|n| (n.clone(), row.properties.value(n.clone()).clone())).collect()
            }
        };
        Row { class: row.class.clone(), path: row.path.clone(), properties }
    }
}

impl Condition {
    /// Whether it holds. A comparison with NULL never does.
    pub fn holds(&self, properties: &Properties) -> bool {
        match self {
            Self::Compare { property, operator, literal } => {
                compare(properties.value(property.clone()), literal).is_some_and(|order| operator.accepts(order))
            }
            Self::CompareProperties { property, operator, other } => {
                let values = (properties.value(property.clone()), properties.value(other.clone()));
                compare_values(values.0, values.1).is_some_and(|order| operator.accepts(order))
            }
            Self::Like { property, pattern } => match properties.value(property.clone()).lexical() {
                Some(text) => like(&folded(pattern), &folded(&text)),
                None => false,
            },
            Self::IsNull { property } => properties.value(property.clone()).is_nil(),
            Self::And(a, b) => a.holds(properties) && b.holds(properties),
            Self::Or(a, b) => a.holds(properties) || b.holds(properties),
            Self::Not(a) => !a.holds(properties),
        }
    }
}

impl Operator {
    fn accepts(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::Greater => order.is_gt(),
            Self::LessOrEqual => order.is_le(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

/// Numbers and times by what they mean, anything else by its text without case; NULL compares with nothing.
fn compare_values(left: &Value, right: &Value) -> Option<Ordering> {
    if let (Value::DateTime(DateTime::Timestamp(a)), Value::DateTime(DateTime::Timestamp(b))) = (left, right) {
        return Some(a.unix_us().cmp(&b.unix_us()));
    }
    let both_text = matches!((left, right), (Value::String(_), Value::String(_)));
    if !both_text && let (Some(a), Some(b)) = (whole_number(left), whole_number(right)) {
        return Some(a.cmp(&b));
    }
    Some(left.lexical()?.to_lowercase().cmp(&right.lexical()?.to_lowercase()))
}

fn compare(value: &Value, literal: &Literal) -> Option<Ordering> {
    match literal {
        Literal::Integer(number) => Some(whole_number(value)?.cmp(&i128::from(*number))),
        Literal::Boolean(b) => Some(bool::from_value(value).ok()?.cmp(b)),
        Literal::Text(text) => {
            if let Value::DateTime(DateTime::Timestamp(t)) = value {
                let DateTime::Timestamp(other) = DateTime::parse(text).ok()? else {
                    return None;
                };
                return Some(t.unix_us().cmp(&other.unix_us()));
            }
            let own = value.lexical()?;
            // WMI reads a quoted number as a number where the property is one.
            let typed = value.cim_type().is_some() && !matches!(value, Value::String(_));
            if typed && let (Some(a), Ok(b)) = (whole_number(value), text.parse::<i128>()) {
                return Some(a.cmp(&b));
            }
            Some(own.to_lowercase().cmp(&text.to_lowercase()))
        }
    }
}

fn whole_number(value: &Value) -> Option<i128> {
    value.lexical()?.trim().parse().ok()
}

fn folded(text: &str) -> Vec<char> {
    text.to_lowercase().chars().collect()
}

/// One step of a pattern.
enum Step {
    AnyRun,
    AnyOne,
    OneOf { negated: bool, ranges: Vec<(char, char)> },
    Exactly(char),
}

/// Matches a folded pattern. Linear space, `pattern × text` time: no backtracking blow-up.
fn like(pattern: &[char], text: &[char]) -> bool {
    let mut reachable = vec![false; text.len() + 1];
    if let Some(first) = reachable.first_mut() {
        *first = true;
    }
    for step in steps(pattern) {
        let mut next = vec![false; text.len() + 1];
        match step {
            Step::AnyRun => {
                let mut seen = false;
                for (slot, was) in next.iter_mut().zip(&reachable) {
                    seen = seen || *was;
                    *slot = seen;
                }
            }
            Step::AnyOne | Step::OneOf { .. } | Step::Exactly(_) => {
                for ((slot, was), c) in next.iter_mut().skip(1).zip(&reachable).zip(text) {
                    *slot = *was && step.takes(*c);
                }
            }
        }
        reachable = next;
    }
    reachable.last().copied().unwrap_or(false)
}

impl Step {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::AnyRun | Self::AnyOne => true,
            Self::Exactly(own) => *own == c,
            Self::OneOf { negated, ranges } => ranges.iter().any(|(a, b)| (*a..=*b).contains(&c)) != *negated,
        }
    }
}

fn steps(pattern: &[char]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = pattern;
    while let Some((&c, after)) = rest.split_first() {
        rest = after;
        steps.push(match c {
            '%' => Step::AnyRun,
            '_' => Step::AnyOne,
            '[' => match after.iter().position(|c| *c == ']') {
                Some(end) => {
                    rest = after.get(end + 1..).unwrap_or_default();
                    set(after.get(..end).unwrap_or_default())
                }
                None => Step::Exactly('['),
            },
            other => Step::Exactly(other),
        });
    }
    steps
}

fn set(inside: &[char]) -> Step {
    let (negated, mut rest) = match inside.split_first() {
        Some(('^', after)) => (true, after),
        _ => (false, inside),
    };
    let mut ranges = Vec::new();
    while let Some((&first, after)) = rest.split_first() {
        if let ['-', last, tail @ ..] = after {
            ranges.push((first, *last));
            rest = tail;
        } else {
            ranges.push((first, first));
            rest = after;
        }
    }
    Step::OneOf { negated, ranges }
}
