//! Values as hosts write them.

use cim::{DateTime, Timestamp, Value};

pub(super) fn never() -> Value {
    Value::DateTime(DateTime::Timestamp(Timestamp::from_filetime(0)))
}

pub(super) fn text(value: impl Into<String>) -> Value {
    Value::String(value.into())
}
