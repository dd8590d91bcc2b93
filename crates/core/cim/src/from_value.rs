//! Converts values to Rust types, whether the transport knew the type or not.
#![expect(clippy::wildcard_enum_match_arm, reason = "a reader wants one type; every other is the same error")]

use crate::{CimType, DateTime, ObjectPath, Value};

/// A value does not have the requested type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}")]
pub struct ValueError {
    /// What the reader wanted.
    pub expected: &'static str,
    /// What stood there, cut to a length fit for a message.
    pub found: String,
}

/// Maximum length of an excerpt of a bad value in a message.
const EXCERPT_LENGTH: usize = 60;

impl ValueError {
    fn new(expected: &'static str, found: &Value) -> Self {
        let found = match found.lexical() {
            Some(text) => format!("`{}`", text.chars().take(EXCERPT_LENGTH).collect::<String>()),
            None => found.kind().to_owned(),
        };
        Self { expected, found }
    }
}

impl CimType {
    /// Reads text as a scalar of this type. References and objects stay [`Value::Lexical`].
    ///
    /// # Errors
    /// [`ValueError`] if the text is not a value of the type.
    pub fn read(self, text: &str) -> Result<Value, ValueError> {
        let lexical = Value::Lexical(text.to_owned());
        Ok(match self {
            Self::Boolean => Value::Boolean(bool::from_value(&lexical)?),
            Self::Uint8 => Value::Uint8(u8::from_value(&lexical)?),
            Self::Uint16 => Value::Uint16(u16::from_value(&lexical)?),
            Self::Uint32 => Value::Uint32(u32::from_value(&lexical)?),
            Self::Uint64 => Value::Uint64(u64::from_value(&lexical)?),
            Self::Sint8 => Value::Sint8(i8::from_value(&lexical)?),
            Self::Sint16 => Value::Sint16(i16::from_value(&lexical)?),
            Self::Sint32 => Value::Sint32(i32::from_value(&lexical)?),
            Self::Sint64 => Value::Sint64(i64::from_value(&lexical)?),
            Self::Real32 | Self::Real64 => Value::Real64(f64::from_value(&lexical)?),
            Self::Char16 => Value::Char16(u16::from_value(&lexical)?),
            Self::String => Value::String(text.to_owned()),
            Self::DateTime => Value::DateTime(DateTime::from_value(&lexical)?),
            Self::Reference | Self::Object => lexical,
        })
    }
}

impl Value {
    /// Reads a string where it is.
    ///
    /// # Errors
    /// [`ValueError`] if the value is not a string.
    pub fn text(&self) -> Result<&str, ValueError> {
        match single(self) {
            Self::Lexical(text) | Self::String(text) => Ok(text),
            other => Err(ValueError::new(String::EXPECTED, other)),
        }
    }
}

/// Reading a [`Value`] as a Rust type, whether the transport knew the type or not. A list of one reads as a scalar.
pub trait FromValue: Sized {
    /// What is expected, for messages: "a uint16", "a datetime".
    const EXPECTED: &'static str;

    /// Reads the value.
    ///
    /// # Errors
    /// [`ValueError`] says what was expected and what was found.
    fn from_value(value: &Value) -> Result<Self, ValueError>;
}

fn integer(value: &Value) -> Option<i128> {
    match value {
        Value::Lexical(text) => text.trim().parse().ok(),
        Value::Uint8(n) => Some(i128::from(*n)),
        Value::Uint16(n) | Value::Char16(n) => Some(i128::from(*n)),
        Value::Uint32(n) => Some(i128::from(*n)),
        Value::Uint64(n) => Some(i128::from(*n)),
        Value::Sint8(n) => Some(i128::from(*n)),
        Value::Sint16(n) => Some(i128::from(*n)),
        Value::Sint32(n) => Some(i128::from(*n)),
        Value::Sint64(n) => Some(i128::from(*n)),
        Value::List(items) => match items.as_slice() {
            [one] => integer(one),
            _ => None,
        },
        Value::Nil
        | Value::Boolean(_)
        | Value::Real64(_)
        | Value::String(_)
        | Value::DateTime(_)
        | Value::Reference(_)
        | Value::Object(_) => None,
    }
}

