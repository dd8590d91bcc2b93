//! Object paths: which instance of which class in which namespace.

use std::collections::BTreeMap;
use std::fmt;

use crate::Name;

/// A WMI namespace, written with forward slashes and without a leading one: `root/virtualization/v2`. Compared without
/// case.
pub type Namespace = Name;

/// Maximum length of a path that is read.
const PATH_LENGTH_MAX: usize = 16 * 1024;
/// Maximum nesting of paths within key values that is read.
const PATH_DEPTH_MAX: usize = 4;

/// One key's value. Text compares without case, since Windows compares selectors so (MS-WSMV 2.2.4.35).
#[derive(Clone, Debug)]
pub enum Key {
    /// Text, or a number in decimal.
    Text(String),
    /// A reference, as association classes have.
    Path(Box<ObjectPath>),
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => a.to_lowercase() == b.to_lowercase(),
            (Self::Path(a), Self::Path(b)) => a == b,
            (Self::Text(_), Self::Path(_)) | (Self::Path(_), Self::Text(_)) => false,
        }
    }
}
impl Eq for Key {}

/// Which instance. A path without keys names a singleton, or the class itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectPath {
    /// The namespace.
    pub namespace: Namespace,
    /// The class.
    pub class: Name,
    /// The key properties.
    pub keys: BTreeMap<Name, Key>,
}

/// The text is not a WMI object path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an object path: {problem}")]
pub struct PathError {
    /// What is wrong with it.
    pub problem: &'static str,
}

impl ObjectPath {
    /// The path of a class or singleton.
    pub fn new(namespace: impl Into<Namespace>, class: impl Into<Name>) -> Self {
        Self { namespace: namespace.into(), class: class.into(), keys: BTreeMap::new() }
    }

    /// Adds a text key.
    #[must_use]
    pub fn with(mut self, name: impl Into<Name>, text: impl Into<String>) -> Self {
        self.keys.insert(name.into(), Key::Text(text.into()));
        self
    }

    /// The text of a key; `None` if it is absent or a reference.
    pub fn key(&self, name: impl Into<Name>) -> Option<&str> {
        match self.keys.get(&name.into()) {
            Some(Key::Text(text)) => Some(text),
            Some(Key::Path(_)) | None => None,
        }
    }

    /// Reads the form that WMI writes: `[\\server\]root\virtualization\v2:Class.Key="value",Other="…"`. The server part
    /// is skipped; without a namespace it is `root/cimv2`, WMI's default. Values stand in either kind of quotes.
    ///
    /// # Errors
    /// [`PathError`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        parse_path(text, "root/cimv2", 0)
    }

    /// The same; without a namespace it lies in the one that is given.
    ///
    /// # Errors
    /// [`PathError`] says what is wrong.
    pub fn parse_in(text: &str, namespace: &Namespace) -> Result<Self, PathError> {
        parse_path(text, namespace.as_str(), 0)
    }
}

impl fmt::Display for ObjectPath {
    /// Writes the form that [`ObjectPath::parse`] reads, without a server; with `#`, without the namespace too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            write!(f, "{}:", self.namespace.as_str().replace('/', "\\"))?;
        }
        write!(f, "{}", self.class)?;
        for (index, (name, key)) in self.keys.iter().enumerate() {
            let text = match key {
                Key::Text(text) => text.clone(),
                Key::Path(path) => path.to_string(),
            };
            let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
            write!(f, "{}{name}=\"{escaped}\"", if index == 0 { '.' } else { ',' })?;
        }
        Ok(())
    }
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn parse_path(text: &str, default: &str, depth: usize) -> Result<ObjectPath, PathError> {
    let fail = |problem| Err(PathError { problem });
    if text.len() > PATH_LENGTH_MAX {
        return fail("it is too long");
    }
    if depth > PATH_DEPTH_MAX {
        return fail("it is nested too deeply");
    }
    let quote = text.find(['"', '\'']).unwrap_or(text.len());
    let head_end = text.get(..quote).and_then(|head| head.find(':'));
    let (namespace, rest) = match head_end {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default()),
        None => (default, text),
    };
    let namespace = namespace.replace('\\', "/");
    let namespace = match namespace.strip_prefix("//") {
        Some(with_server) => with_server.split_once('/').map_or("", |(_, ns)| ns).to_owned(),
        None => namespace,
    };
    if namespace.is_empty() {
        return fail("the namespace is empty");
    }
    if !namespace.split('/').all(is_identifier) {
        return fail("the namespace is not identifiers between slashes");
    }
    let class_end = rest.find(['.', '=']).unwrap_or(rest.len());
    let (class, keys) = rest.split_at_checked(class_end).unwrap_or((rest, ""));
    if !is_identifier(class) {
        return fail("the class name is not an identifier");
    }
    let mut path = ObjectPath::new(namespace, class);
    match keys.strip_prefix('.') {
        Some(keys) => path.keys = parse_keys(keys, default, depth)?,
        None if keys.is_empty() || keys == "=@" => {}
        None => return fail("keys must be named"),
    }
    Ok(path)
}

