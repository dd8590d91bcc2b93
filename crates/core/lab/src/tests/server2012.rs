//! What differs on Server 2012: no relationship class, other keys, an Error that heals.

use std::time::Duration;

use cim::{ObjectPath, Reply, Request, wql};

use super::{host, returned, states};
use crate::{Action, InFlight, Os, Spec, Start, World};

fn world(vms: usize) -> World {
    World::new(&Spec { vms, os: Os::Server2012, ..Spec::default() }).unwrap()
}

fn change(lab: &World, method: &str) -> Request {
    let id = lab.view().vms[0].vm_id.to_string().to_uppercase();
    let path = ObjectPath::new("root/virtualization/v2", "Msvm_ComputerSystem")
        .with("CreationClassName", "Msvm_ComputerSystem")
        .with("Name", id);
    let arguments = vec![cim::Argument::new("RequestedState", cim::Value::Uint16(3))];
    Request::Invoke { path, method: method.into(), arguments }
}

#[test]
fn there_is_no_relationship_class_and_its_two_faults_have_their_numbers() {
    let mut lab = world(1);
    let class = "Msvm_ReplicationRelationship";
    let query = Request::Query { namespace: "root/virtualization/v2".into(), select: wql::Select::all(class) };
    assert_eq!(lab.answer(0, &query).unwrap_err().status, Some(2_150_858_778));
    let path = ObjectPath::new("root/virtualization/v2", class).with("InstanceID", "x");
    assert_eq!(lab.answer(0, &Request::Get { path }).unwrap_err().status, Some(2_150_858_752));
}

#[test]
fn settings_have_one_key_per_vm_and_no_frequency() {
    let mut lab = world(1);
    let select = wql::Select::all("Msvm_ReplicationSettingData");
    let Ok(Reply::Rows(rows)) = lab.answer(1, &Request::Query { namespace: "root/virtualization/v2".into(), select })
    else {
        panic!()
    };
    let id = lab.view().vms[0].vm_id.to_string().to_uppercase();
    let keys: Vec<_> = rows.iter().map(|row| row.get::<String>("InstanceID").unwrap()).collect();
    assert_eq!(keys, [format!("Microsoft:{id}\\HVR")]);
    assert!(!rows[0].properties.contains("ReplicationInterval"));
}

#[test]
fn only_the_older_method_is_there() {
    let mut lab = world(1);
    lab.carry_out(&Action::Shutdown { host: host(1), in_flight: InFlight::All }).unwrap();
    lab.carry_out(&Action::Boot { host: host(1), vmms: Start::default() }).unwrap();
    let (newer, older) =
        (change(&lab, "RequestReplicationStateChangeEx"), change(&lab, "RequestReplicationStateChange"));
    assert_eq!(lab.answer(0, &newer).unwrap_err().status, Some(0x8004_102E));
    assert_eq!(returned(lab.answer(0, &older)), 4_096);
    lab.advance(Duration::from_secs(1));
    assert_eq!(states(&lab), [3]);
}

#[test]
fn a_cut_link_shows_an_error_that_heals_by_itself_and_a_shutdown_one_that_does_not() {
    let mut lab = world(1);
    lab.carry_out(&Action::CutLink { a: host(0), b: host(1) }).unwrap();
    lab.advance(Duration::from_mins(6));
    assert_eq!(states(&lab), [8]);
    let ids: Vec<u32> = lab.view().hosts[0].events.iter().map(|event| event.id).collect();
    assert!(ids.contains(&32315) && !ids.contains(&32086));
    lab.carry_out(&Action::HealLink { a: host(0), b: host(1), delay: None }).unwrap();
    lab.advance(lab.now() + Duration::from_mins(1));
    assert_eq!(states(&lab), [3]);
    lab.carry_out(&Action::Shutdown { host: host(1), in_flight: InFlight::All }).unwrap();
    lab.carry_out(&Action::Boot { host: host(1), vmms: Start::default() }).unwrap();
    lab.advance(lab.now() + Duration::from_hours(1));
    assert_eq!(states(&lab), [8]);
}
