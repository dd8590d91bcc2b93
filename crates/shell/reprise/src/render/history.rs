//! What happened, as a document for programs and as lines for people.

use reprise_model::Timestamp;
use reprise_store::{HistoryItem, StoredAct, StoredDecision, StoredEvent};
use serde::Serialize;

use super::label::printable;
use super::terminal::Terminal;
use super::{paragraph, time};

/// The whole document. The order of fields is the order of keys.
#[derive(Serialize)]
pub(crate) struct Document {
    version: u32,
    items: Vec<Item>,
}

/// One thing that happened; of its keys those that its kind has.
#[derive(Serialize)]
struct Item {
    time: String,
    kind: &'static str,
    vm_id: Option<String>,
    leg: Option<String>,
    host: Option<String>,
    /// Of an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<Event>,
    /// Of an act.
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<Act>,
    /// Of a decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<Decision>,
}

#[derive(Serialize)]
struct Event {
    id: u32,
    level: String,
    message: String,
}

#[derive(Serialize)]
struct Act {
    id: String,
    kind: String,
    by: String,
    reason: String,
    /// When it was known how it ended; null if nobody knows.
    settled: Option<String>,
    outcome: Option<String>,
    detail: Option<String>,
}

#[derive(Serialize)]
struct Decision {
    verdict: String,
    reason: String,
    facts: serde_json::Value,
}

pub(crate) fn document(items: &[HistoryItem]) -> Document {
    Document { version: 1, items: items.iter().map(item).collect() }
}

fn item(item: &HistoryItem) -> Item {
    let empty = Item {
        time: time(item.at()),
        kind: "event",
        vm_id: None,
        leg: None,
        host: None,
        event: None,
        act: None,
        decision: None,
    };
    match item {
        HistoryItem::Event(own) => Item {
            vm_id: own.vm_id.map(|id| id.to_string()),
            leg: own.leg.map(|leg| leg.to_string()),
            host: own.host.clone(),
            event: Some(Event { id: own.id, level: own.level.clone(), message: own.message.clone() }),
            ..empty
        },
        HistoryItem::Act(own) => Item {
            kind: "act",
            vm_id: Some(own.leg.vm.to_string()),
            leg: Some(own.leg.kind.to_string()),
            host: Some(own.host.clone()),
            act: Some(act(own)),
            ..empty
        },
        HistoryItem::Decision(own) => Item {
            kind: "decision",
            vm_id: Some(own.leg.vm.to_string()),
            leg: Some(own.leg.kind.to_string()),
            decision: Some(Decision {
                verdict: own.verdict.clone(),
                reason: own.reason.clone(),
                facts: serde_json::from_str(&own.facts).unwrap_or_default(),
            }),
            ..empty
        },
    }
}

fn act(own: &StoredAct) -> Act {
    let settled = own.settled.as_ref();
    Act {
        id: own.id.to_string(),
        kind: own.kind.clone(),
        by: own.by.clone(),
        reason: own.reason.clone(),
        settled: settled.map(|settled| time(settled.at)),
        outcome: settled.map(|settled| settled.outcome.clone()),
        detail: settled.and_then(|settled| settled.detail.clone()),
    }
}

/// One line for each, wrapped to the terminal.
pub(crate) fn text(items: &[HistoryItem], terminal: &Terminal) -> String {
    if items.is_empty() {
        return "Nothing is stored of that time.\n".to_owned();
    }
    let lines = items.iter().map(|item| {
        let head = format!("{}  ", clock(item.at()));
        paragraph(&head, &printable(&sentence(item)), head.len(), terminal.width)
    });
    lines.collect()
}

/// A time to the second.
fn clock(at: Timestamp) -> String {
    let text = time(at);
    text.split_once('.').map_or(text.clone(), |(seconds, _)| format!("{seconds}Z"))
}

fn sentence(item: &HistoryItem) -> String {
    match item {
        HistoryItem::Event(StoredEvent { id, level, message, .. }) => format!("event {id} ({level}): {message}"),
        HistoryItem::Act(StoredAct { leg, host, kind, by, reason, settled, .. }) => {
            let end = match settled {
                None => "how it ended is not known".to_owned(),
                Some(settled) => match &settled.detail {
                    Some(detail) => format!("{} ({detail})", settled.outcome),
                    None => settled.outcome.clone(),
                },
            };
            format!("act: {kind} of VM {leg} on {host}, for {by} ({reason}): {end}")
        }
        HistoryItem::Decision(StoredDecision { leg, verdict, reason, .. }) => {
            format!("decided for VM {leg}: {verdict} ({reason})")
        }
    }
}

#[cfg(test)]
mod tests {
    use reprise_model::{ActId, LegId, LegKind};
    use reprise_store::Settlement;

    use super::*;

    #[test]
    fn each_kind_is_one_line_and_a_name_of_a_host_acts_on_no_terminal() {
        let leg = LegId { vm: "96236d63-0a79-449b-88b3-4456aff2439b".parse().unwrap(), kind: LegKind::Simple };
        let at = Timestamp(1_796_076_000_500);
        let (verdict, reason, facts) = ("resume".to_owned(), "error".to_owned(), "[]".to_owned());
        let decision = StoredDecision { at, leg, verdict, reason, facts };
        let act = StoredAct {
            id: ActId { epoch: 1, number: 2 },
            at,
            leg,
            host: "hv\u{1b}[2J01".to_owned(),
            kind: "resume".to_owned(),
            by: "policy".to_owned(),
            reason: "error".to_owned(),
            settled: Some(Settlement { at, outcome: "done".to_owned(), detail: None }),
        };
        let items = [HistoryItem::Decision(decision), HistoryItem::Act(act)];
        let text = text(&items, &Terminal::default());
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.starts_with("2026-11-30T22:00:00Z  decided for VM 96236d63"), "{text}");
        assert!(text.ends_with("for policy (error): done\n") && !text.contains('\u{1b}'), "{text}");
        let document = serde_json::to_value(document(&items)).unwrap();
        assert_eq!(document["items"][1]["act"]["outcome"], "done");
        assert!(document["items"][0].get("act").is_none());
    }
}
