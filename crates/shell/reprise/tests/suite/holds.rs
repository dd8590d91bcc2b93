//! What a person wrote and the program could not follow: told in the report, in the document and in the events.

use std::process::Command;

use crate::lab::{Lab, PROGRAM, Ran, ran};

/// A run with a configuration of its own.
fn run(lab: &Lab, holds: &str, arguments: &[&str]) -> Ran {
    let host = |host| {
        let (url, user, password) = (lab.url(host), lab.user(), lab.path("password"));
        format!("[[host]]\nurl = '{url}'\nuser = '{user}'\npassword_file = '{password}'\n")
    };
    let text = format!("version = 1\n{}{}{holds}", host(0), host(1));
    let config = lab.write_secret("reprise.toml", &text);
    let mut command = Command::new(PROGRAM);
    command.args(["run", "--config", &config, "--event-log", &format!("file:{}", lab.path("events"))]).args(arguments);
    ran(&command.output().unwrap())
}

fn summary(lab: &Lab) -> String {
    let events = lab.events();
    let last = events.last().unwrap();
    assert_eq!(last["id"], 100, "{last}");
    last["message"].as_str().unwrap().to_owned()
}

#[test]
fn a_hold_that_matches_nothing_stops_all_and_says_so_everywhere() {
    let lab = Lab::new(&["--vms", "3"]);
    lab.break_by_restart("hv02.lab.test");
    for hold in ["vm = 'vm-0O1'", "host = 'hv-01'"] {
        let held = run(&lab, &format!("[[hold]]\n{hold}\nreason = 'migration'\n"), &["--json"]);
        assert_eq!((held.code, held.outcome(), lab.requests("invoke")), (3, "partial", 0), "{}", held.standard_error);
        assert_eq!(held.result("vm-001"), ("needs_person", "unmatched_hold"));
        let errors = held.document["errors"].as_array().unwrap();
        assert_eq!((errors.len(), &errors[0]["retry"]), (1, &"never".into()), "{errors:?}");
        let name = hold.split('\'').nth(1).unwrap();
        for told in [errors[0]["what"].as_str().unwrap(), &held.standard_error, &summary(&lab)] {
            assert!(told.contains(name), "{told}");
        }
        assert!(errors[0]["next"].as_str().unwrap().contains("--ignore-unmatched-holds"));
    }
    let ended = "[[hold]]\nvm = 'vm-002'\nreason = 'r'\nuntil = '2020-01-01T00:00:00Z'\n";
    let other = "[[hold]]\nvm = 'vm-0O1'\nreason = 'r'\n";
    let ran = run(&lab, &format!("{ended}{other}"), &["--json", "--ignore-unmatched-holds"]);
    assert_eq!((ran.code, ran.count("resumed")), (0, 3), "{}", ran.standard_error);
    let errors = ran.document["errors"].as_array().unwrap();
    assert!(errors[0]["why"].as_str().unwrap().contains("2020-01-01"), "{errors:?}");
    assert!(errors[1]["why"].as_str().unwrap().contains("no effect"), "{errors:?}");
}

#[test]
fn an_exception_that_names_two_vms_is_told_in_the_events_too() {
    let lab = Lab::new(&["--vms", "4", "--odd-names"]);
    lab.break_by_restart("hv02.lab.test");
    let ran = lab.run(&[0, 1], &["--except", "web"]);
    assert_eq!((ran.code, ran.document.is_null()), (2, true));
    assert_eq!((lab.event_ids().first(), lab.event_ids().last()), (Some(&0), Some(&100)));
    assert!(summary(&lab).contains("2 have the name web"), "{}", summary(&lab));
    for nothing in ["", " ", "*", "\u{200b}"] {
        let ran = lab.run(&[0, 1], &["--except", nothing]);
        assert_eq!((ran.code, ran.document.is_null()), (2, true), "{nothing:?}");
        assert!(ran.standard_error.contains("--except"), "{}", ran.standard_error);
    }
}

#[test]
fn a_name_as_the_table_shows_it_is_the_name_and_no_text_of_a_host_acts_on_a_terminal() {
    let lab = Lab::new(&["--vms", "3"]);
    lab.break_by_restart("hv02.lab.test");
    let id = lab.world()["vms"][0]["vm_id"].as_str().unwrap().to_owned();
    lab.post(&format!("/vms/{id}/rename?to=%E2%80%AEsql%C2%9B01%20"));
    let table = run(&lab, "", &["--dry-run"]);
    assert_eq!(table.code, 0, "{}", table.standard_error);
    let output = Command::new(PROGRAM)
        .args(["run", "--dry-run", "--event-log", "none", "--config", &lab.path("reprise.toml")])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let shown = text.lines().find(|line| line.contains("sql")).unwrap().split_whitespace().next().unwrap().to_owned();
    assert_eq!(shown, "\u{fffd}sql\u{fffd}01␣", "{text}");
    let ran = lab.run(&[0, 1], &["--except", &shown]);
    assert_eq!((ran.code, ran.count("left"), ran.count("resumed")), (0, 1, 2), "{}", ran.standard_error);
    let output = lab.command(&[0, 1], &["--paused", "leave"]).output().unwrap();
    let raw = [output.stdout, std::fs::read(lab.path("events")).unwrap()].concat();
    let raw = String::from_utf8(raw).unwrap();
    let acts = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!raw.contains(acts) && raw.contains("\\u202esql\\u009b01 "), "{raw}");
}

#[test]
fn a_host_that_is_named_twice_is_one_host() {
    let lab = Lab::new(&["--vms", "2"]);
    let ran = lab.run(&[0, 1, 0], &[]);
    assert_eq!((ran.code, ran.document["hosts"].as_array().unwrap().len()), (0, 2));
    assert_eq!(lab.event_ids(), [0, 2, 2, 100]);
}

#[test]
fn an_address_with_more_than_a_path_is_refused_and_not_repeated() {
    for address in
        ["http://127.0.0.1:1/wsman?token=hunter2", "http://127.0.0.1:1/wsman#hunter2", "http://127.0.0.1:1/x"]
    {
        let output = Command::new(PROGRAM).args(["run", "--host", address]).output().unwrap();
        let ran = ran(&output);
        assert_eq!((ran.code, output.stdout.len()), (2, 0), "{address}");
        assert!(ran.standard_error.contains("its path is not /wsman"), "{}", ran.standard_error);
        assert!(!ran.standard_error.contains("hunter2"), "{}", ran.standard_error);
    }
}
