//! Queries of event logs: Windows' `QueryList`.

use std::fmt::Write as _;
use std::time::Duration;

use roxmltree::Node;

use super::condition::EventCondition;
use super::{ConditionError, record};
use crate::CimTimestamp;

/// Maximum number of selections in one list: Windows' own limit lies at 22 (`QueryList` with more faults).
const SELECTS_MAX: usize = 22;
/// Maximum number of comparisons in one selection. Windows' documents name 32 expressions, and 20 elsewhere; users of its hosts found
/// queries with more than 22 ids refused, with or without an age beside them (Microsoft's Query Schema and Consuming Events;
/// elastic/beats, issues 1491 and 35048).
const COMPARISONS_MAX: usize = 22;
/// Maximum number of ids that are written into one selection.
const IDS_MAX: usize = 20;

/// A query of a host's event logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventQuery {
    /// What is wanted.
    pub selects: Vec<EventSelect>,
    /// What is left out of it.
    pub suppresses: Vec<EventSelect>,
}

/// Records of one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSelect {
    /// The log.
    pub channel: String,
    /// Which of its records.
    pub condition: EventCondition,
}

/// Why a text is not a query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// Not of the query schema.
    #[error("not a QueryList: {0}")]
    Schema(String),
    /// A condition cannot be read.
    #[error(transparent)]
    Condition(#[from] ConditionError),
}

impl EventQuery {
    /// A query that leaves nothing out.
    pub fn new(selects: Vec<EventSelect>) -> Self {
        Self { selects, suppresses: Vec::new() }
    }

    /// Whether a record of that log is asked for.
    pub fn selects(&self, channel: &str, xml: &str, now: CimTimestamp) -> bool {
        let any = |selects: &[EventSelect]| selects.iter().any(|select| select.takes(channel, xml, now));
        any(&self.selects) && !any(&self.suppresses)
    }

    /// The logs that are asked for, each once.
    pub fn channels(&self) -> Vec<&str> {
        let mut channels: Vec<&str> = Vec::new();
        for select in &self.selects {
            if !channels.iter().any(|known| known.eq_ignore_ascii_case(&select.channel)) {
                channels.push(&select.channel);
            }
        }
        channels
    }

    /// Writes the `QueryList`.
    pub fn write(&self) -> String {
        let mut text = String::from(r#"<QueryList><Query Id="0">"#);
        for (element, selects) in [("Select", &self.selects), ("Suppress", &self.suppresses)] {
            for EventSelect { channel, condition } in selects {
                let (channel, condition) = (escaped(channel), escaped(&condition.to_string()));
                let _infallible = write!(text, r#"<{element} Path="{channel}">{condition}</{element}>"#);
            }
        }
        text.push_str("</Query></QueryList>");
        text
    }

    /// Reads a `QueryList`.
    ///
    /// # Errors
    /// [`QueryError`] says what is wrong.
    pub fn read(xml: &str) -> Result<Self, QueryError> {
        let schema = |what: &str| QueryError::Schema(what.to_owned());
        let document = record::document(xml).map_err(|error| QueryError::Schema(error.to_string()))?;
        let list = document.root_element();
        if list.tag_name().name() != "QueryList" {
            return Err(schema("its element is another"));
        }
        let mut query = Self::new(Vec::new());
        for part in list.children().filter(Node::is_element) {
            if part.tag_name().name() != "Query" {
                return Err(schema("it holds something other than Query"));
            }
            for select in part.children().filter(Node::is_element) {
                let path = select.attribute("Path").or_else(|| part.attribute("Path")).unwrap_or_default().trim();
                if path.is_empty() {
                    return Err(schema("a selection names no log"));
                }
                let read = EventSelect { channel: path.to_owned(), condition: record::text(select).trim().parse()? };
                if read.condition.comparisons() > COMPARISONS_MAX {
                    return Err(schema("a selection has too many comparisons"));
                }
                match select.tag_name().name() {
                    "Select" => query.selects.push(read),
                    "Suppress" => query.suppresses.push(read),
                    _ => return Err(schema("a Query holds something other than Select and Suppress")),
                }
            }
        }
        if query.selects.is_empty() || query.selects.len() + query.suppresses.len() > SELECTS_MAX {
            return Err(schema("it selects nothing, or more than one query can"));
        }
        Ok(query)
    }
}

impl EventSelect {
    /// The records of these ids in a log (of every id for none) that are no older than that by their host's own clock: as
    /// many selections as their limit asks for.
    pub fn recent(channel: &str, ids: &[u32], age: Duration) -> Vec<Self> {
        let select = |ids: &[u32]| Self { channel: channel.to_owned(), condition: EventCondition::recent(ids, age) };
        if ids.is_empty() { vec![select(ids)] } else { ids.chunks(IDS_MAX).map(select).collect() }
    }

    fn takes(&self, channel: &str, xml: &str, now: CimTimestamp) -> bool {
        self.channel.eq_ignore_ascii_case(channel) && self.condition.holds(xml, now)
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
