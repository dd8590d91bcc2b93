//! Events of CIM classes: a query for intrinsic events, and the differences between two looks at a class. WMI itself finds
//! events like this if a provider reports none: it looks again `WITHIN` some seconds (WMI reference, "WITHIN clause").

use std::collections::BTreeMap;
use std::time::Duration;

use cim::wql::{self, Condition, Literal, Select};
use cim::{Name, Namespace, Row, Value};

use crate::fault::{SoapFault, code};
use crate::instance;
use crate::resource::{ALL_CLASSES, Resource};

/// Maximum length of a query that is read.
const LENGTH_MAX: usize = 16 * 1024;
/// Maximum time between two looks that a client may request.
const WITHIN_MAX: Duration = Duration::from_hours(24);

/// What is listened to of a class.
#[derive(Clone, Debug, PartialEq)]
pub struct Indication {
    /// The resource that was subscribed to: all classes of a namespace, or the event's own class.
    pub(crate) resource: Resource,
    /// As it was written.
    pub(crate) query: String,
    wanted: Kind,
    pub(crate) within: Duration,
    class: Name,
    condition: Option<Condition>,
}

/// An intrinsic event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Creation,
    Modification,
    Deletion,
    /// Any of these.
    Operation,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Creation, Self::Modification, Self::Deletion, Self::Operation];

    /// By the name of its class.
    pub(super) fn of_class(class: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.class().eq_ignore_ascii_case(class))
    }

    fn class(self) -> &'static str {
        match self {
            Self::Creation => "__InstanceCreationEvent",
            Self::Modification => "__InstanceModificationEvent",
            Self::Deletion => "__InstanceDeletionEvent",
            Self::Operation => "__InstanceOperationEvent",
        }
    }
}

/// What a class held at one look, by its instances' paths.
pub(crate) type Looked = BTreeMap<String, Row>;

pub(crate) fn looked(rows: Vec<Row>) -> Looked {
    rows.into_iter().filter_map(|row| Some((row.path.as_ref()?.to_string().to_lowercase(), row))).collect()
}

impl Indication {
    /// Every creation, change and deletion of a class's instances, asked of all classes of its namespace. A length of time
    /// is rounded up to whole seconds.
    pub(super) fn of_every_kind(namespace: Namespace, class: Name, within: Duration) -> Self {
        let wanted = Kind::Operation;
        let seconds = within.as_secs().saturating_add(u64::from(within.subsec_nanos() > 0)).max(1);
        let within = Duration::from_secs(seconds).min(WITHIN_MAX);
        let isa = Literal::Text(class.as_str().to_owned());
        let query =
            format!("SELECT * FROM {} WITHIN {} WHERE TargetInstance ISA {isa}", wanted.class(), within.as_secs());
        Self { resource: Resource::new(namespace, ALL_CLASSES), query, wanted, within, class, condition: None }
    }

    /// Reads `SELECT * FROM __InstanceModificationEvent WITHIN 5 WHERE TargetInstance ISA 'class'`, behind which more may
    /// be asked of the instance: `AND TargetInstance.property = 3`.
    pub(crate) fn read(query: &str, resource: &Resource) -> Result<Self, SoapFault> {
        if query.len() > LENGTH_MAX {
            return Err(unusable("it is too long"));
        }
        let mut words = Words { rest: query };
        words.expect(&["SELECT", "*", "FROM"])?;
        let wanted = Kind::of_class(words.next());
        let wanted = wanted.ok_or_else(|| unusable("its class is none of the intrinsic events"))?;
        if !resource.is_all() && !resource.class.as_str().eq_ignore_ascii_case(wanted.class()) {
            return Err(unusable("it asks for other events than the resource"));
        }
        words.expect(&["WITHIN"])?;
        let within = words.next().parse::<u32>().ok().filter(|seconds| *seconds > 0);
        let within = within.ok_or_else(|| unusable("WITHIN takes a number of seconds"))?;
        words.expect(&["WHERE", "TargetInstance", "ISA"])?;
        let class = words.next();
        let quoted = |mark: char| class.strip_prefix(mark)?.strip_suffix(mark);
        let class = quoted('\'').or_else(|| quoted('"')).filter(|class| !class.is_empty());
        let class = Name::new(class.ok_or_else(|| unusable("ISA takes a class in quotation marks"))?);
        let condition = if words.rest.trim().is_empty() {
            None
        } else {
            words.expect(&["AND"])?;
            let select = format!("SELECT * FROM C WHERE {}", of_target(words.rest));
            wql::parse(&select).map_err(|error| unusable(error.problem))?.condition
        };
        let within = Duration::from_secs(u64::from(within)).min(WITHIN_MAX);
        let query = query.to_owned();
        Ok(Self { resource: resource.clone(), query, wanted, within, class, condition })
    }

