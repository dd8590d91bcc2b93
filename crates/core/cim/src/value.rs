//! One CIM value, and how it is read into a Rust type.
#![expect(clippy::wildcard_enum_match_arm, reason = "a reader wants one type; every other is the same error")]

use crate::{DateTime, ObjectPath, Row};

/// A property's or parameter's value.
///
/// WS-Management yields [`Value::Lexical`], since its XML carries no types; COM yields typed values. Reading
/// ([`FromValue`]) treats both alike.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// NULL.
    Nil,
    /// Text of a type that only the reader knows.
    Lexical(String),
    /// `boolean`
    Boolean(bool),
    /// `uint8`
    Uint8(u8),
    /// `uint16`
    Uint16(u16),
    /// `uint32`
    Uint32(u32),
    /// `uint64`
    Uint64(u64),
    /// `sint8`
    Sint8(i8),
    /// `sint16`
    Sint16(i16),
    /// `sint32`
    Sint32(i32),
    /// `sint64`
    Sint64(i64),
    /// `real64` (and `real32`, widened)
    Real64(f64),
    /// `char16`, as its code unit
    Char16(u16),
    /// `string`
    String(String),
    /// `datetime`
    DateTime(DateTime),
    /// `reference`
    Reference(Box<ObjectPath>),
    /// An embedded object that is not text.
    Object(Box<Row>),
    /// An array. NULL elements do not occur: no transport sends them.
    List(Vec<Value>),
}

/// The CIM types a property can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CimType {
    /// `boolean`
    Boolean,
    /// `uint8`
    Uint8,
    /// `uint16`
    Uint16,
    /// `uint32`
    Uint32,
    /// `uint64`
    Uint64,
    /// `sint8`
    Sint8,
    /// `sint16`
    Sint16,
    /// `sint32`
    Sint32,
    /// `sint64`
    Sint64,
    /// `real32`
    Real32,
    /// `real64`
    Real64,
    /// `char16`
    Char16,
    /// `string`
    String,
    /// `datetime`
    DateTime,
    /// `reference`
    Reference,
    /// An embedded object.
    Object,
}

impl CimType {
    /// The name in CIM-XML and MOF: lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Uint8 => "uint8",
            Self::Uint16 => "uint16",
            Self::Uint32 => "uint32",
            Self::Uint64 => "uint64",
            Self::Sint8 => "sint8",
            Self::Sint16 => "sint16",
            Self::Sint32 => "sint32",
            Self::Sint64 => "sint64",
            Self::Real32 => "real32",
            Self::Real64 => "real64",
            Self::Char16 => "char16",
            Self::String => "string",
            Self::DateTime => "datetime",
            Self::Reference => "reference",
            Self::Object => "object",
        }
    }

    /// The type of that name; `None` if CIM has none such.
    pub fn from_name(name: &str) -> Option<Self> {
        const ALL: [CimType; 16] = [
            CimType::Boolean,
            CimType::Uint8,
            CimType::Uint16,
            CimType::Uint32,
            CimType::Uint64,
            CimType::Sint8,
            CimType::Sint16,
            CimType::Sint32,
            CimType::Sint64,
            CimType::Real32,
            CimType::Real64,
            CimType::Char16,
            CimType::String,
            CimType::DateTime,
            CimType::Reference,
            CimType::Object,
        ];
        ALL.into_iter().find(|t| t.name().eq_ignore_ascii_case(name))
    }

    /// Reads text as a scalar of this type. References and objects stay [`Value::Lexical`].
    ///
    /// # Errors
    /// [`ValueError`] if the text is no value of the type.
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

/// A value was not of the type that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}")]
pub struct ValueError {
    /// What the reader wanted.
    pub expected: &'static str,
    /// What stood there, cut to a length fit for a message.
    pub found: String,
}

/// Longest excerpt of a bad value in a message.
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

impl Value {
    /// Whether this is NULL.
    pub fn is_nil(&self) -> bool {
        matches!(self, Self::Nil)
    }

    /// The text form of a scalar, as WS-Management writes it; `None` for NULL, arrays, references and objects.
    pub fn lexical(&self) -> Option<String> {
        Some(match self {
            Self::Lexical(text) | Self::String(text) => text.clone(),
            Self::Boolean(b) => b.to_string(),
            Self::Uint8(n) => n.to_string(),
            Self::Uint16(n) | Self::Char16(n) => n.to_string(),
            Self::Uint32(n) => n.to_string(),
            Self::Uint64(n) => n.to_string(),
            Self::Sint8(n) => n.to_string(),
            Self::Sint16(n) => n.to_string(),
            Self::Sint32(n) => n.to_string(),
            Self::Sint64(n) => n.to_string(),
            Self::Real64(n) => n.to_string(),
            Self::DateTime(d) => d.to_xs(),
            Self::Nil | Self::Reference(_) | Self::Object(_) | Self::List(_) => return None,
        })
    }

    /// Reads a string where it is.
    ///
    /// # Errors
    /// [`ValueError`] if the value is no string.
    pub fn text(&self) -> Result<&str, ValueError> {
        match single(self) {
            Self::Lexical(text) | Self::String(text) => Ok(text),
            other => Err(ValueError::new(String::EXPECTED, other)),
        }
    }

    /// What kind of value this is, for a message.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Nil => "NULL",
            Self::Lexical(_) => "text",
            Self::Boolean(_) => "a boolean",
            Self::Uint8(_) | Self::Uint16(_) | Self::Uint32(_) | Self::Uint64(_) => "an unsigned integer",
            Self::Sint8(_) | Self::Sint16(_) | Self::Sint32(_) | Self::Sint64(_) => "a signed integer",
            Self::Real64(_) => "a real number",
            Self::Char16(_) => "a character",
            Self::String(_) => "a string",
            Self::DateTime(_) => "a datetime",
            Self::Reference(_) => "a reference",
            Self::Object(_) => "an object",
            Self::List(_) => "an array",
        }
    }

    /// The CIM type of a scalar or of an array's elements; `None` where the value does not say.
    pub fn cim_type(&self) -> Option<CimType> {
        Some(match self {
            Self::Nil | Self::Lexical(_) => return None,
            Self::Boolean(_) => CimType::Boolean,
            Self::Uint8(_) => CimType::Uint8,
            Self::Uint16(_) => CimType::Uint16,
            Self::Uint32(_) => CimType::Uint32,
            Self::Uint64(_) => CimType::Uint64,
            Self::Sint8(_) => CimType::Sint8,
            Self::Sint16(_) => CimType::Sint16,
            Self::Sint32(_) => CimType::Sint32,
            Self::Sint64(_) => CimType::Sint64,
            Self::Real64(_) => CimType::Real64,
            Self::Char16(_) => CimType::Char16,
            Self::String(_) => CimType::String,
            Self::DateTime(_) => CimType::DateTime,
            Self::Reference(_) => CimType::Reference,
            Self::Object(_) => CimType::Object,
            Self::List(items) => return items.first().and_then(Self::cim_type),
        })
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
