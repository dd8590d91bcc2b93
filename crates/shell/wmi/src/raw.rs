//! What a COM variant holds, apart from COM, and the CIM value that it is.
//!
//! A variant has fewer types than CIM, so each property comes with its CIM type beside it: a `uint32` travels as a signed
//! integer, a `uint64`, a datetime and a reference as text (WMI documentation, "Numbers", "`CIMTYPE_ENUMERATION`").

use cim::{CallError, CimType, DateTime, Namespace, ObjectPath, Row, Value};

/// What a variant holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Raw {
    /// Nothing.
    Null,
    /// `VT_BOOL`
    Boolean(bool),
    /// Any integer.
    Integer(i64),
    /// `VT_R4` or `VT_R8`
    Real(f64),
    /// `VT_BSTR`
    Text(String),
    /// `VT_UNKNOWN` with an instance.
    Object(Box<Row>),
    /// `VT_ARRAY` of any of them.
    Array(Vec<Raw>),
}

/// A number of `CIMTYPE_ENUMERATION`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CimNumber(pub(crate) i32);

impl CimNumber {
    /// `CIM_FLAG_ARRAY`
    const ARRAY: i32 = 0x2000;

    fn is_array(self) -> bool {
        self.0 & Self::ARRAY != 0
    }

    /// The type, or that of an array's elements; `None` if there is none of that number.
    fn of_one(self) -> Option<CimType> {
        Some(match self.0 & !Self::ARRAY {
            2 => CimType::Sint16,
            3 => CimType::Sint32,
            4 => CimType::Real32,
            5 => CimType::Real64,
            8 => CimType::String,
            11 => CimType::Boolean,
            13 => CimType::Object,
            16 => CimType::Sint8,
            17 => CimType::Uint8,
            18 => CimType::Uint16,
            19 => CimType::Uint32,
            20 => CimType::Sint64,
            21 => CimType::Uint64,
            101 => CimType::DateTime,
            102 => CimType::Reference,
            103 => CimType::Char16,
            _ => return None,
        })
    }
}

impl Raw {
    /// The value of a property of that type. `namespace` is where a reference without one leads.
    ///
    /// # Errors
    /// [`cim::ErrorKind::Malformed`] if the variant cannot hold a value of that type.
    pub(crate) fn into_value(self, number: CimNumber, namespace: &Namespace) -> Result<Value, CallError> {
        let kind = number
            .of_one()
            .ok_or_else(|| CallError::malformed(format!("WMI gave a value of the unknown type {}", number.0)))?;
        match self {
            Self::Null => Ok(Value::Nil),
            Self::Array(items) if number.is_array() => {
                let items = items.into_iter().filter(|item| *item != Self::Null);
                items.map(|item| item.into_scalar(kind, namespace)).collect::<Result<_, _>>().map(Value::List)
            }
            Self::Boolean(_) | Self::Integer(_) | Self::Real(_) | Self::Text(_) | Self::Object(_)
                if !number.is_array() =>
            {
                self.into_scalar(kind, namespace)
            }
            Self::Boolean(_) | Self::Integer(_) | Self::Real(_) | Self::Text(_) | Self::Object(_) | Self::Array(_) => {
                Err(unfit(kind))
            }
        }
    }

    fn into_scalar(self, kind: CimType, namespace: &Namespace) -> Result<Value, CallError> {
        let unfit = || unfit(kind);
        match (kind, self) {
            (CimType::Boolean, Self::Boolean(flag)) => Ok(Value::Boolean(flag)),
            (CimType::Real32 | CimType::Real64, Self::Real(number)) => Ok(Value::Real64(number)),
            (CimType::String, Self::Text(text)) => Ok(Value::String(text)),
            // What cannot be read is left as text: only a reader that needs it fails, and not the whole instance.
            (CimType::DateTime, Self::Text(text)) => {
                Ok(DateTime::parse(&text).map_or(Value::Lexical(text), Value::DateTime))
            }
            (CimType::Reference, Self::Text(text)) => Ok(ObjectPath::parse_in(&text, namespace)
                .map_or(Value::Lexical(text), |path| Value::Reference(Box::new(path)))),
            (CimType::Object, Self::Object(row)) => Ok(Value::Object(row)),
            (CimType::Sint64, Self::Text(text)) => text.parse().map(Value::Sint64).map_err(|_| unfit()),
            (CimType::Uint64, Self::Text(text)) => text.parse().map(Value::Uint64).map_err(|_| unfit()),
            (kind, Self::Integer(number)) => integer(kind, number).ok_or_else(unfit),
            _ => Err(unfit()),
        }
    }

    /// What a method's input travels as; `None` for what no method of ours takes.
    pub(crate) fn of_input(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Boolean(flag) => Self::Boolean(*flag),
            Value::Uint8(number) => Self::Integer(i64::from(*number)),
            Value::Uint16(number) | Value::Char16(number) => Self::Integer(i64::from(*number)),
            Value::Uint32(number) => Self::Integer(i64::from(*number)),
            Value::Sint8(number) => Self::Integer(i64::from(*number)),
            Value::Sint16(number) => Self::Integer(i64::from(*number)),
            Value::Sint32(number) => Self::Integer(i64::from(*number)),
            Value::Uint64(number) => Self::Text(number.to_string()),
            Value::Sint64(number) => Self::Text(number.to_string()),
            Value::Real64(number) => Self::Real(*number),
            Value::String(text) | Value::Lexical(text) => Self::Text(text.clone()),
            Value::DateTime(time) => Self::Text(time.to_dmtf()),
            Value::Reference(path) => Self::Text(path.to_string()),
            Value::List(items) => Self::Array(items.iter().map(Self::of_input).collect::<Option<_>>()?),
            Value::Nil | Value::Object(_) => return None,
        })
    }
}

