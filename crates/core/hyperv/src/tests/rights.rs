//! Accounts that have rights on `root\virtualization\v2` and none on `root\cimv2`, and vice versa.

use cim::{CallError, ErrorKind, Reached, Row};
use reprise_model::{Observation, ProblemKind, Remedy};

use super::{VM, fails, host_rows, look, text};

const WINDOWS: [&str; 3] = ["Win32_ComputerSystem", "Win32_OperatingSystem", "Win32_Service"];

fn no_rights() -> CallError {
    fails(ErrorKind::Denied, Reached::Yes).with_status(0x8033_8104)
}

/// A look by an account that has no rights on `root\cimv2`, at a host whose rows of one class are changed.
fn without_windows(of: &str, change: impl Fn(&mut Vec<Row>)) -> Observation {
    let (seen, asked) = look(|class| {
        if WINDOWS.contains(&class) {
            return Err(no_rights());
        }
        let mut rows = host_rows(class)?;
        if class == of {
            change(&mut rows);
        }
        Ok(rows)
    });
    assert!(asked.len() <= 7, "{asked:?}");
    seen
}

/// Returns the host's name in that case.
fn called(of: &str, change: impl Fn(&mut Vec<Row>)) -> String {
    without_windows(of, change).name.seen().unwrap().to_string()
}

#[test]
fn without_rights_on_windows_replication_is_seen_and_the_rest_is_named() {
    let seen = without_windows("", |_| {});
    assert_eq!(seen.replication.seen().unwrap().objects.len(), 1);
    assert_eq!(seen.name.seen().unwrap().as_str(), "hv01.lab.test");
    assert!(seen.answered() && seen.vmms_runs(), "its own classes answer");
    for problem in [seen.system.problem().unwrap(), seen.vmms.problem().unwrap()] {
        assert_eq!((problem.kind, problem.code), (ProblemKind::Denied, Some(0x8033_8104)));
        assert_eq!((problem.why.as_str(), problem.remedy), (r"no rights on root\cimv2: broken", Remedy::GrantWindows));
    }
    assert_eq!(seen.problems().count(), 2);
}

#[test]
fn without_rights_on_hyper_v_nothing_of_it_is_seen_and_the_host_still_has_its_name() {
    let (seen, _) = look(|class| if WINDOWS.contains(&class) { host_rows(class) } else { Err(no_rights()) });
    assert_eq!(seen.name.seen().unwrap().as_str(), "hv01.lab.test");
    let problem = seen.replication.problem().unwrap();
    assert_eq!(problem.why, r"no rights on root\virtualization\v2: broken");
    assert_eq!((problem.kind, problem.remedy), (ProblemKind::Denied, Remedy::GrantHyperV));
}

#[test]
fn without_any_rights_every_part_says_so() {
    let (seen, asked) = look(|_| Err(no_rights()));
    assert_eq!((seen.problems().count(), asked.len()), (4, 4));
    assert!(seen.problems().all(|problem| problem.kind == ProblemKind::Denied));
}

#[test]
fn the_name_is_full_only_where_a_relationship_in_which_the_host_takes_part_has_it_in_full() {
    let settings = "Msvm_ReplicationSettingData";
    let set = |property: &'static str, value: &'static str| {
        move |rows: &mut Vec<Row>| {
            rows[0].properties.set(property, text(value));
        }
    };
    assert_eq!(called(settings, set("PrimaryHostSystem", "HV01")), "hv01");
    assert_eq!(called(settings, set("PrimaryHostSystem", "hv07.lab.test")), "hv01", "it has been renamed");
    assert_eq!(called(settings, Vec::clear), "hv01");
    // The other end has the same short name in another domain.
    assert_eq!(called(settings, set("RecoveryHostSystem", "hv01.other.test")), "hv01.lab.test");
    let receives = |mode: &'static str| {
        let (seen, _) = look(|class| {
            if WINDOWS.contains(&class) {
                return Err(no_rights());
            }
            let mut rows = host_rows(class)?;
            if class == "Msvm_ComputerSystem" {
                rows[1].properties.set("ReplicationMode", text(mode));
            }
            if class == "Msvm_ReplicationSettingData" {
                rows[0].properties.set("RecoveryHostSystem", text("hv01.other.test"));
            }
            Ok(rows)
        });
        seen.name.seen().unwrap().to_string()
    };
    assert_eq!((receives("2").as_str(), receives("4").as_str()), ("hv01.other.test", "hv01.other.test"));
    assert_eq!((receives("3").as_str(), receives("0").as_str()), ("hv01", "hv01"), "this host has no role in it");
}

#[test]
fn of_two_different_full_names_neither_is_used() {
    let (seen, _) = look(|class| {
        if WINDOWS.contains(&class) {
            return Err(no_rights());
        }
        let mut rows = host_rows(class)?;
        let (second, lower) = (VM.replace("4708", "4709"), VM.to_lowercase());
        let copy = |row: &Row, property: &str, of: &str| {
            let text = row.get::<String>(property).unwrap();
            row.clone().with(property, super::text(&text.replace(VM, of).replace(&lower, of)))
        };
        match class {
            "Msvm_ComputerSystem" => rows.push(copy(&rows[1], "Name", &second)),
            "Msvm_ReplicationRelationship" => rows.push(copy(&rows[0], "InstanceID", &second)),
            "Msvm_ReplicationSettingData" => {
                let other = copy(&rows[0], "InstanceID", &second);
                rows.push(other.with("PrimaryHostSystem", super::text("hv01.other.test")));
            }
            _ => {}
        }
        Ok(rows)
    });
    assert_eq!(seen.replication.seen().unwrap().objects.len(), 2);
    assert_eq!(seen.name.seen().unwrap().as_str(), "hv01");
}

#[test]
fn a_name_that_could_not_be_read_for_a_moment_is_not_replaced() {
    for (kind, reached) in [(ErrorKind::Busy, Reached::Yes), (ErrorKind::NotThere, Reached::Yes)] {
        let computer = |class: &str| class == "Win32_ComputerSystem";
        let (seen, _) = look(|class| if computer(class) { Err(fails(kind, reached)) } else { host_rows(class) });
        assert!(seen.name.seen().is_none() && seen.replication.seen().is_some(), "{kind}");
    }
}
