//! Resynchronization: now, later, by itself; paused, cancelled, and what it takes away.

use std::time::Duration;

use cim::{Argument, CimTimestamp, DateTime, Value};

use super::{host, leg, on_leg, returned, rows, service, set, states, world};
use crate::{Action, Kind, LegEnd, Setting, Spec, Start, World};

fn needs_resync() -> World {
    let mut lab = world(1);
    lab.carry_out(&set(LegEnd::Sender, &[Setting::State(9)])).unwrap();
    lab
}

fn resync() -> Action {
    on_leg(|vm, leg| Action::Resync { vm, leg, after: None })
}

#[test]
fn it_takes_as_long_as_the_disks_are_large_and_the_recovery_points_go() {
    let mut lab = world(1);
    lab.advance(Duration::from_hours(3));
    assert_eq!(leg(&lab).recovery_points, 4);
    assert!(lab.carry_out(&resync()).is_err(), "it replicates");
    lab.carry_out(&set(LegEnd::Sender, &[Setting::State(9)])).unwrap();
    lab.carry_out(&resync()).unwrap();
    assert_eq!((leg(&lab).sender_state, leg(&lab).recovery_points), (10, 0));
    assert!(lab.carry_out(&on_leg(|vm, leg| Action::Failover { vm, leg })).is_err(), "there is no point to start from");
    let takes = Duration::from_secs(leg(&lab).disk_bytes / (100 << 20));
    lab.advance(lab.now() + takes.saturating_sub(Duration::from_secs(2)));
    assert_eq!(states(&lab), [10]);
    lab.advance(lab.now() + Duration::from_secs(4));
    assert_eq!((leg(&lab).sender_state, leg(&lab).recovery_points), (3, 1));
}

#[test]
fn a_client_follows_its_job_and_may_cancel_it_by_asking_for_9() {
    let mut lab = needs_resync();
    let request = service(&lab, "Resynchronize", Vec::new());
    assert_eq!(returned(lab.answer(0, &request)), 4_096);
    assert_eq!(returned(lab.answer(0, &request)), 32_775, "it is under way");
    let job = |lab: &mut World| {
        let jobs = rows(lab, 0, "Msvm_ConcreteJob");
        (jobs[0].get::<u16>("JobType").unwrap(), jobs[0].get::<u16>("JobState").unwrap())
    };
    assert_eq!(job(&mut lab), (107, 4));
    let cancel = super::change_request(&lab, 0, 9);
    assert_eq!(returned(lab.answer(0, &cancel)), 4_096);
    lab.advance(lab.now() + Duration::from_secs(1));
    assert_eq!((states(&lab), rows(&mut lab, 0, "Msvm_ConcreteJob").len()), (vec![9], 2));
    assert_eq!(returned(lab.answer(0, &request)), 4_096);
    lab.advance(lab.now() + Duration::from_mins(4));
    let paused = Action::Pause { vm: "vm-001".into(), leg: Kind::Simple, side: LegEnd::Sender };
    lab.carry_out(&paused).unwrap();
    assert_eq!(states(&lab), [11]);
    lab.advance(lab.now() + Duration::from_hours(2));
    assert_eq!(states(&lab), [11]);
    lab.carry_out(&Action::Resume { vm: "vm-001".into(), leg: Kind::Simple, side: LegEnd::Sender }).unwrap();
    assert_eq!(states(&lab), [10]);
    let left = Duration::from_secs(leg(&lab).disk_bytes / (100 << 20)).saturating_sub(Duration::from_mins(4));
    lab.advance(lab.now() + left.saturating_sub(Duration::from_secs(2)));
    assert_eq!(states(&lab), [10]);
    lab.advance(lab.now() + Duration::from_secs(4));
    assert_eq!(states(&lab), [3]);
}

