//! WQL: queries as values that can be built, written, parsed and evaluated, and are never formatted by hand.

mod evaluate;
mod parse;
mod related;
mod select;

use crate::Namespace;

pub use parse::{ParseError, parse};
pub use related::{Related, Sought};
pub use select::{Columns, Condition, Literal, Operator, Select};

/// Any query of WQL.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// `SELECT`: instances of a class.
    Select(Select),
    /// `ASSOCIATORS OF` or `REFERENCES OF`: what one instance is related to.
    Related(Related),
}

impl Query {
    /// Reads a query. An object path without a namespace lies in the one that is given.
    ///
    /// # Errors
    /// [`ParseError`] with the place.
    pub fn parse(text: &str, namespace: &Namespace) -> Result<Self, ParseError> {
        match Related::read(text, namespace) {
            Some(related) => related.map(Self::Related),
            None => parse(text).map(Self::Select),
        }
    }
}

#[cfg(test)]
mod tests;
