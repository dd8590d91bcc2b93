//! The lab by itself.

mod documented;
mod event_log;
mod extended;
mod failover;
mod health;
mod installed;
mod object;
mod resync;
mod server2012;
mod strict;

use std::time::Duration;

use cim::{FromValue, ObjectPath, Reply, Request, wql};

use uuid::Uuid;

use crate::{Action, ActionError, InFlight, Kind, LegEnd, Os, Setting, Spec, Start, World};

fn world(vms: usize) -> World {
    World::new(&Spec { vms, ..Spec::default() }).unwrap()
}

fn host(index: usize) -> String {
    format!("hv{:02}.lab.test", index + 1)
}

fn count(world: &mut World, on: usize, class: &str) -> usize {
    let request = Request::Query { namespace: "root/virtualization/v2".into(), select: wql::Select::all(class) };
    match world.answer(on, &request) {
        Ok(Reply::Rows(rows)) => rows.len(),
        other => panic!("{other:?}"),
    }
}

fn states(world: &World) -> Vec<u16> {
    world.view().vms.iter().flat_map(|vm| &vm.legs).map(|leg| leg.sender_state).collect()
}

#[test]
fn a_new_lab_replicates_everywhere_and_its_cycles_go_on() {
    let mut lab = world(3);
    assert_eq!(states(&lab), [3, 3, 3]);
    lab.advance(Duration::from_secs(1_000));
    for leg in lab.view().vms.iter().flat_map(|vm| vm.legs.clone()) {
        assert!(leg.cycles_ok >= 3 && leg.cycles_missed == 0, "{leg:?}");
    }
}

#[test]
fn a_shutdown_with_deltas_in_flight_breaks_exactly_the_legs_it_is_told_to() {
    for (in_flight, broken) in [(InFlight::All, 4), (InFlight::None, 0), (InFlight::First(2), 2), (InFlight::Real, 0)] {
        let mut lab = world(4);
        lab.carry_out(&Action::Shutdown { host: host(1), in_flight }).unwrap();
        assert_eq!(states(&lab).iter().filter(|s| **s == 8).count(), broken, "{in_flight:?}");
        let ids: Vec<u32> = lab.view().hosts.iter().flat_map(|h| &h.events).map(|e| e.id).collect();
        assert_eq!(ids.iter().filter(|id| **id == 32086).count(), broken);
        assert_eq!(ids.iter().filter(|id| **id == 32022).count(), broken);
        assert!(ids.contains(&1074) && ids.contains(&6006));
    }
}

