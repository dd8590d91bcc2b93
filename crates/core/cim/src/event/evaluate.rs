//! Evaluates conditions on records. Namespaces are ignored, as on Windows.

use std::cmp::Ordering;

use roxmltree::Node;

use super::condition::{Comparison, EventCondition, Expression, Literal, Operand, Path};
use super::record;
use crate::{CimTimestamp, DateTime};

impl EventCondition {
    /// Whether a record's XML matches, at that time of the host's clock. Text that is not a record does not match.
    pub fn holds(&self, xml: &str, now: CimTimestamp) -> bool {
        let Some(expression) = &self.0 else { return true };
        record::document(xml).is_ok_and(|document| expression.holds(document.root_element(), now))
    }
}

impl Expression {
    fn holds(&self, context: Node<'_, '_>, now: CimTimestamp) -> bool {
        match self {
            Self::And(left, right) => left.holds(context, now) && right.holds(context, now),
            Self::Or(left, right) => left.holds(context, now) || right.holds(context, now),
            Self::Exists(path) => !path.values(context, now).is_empty(),
            Self::Compare(Operand::Path(path), how, literal) => {
                path.values(context, now).iter().any(|value| compare(value, literal).is_some_and(|is| how.accepts(is)))
            }
            Self::Compare(Operand::Age(attribute), how, Literal::Number(most)) => {
                let age = context.attribute(attribute.as_str()).and_then(time);
                age.is_some_and(|at| how.accepts((now.unix_us().saturating_sub(at) / 1_000).cmp(most)))
            }
            Self::Compare(Operand::Age(_), _, Literal::Text(_)) => false,
        }
    }
}

impl Path {
    /// The texts of everything that the path leads to.
    fn values(&self, context: Node<'_, '_>, now: CimTimestamp) -> Vec<String> {
        let mut nodes = vec![context];
        for step in &self.steps {
            let children = nodes.iter().flat_map(Node::children).filter(Node::is_element);
            let named = children.filter(|child| step.name == "*" || child.tag_name().name() == step.name);
            nodes = named.filter(|child| step.only.as_ref().is_none_or(|only| only.holds(*child, now))).collect();
        }
        match &self.attribute {
            None => nodes.into_iter().map(record::text).collect(),
            Some(name) => {
                nodes.iter().filter_map(|node| node.attribute(name.as_str())).map(ToOwned::to_owned).collect()
            }
        }
    }
}

impl Comparison {
    fn accepts(self, is: Ordering) -> bool {
        match self {
            Self::Equal => is == Ordering::Equal,
            Self::Unequal => is != Ordering::Equal,
            Self::Less => is == Ordering::Less,
            Self::AtMost => is != Ordering::Greater,
            Self::Greater => is == Ordering::Greater,
            Self::AtLeast => is != Ordering::Less,
        }
    }
}

fn time(text: &str) -> Option<i64> {
    match DateTime::parse(text) {
        Ok(DateTime::Timestamp(at)) => Some(at.unix_us()),
        Ok(DateTime::Interval(_)) | Err(_) => None,
    }
}

/// How a value stands to a literal; `None` if they cannot be compared.
fn compare(value: &str, literal: &Literal) -> Option<Ordering> {
    match literal {
        Literal::Number(number) => value.trim().parse::<i64>().ok().map(|value| value.cmp(number)),
        Literal::Text(text) => match (time(value), time(text)) {
            (Some(value), Some(text)) => Some(value.cmp(&text)),
            _ => Some(value.cmp(text.as_str())),
        },
    }
}
