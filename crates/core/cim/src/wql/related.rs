//! WQL `ASSOCIATORS OF` and `REFERENCES OF`: what one instance is related to, built, written, read and followed.

use std::fmt;

use super::parse::{ParseError, Terms, tokens_from};
use crate::{Name, Namespace, ObjectPath, Row, Value};

/// Maximum length of a query that is read.
const LENGTH_MAX: usize = 64 * 1024;

/// What one instance is related to. Neither inheritance nor any class is known here: that is the server's.
#[derive(Clone, Debug, PartialEq)]
pub struct Related {
    /// The instance from which to go.
    pub object: ObjectPath,
    /// Only over associations of this class.
    pub association: Option<Name>,
    /// Only over associations whose property of this name refers to the object.
    pub role: Option<Name>,
    /// What is returned.
    pub sought: Sought,
}

/// What is returned of what an instance is related to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sought {
    /// The associations themselves: `REFERENCES OF`.
    Associations,
    /// The instances at their other ends: `ASSOCIATORS OF`.
    Instances {
        /// Only those of this class.
        class: Option<Name>,
        /// Only those to which the association's property of this name refers.
        role: Option<Name>,
    },
}

impl Related {
    /// `ASSOCIATORS OF {object}`
    pub fn instances(object: ObjectPath) -> Self {
        Self { object, association: None, role: None, sought: Sought::Instances { class: None, role: None } }
    }

    /// `ASSOCIATORS OF {object} WHERE ResultClass = class`
    pub fn instances_of(object: ObjectPath, class: impl Into<Name>) -> Self {
        let sought = Sought::Instances { class: Some(class.into()), role: None };
        Self { object, association: None, role: None, sought }
    }

    /// `REFERENCES OF {object}`
    pub fn associations(object: ObjectPath) -> Self {
        Self { object, association: None, role: None, sought: Sought::Associations }
    }

    /// The same over associations of one class alone.
    #[must_use]
    pub fn over(mut self, association: impl Into<Name>) -> Self {
        self.association = Some(association.into());
        self
    }

    /// Whether an association refers to the object, in the role that is asked for.
    pub fn touches(&self, association: &Row) -> bool {
        self.near(association).next().is_some()
    }

    /// The other ends of an association that refers to the object, in the roles that are asked for.
    pub fn far_ends<'a>(&'a self, association: &'a Row) -> impl Iterator<Item = &'a ObjectPath> {
        let wanted = match &self.sought {
            Sought::Associations => None,
            Sought::Instances { role, .. } => role.as_ref(),
        };
        self.near(association).flat_map(move |near| {
            references(association)
                .filter(move |(name, _)| *name != near && wanted.is_none_or(|wanted| wanted == *name))
                .map(|(_, path)| path)
        })
    }

    /// The association's properties that refer to the object.
    fn near<'a>(&'a self, association: &'a Row) -> impl Iterator<Item = &'a Name> {
        references(association)
            .filter(|(name, path)| **path == self.object && self.role.as_ref().is_none_or(|role| role == *name))
            .map(|(name, _)| name)
    }

    /// Reads the text; `None` if it does not begin as one of the two.
    ///
    /// # Errors
    /// [`ParseError`] with the place.
    pub(super) fn read(text: &str, namespace: &Namespace) -> Option<Result<Self, ParseError>> {
        let head = text.trim_start();
        let keyword: String = head.chars().take_while(char::is_ascii_alphabetic).collect();
        let returns_instances = keyword.eq_ignore_ascii_case("ASSOCIATORS");
        if !returns_instances && !keyword.eq_ignore_ascii_case("REFERENCES") {
            return None;
        }
        if text.len() > LENGTH_MAX {
            return Some(Err(ParseError { at: LENGTH_MAX, problem: "it is too long" }));
        }
        Some(read_rest(text, text.len() - head.len() + keyword.len(), returns_instances, namespace))
    }
}

/// The properties of an association that are references.
fn references(association: &Row) -> impl Iterator<Item = (&Name, &ObjectPath)> {
    association
        .properties
        .iter()
        .filter_map(|(name, value)| if let Value::Reference(path) = value { Some((name, &**path)) } else { None })
}

