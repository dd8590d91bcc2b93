//! Health and statistics.

use std::time::Duration;

use cim::{Reply, Value};

use super::{host, on_leg, rows, service, set, world};
use crate::{Action, LegEnd, Setting, Spec, World};

/// The sender's and the receiver's health.
fn health(lab: &mut World) -> (u16, u16) {
    let of = |lab: &mut World, on| rows(lab, on, "Msvm_ReplicationRelationship")[0].get("ReplicationHealth").unwrap();
    (of(lab, 0), of(lab, 1))
}

#[test]
fn each_end_has_the_health_of_its_state() {
    let cases = [
        (LegEnd::Sender, 7, (2, 1)),
        (LegEnd::Receiver, 7, (1, 3)),
        (LegEnd::Sender, 8, (3, 1)),
        (LegEnd::Sender, 9, (3, 1)),
        (LegEnd::Sender, 10, (2, 1)),
        (LegEnd::Receiver, 5, (1, 2)),
    ];
    for (side, state, expected) in cases {
        let mut lab = world(1);
        assert_eq!(health(&mut lab), (1, 1));
        lab.carry_out(&set(side, &[Setting::State(state)])).unwrap();
        assert_eq!(health(&mut lab), expected, "{side:?} {state}");
    }
}

#[test]
fn missed_cycles_are_a_warning_and_so_is_an_hour_behind() {
    let mut lab = world(1);
    lab.advance(Duration::from_hours(2));
    lab.carry_out(&Action::CutLink { a: host(0), b: host(1) }).unwrap();
    lab.advance(lab.now() + Duration::from_mins(61));
    assert_eq!(health(&mut lab), (2, 2));
    lab.carry_out(&Action::HealLink { a: host(0), b: host(1), delay: None }).unwrap();
    lab.advance(lab.now() + Duration::from_mins(1));
    assert_eq!(health(&mut lab), (2, 2), "the window remembers");
    lab.advance(Duration::from_hours(10));
    assert_eq!(health(&mut lab), (1, 1), "the next window begins at nine");
}

#[test]
fn statistics_of_a_further_replication_are_asked_for_by_its_own_object() {
    let mut lab = World::new(&Spec { hosts: 3, vms: 1, extended: 1, ..Spec::default() }).unwrap();
    lab.carry_out(&Action::CutLink { a: host(1), b: host(2) }).unwrap();
    lab.advance(Duration::from_mins(21));
    let id = lab.view().vms[0].vm_id.to_string().to_uppercase();
    let mut missed = |slot: u8| {
        let embedded = cim::Row::new("Msvm_ReplicationRelationship")
            .with("InstanceID", Value::String(format!("Microsoft:{id}\\HVR\\{slot}")));
        let text = Value::String(cim::cimxml::write(&embedded).unwrap());
        let more = vec![cim::Argument::new("ReplicationRelationship", text)];
        let mut request = service(&lab, "GetReplicationStatisticsEx", more);
        if let cim::Request::Invoke { path, .. } = &mut request {
            *path = path.clone().with("SystemName", "HV02");
        }
        let Ok(Reply::Output(output)) = lab.answer(1, &request) else { panic!() };
        let Value::List(items) = output.parameters.value("ReplicationStatistics") else { panic!() };
        let row = cim::cimxml::read(&items[0].lexical().unwrap()).unwrap();
        row.get::<u32>("NetworkFailureCount").unwrap()
    };
    assert_eq!(missed(0), 0);
    assert!(missed(1) > 0);
}

/// The statistics, and the messages of what is wrong.
fn statistics(lab: &mut World) -> (cim::Row, Vec<String>) {
    let request = service(lab, "GetReplicationStatistics", Vec::new());
    let Ok(Reply::Output(output)) = lab.answer(0, &request) else { panic!() };
    let embedded = |name: &str| {
        let Value::List(items) = output.parameters.value(name) else { panic!("{name}") };
        items.iter().map(|i| cim::cimxml::read(&i.lexical().unwrap()).unwrap()).collect::<Vec<_>>()
    };
    let messages = embedded("ReplicationHealthIssues").iter().map(|row| row.get("Message").unwrap()).collect();
    (embedded("ReplicationStatistics").remove(0), messages)
}

#[test]
fn statistics_count_the_window_and_say_what_is_wrong() {
    let mut lab = world(1);
    lab.advance(Duration::from_mins(21));
    let (row, messages) = statistics(&mut lab);
    assert_eq!(row.class, "Msvm_ReplicationStatistics");
    let count = |row: &cim::Row, name: &str| row.get::<u64>(name).unwrap();
    assert_eq!(count(&row, "ReplicationSuccessCount"), lab.view().vms[0].legs[0].cycles_ok);
    assert!(
        count(&row, "ReplicationSize") > count(&row, "MaxReplicationSize") && count(&row, "ReplicationMissCount") == 0
    );
    assert_eq!(
        (count(&row, "PendingReplicationSize"), messages),
        (lab.view().vms[0].legs[0].pending_bytes, Vec::new())
    );
    lab.carry_out(&on_leg(|vm, leg| Action::Pause { vm, leg, side: LegEnd::Sender })).unwrap();
    lab.advance(lab.now() + Duration::from_mins(31));
    let (row, messages) = statistics(&mut lab);
    assert!(count(&row, "ReplicationMissCount") >= 6 && count(&row, "PendingReplicationSize") > 0);
    assert_eq!(messages.len(), 2, "{messages:?}");
    lab.advance(lab.now() + Duration::from_mins(31));
    assert!(statistics(&mut lab).1.iter().any(|message| message.contains("more than an hour behind")));
}
