//! Whatever is written is read back, by another process too; and writing it again changes nothing.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use reprise_model::{ActId, LegId, LegKind, Timestamp};

use super::sample::{Place, hold, leg, remembers, run, trouble, vm};
use crate::error::Trouble;
use crate::record::{
    HoldId, HoldTarget, IncidentId, Member, Release, Settlement, StoredAct, StoredDecision, StoredEvent, StoredHold,
    StoredIncident,
};
use crate::sqlite::Sqlite;
use crate::{Entry, HistoryItem, HistoryQuery, IncidentQuery, Remembered, Store};

const ALL: HistoryQuery = HistoryQuery { vm: None, since: None, limit: 10_000 };
const EVERY: IncidentQuery = IncidentQuery { open_only: false, since: None, limit: 10_000 };

/// Any text, with characters that texts in SQL and in C end at.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), Just(String::new()), Just("it's \u{0} \"x\"; --".to_owned())]
}

fn time() -> impl Strategy<Value = Timestamp> {
    (0_i64..50).prop_map(Timestamp)
}

fn any_leg() -> impl Strategy<Value = LegId> {
    (0_u128..4, any::<bool>()).prop_map(|(number, simple)| LegId {
        vm: vm(number),
        kind: if simple { LegKind::Simple } else { LegKind::Extended },
    })
}

fn any_hold() -> impl Strategy<Value = StoredHold> {
    let target = prop_oneof![text().prop_map(HoldTarget::Vm), text().prop_map(HoldTarget::Host), Just(HoldTarget::All)];
    let released = option::of((time(), text()).prop_map(|(at, by)| Release { at, by }));
    let rest = (text(), text(), any::<i64>(), option::of(any::<i64>()));
    (0_u32..6, target, rest, released).prop_map(|(number, target, (by, reason, since, until), released)| StoredHold {
        id: HoldId(number),
        target,
        by,
        reason,
        since: Timestamp(since),
        until: until.map(Timestamp),
        released,
    })
}

fn any_act() -> impl Strategy<Value = StoredAct> {
    let epoch = prop_oneof![0_u64..3, Just(u64::MAX)];
    let settled = option::of((time(), text(), option::of(text())))
        .prop_map(|settled| settled.map(|(at, outcome, detail)| Settlement { at, outcome, detail }));
    let texts = (text(), text(), text(), text());
    (epoch, 0_u64..4, time(), any_leg(), texts, settled).prop_map(
        |(epoch, number, at, leg, (host, kind, by, reason), settled)| StoredAct {
            id: ActId { epoch, number },
            at,
            leg,
            host,
            kind,
            by,
            reason,
            settled,
        },
    )
}

fn any_event() -> impl Strategy<Value = StoredEvent> {
    let texts = (text(), text(), option::of(text()), option::of(text()), text());
    (time(), any::<u32>(), texts, option::of(any_leg()), any::<bool>()).prop_map(
        |(at, id, (level, message, host, vm, data), leg, whole)| StoredEvent {
            at,
            id,
            level,
            message,
            host,
            vm,
            vm_id: leg.map(|leg| leg.vm),
            leg: leg.filter(|_| whole).map(|leg| leg.kind),
            data,
        },
    )
}

fn any_decision() -> impl Strategy<Value = StoredDecision> {
    (time(), any_leg(), text(), text(), text()).prop_map(|(at, leg, verdict, reason, facts)| StoredDecision {
        at,
        leg,
        verdict,
        reason,
        facts,
    })
}

fn any_incident() -> impl Strategy<Value = StoredIncident> {
    let members = vec((any_leg(), time(), option::of(time())), 0..3);
    (0_u32..4, text(), time(), option::of(time()), members).prop_map(|(number, cause, opened, closed, members)| {
        let member = |(leg, joined, left)| ((leg, joined), Member { leg, joined, left });
        let members: BTreeMap<_, _> = members.into_iter().map(member).collect();
        StoredIncident { id: IncidentId(number), cause, opened, closed, members: members.into_values().collect() }
    })
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let incident = (0_u32..4).prop_map(IncidentId);
    let act = (prop_oneof![0_u64..3, Just(u64::MAX)], 0_u64..4).prop_map(|(epoch, number)| ActId { epoch, number });
    prop_oneof![
        any::<u64>().prop_map(Entry::Epoch),
        any::<bool>().prop_map(Entry::Frozen),
        (any_leg(), option::of(text())).prop_map(|(leg, memory)| Entry::Leg(leg, memory)),
        any_hold().prop_map(Entry::Hold),
        (0_u32..6, text(), time()).prop_map(|(id, by, at)| Entry::Released { id: HoldId(id), by, at }),
        any_act().prop_map(Entry::Intent),
        (act, time(), text(), option::of(text())).prop_map(|(act, at, outcome, detail)| Entry::Settled {
            act,
            at,
            outcome,
            detail
        }),
        any_event().prop_map(Entry::Happened),
        any_decision().prop_map(Entry::Decided),
        any_incident().prop_map(Entry::Opened),
        (incident.clone(), any_leg(), time()).prop_map(|(incident, leg, at)| Entry::Joined { incident, leg, at }),
        (incident.clone(), any_leg(), time()).prop_map(|(incident, leg, at)| Entry::Left { incident, leg, at }),
        (incident, time()).prop_map(|(incident, at)| Entry::Closed { incident, at }),
    ]
}