/// Reads what follows the first word: `OF {object} [WHERE term…]`, beginning at a byte of the text.
fn read_rest(text: &str, from: usize, returns_instances: bool, namespace: &Namespace) -> Result<Related, ParseError> {
    let place = |byte: usize| text.get(..byte).unwrap_or(text).chars().count();
    let rest = text.get(from..).unwrap_or_default();
    let open =
        rest.find('{').ok_or(ParseError { at: place(text.len()), problem: "an object path in braces is expected" })?;
    if !rest.get(..open).unwrap_or_default().trim().eq_ignore_ascii_case("OF") {
        return Err(ParseError { at: place(from), problem: "OF is expected" });
    }
    let inside = rest.get(open + 1..).unwrap_or_default();
    let close =
        closing_brace(inside).ok_or(ParseError { at: place(from + open), problem: "the object path does not end" })?;
    let path = inside.get(..close).unwrap_or_default().trim();
    let object = ObjectPath::parse_in(path, namespace)
        .map_err(|_| ParseError { at: place(from + open), problem: "not an object path" })?;
    let tail = from + open + 1 + close + 1;
    let mut terms = Terms::new(tokens_from(text.get(tail..).unwrap_or_default(), place(tail))?, place(text.len()));
    let mut related = if returns_instances { Related::instances(object) } else { Related::associations(object) };
    if terms.is_empty() {
        return Ok(related);
    }
    terms.keyword_where()?;
    set(&mut related, &mut terms)?;
    while !terms.is_empty() {
        set(&mut related, &mut terms)?;
    }
    Ok(related)
}

/// Where a path ends: the first brace outside quotes.
fn closing_brace(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (None, '}') => return Some(at),
            (None, '"' | '\'') => quote = Some(c),
            (Some(_), '\\') => {
                chars.next();
            }
            (Some(open), c) if c == open => quote = None,
            (None | Some(_), _) => {}
        }
    }
    None
}

/// Reads one `term = name`. WQL joins them by blanks alone.
fn set(related: &mut Related, terms: &mut Terms) -> Result<(), ParseError> {
    let unknown = terms.error("this term is none of AssocClass, ResultClass, Role, ResultRole");
    let (term, name) = terms.assignment()?;
    let slot = match (term.to_ascii_lowercase().as_str(), &mut related.sought) {
        ("role", _) => &mut related.role,
        ("assocclass", Sought::Instances { .. }) | ("resultclass", Sought::Associations) => &mut related.association,
        ("resultclass", Sought::Instances { class, .. }) => class,
        ("resultrole", Sought::Instances { role, .. }) => role,
        _ => return Err(unknown),
    };
    if slot.replace(name).is_some() {
        return Err(ParseError { problem: "a term stands twice", ..unknown });
    }
    Ok(())
}

