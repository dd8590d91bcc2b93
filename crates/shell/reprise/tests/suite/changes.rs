//! The changes of a class, received from a simulated host over HTTP with a Negotiate login, sealed: by subscription, and
//! by polling if the host accepts none.

use std::time::Duration;

use cim::{Name, Row};
use wsman_http::{Changes, Client, Endpoint, HeardBy, Limits, Login, Scheme, Watch, What};

use crate::lab::Lab;

const HOST: &str = "hv01.lab.test";
/// Maximum number of calls until a change is received; each waits for [`PATIENCE`].
const CALLS_MAX: u32 = 30;
const PATIENCE: Duration = Duration::from_secs(2);

/// The states of a replication relationship before and after a change; none where it is not there.
type States = (Option<u16>, Option<u16>);

struct Side {
    lab: Lab,
    runtime: tokio::runtime::Runtime,
    changes: Changes,
    /// Every change so far.
    told: Vec<States>,
}

impl Side {
    /// Listens to hv01 once these faults are there.
    fn new(faults: &[&str]) -> Self {
        let lab = Lab::new(&["--vms", "2", "--topology", "pairs"]);
        for fault in faults {
            lab.post(fault);
        }
        let login = Login::new(Scheme::Negotiate, lab.user().as_str(), lab.password().as_str());
        let client = Client::new(Endpoint::parse(&lab.url(0)).unwrap(), login, Limits::default());
        let watch = Watch::new("root/virtualization/v2", "Msvm_ReplicationRelationship", [Name::new("InstanceID")]);
        let watch = watch.only([Name::new("ReplicationState")]);
        let changes = Changes::new(client, watch, Duration::from_secs(1), PATIENCE);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut side = Self { lab, runtime, changes, told: Vec::new() };
        let begun = side.runtime.block_on(side.changes.next()).unwrap();
        assert!(begun.changes.is_empty() && side.changes.rows().count() > 0, "{begun:?}");
        side
    }

    fn states(&self) -> Vec<u16> {
        self.changes.rows().map(state).collect()
    }

    /// Listens until `count` changes have been reported in total. After an error it calls again.
    fn hear(&mut self, count: usize, by: HeardBy) {
        for _ in 0..CALLS_MAX {
            if self.told.len() >= count {
                break;
            }
            if let Ok(changed) = self.runtime.block_on(self.changes.next()) {
                assert_eq!(changed.by, by, "{:?}", self.changes.refusal());
                self.told.extend(changed.changes.iter().map(|change| states(&change.what)));
            }
        }
        assert!(self.told.len() >= count, "{:?} is all that was heard", self.told);
    }
}

fn state(row: &Row) -> u16 {
    row.get("ReplicationState").unwrap()
}

fn states(what: &What) -> States {
    match what {
        What::Created { now } => (None, Some(state(now))),
        What::Modified { before, now } => (before.as_ref().map(state), Some(state(now))),
        What::Deleted { before } => (Some(state(before)), None),
    }
}

const PAUSED: States = (Some(3), Some(7));
const RESUMED: States = (Some(7), Some(3));

#[test]
fn a_pause_and_a_resume_are_heard_by_subscription() {
    let mut side = Side::new(&[]);
    side.lab.post("/vms/vm-001/pause");
    side.hear(1, HeardBy::Subscription);
    side.lab.post("/vms/vm-001/resume");
    side.hear(2, HeardBy::Subscription);
    assert_eq!(side.told, [PAUSED, RESUMED]);
    assert_eq!((side.lab.requests("subscribe"), side.lab.requests("fault")), (1, 0));
}

#[test]
fn what_changes_while_the_host_cannot_be_reached_is_told_once() {
    let mut side = Side::new(&[]);
    side.lab.post(&format!("/hosts/{HOST}/management?mode=refuse"));
    assert!(side.runtime.block_on(side.changes.next()).is_err());
    side.lab.post("/vms/vm-001/pause");
    side.lab.post(&format!("/hosts/{HOST}/management?mode=up"));
    side.hear(1, HeardBy::Subscription);
    side.lab.post("/vms/vm-001/resume");
    side.hear(2, HeardBy::Subscription);
    assert_eq!(side.told, [PAUSED, RESUMED]);
    assert_eq!(side.lab.requests("subscribe"), 2);
}

#[test]
fn a_host_that_has_restarted_is_subscribed_to_again() {
    let mut side = Side::new(&[]);
    let before = side.states();
    // It sends nothing when it goes down.
    side.lab.post(&format!("/hosts/{HOST}/shutdown?in_flight=none"));
    side.lab.post(&format!("/hosts/{HOST}/boot"));
    side.lab.post("/vms/vm-001/pause");
    let count = |side: &Side| side.states().iter().filter(|state| **state == 7).count();
    for _ in 0..CALLS_MAX {
        if count(&side) == 1 && side.states().len() == before.len() {
            break;
        }
        let _again = side.runtime.block_on(side.changes.next());
    }
    assert_eq!((count(&side), side.states().len()), (1, before.len()));
    assert_eq!(side.lab.requests("subscribe"), 2);
}

#[test]
fn a_host_that_takes_no_subscription_is_polled() {
    for shape in ["wsman", "wmi"] {
        let faults = ["/faults/unsupported?op=subscribe".to_owned(), format!("/faults/fault_shape?shape={shape}")];
        let mut side = Side::new(&faults.each_ref().map(String::as_str));
        side.lab.post("/vms/vm-001/pause");
        side.hear(1, HeardBy::Polling);
        side.lab.post("/vms/vm-001/resume");
        side.hear(2, HeardBy::Polling);
        assert_eq!((side.told, side.lab.requests("subscribe")), (vec![PAUSED, RESUMED], 1));
    }
}

#[test]
fn a_vmms_that_restarts_takes_its_instances_away_and_brings_them_back() {
    let mut side = Side::new(&[]);
    let before = side.states();
    side.lab.post(&format!("/hosts/{HOST}/vmms/stop"));
    side.hear(before.len(), HeardBy::Subscription);
    assert!(side.states().is_empty() && side.told.iter().all(|(_, now)| now.is_none()), "{:?}", side.told);
    side.lab.post(&format!("/hosts/{HOST}/vmms/start"));
    side.hear(2 * before.len(), HeardBy::Subscription);
    assert_eq!((side.states(), side.lab.requests("subscribe")), (before, 1));
}
