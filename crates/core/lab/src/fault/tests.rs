//! Faults by themselves: the registry, and what they do to a world.

use std::time::Duration;

use cim::{Argument, ErrorKind, ObjectPath, Reached, Reply, Request, Value, wql};

use super::{
    Break, Fault, FaultScope, FaultShape, FaultTarget, Faults, JobFault, Message, MessageKind, RightsOn, RowOf,
};
use crate::action::ActionError;
use crate::{Action, InFlight, Spec, World};

const VIRTUALIZATION: &str = "root/virtualization/v2";

fn place(host: Option<usize>, vm: Option<usize>) -> FaultTarget {
    FaultTarget { host, vm }
}

fn on_vm(name: &str) -> FaultScope {
    FaultScope { host: None, vm: Some(name.to_owned()) }
}

fn login(fault: &Fault) -> Option<()> {
    (*fault == Fault::Login).then_some(())
}

/// A world whose VMs wait on their primary servers to be resumed.
fn broken(vms: usize) -> World {
    let mut lab = World::new(&Spec { vms, ..Spec::default() }).unwrap();
    let host = "hv02.lab.test".to_owned();
    lab.carry_out(&Action::Shutdown { host: host.clone(), in_flight: InFlight::All }).unwrap();
    lab.carry_out(&Action::Boot { host, vmms: crate::Start::default() }).unwrap();
    pass(&mut lab, 1_000);
    lab
}

fn pass(lab: &mut World, millis: u64) {
    lab.advance(lab.now() + Duration::from_millis(millis));
}

fn key(lab: &World, vm: usize) -> String {
    lab.view().vms[vm].vm_id.to_string().to_uppercase()
}

/// Asks for a resume; what the method returned.
fn resume(lab: &mut World, vm: usize) -> u32 {
    let path = ObjectPath::new(VIRTUALIZATION, "Msvm_ComputerSystem")
        .with("CreationClassName", "Msvm_ComputerSystem")
        .with("Name", key(lab, vm));
    let arguments = vec![Argument::new("RequestedState", Value::Uint16(3))];
    let request = Request::Invoke { path, method: "RequestReplicationStateChange".into(), arguments };
    match lab.answer(vm % 2, &request) {
        Ok(Reply::Output(output)) => output.return_value().unwrap().unwrap(),
        other => panic!("{other:?}"),
    }
}

fn rows(lab: &mut World, host: usize, namespace: &str, class: &str) -> Vec<cim::Row> {
    match lab.answer(host, &Request::Query { namespace: namespace.into(), select: wql::Select::all(class) }) {
        Ok(Reply::Rows(rows)) => rows,
        other => panic!("{other:?}"),
    }
}

fn jobs(lab: &mut World, host: usize) -> Vec<(u16, u16)> {
    let rows = rows(lab, host, VIRTUALIZATION, "Msvm_ConcreteJob");
    rows.iter().map(|row| (row.get("JobState").unwrap(), row.get("ErrorCode").unwrap())).collect()
}

fn state(lab: &World, vm: usize) -> u16 {
    lab.view().vms[vm].legs[0].sender_state
}

#[test]
fn a_fault_strikes_as_often_as_it_was_told_to_and_without_a_number_for_ever() {
    let mut faults = Faults::default();
    assert!(faults.add(Fault::Login, place(None, None), Some(2)));
    for expected in [Some(()), Some(()), None] {
        assert_eq!(faults.strike(0, None, login), expected);
    }
    assert!(faults.is_empty());
    faults.add(Fault::Login, place(None, None), None);
    assert!((0..100).all(|host| faults.strike(host, None, login).is_some()));
}

#[test]
fn a_fault_strikes_where_it_was_put_and_is_not_used_up_elsewhere() {
    let mut faults = Faults::default();
    faults.add(Fault::Login, place(Some(1), None), Some(1));
    assert_eq!(faults.strike(0, None, login), None);
    assert_eq!(faults.strike(1, Some(7), login), Some(()));
    faults.add(Fault::Login, place(None, Some(3)), Some(1));
    assert_eq!(faults.strike(1, Some(2), login), None);
    assert_eq!(faults.strike(1, None, login), None, "what concerns no VM concerns not this one");
    assert_eq!(faults.strike(1, Some(3), login), Some(()));
}

#[test]
fn the_oldest_of_several_strikes_first() {
    let mut faults = Faults::default();
    let job = |code| Fault::Job(JobFault::Fail { code });
    faults.add(job(1), place(None, None), Some(1));
    faults.add(job(2), place(None, None), None);
    let fails = [0; 3].map(|_| faults.decide(0, 0).and_then(|fate| fate.fails));
    assert_eq!(fails, [Some(1), Some(2), Some(2)]);
}

