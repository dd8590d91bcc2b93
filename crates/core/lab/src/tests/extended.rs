//! Legs from a replica onwards to a third host.

use std::time::Duration;

use cim::{ObjectPath, Request};

use super::{host, returned, rows};
use crate::{Action, InFlight, Kind, LegEnd, Setting, Spec, Start, Topology, World};

fn chain(vms: usize) -> World {
    World::new(&Spec { hosts: 3, vms, topology: Topology::Chain, ..Spec::default() }).unwrap()
}

fn slots(lab: &mut World, on: usize) -> Vec<(char, u16)> {
    let rows = rows(lab, on, "Msvm_ReplicationRelationship");
    let slot = |row: &cim::Row| row.get::<String>("InstanceID").unwrap().chars().last().unwrap();
    rows.iter().map(|row| (slot(row), row.get::<u16>("ReplicationState").unwrap())).collect()
}

fn mode(lab: &mut World, on: usize) -> u16 {
    rows(lab, on, "Msvm_ComputerSystem")[1].get::<u16>("ReplicationMode").unwrap()
}

/// `RequestReplicationStateChangeEx` on a host for one of the first VM's objects.
fn request(lab: &World, slot: u8, requested: u16) -> Request {
    let id = lab.view().vms[0].vm_id.to_string().to_uppercase();
    let path = ObjectPath::new("root/virtualization/v2", "Msvm_ComputerSystem")
        .with("CreationClassName", "Msvm_ComputerSystem")
        .with("Name", id.clone());
    let embedded = cim::Row::new("Msvm_ReplicationRelationship")
        .with("InstanceID", cim::Value::String(format!("Microsoft:{id}\\HVR\\{slot}")));
    let arguments = vec![
        cim::Argument::new("ReplicationRelationship", cim::Value::String(cim::cimxml::write(&embedded).unwrap())),
        cim::Argument::new("RequestedState", cim::Value::Uint16(requested)),
    ];
    Request::Invoke { path, method: "RequestReplicationStateChangeEx".into(), arguments }
}

#[test]
fn the_middle_host_holds_both_objects_and_sends_the_second() {
    let mut lab = chain(1);
    let legs = lab.view().vms[0].legs.clone();
    let ends = |k: usize| (legs[k].leg, legs[k].sender.as_str(), legs[k].receiver.as_str());
    assert_eq!(ends(0), ("simple", "hv01.lab.test", "hv02.lab.test"));
    assert_eq!(ends(1), ("extended", "hv02.lab.test", "hv03.lab.test"));
    assert_eq!((slots(&mut lab, 0), mode(&mut lab, 0)), (vec![('0', 3)], 1));
    assert_eq!((slots(&mut lab, 1), mode(&mut lab, 1)), (vec![('0', 3), ('1', 3)], 2));
    assert_eq!((slots(&mut lab, 2), mode(&mut lab, 2)), (vec![('0', 3)], 4));
    let settings = rows(&mut lab, 1, "Msvm_ReplicationSettingData");
    let hosts = |row: &cim::Row| {
        (row.get::<String>("PrimaryHostSystem").unwrap(), row.get::<String>("RecoveryHostSystem").unwrap())
    };
    assert_eq!(hosts(&settings[0]), (host(0), host(1)));
    assert_eq!(hosts(&settings[1]), (host(1), host(2)));
}

#[test]
fn a_replica_without_a_further_one_has_a_second_object_at_0() {
    let mut lab = World::new(&Spec { hosts: 3, vms: 3, extended: 1, ..Spec::default() }).unwrap();
    assert_eq!(slots(&mut lab, 1), [('0', 3), ('1', 3), ('0', 3)], "vm-001 as replica, vm-002 as primary");
    assert_eq!(slots(&mut lab, 2), [('0', 3), ('0', 3), ('1', 0), ('0', 3)]);
}

#[test]
fn what_arrives_at_the_replica_is_sent_onwards() {
    let mut lab = chain(1);
    lab.advance(Duration::from_mins(11));
    let leg = lab.view().vms[0].legs[1].clone();
    assert!(leg.cycles_ok >= 2 && leg.last_replication_time > Some(Duration::ZERO), "{leg:?}");
    lab.carry_out(&Action::CutLink { a: host(1), b: host(2) }).unwrap();
    lab.advance(Duration::from_hours(1));
    let legs = lab.view().vms[0].legs.clone();
    assert!(legs[1].log_bytes > 0 && legs[0].cycles_missed == 0);
    assert!(lab.view().hosts[1].events.iter().any(|event| event.id == 32315), "the middle host sends");
}