/// What should be stored: the same as the store, in a few maps.
#[derive(Clone, Default)]
struct Expected {
    epoch: u64,
    frozen: bool,
    legs: BTreeMap<LegId, String>,
    holds: BTreeMap<HoldId, StoredHold>,
    acts: BTreeMap<ActId, StoredAct>,
    incidents: BTreeMap<IncidentId, StoredIncident>,
    members: BTreeMap<IncidentId, BTreeMap<(LegId, Timestamp), Option<Timestamp>>>,
    events: Vec<StoredEvent>,
    decisions: Vec<StoredDecision>,
}

impl Expected {
    /// Applies an entry; false if it contradicts what is there.
    fn apply(&mut self, entry: Entry) -> bool {
        match entry {
            Entry::Epoch(epoch) => self.epoch = epoch,
            Entry::Frozen(frozen) => self.frozen = frozen,
            Entry::Leg(leg, Some(memory)) => drop(self.legs.insert(leg, memory)),
            Entry::Leg(leg, None) => drop(self.legs.remove(&leg)),
            Entry::Hold(hold) => {
                let stored = self.holds.entry(hold.id).or_insert_with(|| hold.clone());
                return StoredHold { released: hold.released.clone(), ..stored.clone() } == hold;
            }
            Entry::Released { id, by, at } => {
                let hold = self.holds.get_mut(&id);
                hold.map(|hold| hold.released.get_or_insert(Release { at, by }).clone());
            }
            Entry::Intent(act) => {
                let stored = self.acts.entry(act.id).or_insert_with(|| act.clone());
                return StoredAct { settled: act.settled.clone(), ..stored.clone() } == act;
            }
            Entry::Settled { act, at, outcome, detail } => {
                let act = self.acts.get_mut(&act);
                act.map(|act| act.settled.get_or_insert(Settlement { at, outcome, detail }).clone());
            }
            Entry::Happened(event) if self.events.contains(&event) => {}
            Entry::Happened(event) => self.events.push(event),
            Entry::Decided(decision) if self.decisions.contains(&decision) => {}
            Entry::Decided(decision) => self.decisions.push(decision),
            Entry::Opened(incident) => return self.open(incident),
            Entry::Joined { incident, leg, at } => {
                self.members.entry(incident).or_default().entry((leg, at)).or_insert(None);
            }
            Entry::Left { incident, leg, at } => self.leave(incident, leg, at),
            Entry::Closed { incident, at } => self.close(incident, at),
        }
        true
    }

    fn open(&mut self, incident: StoredIncident) -> bool {
        let bare = StoredIncident { members: Vec::new(), ..incident.clone() };
        let stored = self.incidents.entry(incident.id).or_insert_with(|| bare.clone());
        if (StoredIncident { closed: bare.closed, ..stored.clone() }) != bare {
            return false;
        }
        let members = self.members.entry(incident.id).or_default();
        for member in incident.members {
            members.entry((member.leg, member.joined)).or_insert(member.left);
        }
        true
    }

    fn leave(&mut self, incident: IncidentId, leg: LegId, at: Timestamp) {
        let members = self.members.entry(incident).or_default();
        let stays: Vec<_> =
            members.iter_mut().filter(|((member, _), _)| *member == leg).map(|(_, left)| left).collect();
        if !stays.iter().any(|left| **left == Some(at)) {
            for left in stays {
                *left = left.or(Some(at));
            }
        }
    }

    fn close(&mut self, id: IncidentId, at: Timestamp) {
        if let Some(incident @ StoredIncident { closed: None, .. }) = self.incidents.get_mut(&id) {
            incident.closed = Some(at);
            let members = self.members.entry(id).or_default();
            for left in members.values_mut() {
                *left = left.or(Some(at));
            }
        }
    }

    fn incidents(&self) -> Vec<StoredIncident> {
        let with_members = |incident: &StoredIncident| {
            let members = self.members.get(&incident.id).into_iter().flatten();
            let members = members.map(|(&(leg, joined), &left)| Member { leg, joined, left }).collect();
            by_time(StoredIncident { members, ..incident.clone() })
        };
        let mut incidents: Vec<_> = self.incidents.values().map(with_members).collect();
        incidents.sort_by_key(|incident| (incident.opened, incident.id));
        incidents
    }
}

/// Members that joined at one time are in no particular order.
fn by_time(mut incident: StoredIncident) -> StoredIncident {
    incident.members.sort_by_key(|member| (member.joined, member.leg));
    incident
}

/// Items of one time are in no particular order beyond their kinds.
fn sorted(mut items: Vec<HistoryItem>) -> Vec<String> {
    items.sort_by_key(HistoryItem::at);
    let mut items: Vec<String> = items.iter().map(|item| format!("{:>5} {item:?}", item.at().0)).collect();
    items.sort();
    items
}

