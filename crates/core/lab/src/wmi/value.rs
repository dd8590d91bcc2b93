//! Values as hosts write them.

use cim::{CimTimestamp, DateTime, Value};

pub(super) fn never() -> Value {
    Value::DateTime(DateTime::Timestamp(CimTimestamp::from_filetime(0)))
}

pub(super) fn text(value: impl Into<String>) -> Value {
    Value::String(value.into())
}