#[test]
fn a_shutdown_breaks_extended_legs_too_and_their_senders_host_writes_it() {
    let mut lab = chain(2);
    lab.carry_out(&Action::Shutdown { host: host(2), in_flight: InFlight::All }).unwrap();
    let states: Vec<_> = lab.view().vms.iter().flat_map(|vm| &vm.legs).map(|leg| leg.sender_state).collect();
    assert_eq!(states, [3, 8, 3, 8]);
    let written = |on: usize| lab.view().hosts[on].events.iter().filter(|event| event.id == 32086).count();
    assert_eq!((written(0), written(1), written(2)), (0, 2, 0));
}

#[test]
fn a_power_cut_in_the_middle_leaves_no_resync_behind_since_no_vm_runs_there() {
    let mut lab = chain(1);
    lab.carry_out(&Action::PowerCut { host: host(1) }).unwrap();
    let states: Vec<_> = lab.view().vms[0].legs.iter().map(|leg| leg.sender_state).collect();
    assert_eq!(states, [3, 3]);
    let written = lab.view().hosts[0].events.iter().filter(|event| event.id == 32315).count();
    assert_eq!(written, 1, "the leg towards it is tried again");
}

#[test]
fn each_object_is_resumed_by_its_own_key_and_on_its_own_host() {
    let mut lab = chain(1);
    lab.carry_out(&Action::Shutdown { host: host(1), in_flight: InFlight::All }).unwrap();
    lab.carry_out(&Action::Boot { host: host(1), vmms: Start::default() }).unwrap();
    lab.advance(Duration::from_secs(1));
    let states = |lab: &World| -> Vec<_> { lab.view().vms[0].legs.iter().map(|leg| leg.sender_state).collect() };
    assert_eq!(states(&lab), [8, 8]);
    let onwards = request(&lab, 1, 3);
    assert_eq!(returned(lab.answer(0, &onwards)), 32_775, "the primary has no second object");
    assert_eq!(returned(lab.answer(1, &onwards)), 4_096);
    lab.advance(Duration::from_secs(2));
    assert_eq!(states(&lab), [8, 3]);
    let first = request(&lab, 0, 3);
    assert_eq!(returned(lab.answer(1, &first)), 32_775, "there it is the receiver's, which replicates");
    assert_eq!(returned(lab.answer(0, &first)), 4_096);
    let mut foreign = request(&lab, 7, 3);
    if let Request::Invoke { method, .. } = &mut foreign {
        *method = "RequestReplicationStateChangeEx".into();
    }
    assert_eq!(returned(lab.answer(0, &foreign)), 32_773);
}

#[test]
fn what_is_not_there_cannot_be_paused_or_set() {
    let mut lab = World::new(&Spec { hosts: 3, vms: 2, extended: 1, ..Spec::default() }).unwrap();
    let pause = |vm: &str, side| Action::Pause { vm: vm.into(), leg: Kind::Extended, side };
    assert!(lab.carry_out(&pause("vm-002", LegEnd::Sender)).is_err());
    lab.carry_out(&pause("vm-001", LegEnd::Receiver)).unwrap();
    let set = |leg| Action::Set { vm: "vm-002".into(), leg, side: LegEnd::Receiver, settings: vec![Setting::Mode(1)] };
    assert!(lab.carry_out(&set(Kind::Extended)).is_err());
    lab.carry_out(&set(Kind::Simple)).unwrap();
    assert_eq!(lab.view().vms[0].legs[1].receiver_state, 7);
}

#[test]
fn what_cannot_be_built_is_refused() {
    let bad = [
        Spec { hosts: 2, extended: 1, ..Spec::default() },
        Spec { hosts: 2, topology: Topology::Chain, ..Spec::default() },
        Spec { hosts: 3, extended: 1, os: crate::Os::Server2012, ..Spec::default() },
        Spec { hosts: 3, vms: 3, unreplicated: 2, extended: 2, ..Spec::default() },
    ];
    for spec in bad {
        assert!(World::new(&spec).is_err(), "{spec:?}");
    }
}

#[test]
fn nothing_is_sent_onwards_anew_while_the_middle_host_is_failed_over_to() {
    let mut lab = chain(1);
    lab.carry_out(&Action::Shutdown { host: host(2), in_flight: InFlight::All }).unwrap();
    lab.carry_out(&Action::Boot { host: host(2), vmms: Start::default() }).unwrap();
    lab.advance(Duration::from_secs(1));
    let state = |lab: &mut World, to: u16| {
        let settings = vec![Setting::State(to)];
        let set = Action::Set { vm: "vm-001".into(), leg: Kind::Simple, side: LegEnd::Receiver, settings };
        lab.carry_out(&set).unwrap();
    };
    for failing_over in [4, 5, 6] {
        state(&mut lab, failing_over);
        assert_eq!(returned(lab.answer(1, &request(&lab, 1, 3))), 32_775, "{failing_over}");
    }
    state(&mut lab, 3);
    assert_eq!(returned(lab.answer(1, &request(&lab, 1, 3))), 4_096);
}
