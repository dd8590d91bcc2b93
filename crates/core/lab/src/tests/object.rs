//! VMs on their hosts: renamed, moved, removed, held by a backup.

use std::time::Duration;

use super::{change_request, host, leg, on_leg, resume, returned, rows, set, shown_state, states, world};
use crate::{Action, ActionError, Busy, Kind, LegEnd, Os, Setting, Spec, World};

fn name(lab: &mut World, on: usize) -> String {
    rows(lab, on, "Msvm_ComputerSystem")[1].get("ElementName").unwrap()
}

fn rename(vm: &str, to: &str, side: Option<LegEnd>) -> Action {
    Action::Rename { vm: vm.into(), leg: Kind::Simple, side, to: to.into() }
}

#[test]
fn a_vm_is_renamed_at_one_end_or_everywhere_and_is_found_by_each_name() {
    let mut lab = world(1);
    lab.carry_out(&rename("vm-001", "web", Some(LegEnd::Receiver))).unwrap();
    assert_eq!((name(&mut lab, 0), name(&mut lab, 1)), ("vm-001".to_owned(), "web".to_owned()));
    lab.carry_out(&rename("web", "shop", None)).unwrap();
    assert_eq!((name(&mut lab, 0), name(&mut lab, 1)), ("shop".to_owned(), "shop".to_owned()));
    assert_eq!(lab.view().vms[0].vm, "shop");
    assert!(matches!(lab.carry_out(&rename("web", "x", None)), Err(ActionError::Unknown(_))));
}

#[test]
fn a_moved_primary_sends_from_its_new_host_and_both_ends_name_it() {
    let mut lab = World::new(&Spec { hosts: 3, vms: 1, ..Spec::default() }).unwrap();
    let to = |to: usize| on_leg(|vm, leg| Action::Move { vm, leg, side: LegEnd::Sender, to: host(to) });
    assert!(lab.carry_out(&to(1)).is_err(), "the replica is there");
    assert!(matches!(lab.carry_out(&to(7)), Err(ActionError::Unknown(_))));
    lab.carry_out(&to(2)).unwrap();
    assert_eq!((leg(&lab).sender, leg(&lab).receiver), (host(2), host(1)));
    assert_eq!(rows(&mut lab, 0, "Msvm_ComputerSystem").len(), 1);
    for on in [1, 2] {
        let settings = &rows(&mut lab, on, "Msvm_ReplicationSettingData")[0];
        assert_eq!(settings.get::<String>("PrimaryHostSystem").unwrap(), host(2));
        assert_eq!(settings.get::<String>("PrimaryConnectionPoint").unwrap(), host(2));
        assert_eq!(settings.get::<String>("RecoveryHostSystem").unwrap(), host(1));
    }
    let before = leg(&lab).cycles_ok;
    lab.advance(Duration::from_mins(11));
    assert!(leg(&lab).cycles_ok > before && leg(&lab).cycles_missed == 0);
    let ends = |link: &crate::view::LinkView| (link.a.clone(), link.b.clone());
    assert!(lab.view().links.iter().any(|link| ends(link) == (host(1), host(2))));
}

#[test]
fn a_connection_point_of_a_cluster_stays_when_a_vm_moves() {
    let mut lab = World::new(&Spec { hosts: 3, vms: 1, ..Spec::default() }).unwrap();
    lab.carry_out(&set(LegEnd::Sender, &[Setting::PrimaryPoint("broker.lab.test".to_owned())])).unwrap();
    lab.carry_out(&on_leg(|vm, leg| Action::Move { vm, leg, side: LegEnd::Sender, to: host(2) })).unwrap();
    let settings = &rows(&mut lab, 2, "Msvm_ReplicationSettingData")[0];
    assert_eq!(settings.get::<String>("PrimaryConnectionPoint").unwrap(), "broker.lab.test");
}

