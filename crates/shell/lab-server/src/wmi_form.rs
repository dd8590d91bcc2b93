//! A host's objects as its own WMI gives them, in JSON: every scalar as text in WMI's form, with its CIM type beside it.

use cim::{CallError, CimType, ObjectPath, Output, Row, Value};
use reprise_lab::Definition;
use reprise_lab::schema::{self, Property};
use serde_json::{Value as Json, json};

use crate::site::Site;

/// The HRESULT with which WMI fails a call (`wbemcli.h`; RPC's and Windows' own as HRESULTs).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failed(pub(crate) u32);

impl Failed {
    /// `E_ACCESSDENIED`: COM lets the account connect to nothing.
    pub(crate) const NO_LOGIN: Self = Self(0x8007_0005);
    /// `RPC_S_SERVER_UNAVAILABLE`: WMI is not there, and nothing was done.
    pub(crate) const NOBODY: Self = Self(0x8007_06BA);
    /// `RPC_S_CALL_FAILED`: WMI went away, and nobody knows what was done.
    pub(crate) const BROKEN_OFF: Self = Self(0x8007_06BE);
    /// `WBEM_E_SERVER_TOO_BUSY`
    pub(crate) const TOO_BUSY: Self = Self(0x8004_1045);
    /// `WBEM_E_NOT_SUPPORTED`
    pub(crate) const NOT_SUPPORTED: Self = Self(0x8004_100C);
    /// `WBEM_E_INVALID_OBJECT_PATH`
    pub(crate) const BAD_PATH: Self = Self(0x8004_103A);
    /// `WBEM_E_INVALID_QUERY`
    pub(crate) const BAD_QUERY: Self = Self(0x8004_1017);
    /// `WBEM_E_UNEXPECTED`
    pub(crate) const UNEXPECTED: Self = Self(0x8004_101D);
    /// `WBEM_E_FAILED`
    const FAILED: Self = Self(0x8004_1001);
    /// `WBEM_E_NOT_FOUND`
    const NOT_FOUND: Self = Self(0x8004_1002);
    /// `WBEM_E_ACCESS_DENIED`
    const NO_RIGHTS: Self = Self(0x8004_1003);
    /// `WBEM_E_TYPE_MISMATCH`
    const TYPE_MISMATCH: Self = Self(0x8004_1005);
    /// `WBEM_E_INVALID_CLASS`
    const NO_CLASS: Self = Self(0x8004_1010);
    /// `WBEM_E_INVALID_METHOD_PARAMETERS`
    const BAD_PARAMETERS: Self = Self(0x8004_102F);

    /// The number of a failure of WMI itself: Windows' own numbers come in an HRESULT.
    pub(crate) fn of_number(code: u32) -> Self {
        Self(u16::try_from(code).map_or(code, |code| 0x8007_0000 | u32::from(code)))
    }

    /// The number that stands for what WS-Management says in numbers of its own (`wsmandisp.h`), and WMI's own as it is.
    pub(crate) fn of(error: &CallError) -> Self {
        let Some(code) = error.status else { return Self::FAILED };
        match code {
            // No such class: by its address, and in a query.
            2_150_858_752 | 2_150_858_778 => Self::NO_CLASS,
            // Keys that the class does not have.
            2_150_858_843 => Self::BAD_PATH,
            2_150_858_836 => Self::TYPE_MISMATCH,
            2_150_858_837 => Self::BAD_PARAMETERS,
            0x8033_8104 => Self::NO_RIGHTS,
            other => Self::of_number(other),
        }
    }

    /// The same where one object is asked for: then a class that is not there is an object that is not there.
    pub(crate) fn of_get(error: &CallError) -> Self {
        Some(Self::of(error)).filter(|failed| *failed != Self::NO_CLASS).unwrap_or(Self::NOT_FOUND)
    }
}