#[test]
fn one_for_later_waits_as_a_new_job_and_its_time_is_checked() {
    let mut lab = needs_resync();
    let at = |lab: &World, seconds: i64| {
        let us = lab.view().started_us + seconds * 1_000_000;
        let time = DateTime::Timestamp(CimTimestamp::from_unix_us(us));
        service(lab, "Resynchronize", vec![Argument::new("StartTime", Value::DateTime(time))])
    };
    lab.advance(Duration::from_mins(10));
    for wrong in [300, 8 * 86_400] {
        let request = at(&lab, wrong);
        assert_eq!(returned(lab.answer(0, &request)), 32_773);
    }
    let request = at(&lab, 3_600);
    assert_eq!(returned(lab.answer(0, &request)), 4_096);
    assert_eq!(rows(&mut lab, 0, "Msvm_ConcreteJob")[0].get::<u16>("JobState").unwrap(), 2);
    lab.advance(Duration::from_secs(3_599));
    assert_eq!(states(&lab), [9]);
    lab.advance(Duration::from_secs(3_601));
    assert_eq!(states(&lab), [10]);
}

#[test]
fn without_the_receiver_it_does_not_begin_and_does_not_end() {
    let mut lab = needs_resync();
    lab.carry_out(&Action::CutLink { a: host(0), b: host(1) }).unwrap();
    assert!(lab.carry_out(&resync()).is_err());
    assert_eq!(states(&lab), [9]);
    lab.carry_out(&Action::HealLink { a: host(0), b: host(1), delay: None }).unwrap();
    lab.carry_out(&resync()).unwrap();
    lab.carry_out(&Action::CutLink { a: host(0), b: host(1) }).unwrap();
    lab.advance(Duration::from_hours(1));
    assert_eq!(states(&lab), [10]);
    lab.carry_out(&Action::HealLink { a: host(0), b: host(1), delay: None }).unwrap();
    lab.advance(lab.now() + Duration::from_mins(2));
    assert_eq!(states(&lab), [3]);
}

#[test]
fn by_itself_it_begins_only_where_it_may_and_in_its_hours() {
    // The lab's clock starts at midnight, which is within the hours: 18:30 to 06:00.
    let mut lab = needs_resync();
    lab.advance(Duration::from_hours(1));
    assert_eq!(states(&lab), [9], "off unless it is set");
    lab.advance(Duration::from_hours(7));
    lab.carry_out(&set(LegEnd::Sender, &[Setting::AutoResync(true)])).unwrap();
    assert!(rows(&mut lab, 0, "Msvm_ReplicationSettingData")[0].get::<bool>("AutoResynchronizeEnabled").unwrap());
    lab.advance(Duration::from_mins(18 * 60 + 29));
    assert_eq!(states(&lab), [9]);
    lab.advance(Duration::from_mins(18 * 60 + 32));
    assert_eq!(states(&lab), [10]);
}

#[test]
fn a_power_cut_throws_it_back() {
    let mut lab = needs_resync();
    lab.carry_out(&resync()).unwrap();
    lab.carry_out(&Action::PowerCut { host: host(0) }).unwrap();
    lab.carry_out(&Action::Boot { host: host(0), vmms: Start::default() }).unwrap();
    lab.advance(Duration::from_hours(1));
    assert_eq!(states(&lab), [9]);
}

#[test]
fn on_a_replica_server_the_method_means_the_extended_leg() {
    let mut lab = World::new(&Spec { hosts: 3, vms: 1, extended: 1, ..Spec::default() }).unwrap();
    let settings = vec![Setting::State(9)];
    lab.carry_out(&Action::Set { vm: "vm-001".into(), leg: Kind::Extended, side: LegEnd::Sender, settings }).unwrap();
    let mut request = service(&lab, "Resynchronize", Vec::new());
    if let cim::Request::Invoke { path, .. } = &mut request {
        *path = path.clone().with("SystemName", "HV02");
    }
    assert_eq!(returned(lab.answer(1, &request)), 4_096);
    assert_eq!(states(&lab), [3, 10]);
    assert_eq!(rows(&mut lab, 1, "Msvm_ConcreteJob")[0].get::<u16>("JobType").unwrap(), 121);
}