async fn compare(store: &Sqlite, expected: &Expected) {
    let loaded = store.load().await.unwrap();
    let holds: Vec<_> = expected.holds.values().filter(|hold| hold.released.is_none()).cloned().collect();
    assert_eq!(
        loaded,
        Remembered {
            epoch: expected.epoch,
            frozen: expected.frozen,
            legs: expected.legs.clone().into_iter().collect(),
            holds,
            last_hold: expected.holds.keys().map(|id| id.0).max().unwrap_or(0),
            last_incident: expected.incidents.keys().map(|id| id.0).max().unwrap_or(0),
        }
    );
    let mut acts: Vec<_> = store.open_acts().await.unwrap();
    acts.sort_by_key(|act| act.id);
    assert_eq!(acts, expected.acts.values().filter(|act| act.settled.is_none()).cloned().collect::<Vec<_>>());
    let items = expected.events.iter().cloned().map(HistoryItem::Event);
    let items = items.chain(expected.decisions.iter().cloned().map(HistoryItem::Decision));
    let items = items.chain(expected.acts.values().cloned().map(HistoryItem::Act)).collect();
    assert_eq!(sorted(store.history(ALL).await.unwrap()), sorted(items));
    let incidents: Vec<_> = store.incidents(EVERY).await.unwrap().into_iter().map(by_time).collect();
    assert_eq!(incidents, expected.incidents());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_written_is_read_back(writes in vec(vec(any_entry(), 1..6), 1..8)) {
        run(async {
            let place = Place::new();
            let mut expected = Expected::default();
            let mut store = place.open().await;
            for (number, entries) in writes.into_iter().enumerate() {
                let before = expected.clone();
                let fits = entries.iter().cloned().all(|entry| expected.apply(entry));
                if fits {
                    store.write(entries.clone()).await.unwrap();
                    compare(&store, &expected).await;
                    let again = entries.iter().cloned().all(|entry| expected.apply(entry));
                    assert!(again);
                    store.write(entries).await.unwrap();
                } else {
                    expected = before;
                    assert!(matches!(trouble(store.write(entries).await), Trouble::Refused { .. }));
                }
                compare(&store, &expected).await;
                if number % 3 == 0 {
                    store.close().await.unwrap();
                    store = place.open().await;
                    compare(&store, &expected).await;
                }
            }
            store.check().await.unwrap();
        });
    }
}

#[test]
fn a_write_that_is_repeated_changes_nothing_even_if_a_leg_left_and_joined_in_it() {
    run(async {
        let place = Place::new();
        let store = place.open().await;
        let (incident, leg) = (IncidentId(1), leg(1));
        let entries = vec![
            Entry::Opened(super::sample::incident(1, 10, &[leg])),
            Entry::Left { incident, leg, at: Timestamp(20) },
            Entry::Joined { incident, leg, at: Timestamp(30) },
        ];
        store.write(entries.clone()).await.unwrap();
        let first = store.incidents(EVERY).await.unwrap();
        assert_eq!(first[0].members.iter().map(|member| member.left).collect::<Vec<_>>(), [Some(Timestamp(20)), None]);
        store.write(entries).await.unwrap();
        assert_eq!(store.incidents(EVERY).await.unwrap(), first);
    });
}

#[test]
fn a_write_is_made_completely_or_not_at_all() {
    run(async {
        let place = Place::new();
        let store = place.open().await;
        store.write(vec![Entry::Hold(hold(1))]).await.unwrap();
        let other = StoredHold { reason: "another reason".to_owned(), ..hold(1) };
        let refused = store.write(vec![Entry::Epoch(7), Entry::Hold(other)]).await;
        assert!(matches!(trouble(refused), Trouble::Refused { .. }));
        let loaded = store.load().await.unwrap();
        assert_eq!((loaded.epoch, loaded.holds), (0, vec![hold(1)]));
    });
}

#[test]
fn a_write_that_is_refused_takes_no_other_with_it() {
    run(async {
        let place = Place::new();
        let store = place.open().await;
        store.write(vec![Entry::Hold(hold(1))]).await.unwrap();
        let other = StoredHold { reason: "another reason".to_owned(), ..hold(1) };
        let (first, refused, last) = tokio::join!(
            store.write(vec![remembers(1, "first")]),
            store.write(vec![remembers(2, "lost"), Entry::Hold(other)]),
            store.write(vec![remembers(3, "last")]),
        );
        first.unwrap();
        last.unwrap();
        assert!(matches!(trouble(refused), Trouble::Refused { .. }));
        let loaded = store.load().await.unwrap();
        assert_eq!(loaded.legs, [(leg(1), "first".to_owned()), (leg(3), "last".to_owned())]);
    });
}

#[test]
fn a_text_that_is_too_long_is_refused() {
    run(async {
        let place = Place::new();
        let store = place.open().await;
        let refused = store.write(vec![remembers(1, &"x".repeat((1 << 20) + 1))]).await;
        assert!(matches!(trouble(refused), Trouble::Refused { .. }));
        store.write(vec![remembers(1, &"x".repeat(1 << 20))]).await.unwrap();
    });
}
