//! WMI's objects as plain data: classes, instances and the parameters of methods.

use serde_json::Value as Json;

use crate::status::{FAILED, NOT_FOUND, Status, TYPE_MISMATCH};

/// `CIM_FLAG_ARRAY`
pub(crate) const ARRAY: i32 = 0x2000;

/// The numbers of CIM's types (`CIMTYPE_ENUMERATION`).
const TYPES: [(&str, i32); 16] = [
    ("sint16", 2),
    ("sint32", 3),
    ("real32", 4),
    ("real64", 5),
    ("string", 8),
    ("boolean", 11),
    ("object", 13),
    ("sint8", 16),
    ("uint8", 17),
    ("uint16", 18),
    ("uint32", 19),
    ("sint64", 20),
    ("uint64", 21),
    ("datetime", 101),
    ("reference", 102),
    ("char16", 103),
];

/// What a property holds. Numbers of 64 bits, datetimes and references are text in WMI.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Held {
    Null,
    Flag(bool),
    Integer(i64),
    Real(f64),
    Text(String),
    Object(Box<Object>),
    Several(Vec<Held>),
}

/// A property: its name, its type with [`ARRAY`], and what it holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Property {
    pub(crate) name: String,
    pub(crate) kind: i32,
    pub(crate) held: Held,
}

/// A method of a class: its name, and its inputs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Method {
    pub(crate) name: String,
    pub(crate) inputs: Vec<Property>,
}

/// An object.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Object {
    pub(crate) class: String,
    /// Where it is, with server and namespace: `\\SERVER\root\cimv2:Class.Key="value"`.
    pub(crate) path: Option<String>,
    pub(crate) properties: Vec<Property>,
    /// Those of a class.
    pub(crate) methods: Vec<Method>,
}

impl Object {
    /// Reads what the lab gives.
    pub(crate) fn read(json: &Json) -> Result<Self, Status> {
        let text = |name: &str| json.get(name).and_then(Json::as_str).map(str::to_owned);
        let methods = json.get("methods").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        Ok(Self {
            class: text("class").ok_or(FAILED)?,
            path: text("path"),
            properties: properties(json.get("properties"))?,
            methods: methods.iter().map(method).collect::<Result<_, _>>()?,
        })
    }

    /// The property of that name, without case.
    pub(crate) fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name.eq_ignore_ascii_case(name))
    }

    /// What one of WMI's own properties holds ("WMI System Properties"); `None` if it is none.
    pub(crate) fn system(&self, name: &str) -> Option<Held> {
        let text = |text: &str| Held::Text(text.to_owned());
        let path = self.path.as_deref();
        // The server's name ends at the third backslash, the namespace at the first colon.
        let place = path.and_then(|path| path.strip_prefix(r"\\")?.split_once('\\'));
        let within = place.and_then(|(_, rest)| rest.split_once(':'));
        Some(match name.to_ascii_uppercase().as_str() {
            "__CLASS" => text(&self.class),
            "__PATH" => path.map_or(Held::Null, text),
            "__RELPATH" => within.map_or(Held::Null, |(_, relative)| text(relative)),
            "__NAMESPACE" => within.map_or(Held::Null, |(namespace, _)| text(namespace)),
            "__SERVER" => place.map_or(Held::Null, |(server, _)| text(server)),
            "__GENUS" => Held::Integer(if self.methods.is_empty() { 2 } else { 1 }),
            "__PROPERTY_COUNT" => Held::Integer(i64::try_from(self.properties.len()).unwrap_or(i64::MAX)),
            _ => return None,
        })
    }

    /// An instance of this class or of these parameters, with nothing set.
    pub(crate) fn spawn(&self) -> Self {
        Self { path: None, methods: Vec::new(), ..self.clone() }
    }

    /// What the inputs of a method are for: an instance of its parameters, which are an object too.
    pub(crate) fn inputs_of(&self, method: &str) -> Result<Option<Self>, Status> {
        let found = self.methods.iter().find(|own| own.name.eq_ignore_ascii_case(method)).ok_or(NOT_FOUND)?;
        let properties = found.inputs.clone();
        let inputs = Self { class: "__PARAMETERS".to_owned(), properties, ..Self::default() };
        Ok(Some(inputs).filter(|inputs| !inputs.properties.is_empty()))
    }

    /// Sets a property, which the class must have.
    pub(crate) fn set(&mut self, name: &str, held: Held) -> Result<(), Status> {
        let own = self.properties.iter_mut().find(|property| property.name.eq_ignore_ascii_case(name));
        let own = own.ok_or(NOT_FOUND)?;
        own.held = fitted(own.kind, held).ok_or(TYPE_MISMATCH)?;
        Ok(())
    }

    /// The properties that are set, as the lab takes a method's inputs.
    pub(crate) fn written(&self) -> Json {
        let set = self.properties.iter().filter(|property| property.held != Held::Null);
        set.map(|property| Json::from(vec![Json::from(property.name.clone()), written(&property.held)])).collect()
    }
}

