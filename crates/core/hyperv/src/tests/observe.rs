//! One look, query by query.

use std::time::Duration;

use cim::{ErrorKind, Reached};
use reprise_model::{ReplicationState, Seen};

use super::{fails, host_rows, look, text};

#[test]
fn a_look_sends_seven_queries_and_joins_their_rows() {
    let (seen, asked) = look(host_rows);
    assert_eq!(asked.len(), 7);
    assert_eq!(seen.name.seen().unwrap().as_str(), "hv01.lab.test");
    let replication = seen.replication.seen().unwrap();
    assert!(replication.service && replication.host_row && replication.unreadable.is_empty());
    let object = replication.objects.values().next().unwrap();
    assert_eq!(object.state, ReplicationState::Error);
    let settings = object.settings.seen().unwrap();
    assert_eq!(settings.recovery_host.as_ref().unwrap().as_str(), "hv02.lab.test");
    assert_eq!(settings.frequency, Some(Duration::from_mins(5)));
    assert_eq!(seen.system.seen().unwrap().clock.0, 1_769_853_600_000);
}

#[test]
fn a_host_that_does_not_answer_or_refuses_the_login_gets_one_query() {
    for kind in [ErrorKind::Unreachable, ErrorKind::TimedOut, ErrorKind::Denied] {
        let (seen, asked) = look(|_| Err(fails(kind, Reached::No)));
        assert_eq!(asked.len(), 1);
        assert!(seen.problems().count() == 4 && seen.answered() == (kind == ErrorKind::Denied));
    }
}

#[test]
fn a_part_that_fails_does_not_affect_the_others() {
    let (seen, _) = look(|class| match class {
        "Win32_Service" | "Win32_OperatingSystem" => Err(fails(ErrorKind::Refused, Reached::Yes)),
        other => host_rows(other),
    });
    assert!(seen.vmms.problem().is_some() && seen.system.problem().is_some());
    assert_eq!(seen.replication.seen().unwrap().objects.len(), 1);
    assert!(seen.vmms_runs(), "its own classes answer");
}

#[test]
fn vmms_gets_no_query_that_it_cannot_answer_yet() {
    let (seen, asked) = look(|class| match class {
        "Msvm_ReplicationService" => Ok(vec![]),
        other => host_rows(other),
    });
    assert_eq!(asked.len(), 4);
    assert!(!seen.replication.seen().unwrap().service);
}

#[test]
fn the_provider_shows_another_programs_replication_and_never_is_before_1900() {
    let (seen, _) = look(|class| {
        let mut rows = host_rows(class)?;
        if class == "Msvm_ReplicationSettingData" {
            rows[0].properties.set("ReplicationProvider", text("Msvm_ReplicationProvider.InstanceID=\"azure\""));
        }
        if class == "Msvm_ReplicationRelationship" {
            rows[0].properties.set("LastReplicationTime", text("16010101000000.000000+000"));
        }
        Ok(rows)
    });
    let object = seen.replication.seen().unwrap().objects.values().next().unwrap().clone();
    assert_eq!(object.last_replication, reprise_model::LastReplication::Never);
    let Seen::Seen(settings) = object.settings else { panic!() };
    assert!(matches!(settings.provider, reprise_model::Provider::External(_)));
}

#[test]
fn the_hours_in_which_vmms_resynchronizes_by_itself_are_read_and_never_spoil_the_rest() {
    let settings = |changes: &[(&str, &str)]| {
        let (seen, _) = look(|class| {
            let mut rows = host_rows(class)?;
            if class == "Msvm_ReplicationSettingData" {
                for (name, value) in changes {
                    rows[0].properties.set(*name, text(value));
                }
            }
            Ok(rows)
        });
        let object = seen.replication.seen().unwrap().objects.values().next().unwrap().clone();
        let Seen::Seen(settings) = object.settings else { panic!("{object:?}") };
        settings.auto_resync
    };
    let on = ("AutoResynchronizeEnabled", "true");
    let from = ("AutoResynchronizeIntervalStart", "00000000183000.000000:000");
    let until = ("AutoResynchronizeIntervalEnd", "00000000060000.000000:000");
    let hours = |minutes| Some(std::time::Duration::from_mins(minutes));
    let both = reprise_model::AutoResync { from: hours(18 * 60 + 30), until: hours(6 * 60) };
    assert_eq!(settings(&[on, from, until]), Some(both));
    assert_eq!(settings(&[("AutoResynchronizeEnabled", "false"), from, until]), None);
    assert_eq!(settings(&[]), None);
    let odd = settings(&[on, from, ("AutoResynchronizeIntervalEnd", "at six")]);
    assert_eq!(odd, Some(reprise_model::AutoResync { until: None, ..both }));
}
