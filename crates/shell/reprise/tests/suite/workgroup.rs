//! Hosts of no domain, each with its own account and password.

use std::fmt::Write as _;
use std::process::Command;

use serde_json::Value;

use crate::lab::{Lab, PROGRAM, ran};

/// A configuration with a login for each host; its path.
fn configuration(lab: &Lab, password_of: impl Fn(usize) -> usize) -> String {
    let hosts = lab.told("hosts").as_array().unwrap();
    let mut text = "version = 1\n[login]\nauth = \"ntlm\"\n[run]\ntimeout = \"10s\"\n".to_owned();
    for (index, host) in hosts.iter().enumerate() {
        let word = |key: &str| host[key].as_str().unwrap();
        let password =
            lab.write_secret(&format!("password-{index}"), hosts[password_of(index)]["password"].as_str().unwrap());
        let (url, user) = (word("url"), word("user"));
        writeln!(text, "[[host]]\nurl = \"{url}\"\nuser = \"{user}\"\npassword_file = '{password}'").unwrap();
    }
    lab.write_secret("reprise.toml", &text)
}

fn run(configuration: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(["run", "--config", configuration, "--event-log", "none"]).args(arguments);
    command
}

#[test]
fn each_host_is_asked_with_its_own_login_and_known_by_its_name_alone() {
    let lab = Lab::new(&["--workgroup", "--vms", "4"]);
    let hosts = lab.told("hosts").as_array().unwrap();
    let names: Vec<&Value> = hosts.iter().map(|host| &host["name"]).collect();
    assert_eq!(names, ["hv01", "hv02"]);
    assert_ne!(hosts[0]["password"], hosts[1]["password"]);
    lab.break_by_restart("hv01");
    let ran = ran(&run(&configuration(&lab, |host| host), &["--json"]).output().unwrap());
    assert_eq!((ran.code, ran.count("resumed")), (0, 4), "{}", ran.document);
    assert_eq!((&ran.leg("vm-001")["primary"], &ran.leg("vm-001")["replica"]), (&"hv01".into(), &"hv02".into()));
}

#[test]
fn the_password_of_another_host_is_refused_and_the_advice_names_what_restricts_ntlm() {
    let lab = Lab::new(&["--workgroup", "--vms", "4"]);
    let ran = ran(&run(&configuration(&lab, |_| 0), &["--json"]).output().unwrap());
    let errors: Vec<&Value> = ran.document["hosts"].as_array().unwrap().iter().map(|host| &host["error"]).collect();
    assert!(errors[0].is_null(), "{}", errors[0]);
    let next = errors[1]["next"].as_str().unwrap();
    assert!(next.contains("Restrict NTLM") && next.contains("--auth kerberos"), "{next}");
    assert_eq!(ran.code, 3, "{}", ran.document);
}