impl fmt::Display for Related {
    /// Writes the query; with `#`, the object's path without its namespace.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (head, terms) = match &self.sought {
            Sought::Associations => ("REFERENCES", vec![("ResultClass", &self.association), ("Role", &self.role)]),
            Sought::Instances { class, role } => (
                "ASSOCIATORS",
                vec![
                    ("AssocClass", &self.association),
                    ("ResultClass", class),
                    ("Role", &self.role),
                    ("ResultRole", role),
                ],
            ),
        };
        write!(f, "{head} OF {{")?;
        fmt::Display::fmt(&self.object, f)?;
        write!(f, "}}")?;
        let mut before = " WHERE";
        for (term, name) in terms {
            if let Some(name) = name {
                write!(f, "{before} {term} = {name}")?;
                before = "";
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wql::{Query, Select};

    const NAMESPACE: &str = "root/virtualization/v2";

    fn vm() -> ObjectPath {
        ObjectPath::new(NAMESPACE, "Msvm_ComputerSystem").with("Name", "6F0C2A51")
    }

    fn setting() -> ObjectPath {
        ObjectPath::new(NAMESPACE, "Msvm_VirtualSystemSettingData").with("InstanceID", "Microsoft:6F0C2A51")
    }

    fn association() -> Row {
        Row::new("Msvm_SettingsDefineState")
            .with("ManagedElement", Value::Reference(Box::new(vm())))
            .with("SettingData", Value::Reference(Box::new(setting())))
            .with("IsCurrent", Value::Boolean(true))
    }

    fn read(text: &str) -> Result<Query, ParseError> {
        Query::parse(text, &NAMESPACE.into())
    }

    fn read_related(text: &str) -> Related {
        match read(text) {
            Ok(Query::Related(related)) => related,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn what_administrators_write_is_read() {
        let bare = read_related("associators of {msvm_computersystem.name='6f0c2a51'}");
        assert_eq!(bare, Related::instances(vm()));
        let full = read_related(
            " ASSOCIATORS OF { \\\\.\\root\\virtualization\\v2:Msvm_ComputerSystem.Name=\"6F0C2A51\" } WHERE \
             ResultRole=SettingData AssocClass = Msvm_SettingsDefineState Role = ManagedElement ResultClass = Msvm_X",
        );
        let sought = Sought::Instances { class: Some("Msvm_X".into()), role: Some("SettingData".into()) };
        let expected = Related {
            object: vm(),
            association: Some("Msvm_SettingsDefineState".into()),
            role: Some("ManagedElement".into()),
            sought,
        };
        assert_eq!(full, expected);
        let references = read_related("REFERENCES OF {Msvm_ComputerSystem.Name='6F0C2A51'} WHERE ResultClass = A");
        assert_eq!(references, Related::associations(vm()).over("A"));
        assert_eq!(read("SELECT * FROM A"), Ok(Query::Select(Select::all("A"))));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_place() {
        for (text, at) in [
            ("ASSOCIATORS", 11),
            ("ASSOCIATORS OF Msvm_X.A='b'", 27),
            ("ASSOCIATORS FOR {Msvm_X.A='b'}", 11),
            ("ASSOCIATORS OF {Msvm_X.A='b}", 15),
            ("ASSOCIATORS OF {Msvm_X.A=}", 15),
            ("ASSOCIATORS OF {A.B='c'} ResultClass = D", 25),
            ("ASSOCIATORS OF {A.B='c'} WHERE", 30),
            ("ASSOCIATORS OF {A.B='c'} WHERE ResultClass D", 43),
            ("ASSOCIATORS OF {A.B='c'} WHERE ClassDefsOnly", 44),
            ("ASSOCIATORS OF {A.B='c'} WHERE Colour = Red", 31),
            ("ASSOCIATORS OF {A.B='c'} WHERE Role = R Role = R", 40),
            ("REFERENCES OF {A.B='c'} WHERE ResultRole = R", 30),
            ("REFERENCES OF {A.B='c'} WHERE Role = 'R'", 37),
        ] {
            assert_eq!(read(text).map_err(|error| error.at), Err(at), "{text}");
        }
    }

    #[test]
    fn an_association_leads_from_the_object_to_its_other_end_and_no_further() {
        let row = association();
        let ends = |related: &Related| related.far_ends(&row).cloned().collect::<Vec<_>>();
        assert_eq!(ends(&Related::instances(vm())), [setting()]);
        assert_eq!(ends(&Related::instances(setting())), [vm()]);
        assert_eq!(ends(&Related::instances(ObjectPath::new(NAMESPACE, "Msvm_ComputerSystem").with("Name", "0"))), []);
        for (role, result_role, found) in [
            (Some("managedelement"), None, true),
            (Some("SettingData"), None, false),
            (None, Some("settingdata"), true),
            (None, Some("ManagedElement"), false),
        ] {
            let related = Related {
                role: role.map(Name::new),
                sought: Sought::Instances { class: None, role: result_role.map(Name::new) },
                ..Related::instances(vm())
            };
            assert_eq!(!ends(&related).is_empty(), found, "{related}");
        }
        assert!(Related::associations(vm()).touches(&row));
        assert!(!Related { role: Some("SettingData".into()), ..Related::associations(vm()) }.touches(&row));
    }

    fn related() -> impl Strategy<Value = Related> {
        let name = || proptest::option::of("[A-Z][a-z_0-9]{0,8}".prop_map(Name::new));
        let object = ("[A-Za-z_][A-Za-z0-9_]{0,12}", "[^\u{0}:]{0,16}")
            .prop_map(|(class, key)| ObjectPath::new(NAMESPACE, class).with("Key", key));
        let sought = prop_oneof![
            Just(Sought::Associations),
            (name(), name()).prop_map(|(class, role)| Sought::Instances { class, role })
        ];
        (object, name(), name(), sought).prop_map(|(object, association, role, sought)| Related {
            object,
            association,
            role,
            sought,
        })
    }

    proptest! {
        #[test]
        fn a_walk_survives_its_text(related in related()) {
            prop_assert_eq!(read(&related.to_string()), Ok(Query::Related(related)));
        }

        #[test]
        fn no_text_panics(text in "(ASSOCIATORS|references)?[ OF{}.A-z'\"=\\\\é]{0,60}") {
            let _read = read(&text);
        }
    }
}
