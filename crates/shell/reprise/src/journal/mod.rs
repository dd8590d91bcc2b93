//! What the daemon writes down: what a later life must know, before what rests on it, and the history that people ask for.
//!
//! A write that fails stops nothing: the daemon then acts without stored state, says so, and writes what it owes once that is
//! possible again.

mod keeper;
mod owed;

use std::collections::BTreeMap;

use reprise_engine::{Controller, Effect, Event};
use reprise_model::{Act, ActId, ActKind, HostId, LegId, LegKind, Now, Outcome};
use reprise_platform::event::LogEntry;
use reprise_store::{Entry, StoreError, StoredAct, StoredDecision, StoredEvent};
use tokio::sync::{mpsc, oneshot};

use crate::render::{decision, fact, json};
use crate::serve::memory;

pub(crate) use keeper::{Current, Opened, keep};

/// Maximum number of batches that wait to be written. A daemon whose disk is slower than that loses history, not what it must know:
/// that is written as it is when its turn comes.
const WAITING_MAX: usize = 4_096;

/// Entries that are written together, and whom to tell when they are.
pub(crate) struct Batch {
    entries: Vec<Entry>,
    done: Option<oneshot::Sender<()>>,
}

/// What people should know of the store.
pub(crate) enum News {
    /// It cannot be written.
    Lost(StoreError),
    /// It is written again; so many entries of history are missing.
    Back(u64),
}

/// Writes for the driver. Its copies write to the same store.
#[derive(Clone)]
pub(crate) struct Journal {
    queue: mpsc::Sender<Batch>,
    /// How acts ended that are not settled yet.
    outcomes: BTreeMap<ActId, Outcome>,
    /// This life of the program.
    epoch: u64,
}

impl Journal {
    fn new() -> (Self, mpsc::Receiver<Batch>) {
        let (queue, waiting) = mpsc::channel(WAITING_MAX);
        (Self { queue, outcomes: BTreeMap::new(), epoch: 0 }, waiting)
    }

    /// Writes that a life of the program begins, without what is remembered of these legs.
    pub(crate) fn begins(&mut self, epoch: u64, forgotten: &[LegId]) {
        self.epoch = epoch;
        let forgotten = forgotten.iter().map(|leg| Entry::Leg(*leg, None));
        self.send(Batch { entries: std::iter::once(Entry::Epoch(epoch)).chain(forgotten).collect(), done: None });
    }

    /// Notes what an event says that is about to be handled.
    pub(crate) fn hears(&mut self, event: &Event) {
        if let Event::Acted { act, outcome } = event {
            self.outcomes.insert(*act, outcome.clone());
        }
    }

    /// Writes what is to be remembered after an event, and the acts that were intended and settled by it. Returns who waits for which
    /// intent: it is written once the answer comes, or once it is known that it cannot be.
    pub(crate) fn write(
        &mut self,
        now: Now,
        controller: &mut Controller,
        effects: &[Effect],
    ) -> BTreeMap<ActId, oneshot::Receiver<()>> {
        let news = controller.news(now);
        let mut entries: Vec<Entry> =
            news.into_iter().map(|(leg, memory)| Entry::Leg(leg, memory.as_ref().map(memory::write))).collect();
        entries.extend(decisions(now, controller));
        let mut waiting = BTreeMap::new();
        for effect in effects {
            match effect {
                Effect::Intend(act) => {
                    entries.push(Entry::Intent(intent(now, act, controller)));
                    let (done, written) = oneshot::channel();
                    self.send(Batch { entries: std::mem::take(&mut entries), done: Some(done) });
                    waiting.insert(act.id, written);
                }
                Effect::Settle(act) => entries.push(self.settled(now, *act)),
                Effect::Observe(_)
                | Effect::Ask { .. }
                | Effect::Forget(_)
                | Effect::ReadEvents { .. }
                | Effect::Perform(_)
                | Effect::Tell(_) => {}
            }
        }
        if !entries.is_empty() {
            self.send(Batch { entries, done: None });
        }
        waiting
    }

    /// Writes an event of the event log.
    pub(crate) fn happened(&self, event: &LogEntry) {
        let text = |key: &str| event.data().get(key).and_then(|value| value.as_str()).map(str::to_owned);
        let stored = StoredEvent {
            at: reprise_model::Timestamp(event.time().as_millisecond()),
            id: event.code().id.into(),
            level: event.code().level.name().to_owned(),
            message: event.message(),
            host: text("host"),
            vm: text("vm"),
            vm_id: text("vm_id").and_then(|id| id.parse().ok()),
            leg: text("leg").and_then(|kind| LegKind::named(&kind)),
            data: json::line(event.data()),
        };
        self.send(Batch { entries: vec![Entry::Happened(stored)], done: None });
    }

    /// A batch for which there is no room is lost, and who waits for it goes on.
    fn send(&self, batch: Batch) {
        if let Err(error) = self.queue.try_send(batch) {
            tracing::warn!(%error, "the store is too slow: something was not written");
        }
    }

    fn settled(&mut self, now: Now, act: ActId) -> Entry {
        let (outcome, detail) = match self.outcomes.remove(&act) {
            // An earlier life may have asked for it.
            None if act.epoch != self.epoch => ("unknown", None),
            None => ("not_carried_out", None),
            Some(Outcome::Ended(_)) => ("done", None),
            Some(Outcome::Refused(refusal)) => ("refused", Some(refusal.why)),
            Some(Outcome::Stale { found }) => ("changed", Some(found)),
            Some(Outcome::NotDone(problem)) => ("not_done", Some(problem.why)),
            Some(Outcome::Unknown(problem)) => ("unknown", Some(problem.why)),
        };
        Entry::Settled { act, at: now.wall, outcome: outcome.to_owned(), detail }
    }
}

/// An act that is about to be carried out.
fn intent(now: Now, act: &Act, controller: &Controller) -> StoredAct {
    let decided = controller.judgement(act.leg, now).map(|judgement| decision::words(judgement.verdict).1);
    let ordered = controller.order_report(now, act.leg, false).filter(|_| !controller.is_order_over(act.leg));
    let (by, reason) = match ordered {
        Some(_) => ("a person", "asked_for".to_owned()),
        None => ("policy", decided.unwrap_or_default().to_owned()),
    };
    StoredAct {
        id: act.id,
        at: now.wall,
        leg: act.leg,
        host: host_name(controller, act.host),
        kind: word(act.kind).to_owned(),
        by: by.to_owned(),
        reason,
        settled: None,
    }
}

fn word(kind: ActKind) -> &'static str {
    match kind {
        ActKind::Resume => "resume",
        ActKind::Pause => "pause",
    }
}

fn host_name(controller: &Controller, id: HostId) -> String {
    controller.hosts().find(|host| host.id == id).map(|host| host.name).unwrap_or_default()
}

/// What was decided otherwise than before.
fn decisions(now: Now, controller: &mut Controller) -> Vec<Entry> {
    let legs = controller.newly_decided();
    let decision = |leg| {
        let judgement = controller.judgement(leg, now)?;
        let facts = judgement.facts.iter().map(fact::entry).collect::<Vec<_>>();
        let (verdict, reason) = decision::words(judgement.verdict);
        let (verdict, reason) = (verdict.to_owned(), reason.to_owned());
        Some(Entry::Decided(StoredDecision { at: now.wall, leg, verdict, reason, facts: json::line(&facts) }))
    };
    legs.into_iter().filter_map(decision).collect()
}