#[test]
fn a_delay_and_a_break_may_meet_in_one_message_of_the_named_kind() {
    let mut faults = Faults::default();
    let delay = Duration::from_secs(1);
    faults.add(Fault::Slow { delay, on: None }, place(None, None), None);
    faults.add(Fault::Break { how: Break::Reset, on: Some(MessageKind::Invoke) }, place(None, None), Some(1));
    let get = faults.strike_message(0, None, Some(MessageKind::Get));
    assert_eq!((get.delay, get.how), (delay, None));
    assert_eq!(faults.strike_message(0, None, None).how, None, "an Identify is none of the named kinds");
    assert_eq!(faults.strike_message(0, None, Some(MessageKind::Invoke)).how, Some(Break::Reset));
    assert_eq!(faults.strike_message(0, None, Some(MessageKind::Invoke)).how, None);
}

#[test]
fn only_faults_of_that_name_place_and_kind_of_message_are_removed() {
    let reset = |on| Fault::Break { how: Break::Reset, on };
    let left = |name: &str, on: Option<MessageKind>, chosen: FaultTarget| {
        let mut faults = Faults::default();
        faults.add(Fault::Login, place(None, None), None);
        faults.add(reset(None), place(None, None), None);
        faults.add(reset(Some(MessageKind::Get)), place(Some(1), None), None);
        faults.add(reset(None), place(Some(1), Some(2)), None);
        faults.remove(name, on, chosen);
        faults.standing.len()
    };
    assert_eq!(left("reset", None, place(None, None)), 1);
    assert_eq!(left("reset", None, place(Some(1), None)), 2);
    assert_eq!(left("reset", None, place(None, Some(2))), 3);
    assert_eq!(left("reset", Some(MessageKind::Get), place(None, None)), 3);
    assert_eq!(left("drop_after", None, place(None, None)), 4);
}

#[test]
fn there_is_room_for_many_faults_and_not_for_endlessly_many() {
    let mut lab = broken(1);
    let mut add = |n: u32| (0..n).try_for_each(|_| lab.add_fault(Fault::Deny, &FaultScope::default(), Some(1)));
    add(1_000).unwrap();
    assert!(matches!(add(1), Err(ActionError::NotNow(_))));
}

#[test]
fn a_place_that_is_not_there_is_refused() {
    let mut lab = broken(1);
    let nowhere = FaultScope { host: Some("hv09.lab.test".to_owned()), vm: None };
    assert!(matches!(lab.add_fault(Fault::Deny, &nowhere, None), Err(ActionError::Unknown(_))));
    assert!(matches!(lab.remove_faults("deny", None, &on_vm("vm-009")), Err(ActionError::Unknown(_))));
    assert!(!lab.has_faults());
}

#[test]
fn a_job_that_hangs_shows_the_requested_state_and_ends_when_the_fault_is_taken_away() {
    let mut lab = broken(2);
    lab.add_fault(Fault::Job(JobFault::Hang), &on_vm("vm-001"), Some(1)).unwrap();
    assert_eq!((resume(&mut lab, 0), resume(&mut lab, 1)), (4_096, 4_096));
    pass(&mut lab, 3_600_000);
    assert_eq!((state(&lab, 0), state(&lab, 1)), (8, 3));
    assert_eq!(jobs(&mut lab, 0), [(4, 0)]);
    let shown = rows(&mut lab, 0, VIRTUALIZATION, "Msvm_ReplicationRelationship");
    let own = key(&lab, 0);
    let shown = shown.iter().find(|row| row.get::<String>("InstanceID").unwrap().contains(&own)).unwrap();
    assert_eq!(shown.get::<u16>("ReplicationState").unwrap(), 3);
    assert_eq!(resume(&mut lab, 0), 32_774, "another request is in its way");
    lab.remove_faults("job_hang", None, &on_vm("vm-002")).unwrap();
    pass(&mut lab, 10_000);
    assert_eq!(state(&lab, 0), 8);
    lab.remove_faults("job_hang", None, &FaultScope::default()).unwrap();
    pass(&mut lab, 10_000);
    assert_eq!((state(&lab, 0), jobs(&mut lab, 0)), (3, vec![(7, 0)]));
}

#[test]
fn a_job_that_is_gone_is_never_listed_and_its_work_goes_on() {
    let mut lab = broken(1);
    lab.add_fault(Fault::Job(JobFault::Gone), &FaultScope::default(), Some(1)).unwrap();
    resume(&mut lab, 0);
    assert_eq!((jobs(&mut lab, 0), state(&lab, 0)), (vec![], 8));
    pass(&mut lab, 1_000);
    assert_eq!((jobs(&mut lab, 0), state(&lab, 0)), (vec![], 3));
}

