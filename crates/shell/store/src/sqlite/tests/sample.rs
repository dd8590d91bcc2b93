//! What the tests write, and where.

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use reprise_model::{ActId, LegId, LegKind, Timestamp, VmId};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

use crate::error::Trouble;
use crate::record::{
    HoldId, HoldTarget, IncidentId, Member, StoredAct, StoredDecision, StoredEvent, StoredHold, StoredIncident,
};
use crate::sqlite::{Sqlite, StoreLimits};
use crate::{Entry, StoreError};

/// A folder for one test, and the name of a store in it.
pub(super) struct Place {
    _folder: TempDir,
    pub(super) path: PathBuf,
}

impl Place {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reprise.sqlite3");
        Self { _folder: folder, path }
    }

    pub(super) async fn open(&self) -> Sqlite {
        Sqlite::open(&self.path).await.unwrap()
    }

    pub(super) async fn trouble(&self) -> Trouble {
        trouble(Sqlite::open_with(&self.path, hasty()).await)
    }
}

/// Limits for tests that wait for a lock that nobody releases.
pub(super) fn hasty() -> StoreLimits {
    StoreLimits { lock: Duration::from_millis(40), ..StoreLimits::default() }
}

pub(super) fn trouble<T: std::fmt::Debug>(result: Result<T, StoreError>) -> Trouble {
    result.unwrap_err().trouble().clone()
}

pub(super) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Runs a test that has awaits.
pub(super) fn run<T>(test: impl Future<Output = T>) -> T {
    runtime().block_on(test)
}

pub(super) fn vm(number: u128) -> VmId {
    VmId::new(Uuid::from_u128(number))
}

pub(super) fn leg(number: u128) -> LegId {
    LegId { vm: vm(number), kind: LegKind::Simple }
}

pub(super) fn hold(number: u32) -> StoredHold {
    StoredHold {
        id: HoldId(number),
        target: HoldTarget::Vm("sql-01".to_owned()),
        by: "LAB\\anna".to_owned(),
        reason: "an upgrade".to_owned(),
        since: Timestamp(1_000),
        until: None,
        released: None,
    }
}

pub(super) fn act(number: u64, at: i64) -> StoredAct {
    StoredAct {
        id: ActId { epoch: 1, number },
        at: Timestamp(at),
        leg: leg(1),
        host: "hv01.lab.test".to_owned(),
        kind: "resume".to_owned(),
        by: "policy".to_owned(),
        reason: "stopped_by_error".to_owned(),
        settled: None,
    }
}

pub(super) fn settled(number: u64, at: i64) -> Entry {
    let (outcome, detail) = ("ended".to_owned(), None);
    Entry::Settled { act: ActId { epoch: 1, number }, at: Timestamp(at), outcome, detail }
}

pub(super) fn event(at: i64) -> StoredEvent {
    StoredEvent {
        at: Timestamp(at),
        id: 4,
        level: "Information".to_owned(),
        message: "Replication for vm-001 on hv01 was in suspended and resumed successfully.".to_owned(),
        host: Some("hv01.lab.test".to_owned()),
        vm: Some("vm-001".to_owned()),
        vm_id: Some(vm(1)),
        leg: Some(LegKind::Simple),
        data: "{\"vm\":\"vm-001\"}".to_owned(),
    }
}

pub(super) fn decision(number: u128, at: i64) -> StoredDecision {
    StoredDecision {
        at: Timestamp(at),
        leg: leg(number),
        verdict: "resume".to_owned(),
        reason: "stopped_by_error".to_owned(),
        facts: "[{\"fact\":\"state\",\"value\":\"Error\"}]".to_owned(),
    }
}

pub(super) fn incident(number: u32, opened: i64, legs: &[LegId]) -> StoredIncident {
    let member = |leg: &LegId| Member { leg: *leg, joined: Timestamp(opened), left: None };
    StoredIncident {
        id: IncidentId(number),
        cause: "host_restarted".to_owned(),
        opened: Timestamp(opened),
        closed: None,
        members: legs.iter().map(member).collect(),
    }
}

pub(super) fn remembers(number: u128, memory: &str) -> Entry {
    Entry::Leg(leg(number), Some(memory.to_owned()))
}