fn written(held: &Held) -> Json {
    match held {
        Held::Null | Held::Object(_) => Json::Null,
        Held::Flag(flag) => flag.to_string().into(),
        Held::Integer(number) => number.to_string().into(),
        Held::Real(number) => number.to_string().into(),
        Held::Text(text) => text.clone().into(),
        Held::Several(items) => items.iter().map(written).collect(),
    }
}

/// What a property of that type comes to hold; `None` if it cannot hold that ("Numbers" of the WMI documentation).
fn fitted(kind: i32, held: Held) -> Option<Held> {
    if held == Held::Null {
        return Some(held);
    }
    if kind & ARRAY != 0 {
        let Held::Several(items) = held else { return None };
        return items.into_iter().map(|item| fitted(kind & !ARRAY, item)).collect::<Option<_>>().map(Held::Several);
    }
    let range = match kind {
        16 => Some(-128..=127),
        17 => Some(0..=255),
        2 => Some(-32_768..=32_767),
        18 | 103 => Some(0..=65_535),
        // An unsigned number of 32 bits comes as a signed one too.
        3 | 19 => Some(-2_147_483_648..=4_294_967_295),
        _ => None,
    };
    match (kind, held) {
        (19, Held::Integer(number)) if (-2_147_483_648..0).contains(&number) => {
            Some(Held::Integer(number + 4_294_967_296))
        }
        (_, Held::Integer(number)) => range?.contains(&number).then_some(Held::Integer(number)),
        (11, held @ Held::Flag(_)) | (4 | 5, held @ Held::Real(_)) | (8 | 101 | 102, held @ Held::Text(_)) => {
            Some(held)
        }
        (20 | 21, Held::Text(text)) => text.parse::<i128>().is_ok().then_some(Held::Text(text)),
        _ => None,
    }
}

fn properties(json: Option<&Json>) -> Result<Vec<Property>, Status> {
    json.and_then(Json::as_array).ok_or(FAILED)?.iter().map(property).collect()
}

fn property(json: &Json) -> Result<Property, Status> {
    let parts = json.as_array().map(Vec::as_slice).unwrap_or_default();
    let [name, kind, value] = parts else { return Err(FAILED) };
    let (name, kind) = name.as_str().zip(kind.as_str()).ok_or(FAILED)?;
    let (base, array) = kind.strip_suffix("[]").map_or((kind, 0), |base| (base, ARRAY));
    let number = TYPES.into_iter().find(|(own, _)| *own == base).map(|(_, number)| number).ok_or(FAILED)?;
    Ok(Property { name: name.to_owned(), kind: number | array, held: held(number, value)? })
}

fn method(json: &Json) -> Result<Method, Status> {
    let parts = json.as_array().map(Vec::as_slice).unwrap_or_default();
    let [name, inputs] = parts else { return Err(FAILED) };
    let name = name.as_str().ok_or(FAILED)?.to_owned();
    Ok(Method { name, inputs: properties(Some(inputs))? })
}