#[test]
fn a_job_that_fails_leaves_the_state_as_it_was_and_tells_the_code() {
    let mut lab = broken(1);
    lab.add_fault(Fault::Job(JobFault::Fail { code: 32_778 }), &FaultScope::default(), Some(1)).unwrap();
    resume(&mut lab, 0);
    pass(&mut lab, 1_000);
    assert_eq!((jobs(&mut lab, 0), state(&lab, 0)), (vec![(10, 32_778)], 8));
    resume(&mut lab, 0);
    pass(&mut lab, 1_000);
    assert_eq!(state(&lab, 0), 3, "it struck once");
}

#[test]
fn a_label_flips_back_after_the_job_unless_something_else_changed_it() {
    let flip = Fault::Job(JobFault::FlipBack { after: Duration::from_secs(5), why: None });
    let mut lab = broken(1);
    lab.add_fault(flip, &FaultScope::default(), None).unwrap();
    resume(&mut lab, 0);
    pass(&mut lab, 4_000);
    assert_eq!((jobs(&mut lab, 0), state(&lab, 0)), (vec![(7, 0)], 3));
    pass(&mut lab, 2_000);
    assert_eq!(state(&lab, 0), 8);
    resume(&mut lab, 0);
    pass(&mut lab, 1_000);
    lab.carry_out(&Action::Pause { vm: "vm-001".to_owned(), leg: crate::Kind::Simple, side: crate::LegEnd::Sender })
        .unwrap();
    pass(&mut lab, 10_000);
    assert_eq!(state(&lab, 0), 7, "a person has paused it meanwhile");
}

#[test]
fn a_job_that_succeeds_and_falls_back_says_why_in_the_event_log() {
    let disk_full = 0x8007_0070;
    let flip = Fault::Job(JobFault::FlipBack { after: Duration::from_millis(500), why: Some(disk_full) });
    let mut lab = broken(1);
    let records = |lab: &World| {
        let events = lab.view().hosts[0].events.clone();
        events.iter().filter(|event| event.id == 32_022).map(|event| event.code).collect::<Vec<_>>()
    };
    let before = records(&lab);
    lab.add_fault(flip, &FaultScope::default(), Some(1)).unwrap();
    resume(&mut lab, 0);
    pass(&mut lab, 1_000);
    assert_eq!((jobs(&mut lab, 0), state(&lab, 0)), (vec![(7, 0)], 8));
    assert_eq!(records(&lab)[before.len()..], [Some(disk_full)]);
}

#[test]
fn rights_on_one_namespace_say_nothing_of_another() {
    let mut lab = broken(1);
    let here = FaultScope { host: Some("hv01.lab.test".to_owned()), vm: None };
    let first = |on: RightsOn| match on {
        RightsOn::Windows => "Win32_OperatingSystem",
        RightsOn::HyperV => "Msvm_ComputerSystem",
        RightsOn::Registry => "StdRegProv",
    };
    for (denied, other) in [(RightsOn::Windows, RightsOn::HyperV), (RightsOn::HyperV, RightsOn::Windows)] {
        lab.add_fault(Fault::Rights(denied), &here, None).unwrap();
        let path = ObjectPath::new(denied.namespace(), first(denied)).with("Name", "any");
        let query = Request::Query {
            namespace: denied.namespace().to_uppercase().as_str().into(),
            select: wql::Select::all("Any"),
        };
        for request in [query, Request::Get { path }] {
            let error = lab.answer(0, &request).unwrap_err();
            let told = (error.kind, error.reached, error.status);
            assert_eq!(told, (ErrorKind::Denied, Reached::Yes, Some(0x8033_8104)), "{request:?}");
        }
        assert_ne!(rows(&mut lab, 0, other.namespace(), first(other)), []);
        assert_ne!(rows(&mut lab, 1, denied.namespace(), first(denied)), [], "another host");
        lab.remove_faults("rights", None, &here).unwrap();
        assert_ne!(rows(&mut lab, 0, denied.namespace(), first(denied)), []);
    }
}