/// An object. A `whole` one says where it is; of one with a column list WMI says so only if a column names it.
pub(crate) fn object(site: &Site, host: usize, row: &Row, whole: bool) -> Json {
    let server = site.with_world(|world| world.server_name(host));
    let named = |name: &str| row.properties.get_opt::<String>(name).ok().flatten();
    let path = if whole { row.path.as_ref().map(|path| full(&server, path)) } else { named("__PATH") };
    let class = schema::classes().find(|class| row.class == *class.name);
    let own = row.properties.iter().filter(|(name, _)| !name.is_system());
    let properties: Vec<Json> = own
        .map(|(name, value)| {
            let property = class.and_then(|class| class.property(name.as_str()));
            property_of(&server, property.map_or(name.as_str(), |property| property.name), property, value)
        })
        .collect();
    json!({ "class": row.class.as_str(), "path": path, "properties": properties })
}

/// The outputs of a method, which are an object too.
pub(crate) fn outputs(site: &Site, host: usize, output: Output) -> Json {
    let row = Row { properties: output.parameters, ..Row::new("__PARAMETERS") };
    object(site, host, &row, true)
}

/// The definition of a class.
pub(crate) fn class(definition: Definition) -> Json {
    let properties: Vec<Json> = definition.properties().map(signature).collect();
    let methods: Vec<Json> = definition
        .methods()
        .map(|(name, inputs)| json!([name, inputs.iter().map(|input| signature(&input.value)).collect::<Vec<_>>()]))
        .collect();
    json!({ "class": definition.class.name, "properties": properties, "methods": methods })
}

/// The name and the type of a property.
fn signature(property: &Property) -> Json {
    json!([property.name, type_name(property.kind, property.array), null])
}

fn type_name(kind: CimType, array: bool) -> String {
    format!("{}{}", kind.name(), if array { "[]" } else { "" })
}

/// A property: its name, its type and its value.
fn property_of(server: &str, name: &str, property: Option<&Property>, value: &Value) -> Json {
    let own = value.cim_type();
    // A job's reference is the one output that may be NULL.
    let kind = match (own, property.map(|property| property.kind)) {
        // Both are one type of value here.
        (Some(CimType::Real64), Some(CimType::Real32)) => CimType::Real32,
        (Some(own), _) => own,
        (None, Some(kind)) => kind,
        (None, None) if name.eq_ignore_ascii_case("Job") => CimType::Reference,
        (None, None) => CimType::String,
    };
    let array = matches!(value, Value::List(_)) || (own.is_none() && property.is_some_and(|property| property.array));
    json!([name, type_name(kind, array), form(server, value)])
}

fn form(server: &str, value: &Value) -> Json {
    match value {
        // No array and an empty one look the same.
        Value::List(items) if items.is_empty() => Json::Null,
        Value::List(items) => items.iter().map(|item| form(server, item)).collect(),
        Value::Boolean(flag) => Json::Bool(*flag),
        Value::DateTime(time) => Json::String(time.to_dmtf()),
        Value::Reference(path) => Json::String(full(server, path)),
        Value::Object(row) => {
            let properties: Vec<Json> =
                row.properties.iter().map(|(name, value)| embedded(server, row, name.as_str(), value)).collect();
            json!({ "class": row.class.as_str(), "path": null, "properties": properties })
        }
        Value::Nil
        | Value::Lexical(_)
        | Value::Uint8(_)
        | Value::Uint16(_)
        | Value::Uint32(_)
        | Value::Uint64(_)
        | Value::Sint8(_)
        | Value::Sint16(_)
        | Value::Sint32(_)
        | Value::Sint64(_)
        | Value::Real64(_)
        | Value::Char16(_)
        | Value::String(_) => value.lexical().map_or(Json::Null, Json::String),
    }
}

fn embedded(server: &str, row: &Row, name: &str, value: &Value) -> Json {
    let class = schema::classes().find(|class| row.class == *class.name);
    property_of(server, name, class.and_then(|class| class.property(name)), value)
}

/// A path as WMI writes it, with the server and every key.
fn full(server: &str, path: &ObjectPath) -> String {
    format!(r"\\{server}\{path}")
}