#[test]
fn a_moved_replica_takes_its_extended_leg_along() {
    let mut lab = World::new(&Spec { hosts: 4, vms: 1, extended: 1, ..Spec::default() }).unwrap();
    lab.carry_out(&on_leg(|vm, leg| Action::Move { vm, leg, side: LegEnd::Receiver, to: host(3) })).unwrap();
    let legs = lab.view().vms[0].legs.clone();
    assert_eq!((legs[0].receiver.clone(), legs[1].sender.clone()), (host(3), host(3)));
    let settings = rows(&mut lab, 3, "Msvm_ReplicationSettingData");
    assert_eq!(settings[0].get::<String>("RecoveryHostSystem").unwrap(), host(3));
    assert_eq!(settings[1].get::<String>("PrimaryHostSystem").unwrap(), host(3));
}

#[test]
fn removed_replication_leaves_the_vms_with_an_object_at_0() {
    let mut lab = World::new(&Spec { hosts: 3, vms: 1, extended: 1, ..Spec::default() }).unwrap();
    let remove = |leg| Action::Remove { vm: "vm-001".into(), leg, side: None };
    assert!(lab.carry_out(&remove(Kind::Simple)).is_err(), "the extended one has to go first");
    lab.carry_out(&remove(Kind::Extended)).unwrap();
    assert_eq!(lab.view().vms[0].legs.len(), 1);
    lab.carry_out(&remove(Kind::Simple)).unwrap();
    assert_eq!(lab.view().vms[0].legs, []);
    for on in 0..3 {
        let states = rows(&mut lab, on, "Msvm_ReplicationRelationship");
        let states: Vec<u16> = states.iter().map(|row| row.get("ReplicationState").unwrap()).collect();
        let mode = rows(&mut lab, on, "Msvm_ComputerSystem")[1].get::<u16>("ReplicationMode").unwrap();
        assert_eq!((states, mode), (vec![0], 0));
    }
    lab.advance(Duration::from_hours(1));
    assert!(lab.carry_out(&remove(Kind::Simple)).is_err());
}

/// As somebody does who removes it on one server and forgets the other.
#[test]
fn replication_that_is_removed_at_one_end_stays_at_the_other_which_cannot_be_resumed() {
    for (side, own, other) in [(LegEnd::Sender, 0, 1), (LegEnd::Receiver, 1, 0)] {
        let mut lab = world(1);
        lab.carry_out(&on_leg(|vm, leg| Action::Remove { vm, leg, side: Some(side) })).unwrap();
        let shown = |lab: &mut World, on: usize| {
            let state = rows(lab, on, "Msvm_ReplicationRelationship")[0].get::<u16>("ReplicationState").unwrap();
            (state, rows(lab, on, "Msvm_ComputerSystem")[1].get::<u16>("ReplicationMode").unwrap())
        };
        assert_eq!(shown(&mut lab, own), (0, 0), "{side:?}");
        let mode = if side == LegEnd::Sender { 2 } else { 1 };
        assert_eq!(shown(&mut lab, other), (3, mode), "{side:?}");
        lab.advance(lab.now() + Duration::from_hours(1));
        assert_ne!(shown(&mut lab, other).0, 0);
        if side == LegEnd::Receiver {
            lab.carry_out(&set(LegEnd::Sender, &[Setting::State(8)])).unwrap();
            lab.carry_out(&resume()).unwrap();
            lab.advance(lab.now() + Duration::from_secs(10));
            assert_eq!(states(&lab), [8]);
        }
    }
}

fn occupy(lab: &mut World, side: LegEnd, how: Busy, seconds: u64) -> Result<(), ActionError> {
    let lasts = Duration::from_secs(seconds);
    lab.carry_out(&on_leg(|vm, leg| Action::Occupy { vm, leg, side, how, lasts }))
}

/// What a state change of the first VM returns.
fn ask(lab: &mut World, on: usize, requested: u16) -> u32 {
    let request = change_request(lab, 0, requested);
    returned(lab.answer(on, &request))
}