#[test]
fn without_rights_hyper_v_and_the_services_look_empty_and_windows_itself_does_not() {
    let mut lab = broken(1);
    let here = FaultScope { host: Some("hv01.lab.test".to_owned()), vm: None };
    lab.add_fault(Fault::Deny, &here, None).unwrap();
    for class in ["Msvm_ReplicationService", "Msvm_ComputerSystem", "Msvm_ReplicationRelationship"] {
        assert_eq!(rows(&mut lab, 0, VIRTUALIZATION, class), []);
        assert_ne!(rows(&mut lab, 1, VIRTUALIZATION, class), []);
    }
    assert_eq!(rows(&mut lab, 0, "root/cimv2", "Win32_Service"), []);
    assert_eq!(rows(&mut lab, 0, "root/cimv2", "Win32_OperatingSystem").len(), 1);
    let path = ObjectPath::new(VIRTUALIZATION, "Msvm_ReplicationRelationship")
        .with("InstanceID", format!(r"Microsoft:{}\HVR\0", key(&lab, 0)));
    let error = lab.answer(0, &Request::Get { path: path.clone() }).unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::NotThere, Some(0x8004_1002)));
    lab.remove_faults("deny", None, &here).unwrap();
    assert!(lab.answer(0, &Request::Get { path }).is_ok());
}

#[test]
fn an_unreadable_row_has_a_text_for_a_number_and_the_others_do_not() {
    for (of, class, property) in [
        (RowOf::Relationship, "Msvm_ReplicationRelationship", "ReplicationState"),
        (RowOf::Vm, "Msvm_ComputerSystem", "EnabledState"),
        (RowOf::Settings, "Msvm_ReplicationSettingData", "ReplicationInterval"),
    ] {
        let mut lab = broken(4);
        lab.add_fault(Fault::Unreadable(of), &on_vm("vm-003"), None).unwrap();
        let own = key(&lab, 2);
        for row in rows(&mut lab, 0, VIRTUALIZATION, class) {
            let name: String = row.get("InstanceID").or(row.get("Name")).unwrap();
            assert_eq!(row.get::<u16>(property).is_err(), name.contains(&own), "{class} {name}");
        }
    }
}

#[test]
fn a_message_is_struck_by_the_vm_in_its_path() {
    let mut lab = broken(2);
    lab.add_fault(Fault::Break { how: Break::DropAfter, on: None }, &on_vm("vm-002"), None).unwrap();
    let mut strike =
        |path: &ObjectPath| lab.strike_message(0, Message { operation: Some(MessageKind::Get), path: Some(path) }).how;
    let relationship = |key: String| {
        ObjectPath::new(VIRTUALIZATION, "Msvm_ReplicationRelationship")
            .with("InstanceID", format!(r"Microsoft:{key}\HVR\0"))
    };
    let fresh = broken(2);
    assert_eq!(strike(&relationship(key(&fresh, 0))), None);
    assert_eq!(strike(&relationship(key(&fresh, 1))), Some(Break::DropAfter));
    let vm = ObjectPath::new(VIRTUALIZATION, "Msvm_ComputerSystem").with("Name", key(&fresh, 1));
    assert_eq!(strike(&vm), Some(Break::DropAfter));
}

#[test]
fn a_shape_is_used_up_by_faults_alone() {
    let mut lab = broken(1);
    assert_eq!(lab.fault_shape(0), FaultShape::Wsman);
    lab.add_fault(Fault::Shape(FaultShape::Wmi), &FaultScope::default(), Some(1)).unwrap();
    assert_eq!([lab.fault_shape(0), lab.fault_shape(0)], [FaultShape::Wmi; 2]);
    lab.shaped_a_fault(0);
    assert_eq!(lab.fault_shape(0), FaultShape::Wsman);
}

/// `Msvm_ConcreteJob.ErrorCode` has 16 bits.
#[test]
fn a_job_that_fails_with_an_hresult_shows_that_it_failed_and_the_number_in_its_text() {
    let mut lab = broken(1);
    lab.add_fault(Fault::Job(JobFault::Fail { code: 0x8007_0299 }), &FaultScope::default(), Some(1)).unwrap();
    assert_eq!(resume(&mut lab, 0), 4_096);
    pass(&mut lab, 10_000);
    assert_eq!((state(&lab, 0), jobs(&mut lab, 0)), (8, vec![(10, 32_768)]));
    let text = rows(&mut lab, 0, VIRTUALIZATION, "Msvm_ConcreteJob")[0].get::<String>("ErrorDescription").unwrap();
    assert!(
        text.contains("'vm-001': The requested operation could not be completed") && text.contains("(0x80070299)"),
        "{text}"
    );
}

#[test]
fn a_method_returns_the_number_that_it_is_given_and_does_nothing() {
    let mut lab = broken(2);
    lab.add_fault(Fault::Returns(32_999), &on_vm("vm-001"), Some(1)).unwrap();
    assert_eq!((resume(&mut lab, 0), state(&lab, 0)), (32_999, 8));
    assert_eq!((resume(&mut lab, 1), resume(&mut lab, 0)), (4_096, 4_096), "another VM, and a second call");
}