fn parse_keys(text: &str, default: &str, depth: usize) -> Result<BTreeMap<Name, Key>, PathError> {
    let mut keys = BTreeMap::new();
    let mut rest = text;
    loop {
        let (name, after) = rest.split_once('=').ok_or(PathError { problem: "a key has no value" })?;
        if !is_identifier(name) {
            return Err(PathError { problem: "a key's name is not an identifier" });
        }
        let (value, after) = parse_key_value(after)?;
        let key = match parse_path(&value, default, depth + 1) {
            Ok(path) if value.contains(':') && !path.keys.is_empty() => Key::Path(Box::new(path)),
            Ok(_) | Err(_) => Key::Text(value),
        };
        if keys.insert(Name::new(name), key).is_some() {
            return Err(PathError { problem: "a key occurs twice" });
        }
        match after.strip_prefix(',') {
            Some(more) => rest = more,
            None if after.is_empty() => return Ok(keys),
            None => {
                return Err(PathError { problem: "text follows a key's value" });
            }
        }
    }
}

/// A quoted text with escapes resolved, or a bare number; and what follows it.
fn parse_key_value(text: &str) -> Result<(String, &str), PathError> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''));
    let Some((quote, quoted)) = quote.and_then(|quote| Some((quote, text.strip_prefix(quote)?))) else {
        let end = text.find(',').unwrap_or(text.len());
        let (number, after) = text.split_at_checked(end).unwrap_or((text, ""));
        return if is_identifier(number) {
            Ok((number.to_owned(), after))
        } else {
            Err(PathError { problem: "a key's value is neither quoted nor a number" })
        };
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => return Ok((value, quoted.get(at + 1..).unwrap_or_default())),
            '\\' => match chars.next() {
                Some((_, escaped)) => value.push(escaped),
                None => break,
            },
            other => value.push(other),
        }
    }
    Err(PathError { problem: "a quoted value does not end" })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_wmi_writes() {
        let text =
            r#"\\HV01\root\virtualization\v2:Msvm_ReplicationRelationship.InstanceID="Microsoft:4708A0F4\\HVR\\0""#;
        let path = ObjectPath::parse(text).unwrap();
        assert_eq!(path.namespace, "root/virtualization/v2");
        assert_eq!(path.key("instanceid"), Some(r"Microsoft:4708A0F4\HVR\0"));
    }

    #[test]
    fn a_namespace_is_identifiers_between_slashes() {
        for bad in
            [r"\\\\HV01\\root\cimv2:C", r"root\\cimv2:C", r"root\:C", r"\root\cimv2:C", " root:C", "a.b:C", "\\\\h\\:C"]
        {
            assert!(ObjectPath::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(ObjectPath::parse(r"ROOT\ms_409:C"), Ok(ObjectPath::new("root/ms_409", "C")));
    }

    #[test]
    fn a_relative_path_lies_in_the_namespace_it_is_read_in_and_may_be_in_single_quotes() {
        let namespace = Namespace::new("root/virtualization/v2");
        let path = ObjectPath::parse_in(r"Msvm_X.InstanceID='Microsoft:it\'s \\HVR'", &namespace).unwrap();
        assert_eq!(
            path,
            ObjectPath::new("root/virtualization/v2", "Msvm_X").with("InstanceID", r"Microsoft:it's \HVR")
        );
        let elsewhere = ObjectPath::parse_in(r#"\\.\root\cimv2:Win32_Service.Name="it's""#, &namespace).unwrap();
        assert_eq!(elsewhere, ObjectPath::new("root/cimv2", "Win32_Service").with("Name", "it's"));
    }

    #[test]
    fn keys_compare_without_case() {
        let upper = ObjectPath::new("root/cimv2", "Win32_Service").with("Name", "VMMS");
        let lower = ObjectPath::new("ROOT/CIMV2", "win32_service").with("name", "vmms");
        assert_eq!(upper, lower);
    }

    #[test]
    fn refuses_what_is_no_path() {
        for text in
            ["", ":", "x:", "root:A.", "root:A.B", "root:A.B=", r#"root:A.B="x"#, r#"root:A.B="x"y"#, "root:A B"]
        {
            assert!(ObjectPath::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_path_survives_its_text(class in "[A-Za-z_][A-Za-z0-9_]{0,20}", keys in proptest::collection::btree_map("[A-Z][a-z]{0,8}", "[^\u{0}:]{0,24}", 0..4)) {
            let mut path = ObjectPath::new("root/virtualization/v2", class);
            for (name, value) in keys {
                path = path.with(name, value);
            }
            prop_assert_eq!(ObjectPath::parse(&path.to_string()), Ok(path));
        }

        #[test]
        fn a_nested_path_survives(value in "[^\u{0}:]{1,24}") {
            let inner = ObjectPath::new("root/cimv2", "Inner").with("Name", value);
            let mut outer = ObjectPath::new("root/cimv2", "Outer");
            outer.keys.insert("Antecedent".into(), Key::Path(Box::new(inner)));
            prop_assert_eq!(ObjectPath::parse(&outer.to_string()), Ok(outer));
        }

        #[test]
        fn no_text_panics(text in ".{0,80}") {
            let _read = ObjectPath::parse(&text);
        }
    }
}