/// An integer of that type; `None` if it is none, or does not fit. COM has no unsigned 32 bits: they come as signed ones.
fn integer(kind: CimType, number: i64) -> Option<Value> {
    Some(match kind {
        CimType::Uint8 => Value::Uint8(number.try_into().ok()?),
        CimType::Uint16 => Value::Uint16(number.try_into().ok()?),
        CimType::Char16 => Value::Char16(number.try_into().ok()?),
        CimType::Uint32 => match i32::try_from(number) {
            Ok(number) => Value::Uint32(number.cast_unsigned()),
            Err(_) => Value::Uint32(number.try_into().ok()?),
        },
        CimType::Sint8 => Value::Sint8(number.try_into().ok()?),
        CimType::Sint16 => Value::Sint16(number.try_into().ok()?),
        CimType::Sint32 => Value::Sint32(number.try_into().ok()?),
        CimType::Sint64 => Value::Sint64(number),
        CimType::Uint64 => Value::Uint64(number.try_into().ok()?),
        CimType::Boolean
        | CimType::Real32
        | CimType::Real64
        | CimType::String
        | CimType::DateTime
        | CimType::Reference
        | CimType::Object => return None,
    })
}

fn unfit(kind: CimType) -> CallError {
    CallError::malformed(format!("WMI gave something else than a {}", kind.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(number: i32, raw: Raw) -> Option<Value> {
        raw.into_value(CimNumber(number), &Namespace::new("root/cimv2")).ok()
    }

    #[test]
    fn a_variant_is_read_by_the_type_beside_it() {
        let text = |text: &str| Raw::Text(text.to_owned());
        let vm =
            r#"\\HV01\root\virtualization\v2:Msvm_ComputerSystem.CreationClassName="Msvm_ComputerSystem",Name="A""#;
        let path = ObjectPath::new("root/virtualization/v2", "Msvm_ComputerSystem")
            .with("CreationClassName", "Msvm_ComputerSystem")
            .with("Name", "A");
        let row = Box::new(Row { class: "Msvm_X".into(), path: None, properties: cim::Properties::new() });
        let stamp = DateTime::parse("20260131100000.500000+060").unwrap();
        for (number, raw, value) in [
            (11, Raw::Boolean(true), Value::Boolean(true)),
            (17, Raw::Integer(255), Value::Uint8(255)),
            (18, Raw::Integer(65_535), Value::Uint16(65_535)),
            (19, Raw::Integer(-1), Value::Uint32(u32::MAX)),
            (19, Raw::Integer(7), Value::Uint32(7)),
            (16, Raw::Integer(-1), Value::Sint8(-1)),
            (2, Raw::Integer(-300), Value::Sint16(-300)),
            (3, Raw::Integer(-70_000), Value::Sint32(-70_000)),
            (103, Raw::Integer(65), Value::Char16(65)),
            (20, text("-9007199254740993"), Value::Sint64(-9_007_199_254_740_993)),
            (21, text("18446744073709551615"), Value::Uint64(u64::MAX)),
            (5, Raw::Real(0.5), Value::Real64(0.5)),
            (13, Raw::Object(row.clone()), Value::Object(row)),
            (8, text("東京 \u{1F480}"), Value::String("東京 \u{1F480}".to_owned())),
            (101, text("20260131100000.500000+060"), Value::DateTime(stamp)),
            (102, text(vm), Value::Reference(Box::new(path))),
            // Wine writes the offset in two digits.
            (101, text("20260131100000.500000+00"), Value::Lexical("20260131100000.500000+00".to_owned())),
            (102, text("no path"), Value::Lexical("no path".to_owned())),
            (8, Raw::Null, Value::Nil),
            (0x2000 + 18, Raw::Null, Value::Nil),
            (
                0x2000 + 18,
                Raw::Array(vec![Raw::Integer(2), Raw::Integer(3)]),
                Value::List(vec![Value::Uint16(2), Value::Uint16(3)]),
            ),
            (0x2000 + 8, Raw::Array(vec![text("a"), Raw::Null]), Value::List(vec![Value::String("a".to_owned())])),
        ] {
            assert_eq!(read(number, raw.clone()), Some(value), "{number} {raw:?}");
        }
    }

    #[test]
    fn a_variant_that_does_not_fit_its_type_is_an_error_and_never_another_value() {
        for (number, raw) in [
            (18, Raw::Integer(65_536)),
            (18, Raw::Integer(-1)),
            (17, Raw::Text("1".to_owned())),
            (21, Raw::Text("-1".to_owned())),
            (11, Raw::Integer(1)),
            (8, Raw::Array(vec![])),
            (0x2000 + 8, Raw::Text("a".to_owned())),
            (99, Raw::Null),
        ] {
            assert_eq!(read(number, raw.clone()), None, "{number} {raw:?}");
        }
    }

    #[test]
    fn an_input_travels_as_com_expects_it() {
        for (value, raw) in [
            (Value::Uint16(3), Some(Raw::Integer(3))),
            (Value::Uint64(u64::MAX), Some(Raw::Text("18446744073709551615".to_owned()))),
            (Value::String("<INSTANCE/>".to_owned()), Some(Raw::Text("<INSTANCE/>".to_owned()))),
            (Value::Boolean(false), Some(Raw::Boolean(false))),
            (Value::List(vec![Value::Uint32(2)]), Some(Raw::Array(vec![Raw::Integer(2)]))),
            (Value::List(vec![Value::Nil]), None),
            (Value::Nil, None),
        ] {
            assert_eq!(Raw::of_input(&value), raw, "{value:?}");
        }
    }
}