    /// What is looked at.
    pub(crate) fn select(&self) -> Select {
        Select::all(self.class.clone())
    }

    /// Sets the condition on the instance besides its class, if any.
    pub(crate) fn conditional(&self) -> Option<Select> {
        self.condition.clone().map(|condition| self.select().filter(condition))
    }

    /// The events between two looks, written as items of an answer. `time` is now by the host's clock, in 100 ns since 1601.
    pub(crate) fn between(&self, before: &Looked, after: &Looked, time: u64) -> Vec<String> {
        let gone = before.iter().filter(|(path, _)| !after.contains_key(*path));
        let gone = gone.map(|(_, row)| (Kind::Deletion, row, None));
        let there = after.iter().filter_map(|(path, row)| match before.get(path) {
            None => Some((Kind::Creation, row, None)),
            Some(old) if old.properties != row.properties => Some((Kind::Modification, row, Some(old))),
            Some(_) => None,
        });
        gone.chain(there)
            .filter(|(kind, row, _)| self.wants(*kind, row))
            .map(|(kind, row, old)| self.item(kind, row, old, time))
            .collect()
    }

    fn wants(&self, kind: Kind, row: &Row) -> bool {
        (self.wanted == Kind::Operation || self.wanted == kind)
            && self.condition.as_ref().is_none_or(|condition| condition.holds(&row.properties))
    }

    fn item(&self, kind: Kind, row: &Row, old: Option<&Row>, time: u64) -> String {
        let mut event = Row::new(kind.class())
            .with("SECURITY_DESCRIPTOR", Value::Nil)
            .with("TargetInstance", Value::Object(Box::new(row.clone())))
            .with("TIME_CREATED", Value::Uint64(time));
        if let Some(old) = old {
            event = event.with("PreviousInstance", Value::Object(Box::new(old.clone())));
        }
        instance::write(&event, &self.resource)
    }
}

fn unusable(why: &str) -> SoapFault {
    SoapFault::new(code::EVENT_FILTER, format!("the event query cannot be used: {why}"))
}

/// A query, word by word.
struct Words<'q> {
    rest: &'q str,
}

impl<'q> Words<'q> {
    /// The next word; empty at the end.
    fn next(&mut self) -> &'q str {
        let rest = self.rest.trim_start();
        let (word, rest) = rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()));
        self.rest = rest;
        word
    }

    fn expect(&mut self, words: &[&str]) -> Result<(), SoapFault> {
        match words.iter().find(|word| !self.next().eq_ignore_ascii_case(word)) {
            Some(word) => Err(unusable(&format!("{word} is expected"))),
            None => Ok(()),
        }
    }
}

/// A condition on `TargetInstance.property` as one on `property`; strings keep what they hold.
fn of_target(condition: &str) -> String {
    const PREFIX: &str = "TargetInstance.";
    let mut text = String::with_capacity(condition.len());
    let (mut rest, mut quote) = (condition, None);
    while let Some(c) = rest.chars().next() {
        let is_prefix = rest.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX));
        let length = match quote {
            None if is_prefix => PREFIX.len(),
            Some(_) if c == '\\' => {
                text.push(c);
                let next = rest.chars().nth(1);
                text.extend(next);
                1 + next.map_or(0, char::len_utf8)
            }
            None | Some(_) => {
                quote = match quote {
                    None if c == '\'' || c == '"' => Some(c),
                    Some(mark) if mark == c => None,
                    other => other,
                };
                text.push(c);
                c.len_utf8()
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    text
}