#[test]
fn a_merge_refuses_a_state_change_with_invalid_state_until_it_is_over_and_only_at_its_own_end() {
    let mut lab = world(1);
    lab.carry_out(&set(LegEnd::Sender, &[Setting::State(8)])).unwrap();
    occupy(&mut lab, LegEnd::Sender, Busy::Merge, 60).unwrap();
    assert!(occupy(&mut lab, LegEnd::Sender, Busy::Checkpoint, 60).is_err(), "one at a time");
    assert_eq!(ask(&mut lab, 0, 3), 32_775);
    assert!(lab.carry_out(&resume()).is_err());
    assert_eq!(states(&lab), [8]);
    assert_eq!(ask(&mut lab, 1, 7), 4096, "the replica is not busy");
    lab.advance(lab.now() + Duration::from_mins(1));
    assert_eq!(ask(&mut lab, 0, 3), 4096);
}

#[test]
fn during_a_checkpoint_a_state_change_is_accepted_and_its_job_begins_afterwards() {
    let mut lab = world(1);
    lab.carry_out(&set(LegEnd::Sender, &[Setting::State(8)])).unwrap();
    occupy(&mut lab, LegEnd::Sender, Busy::Checkpoint, 60).unwrap();
    assert_eq!(ask(&mut lab, 0, 3), 4096);
    let job = |lab: &mut World| {
        let row = rows(lab, 0, "Msvm_ConcreteJob").remove(0);
        (row.get::<u16>("JobState").unwrap(), shown_state(lab, 0, 0))
    };
    lab.advance(lab.now() + Duration::from_secs(59));
    assert_eq!(job(&mut lab), (2, 3), "it is new, and the state reads as requested");
    assert_eq!(states(&lab), [8]);
    lab.advance(lab.now() + Duration::from_secs(2));
    assert_eq!((job(&mut lab), states(&lab)), ((7, 3), vec![3]));
}

#[test]
fn what_arrives_during_a_merge_of_the_replica_is_applied_later() {
    let mut lab = world(1);
    occupy(&mut lab, LegEnd::Receiver, Busy::Merge, 720).unwrap();
    lab.advance(Duration::from_mins(11));
    let ids: Vec<u32> = lab.view().hosts[1].events.iter().map(|event| event.id).collect();
    assert!([32_546, 19_050, 32_032, 33_680].iter().all(|id| ids.contains(id)), "{ids:?}");
    assert_eq!(states(&lab), [3]);
}

fn back_up(lab: &mut World) -> Vec<u32> {
    let lasts = Duration::from_mins(12);
    lab.carry_out(&on_leg(|vm, leg| Action::Backup { vm, leg, lasts })).unwrap();
    lab.advance(Duration::from_mins(11));
    lab.view().hosts[1].events.iter().map(|event| event.id).collect()
}

#[test]
fn a_backup_of_the_replica_is_seen_by_the_receiver_alone_from_2012_r2_on() {
    let mut lab = world(1);
    let ids = back_up(&mut lab);
    assert!([32_546, 19_050, 32_032, 33_680].iter().all(|id| ids.contains(id)));
    assert_eq!((states(&lab), lab.view().hosts[0].events.len()), (vec![3], 0));
    let row = |lab: &mut World| {
        let row = rows(lab, 1, "Msvm_ReplicationRelationship").remove(0);
        (row.properties.value("LastApplyTime").clone(), row.properties.value("LastReplicationTime").clone())
    };
    let (applied, arrived) = row(&mut lab);
    assert_ne!(applied, arrived, "what arrived waits to be applied");
    lab.advance(Duration::from_mins(30));
    let (applied, arrived) = row(&mut lab);
    assert_eq!(applied, arrived);
}

#[test]
fn on_2012_it_shows_as_an_error_of_the_sender_and_heals() {
    let mut lab = World::new(&Spec { vms: 1, os: Os::Server2012, ..Spec::default() }).unwrap();
    let ids = back_up(&mut lab);
    assert!([32_546, 19_050, 32_056].iter().all(|id| ids.contains(id)));
    assert_eq!(states(&lab), [8]);
    let sent: Vec<_> = lab.view().hosts[0].events.iter().map(|event| (event.id, event.code)).collect();
    assert!(sent.contains(&(32_022, Some(0x2EF1))) && sent.iter().any(|(id, _)| *id == 32_315));
    lab.advance(Duration::from_mins(20));
    assert_eq!(states(&lab), [3]);
}
