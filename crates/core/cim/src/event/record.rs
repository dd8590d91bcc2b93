//! One record of an event log, parsed from its XML. Its localized text is ignored.

use roxmltree::{Document, Node};

use crate::markup::{self, Bounds, ParseError};
use crate::{CimTimestamp, DateTime};

/// Bounds on one record. Windows writes at most 64 KiB of data into one.
const BOUNDS: Bounds = Bounds { length: 512 * 1024, nodes: 10_000, depth: 64 };

/// The language-independent content of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Who wrote it: `Microsoft-Windows-Hyper-V-VMMS`.
    pub provider: String,
    /// `EventID`, without the qualifiers that old providers add.
    pub id: u32,
    /// 1 critical, 2 error, 3 warning, 4 and 0 information.
    pub level: u8,
    /// When, by the host's clock.
    pub time: CimTimestamp,
    /// `EventRecordID`: its number in its log.
    pub number: u64,
    /// Its log.
    pub channel: String,
    /// The host, as it calls itself.
    pub computer: String,
    /// The values that it carries, in order, with their names; a `Data` element may have none.
    pub data: Vec<(String, String)>,
}

/// Why a text is not a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Not XML, or far larger than records are.
    #[error("the event is not well-formed XML: {0}")]
    Xml(String),
    /// Something that every record has is missing or unreadable.
    #[error("the event has no readable {0}")]
    Lacks(&'static str),
}

impl Record {
    /// Reads a record.
    ///
    /// # Errors
    /// [`RecordError`] says what is wrong.
    pub fn parse(xml: &str) -> Result<Self, RecordError> {
        let xml = crate::reference::readable(xml);
        let document = document(&xml)?;
        let event = document.root_element();
        let system = child(event, "System").ok_or(RecordError::Lacks("System"))?;
        let of = |name: &'static str| child(system, name).map(text).ok_or(RecordError::Lacks(name));
        let number = |name: &'static str| of(name)?.trim().parse::<u64>().map_err(|_| RecordError::Lacks(name));
        let provider = child(system, "Provider").and_then(|node| node.attribute("Name")).unwrap_or_default();
        let time = child(system, "TimeCreated").and_then(|node| node.attribute("SystemTime"));
        let Some(Ok(DateTime::Timestamp(time))) = time.map(DateTime::parse) else {
            return Err(RecordError::Lacks("TimeCreated"));
        };
        Ok(Self {
            provider: provider.to_owned(),
            id: u32::try_from(number("EventID")?).map_err(|_| RecordError::Lacks("EventID"))?,
            level: number("Level").ok().and_then(|level| u8::try_from(level).ok()).unwrap_or_default(),
            time,
            number: number("EventRecordID")?,
            channel: of("Channel")?.trim().to_owned(),
            computer: of("Computer").unwrap_or_default().trim().to_owned(),
            data: data(event),
        })
    }

    /// The first value of that name.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.data.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// The values of `UserData`, which a provider lays out itself in one element, or of `EventData`.
fn data(event: Node<'_, '_>) -> Vec<(String, String)> {
    let own = child(event, "UserData").and_then(|data| data.children().find(Node::is_element));
    if let Some(own) = own {
        return elements(own).map(|node| (node.tag_name().name().to_owned(), text(node))).collect();
    }
    let data = child(event, "EventData").into_iter().flat_map(elements);
    data.filter(|node| node.tag_name().name() == "Data")
        .map(|node| (node.attribute("Name").unwrap_or_default().to_owned(), text(node)))
        .collect()
}

pub(super) fn document(xml: &str) -> Result<Document<'_>, RecordError> {
    markup::parse(xml, &BOUNDS).map_err(|error| match error {
        ParseError::Xml(why) => RecordError::Xml(why),
        other @ (ParseError::TooLong { .. } | ParseError::Excess(_)) => RecordError::Xml(other.to_string()),
    })
}

fn elements<'a, 'i>(node: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(Node::is_element)
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    elements(node).find(|child| child.tag_name().name() == name)
}

/// All text beneath an element.
pub(super) fn text(node: Node<'_, '_>) -> String {
    node.descendants().filter(Node::is_text).filter_map(|part| part.text()).collect()
}
