//! Failovers: prepared, begun, tested, taken back, reversed.

use std::time::Duration;

use super::{host, leg, on_leg, resume_request, returned, rows, set, world};
use crate::{Action, InFlight, Kind, LegEnd, Setting, Spec, Start, World};

#[test]
fn a_planned_failover_loses_nothing_and_ends_with_the_roles_swapped() {
    let mut lab = world(1);
    lab.advance(Duration::from_mins(2));
    let prepare = on_leg(|vm, leg| Action::Prepare { vm, leg });
    assert!(lab.carry_out(&prepare).is_err(), "the VM runs");
    lab.carry_out(&set(LegEnd::Sender, &[Setting::Running(false)])).unwrap();
    assert!(leg(&lab).log_bytes > 0);
    lab.carry_out(&prepare).unwrap();
    assert_eq!((leg(&lab).sender_state, leg(&lab).pending_bytes), (4, 0));
    assert_eq!(returned(lab.answer(0, &resume_request(&lab, 0))), 32_775);

    assert!(lab.carry_out(&on_leg(|vm, leg| Action::Reverse { vm, leg })).is_err(), "nothing was failed over");
    lab.carry_out(&on_leg(|vm, leg| Action::Failover { vm, leg })).unwrap();
    assert_eq!((leg(&lab).receiver_state, leg(&lab).failed_over_type), (5, 3));
    lab.carry_out(&on_leg(|vm, leg| Action::Commit { vm, leg })).unwrap();
    assert_eq!(leg(&lab).receiver_state, 6);
    lab.carry_out(&on_leg(|vm, leg| Action::Reverse { vm, leg })).unwrap();
    let now = leg(&lab);
    assert_eq!((now.sender.as_str(), now.receiver.as_str()), ("hv02.lab.test", "hv01.lab.test"));
    assert_eq!((now.sender_state, now.receiver_state), (3, 3));
    let mode = |lab: &mut World, on| rows(lab, on, "Msvm_ComputerSystem")[1].get::<u16>("ReplicationMode").unwrap();
    assert_eq!((mode(&mut lab, 0), mode(&mut lab, 1)), (2, 1));
    let settings = &rows(&mut lab, 0, "Msvm_ReplicationSettingData")[0];
    assert_eq!(settings.get::<String>("PrimaryHostSystem").unwrap(), host(1));
    assert_eq!(settings.get::<String>("RecoveryHostSystem").unwrap(), host(0));
    lab.advance(lab.now() + Duration::from_mins(11));
    assert!(leg(&lab).cycles_ok > now.cycles_ok && leg(&lab).cycles_missed == now.cycles_missed);
    lab.carry_out(&Action::Shutdown { host: host(0), in_flight: InFlight::All }).unwrap();
    let written = |on: usize| lab.view().hosts[on].events.iter().filter(|event| event.id == 32086).count();
    assert_eq!((written(0), written(1)), (0, 1), "the new sender's host writes it");
}

#[test]
fn an_unplanned_failover_is_reversed_once_the_old_primary_is_back() {
    let mut lab = world(1);
    lab.carry_out(&Action::PowerCut { host: host(0) }).unwrap();
    lab.carry_out(&on_leg(|vm, leg| Action::Failover { vm, leg })).unwrap();
    assert_eq!(leg(&lab).failed_over_type, 1);
    let reverse = on_leg(|vm, leg| Action::Reverse { vm, leg });
    assert!(lab.carry_out(&reverse).is_err(), "the old primary is off");
    lab.carry_out(&Action::Boot { host: host(0), vmms: Start::default() }).unwrap();
    lab.carry_out(&reverse).unwrap();
    assert_eq!((leg(&lab).sender, leg(&lab).sender_state), (host(1), 3));
}

#[test]
fn what_is_prepared_or_failed_over_is_taken_back() {
    let mut lab = world(1);
    let revert = on_leg(|vm, leg| Action::Revert { vm, leg });
    assert!(lab.carry_out(&revert).is_err());
    lab.carry_out(&set(LegEnd::Sender, &[Setting::Running(false)])).unwrap();
    lab.carry_out(&on_leg(|vm, leg| Action::Prepare { vm, leg })).unwrap();
    lab.carry_out(&revert).unwrap();
    assert_eq!(leg(&lab).sender_state, 3);
    lab.carry_out(&on_leg(|vm, leg| Action::Failover { vm, leg })).unwrap();
    lab.carry_out(&revert).unwrap();
    assert_eq!((leg(&lab).receiver_state, leg(&lab).failed_over_type), (3, 0));
}

#[test]
fn a_test_failover_shows_a_test_vm_and_replication_goes_on() {
    let mut lab = world(1);
    let test = on_leg(|vm, leg| Action::TestFailover { vm, leg });
    lab.carry_out(&test).unwrap();
    assert!(lab.carry_out(&test).is_err(), "one at a time");
    let shown = rows(&mut lab, 1, "Msvm_ComputerSystem");
    let modes: Vec<u16> = shown[1..].iter().map(|row| row.get("ReplicationMode").unwrap()).collect();
    assert_eq!(modes, [2, 3]);
    assert_eq!(shown[2].get::<String>("ElementName").unwrap(), "vm-001 - Test");
    let replication = rows(&mut lab, 1, "Msvm_ReplicationRelationship");
    let states: Vec<u16> = replication.iter().map(|row| row.get("ReplicationState").unwrap()).collect();
    assert_eq!(states, [3, 0, 0]);
    assert_eq!(lab.view().vms[1].legs, []);
    let before = leg(&lab).cycles_ok;
    lab.advance(Duration::from_mins(11));
    assert!(leg(&lab).cycles_ok > before);
    lab.carry_out(&on_leg(|vm, leg| Action::Revert { vm, leg })).unwrap();
    assert_eq!((lab.view().vms.len(), rows(&mut lab, 1, "Msvm_ComputerSystem").len()), (1, 2));
}

#[test]
fn a_chain_is_not_reversed_before_its_extended_leg_is_removed() {
    let mut lab = World::new(&Spec { hosts: 3, vms: 1, extended: 1, ..Spec::default() }).unwrap();
    lab.carry_out(&on_leg(|vm, leg| Action::Failover { vm, leg })).unwrap();
    let reverse = on_leg(|vm, leg| Action::Reverse { vm, leg });
    assert!(lab.carry_out(&reverse).is_err());
    lab.carry_out(&Action::Remove { vm: "vm-001".into(), leg: Kind::Extended, side: None }).unwrap();
    lab.carry_out(&reverse).unwrap();
}

#[test]
fn a_replica_starts_only_after_a_failover_and_a_prepared_vm_not_at_all() {
    let mut lab = world(1);
    let start = |lab: &World| {
        let mut request = resume_request(lab, 0);
        if let cim::Request::Invoke { method, arguments, .. } = &mut request {
            *method = "RequestStateChange".into();
            *arguments = vec![cim::Argument::new("RequestedState", cim::Value::Uint16(2))];
        }
        request
    };
    let request = start(&lab);
    assert_eq!(returned(lab.answer(1, &request)), 32_775);
    lab.carry_out(&set(LegEnd::Sender, &[Setting::Running(false)])).unwrap();
    lab.carry_out(&on_leg(|vm, leg| Action::Prepare { vm, leg })).unwrap();
    assert_eq!(returned(lab.answer(0, &request)), 32_775);
    lab.carry_out(&on_leg(|vm, leg| Action::Failover { vm, leg })).unwrap();
    assert_eq!(returned(lab.answer(1, &request)), 0);
}
