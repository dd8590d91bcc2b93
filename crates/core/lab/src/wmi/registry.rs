//! The registry of a host, as `StdRegProv` gives it: texts that were set, and nothing else.

use cim::{Argument, FromValue as _, Output, Properties, Value};

use super::value::text;
use crate::host::Host;

/// `HKEY_LOCAL_MACHINE`, which is also what the method takes if no hive is named.
const LOCAL_MACHINE: u32 = 0x8000_0002;
/// `ERROR_FILE_NOT_FOUND`: there is no such key or value.
const NOT_FOUND: u32 = 2;

/// `GetStringValue`
pub(super) fn string_value(host: &Host, arguments: &[Argument]) -> Output {
    let argument = |name: &str| arguments.iter().find(|a| a.name == *name).map(|a| &a.value);
    let word = |name: &str| argument(name).and_then(|value| String::from_value(value).ok()).unwrap_or_default();
    let hive = argument("hDefKey").and_then(|value| u32::from_value(value).ok()).unwrap_or(LOCAL_MACHINE);
    let found = host.installed.registered(&word("sSubKeyName"), &word("sValueName"));
    let (code, value) = match found.filter(|_| hive == LOCAL_MACHINE) {
        Some(found) => (0, text(found)),
        None => (NOT_FOUND, Value::Nil),
    };
    Output { parameters: Properties::new().with("ReturnValue", Value::Uint32(code)).with("sValue", value) }
}