macro_rules! integers {
    ($($type:ty => $expected:literal),*) => {$(
        impl FromValue for $type {
            const EXPECTED: &'static str = $expected;
            fn from_value(value: &Value) -> Result<Self, ValueError> {
                integer(value).and_then(|n| Self::try_from(n).ok()).ok_or_else(|| ValueError::new(Self::EXPECTED, value))
            }
        }
    )*};
}
integers!(u8 => "a uint8", u16 => "a uint16", u32 => "a uint32", u64 => "a uint64",
          i8 => "a sint8", i16 => "a sint16", i32 => "a sint32", i64 => "a sint64");

/// The only element of a list of one, else the value itself.
fn single(value: &Value) -> &Value {
    match value {
        Value::List(items) => match items.as_slice() {
            [one] => one,
            _ => value,
        },
        _ => value,
    }
}

impl FromValue for bool {
    const EXPECTED: &'static str = "a boolean";
    fn from_value(value: &Value) -> Result<Self, ValueError> {
        match single(value) {
            Value::Boolean(b) => Ok(*b),
            Value::Lexical(text) if text.trim().eq_ignore_ascii_case("true") || text.trim() == "1" => Ok(true),
            Value::Lexical(text) if text.trim().eq_ignore_ascii_case("false") || text.trim() == "0" => Ok(false),
            other => Err(ValueError::new(Self::EXPECTED, other)),
        }
    }
}

impl FromValue for f64 {
    const EXPECTED: &'static str = "a real64";
    fn from_value(value: &Value) -> Result<Self, ValueError> {
        match single(value) {
            Value::Real64(n) => Ok(*n),
            Value::Lexical(text) => text.trim().parse().map_err(|_| ValueError::new(Self::EXPECTED, value)),
            other => Err(ValueError::new(Self::EXPECTED, other)),
        }
    }
}

impl FromValue for String {
    const EXPECTED: &'static str = "a string";
    fn from_value(value: &Value) -> Result<Self, ValueError> {
        value.text().map(ToOwned::to_owned)
    }
}

impl FromValue for DateTime {
    const EXPECTED: &'static str = "a datetime";
    fn from_value(value: &Value) -> Result<Self, ValueError> {
        match single(value) {
            Value::DateTime(d) => Ok(*d),
            Value::Lexical(text) | Value::String(text) => {
                Self::parse(text).map_err(|_| ValueError::new(Self::EXPECTED, value))
            }
            other => Err(ValueError::new(Self::EXPECTED, other)),
        }
    }
}

impl FromValue for ObjectPath {
    const EXPECTED: &'static str = "a reference";
    fn from_value(value: &Value) -> Result<Self, ValueError> {
        match single(value) {
            Value::Reference(path) => Ok(path.as_ref().clone()),
            other => Err(ValueError::new(Self::EXPECTED, other)),
        }
    }
}

impl<T: FromValue> FromValue for Vec<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    fn from_value(value: &Value) -> Result<Self, ValueError> {
        match value {
            Value::List(items) => items.iter().map(T::from_value).collect(),
            one => Ok(vec![T::from_value(one)?]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lexical_and_typed_values_read_alike() {
        assert_eq!(u16::from_value(&Value::Lexical("8".into())), Ok(8));
        assert_eq!(u16::from_value(&Value::Uint16(8)), Ok(8));
        assert_eq!(u16::from_value(&Value::List(vec![Value::Lexical("8".into())])), Ok(8));
        assert_eq!(bool::from_value(&Value::Lexical("TRUE".into())), Ok(true));
        assert_eq!(Vec::<u16>::from_value(&Value::Lexical("2".into())), Ok(vec![2]));
    }

    #[test]
    fn a_value_of_another_type_is_an_error_that_shows_it() {
        let error = u16::from_value(&Value::Lexical("70000".into())).unwrap_err();
        assert_eq!(error.to_string(), "expected a uint16, found `70000`");
        assert_eq!(u16::from_value(&Value::Nil).unwrap_err().to_string(), "expected a uint16, found NULL");
        assert!(u16::from_value(&Value::List(vec![Value::Uint16(1), Value::Uint16(2)])).is_err());
    }
}
