//! The event logs as a reader sees them.

use std::collections::BTreeMap;
use std::time::Duration;

use cim::event::{EventCondition, EventQuery, EventSelect, Record};
use cim::{CimTimestamp, DateTime, ErrorKind};

use crate::{Action, EventLog, Fault, FaultScope, InFlight, LogFault, RaceState, Spec, Start, World};

const VMMS: &str = "Microsoft-Windows-Hyper-V-VMMS-Admin";

fn query(condition: &EventCondition) -> EventQuery {
    let select = |channel: &str| EventSelect { channel: channel.to_owned(), condition: condition.clone() };
    EventQuery::new(vec![select(VMMS), select("System")])
}

/// Everything that a host's two logs hold.
fn all(world: &mut World, host: usize) -> Vec<Record> {
    let mut places = BTreeMap::from([(VMMS.to_owned(), 0), ("System".to_owned(), 0)]);
    let (records, dropped) = world.scan_records(host, &query(&EventCondition::any()), false, &mut places, 1_000);
    assert_eq!(dropped, 0);
    records.iter().map(|record| Record::parse(&record.xml).unwrap()).collect()
}

fn restarted() -> World {
    restarted_with_clock(0)
}

/// The same on a host whose clock is ahead by so many seconds.
fn restarted_with_clock(offset_s: i64) -> World {
    let mut world = World::new(&Spec { race_state: RaceState::Error, ..Spec::default() }).unwrap();
    let host = "hv01.lab.test".to_owned();
    world.carry_out(&Action::Clock { host: host.clone(), offset_s }).unwrap();
    world.advance(Duration::from_secs(10));
    world.carry_out(&Action::Shutdown { host: host.clone(), in_flight: InFlight::First(1) }).unwrap();
    world.carry_out(&Action::Boot { host, vmms: Start::default() }).unwrap();
    world
}

/// When data last arrived at a VM's sender, as its host shows it.
fn last_data(world: &mut World) -> Option<i64> {
    let rows = super::rows(world, 0, "Msvm_ComputerSystem");
    let times = rows.iter().filter_map(|row| match row.get("LastReplicationTime").ok()? {
        DateTime::Timestamp(at) => Some(at.unix_us()),
        DateTime::Interval(_) => None,
    });
    times.max()
}

#[test]
fn a_restart_is_recorded_as_windows_and_vmms_record_it() {
    let mut world = restarted();
    let records = all(&mut world, 0);
    let ids: Vec<_> = records.iter().map(|record| record.id).collect();
    assert_eq!(ids, [29174, 6005, 1074, 32022, 32086, 6006, 6005], "and the host was in use before");
    let failed = &records[3];
    assert_eq!((failed.channel.as_str(), failed.level), (VMMS, 2));
    assert_eq!(failed.provider, "Microsoft-Windows-Hyper-V-VMMS");
    assert_eq!(failed.computer, "hv01.lab.test");
    let id = world.view().vms[0].vm_id.to_string().to_uppercase();
    let names: Vec<_> = failed.data.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["VmName", "VmId", "ErrorMessage", "ErrorCode"]);
    assert_eq!(failed.value("VmId"), Some(id.as_str()));
    assert_eq!((failed.value("ErrorMessage"), failed.value("ErrorCode")), (Some("%%2147500036"), Some("0x80004004")));
    assert_eq!((records[2].provider.as_str(), records[5].provider.as_str()), ("User32", "EventLog"));
    assert_eq!(failed.time, CimTimestamp::from_unix_us(Spec::default().started_us + 10_000_000));
}

#[test]
fn records_bear_the_time_of_their_hosts_clock() {
    let mut world = restarted_with_clock(3_600);
    let late = all(&mut world, 0)[3].time;
    assert_eq!(late, CimTimestamp::from_unix_us(Spec::default().started_us + 3_610_000_000));
    let old = query(&EventCondition::recent(&[32022], Duration::from_secs(5)));
    let mut places = BTreeMap::from([(VMMS.to_owned(), 0)]);
    assert_eq!(world.scan_records(0, &old, false, &mut places, 9).0.len(), 1, "age is by the same clock");
    world.advance(Duration::from_secs(20));
    let mut places = BTreeMap::from([(VMMS.to_owned(), 0)]);
    assert!(world.scan_records(0, &old, false, &mut places, 9).0.is_empty());
}