#[test]
fn while_the_service_starts_nothing_of_hyper_v_is_shown_and_then_it_is_not_ready_at_once() {
    let mut lab = world(2);
    lab.carry_out(&Action::Shutdown { host: host(0), in_flight: InFlight::All }).unwrap();
    let vmms = Start {
        starts_after: Some(Duration::from_secs(5)),
        ready_after: Some(Duration::from_secs(8)),
        ..Start::default()
    };
    lab.carry_out(&Action::Boot { host: host(0), vmms }).unwrap();
    let service = |lab: &mut World| {
        let path = ObjectPath::new("root/cimv2", "Win32_Service").with("Name", "vmms");
        match lab.answer(0, &Request::Get { path }) {
            Ok(Reply::Instance(row)) => row.get::<String>("State").unwrap(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((service(&mut lab).as_str(), lab.view().hosts[0].vmms), ("Start Pending", "starting"));
    assert_eq!(count(&mut lab, 0, "Msvm_ReplicationService"), 0);
    lab.advance(Duration::from_secs(5));
    assert_eq!((service(&mut lab).as_str(), lab.view().hosts[0].vmms), ("Running", "not_ready"));
    assert_eq!(count(&mut lab, 0, "Msvm_ReplicationService"), 1);
    lab.advance(Duration::from_secs(8));
    assert_eq!((count(&mut lab, 0, "Msvm_ComputerSystem"), lab.view().hosts[0].vmms), (3, "ready"));
}

/// How long a host has been up, as it says itself.
fn up_for(lab: &mut World, on: usize) -> Duration {
    let request = Request::Query { namespace: "root/cimv2".into(), select: wql::Select::all("Win32_OperatingSystem") };
    let Ok(Reply::Rows(rows)) = lab.answer(on, &request) else { panic!("no rows") };
    let time = |name: &str| {
        let cim::Value::DateTime(cim::DateTime::Timestamp(at)) = rows[0].properties.value(name) else {
            panic!("{name}")
        };
        at.unix_us()
    };
    Duration::from_micros(u64::try_from(time("LocalDateTime") - time("LastBootUpTime")).unwrap())
}

#[test]
fn hosts_are_not_new_when_the_lab_begins_and_refuse_logins_for_as_long_after_a_boot_as_they_are_told_to() {
    let mut lab = world(1);
    assert!(up_for(&mut lab, 0) >= Duration::from_hours(24) && !lab.strike_login(0));
    lab.carry_out(&Action::Shutdown { host: host(0), in_flight: InFlight::None }).unwrap();
    let vmms = Start { logins_after: Some(Duration::from_secs(5)), ..Start::default() };
    lab.carry_out(&Action::Boot { host: host(0), vmms }).unwrap();
    lab.advance(lab.now() + Duration::from_secs(4));
    assert_eq!((up_for(&mut lab, 0), lab.strike_login(0), lab.strike_login(1)), (Duration::from_secs(4), true, false));
    lab.advance(lab.now() + Duration::from_secs(1));
    assert!(!lab.strike_login(0));
}

#[test]
fn a_resume_does_not_make_cycles_come_more_often() {
    let mut lab = world(1);
    for minute in 1..=20 {
        for action in [pause(), resume()] {
            lab.carry_out(&action).unwrap();
        }
        lab.advance(Duration::from_secs(minute));
    }
    let before = lab.view().vms[0].legs[0].cycles_ok;
    lab.advance(lab.now() + Duration::from_hours(1));
    assert!(lab.view().vms[0].legs[0].cycles_ok - before <= 13);
}

fn pause() -> Action {
    Action::Pause { vm: "vm-001".into(), leg: Kind::Simple, side: LegEnd::Sender }
}

fn resume() -> Action {
    Action::Resume { vm: "vm-001".into(), leg: Kind::Simple, side: LegEnd::Sender }
}

#[test]
fn names_may_be_odd_and_a_name_that_two_vms_have_is_refused() {
    let mut lab = World::new(&Spec { vms: 20, odd_names: true, ..Spec::default() }).unwrap();
    let pause = |vm: &str| Action::Pause { vm: vm.into(), leg: Kind::Simple, side: LegEnd::Sender };
    assert!(matches!(lab.carry_out(&pause("web")), Err(ActionError::NotUnique(_))));
    for vm in lab.view().vms.iter().skip(2) {
        lab.carry_out(&pause(&vm.vm)).unwrap();
    }
    assert!(lab.view().vms.iter().any(|vm| Uuid::try_parse(&vm.vm).is_ok()));
}

#[test]
fn an_initial_replication_that_was_broken_off_goes_on_as_one() {
    let mut lab = world(1);
    let settings = vec![Setting::State(8), Setting::NeverReplicated];
    lab.carry_out(&Action::Set { vm: "vm-001".into(), leg: Kind::Simple, side: LegEnd::Sender, settings }).unwrap();
    let request = resume_request(&lab, 0);
    assert_eq!(returned(lab.answer(0, &request)), 4_096);
    assert_eq!(shown_state(&mut lab, 0, 0), 3, "what was asked for");
    lab.advance(Duration::from_secs(1));
    assert_eq!(states(&lab), [2]);
    lab.advance(Duration::from_mins(30));
    assert_eq!(states(&lab), [3]);
}

#[test]
fn after_a_boot_rows_come_one_after_the_other_and_the_host_row_comes_first() {
    let mut lab = world(6);
    lab.carry_out(&Action::Shutdown { host: host(0), in_flight: InFlight::All }).unwrap();
    assert_eq!(count(&mut lab, 0, "Msvm_ReplicationService"), 0);
    lab.carry_out(&Action::Boot {
        host: host(0),
        vmms: Start { ready_after: Some(Duration::from_secs(3)), ..Start::default() },
    })
    .unwrap();
    assert_eq!(count(&mut lab, 0, "Msvm_ReplicationService"), 1);
    assert_eq!(count(&mut lab, 0, "Msvm_ComputerSystem"), 1);
    assert_eq!(lab.view().hosts[0].vmms, "not_ready");
    let mut last = 1;
    for tenth in 1..=30 {
        lab.advance(Duration::from_millis(tenth * 100));
        let now = count(&mut lab, 0, "Msvm_ComputerSystem");
        assert!(now >= last);
        last = now;
    }
    assert_eq!((last, lab.view().hosts[0].vmms), (7, "ready"));
}

fn resume_request(world: &World, vm: usize) -> Request {
    let id = world.view().vms[vm].vm_id.to_string().to_uppercase();
    let path = ObjectPath::new("root/virtualization/v2", "Msvm_ComputerSystem")
        .with("CreationClassName", "Msvm_ComputerSystem")
        .with("Name", id.clone());
    let embedded = cim::Row::new("Msvm_ReplicationRelationship")
        .with("InstanceID", cim::Value::String(format!("Microsoft:{id}\\HVR\\0")));
    let arguments = vec![
        cim::Argument::new("ReplicationRelationship", cim::Value::String(cim::cimxml::write(&embedded).unwrap())),
        cim::Argument::new("RequestedState", cim::Value::Uint16(3)),
    ];
    Request::Invoke { path, method: "RequestReplicationStateChangeEx".into(), arguments }
}

/// The same for another state.
fn change_request(world: &World, vm: usize, requested: u16) -> Request {
    let mut request = resume_request(world, vm);
    if let Request::Invoke { arguments, .. } = &mut request {
        arguments[1].value = cim::Value::Uint16(requested);
    }
    request
}

fn returned(reply: Result<Reply, cim::CallError>) -> u32 {
    match reply {
        Ok(Reply::Output(output)) => output.return_value().unwrap().unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Every instance that a host shows.
fn rows(world: &mut World, on: usize, class: &str) -> Vec<cim::Row> {
    let request = Request::Query { namespace: "root/virtualization/v2".into(), select: wql::Select::all(class) };
    match world.answer(on, &request) {
        Ok(Reply::Rows(rows)) => rows,
        other => panic!("{other:?}"),
    }
}

/// An action on the first VM's simple leg.
fn on_leg(make: impl Fn(String, Kind) -> Action) -> Action {
    make("vm-001".to_owned(), Kind::Simple)
}

fn set(side: LegEnd, settings: &[Setting]) -> Action {
    on_leg(|vm, leg| Action::Set { vm, leg, side, settings: settings.to_vec() })
}

fn leg(world: &World) -> crate::view::LegView {
    world.view().vms[0].legs[0].clone()
}

/// A method of the replication service for the first VM.
fn service(world: &World, method: &str, more: Vec<cim::Argument>) -> Request {
    let id = world.view().vms[0].vm_id.to_string().to_uppercase();
    let vm = ObjectPath::new("root/virtualization/v2", "Msvm_ComputerSystem")
        .with("CreationClassName", "Msvm_ComputerSystem")
        .with("Name", id);
    let mut arguments = vec![cim::Argument::new("ComputerSystem", cim::Value::Reference(Box::new(vm)))];
    arguments.extend(more);
    let path = ObjectPath::new("root/virtualization/v2", "Msvm_ReplicationService")
        .with("CreationClassName", "Msvm_ReplicationService")
        .with("Name", "replicasvc")
        .with("SystemCreationClassName", "Msvm_ComputerSystem")
        .with("SystemName", "HV01");
    Request::Invoke { path, method: method.into(), arguments }
}

fn shown_state(world: &mut World, on: usize, vm: usize) -> u16 {
    let id = world.view().vms[vm].vm_id.to_string().to_uppercase();
    let path = ObjectPath::new("root/virtualization/v2", "Msvm_ReplicationRelationship")
        .with("InstanceID", format!("Microsoft:{id}\\HVR\\0"));
    match world.answer(on, &Request::Get { path }) {
        Ok(Reply::Instance(row)) => u16::from_value(row.properties.value("ReplicationState")).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn while_a_job_runs_the_state_already_reads_as_requested_and_the_job_goes_after_five_minutes() {
    let mut lab = world(1);
    lab.carry_out(&Action::Shutdown { host: host(1), in_flight: InFlight::All }).unwrap();
    lab.carry_out(&Action::Boot { host: host(1), vmms: Start::default() }).unwrap();
    lab.advance(Duration::from_secs(1));
    let request = resume_request(&lab, 0);
    assert_eq!(returned(lab.answer(0, &request)), 4_096);
    assert_eq!((shown_state(&mut lab, 0, 0), states(&lab)), (3, vec![8]));
    assert_eq!(returned(lab.answer(0, &request)), 32_774, "one job at a time");
    lab.advance(Duration::from_secs(2));
    assert_eq!(states(&lab), [3]);
    assert_eq!(returned(lab.answer(0, &request)), 32_775, "it runs already");
    assert_eq!(count(&mut lab, 0, "Msvm_ConcreteJob"), 1);
    lab.advance(Duration::from_secs(302));
    assert_eq!(count(&mut lab, 0, "Msvm_ConcreteJob"), 0);
}

#[test]
fn a_resume_against_a_failover_fails_in_its_job_and_falls_back() {
    let mut lab = world(1);
    let vm = lab.view().vms[0].vm.clone();
    lab.carry_out(&Action::Shutdown { host: host(0), in_flight: InFlight::All }).unwrap();
    lab.carry_out(&Action::Failover { vm: vm.clone(), leg: Kind::Simple }).unwrap();
    lab.carry_out(&Action::Boot { host: host(0), vmms: Start::default() }).unwrap();
    lab.advance(Duration::from_secs(1));
    let request = resume_request(&lab, 0);
    assert_eq!(returned(lab.answer(0, &request)), 4_096);
    lab.advance(Duration::from_secs(2));
    assert_eq!(states(&lab), [8]);
    lab.carry_out(&Action::Revert { vm, leg: Kind::Simple }).unwrap();
    assert_eq!(returned(lab.answer(0, &request)), 4_096);
    lab.advance(Duration::from_secs(3));
    assert_eq!(states(&lab), [3]);
}

#[test]
fn a_power_cut_leaves_a_resync_behind_and_a_pause_a_pause() {
    let mut lab = world(2);
    lab.carry_out(&Action::PowerCut { host: host(0) }).unwrap();
    assert_eq!(states(&lab), [9, 3], "its own leg lost its log; the one towards it retries");
    let vm = lab.view().vms[1].vm.clone();
    lab.carry_out(&Action::Pause { vm: vm.clone(), leg: Kind::Simple, side: LegEnd::Sender }).unwrap();
    assert_eq!(states(&lab), [9, 7]);
    lab.carry_out(&Action::Resume { vm, leg: Kind::Simple, side: LegEnd::Sender }).unwrap();
    assert_eq!(states(&lab), [9, 3]);
}

#[test]
fn a_log_that_outgrows_half_of_the_disks_makes_a_resync_necessary() {
    let mut lab = world(1);
    let vm = lab.view().vms[0].vm.clone();
    lab.carry_out(&Action::Pause { vm, leg: Kind::Simple, side: LegEnd::Sender }).unwrap();
    lab.advance(Duration::from_hours(1));
    assert_eq!(states(&lab), [7]);
    lab.advance(Duration::from_hours(24 * 60));
    assert_eq!(states(&lab), [9]);
}

#[test]
fn a_cut_link_is_retried_by_vmms_and_heals_without_anybody() {
    let mut lab = world(1);
    lab.carry_out(&Action::CutLink { a: host(0), b: host(1) }).unwrap();
    lab.advance(Duration::from_hours(1));
    let before = lab.view();
    assert_eq!(before.vms[0].legs[0].sender_state, 3);
    assert!(before.hosts[0].events.iter().filter(|e| e.id == 32315).count() >= 3);
    lab.carry_out(&Action::HealLink { a: host(0), b: host(1), delay: None }).unwrap();
    lab.advance(lab.now() + Duration::from_mins(2));
    let after = lab.view();
    assert!(after.vms[0].legs[0].last_replication_time > before.vms[0].legs[0].last_replication_time);
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_one_does_not() {
    let run = |seed| {
        let mut lab = World::new(&Spec { vms: 5, seed, ..Spec::default() }).unwrap();
        lab.advance(Duration::from_secs(700));
        lab.carry_out(&Action::Shutdown { host: host(0), in_flight: InFlight::Real }).unwrap();
        lab.advance(Duration::from_secs(1_700));
        format!("{:?}", lab.view())
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn every_instance_has_exactly_the_properties_of_its_schema_with_their_types() {
    for os in [Os::Server2012, Os::Server2012R2, Os::Server2016, Os::Server2019, Os::Server2022] {
        let mut lab = World::new(&Spec { vms: 3, os, ..Spec::default() }).unwrap();
        if os != Os::Server2012 {
            let _refused = lab.answer(0, &resume_request(&lab, 0));
        }
        for class in crate::schema::classes().filter(|class| class.is_in(os)) {
            has_its_properties(&mut lab, os, class);
        }
    }
}

fn has_its_properties(lab: &mut World, os: Os, class: &crate::schema::Class) {
    let select = wql::Select::all(class.name);
    let Ok(Reply::Rows(rows)) = lab.answer(0, &Request::Query { namespace: class.namespace.into(), select }) else {
        panic!("{}", class.name)
    };
    // Nothing runs, and nothing is tested; the registry's provider has no instances.
    let may_be_empty = ["Msvm_ConcreteJob", "Msvm_AffectedJobElement", "Msvm_ReplicaSystemDependency", "StdRegProv"];
    assert!(!rows.is_empty() || may_be_empty.contains(&class.name), "{}", class.name);
    let own = class.properties.iter().filter(|property| property.is_in(os)).count();
    for row in rows {
        assert_eq!(row.properties.len(), own, "{} on {os:?}", class.name);
        for (name, value) in row.properties.iter().filter(|(_, value)| !value.is_nil()) {
            let property = class.property(name.as_str()).unwrap();
            assert_eq!(matches!(value, cim::Value::List(_)), property.array, "{}.{name}", class.name);
            if *value != cim::Value::List(Vec::new()) {
                assert_eq!(value.cim_type(), Some(property.kind), "{}.{name}", class.name);
            }
        }
    }
}
