//! WMI's system properties, which every instance has, and which only a query that names them shows.

use cim::{Row, Value};

use super::value::text;
use crate::schema::Class;

/// WMI reference, "WMI System Properties".
const NAMES: [&str; 10] = [
    "__CLASS",
    "__DERIVATION",
    "__DYNASTY",
    "__GENUS",
    "__NAMESPACE",
    "__PATH",
    "__PROPERTY_COUNT",
    "__RELPATH",
    "__SERVER",
    "__SUPERCLASS",
];

/// What `__GENUS` says of an instance; 1 is a class.
const INSTANCE: i32 = 2;

/// Whether there is a system property of that name.
pub(super) fn has(name: &str) -> bool {
    NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Adds them to an instance.
pub(super) fn add(server: &str, class: &Class, row: &mut Row) {
    let namespace = class.namespace.replace('/', r"\");
    let path = row.path.as_ref().map(ToString::to_string).unwrap_or_default();
    let relative = path.split_once(':').map_or("", |(_, relative)| relative);
    // A singleton says so.
    let relative = if class.keys.is_empty() { format!("{relative}=@") } else { relative.to_owned() };
    let derivation = class.derivation();
    let class_or_null = |name: Option<&&str>| name.map_or(Value::Nil, |name| text(*name));
    let count = i32::try_from(row.properties.len()).unwrap_or(i32::MAX);
    for (name, value) in [
        ("__PATH", text(format!(r"\\{server}\{namespace}:{relative}"))),
        ("__RELPATH", text(relative)),
        ("__NAMESPACE", text(namespace)),
        ("__SERVER", text(server)),
        ("__CLASS", text(class.name)),
        ("__SUPERCLASS", class_or_null(derivation.first())),
        // A class that is derived from none is its own dynasty.
        ("__DYNASTY", class_or_null(derivation.last().or(Some(&class.name)))),
        ("__DERIVATION", Value::List(derivation.iter().map(|name| text(*name)).collect())),
        ("__GENUS", Value::Sint32(INSTANCE)),
        ("__PROPERTY_COUNT", Value::Sint32(count)),
    ] {
        row.properties.set(name, value);
    }
}