#[test]
fn what_a_host_has_stamped_keeps_its_time_when_its_clock_is_set() {
    let mut world = restarted();
    world.advance(world.now() + Duration::from_secs(1));
    let (record, data) = (all(&mut world, 0)[3].time, last_data(&mut world));
    assert!(data.is_some());
    world.carry_out(&Action::Clock { host: "hv01.lab.test".to_owned(), offset_s: 3_600 }).unwrap();
    assert_eq!((all(&mut world, 0)[3].time, last_data(&mut world)), (record, data));
    assert_eq!(world.host_time(0).unix_us(), Spec::default().started_us + 3_611_000_000);
}

#[test]
fn a_reader_gets_each_record_once_and_only_of_the_logs_it_has_a_place_in() {
    let mut world = restarted();
    let everything = query(&EventCondition::any());
    let mut places = BTreeMap::from([(VMMS.to_owned(), 0)]);
    let (first, _) = world.scan_records(0, &everything, true, &mut places, 1);
    let (rest, _) = world.scan_records(0, &everything, true, &mut places, 9);
    let ids: Vec<_> = first.iter().chain(&rest).map(|record| Record::parse(&record.xml).unwrap().id).collect();
    assert_eq!(ids, [29174, 32022, 32086]);
    let failed = &rest[0].xml;
    assert!(failed.contains("<RenderingInfo Culture=\"en-US\"><Message>could not replicate"), "{failed}");
    assert!(world.scan_records(0, &everything, true, &mut places, 9).0.is_empty());
}

#[test]
fn a_log_is_opened_by_its_own_name_and_with_rights() {
    let mut world = restarted();
    assert_eq!(world.newest_record(0, &VMMS.to_lowercase()).unwrap(), (VMMS, 5));
    let error = world.newest_record(0, "Microsoft-Windows-Hyper-V-VMMS/Admin").unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::NotThere, Some(15_007)));
    for fault in [Fault::Deny, Fault::DenyEvents] {
        world.add_fault(fault, &FaultScope::default(), Some(1)).unwrap();
        assert_eq!(world.newest_record(0, VMMS).unwrap_err().kind, ErrorKind::Denied);
    }
    assert!(world.newest_record(0, VMMS).is_ok());
}

#[test]
fn a_log_that_was_cleared_or_has_wrapped_holds_its_newest_records_alone() {
    let mut world = restarted();
    let host = || "hv01.lab.test".to_owned();
    world.carry_out(&Action::ClearLog { host: host(), log: EventLog::Vmms, keep: 1 }).unwrap();
    let ids = |world: &mut World| all(world, 0).iter().map(|record| record.id).collect::<Vec<_>>();
    assert_eq!(ids(&mut world), [6005, 1074, 32086, 6006, 6005]);
    world.carry_out(&Action::ClearLog { host: host(), log: EventLog::System, keep: 0 }).unwrap();
    assert_eq!(ids(&mut world), [32086]);
}

#[test]
fn records_are_garbled_or_lost_where_a_fault_says_so_and_a_slow_log_gives_none_for_a_while() {
    let mut world = restarted();
    let everything = query(&EventCondition::any());
    let read = |world: &mut World| {
        let mut places = BTreeMap::from([(VMMS.to_owned(), 0)]);
        let (records, dropped) = world.scan_records(0, &everything, false, &mut places, 9);
        (records.iter().map(|record| Record::parse(&record.xml).is_ok()).collect::<Vec<_>>(), dropped)
    };
    for (fault, expected) in [(LogFault::Garbled, (vec![false, true, true], 0)), (LogFault::Loses, (vec![true; 2], 1))]
    {
        world.add_fault(Fault::Log(fault), &FaultScope::default(), Some(1)).unwrap();
        assert_eq!(read(&mut world), expected, "{fault:?}");
        assert_eq!(read(&mut world), (vec![true; 3], 0), "it is used up");
    }
    let slow = Fault::Log(LogFault::Slow { delay: Duration::from_millis(700) });
    world.add_fault(slow, &FaultScope::default(), Some(1)).unwrap();
    assert_eq!((read(&mut world).0.len(), world.are_logs_silent(0)), (3, false), "nobody has opened it");
    world.newest_record(0, VMMS).unwrap();
    assert_eq!((read(&mut world).0.len(), world.are_logs_silent(0)), (0, true));
    world.advance(world.now() + Duration::from_millis(700));
    assert_eq!((read(&mut world).0.len(), world.are_logs_silent(0)), (3, false));
}