/// A value that the lab wrote.
fn held(kind: i32, json: &Json) -> Result<Held, Status> {
    Ok(match json {
        Json::Null => Held::Null,
        Json::Bool(flag) => Held::Flag(*flag),
        Json::Array(items) => Held::Several(items.iter().map(|item| held(kind, item)).collect::<Result<_, _>>()?),
        Json::Object(_) => Held::Object(Box::new(Object::read(json)?)),
        Json::String(text) => match kind {
            2 | 3 | 16..=19 | 103 => Held::Integer(text.parse().map_err(|_| FAILED)?),
            4 | 5 => Held::Real(text.parse().map_err(|_| FAILED)?),
            _ => Held::Text(text.clone()),
        },
        Json::Number(_) => return Err(FAILED),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn class() -> Object {
        let inputs = json!([
            ["State", "uint16", null],
            ["Text", "string", null],
            ["Big", "uint64", null],
            ["All", "uint32[]", null]
        ]);
        Object::read(&json!({
            "class": "Msvm_X", "properties": [["Name", "string", null]], "methods": [["Change", inputs], ["Stop", []]]
        }))
        .unwrap()
    }

    #[test]
    fn an_object_says_where_it_is_and_a_row_of_columns_says_nothing() {
        let json = json!({
            "class": "Msvm_X", "path": r#"\\HV01\root\virtualization\v2:Msvm_X.Name="a:b\\c""#,
            "properties": [["Big", "uint64", "18446744073709551615"], ["Ids", "uint16[]", ["2", "3"]], ["Job", "reference", null]]
        });
        let object = Object::read(&json).unwrap();
        for (name, text) in [
            ("__class", "Msvm_X"),
            ("__SERVER", "HV01"),
            ("__NAMESPACE", r"root\virtualization\v2"),
            ("__RELPATH", r#"Msvm_X.Name="a:b\\c""#),
        ] {
            assert_eq!(object.system(name), Some(Held::Text(text.to_owned())));
        }
        assert_eq!((object.system("__GENUS"), object.system("Name")), (Some(Held::Integer(2)), None));
        assert_eq!(object.property("ids").unwrap().held, Held::Several(vec![Held::Integer(2), Held::Integer(3)]));
        assert_eq!(object.property("ids").unwrap().kind, 0x2012);
        assert_eq!(object.property("Big").unwrap().held, Held::Text("18446744073709551615".to_owned()));
        let row = Object { path: None, ..object };
        assert_eq!((row.system("__RELPATH"), row.system("__PATH")), (Some(Held::Null), Some(Held::Null)));
    }

    #[test]
    fn inputs_take_what_fits_their_type_and_no_name_that_the_method_has_not() {
        let mut inputs = class().inputs_of("change").unwrap().unwrap().spawn();
        for (name, held, expected) in [
            ("State", Held::Integer(3), Ok(())),
            ("state", Held::Integer(65_536), Err(TYPE_MISMATCH)),
            ("State", Held::Text("3".to_owned()), Err(TYPE_MISMATCH)),
            ("Text", Held::Integer(3), Err(TYPE_MISMATCH)),
            ("Text", Held::Text("<INSTANCE/>".to_owned()), Ok(())),
            ("Big", Held::Integer(3), Err(TYPE_MISMATCH)),
            ("Big", Held::Text("9".to_owned()), Ok(())),
            ("All", Held::Several(vec![Held::Integer(-1)]), Ok(())),
            ("All", Held::Integer(1), Err(TYPE_MISMATCH)),
            ("Nothing", Held::Integer(3), Err(NOT_FOUND)),
        ] {
            assert_eq!(inputs.set(name, held.clone()), expected, "{name} {held:?}");
        }
        let expected = json!([["State", "3"], ["Text", "<INSTANCE/>"], ["Big", "9"], ["All", ["4294967295"]]]);
        assert_eq!(inputs.written(), expected);
        assert_eq!(class().inputs_of("Stop"), Ok(None), "a method without inputs has none to fill in");
        assert_eq!(class().inputs_of("Begin"), Err(NOT_FOUND));
    }
}
