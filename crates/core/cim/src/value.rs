//! One CIM value, and instances, which are made of values and may be one.

use crate::{DateTime, Name, ObjectPath};

/// A property's or parameter's value.
///
/// WS-Management yields [`Value::Lexical`], since its XML carries no types; COM yields typed values. Reading
/// ([`FromValue`](crate::FromValue)) treats both alike.
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

/// Named values in Windows' order: alphabetical without case.
///
/// A row has a handful of them and a host's answer has thousands of rows: a sorted list takes a fraction of a map's memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Properties(pub(crate) Vec<(Name, Value)>);

/// An instance or a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The class of the instance, which may be derived from the one that was asked for. Empty where the transport does
    /// not say it (a query with a column list).
    pub class: Name,
    /// Where the instance is; `None` where the transport did not say it.
    pub path: Option<ObjectPath>,
    /// The values.
    pub properties: Properties,
}
