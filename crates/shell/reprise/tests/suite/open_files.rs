//! A process that may have few files open, and many hosts.

#![cfg(unix)]

use std::process::{Command, Stdio};

use crate::lab::{Lab, Ran, ran};

/// `reprise run --json` against all hosts of a lab, in a process that may have this many files open.
fn run_within(files: u32, lab: &Lab, hosts: usize) -> Ran {
    let hosts: Vec<usize> = (0..hosts).collect();
    let run = lab.command(&hosts, &[]);
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n \"$0\" && exec \"$@\"", &files.to_string()]);
    command.arg(run.get_program()).args(run.get_args());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    ran(&command.output().unwrap())
}

#[test]
fn more_hosts_than_files_may_be_open_are_all_asked() {
    let lab = Lab::new(&["--hosts", "150", "--vms", "150"]);
    let ran = run_within(64, &lab, 150);
    assert_eq!((ran.code, ran.outcome()), (0, "ok"), "{:#}\n{}", ran.document["hosts"], ran.standard_error);
}

#[test]
fn a_process_that_can_open_one_connection_at_a_time_asks_its_hosts_one_after_the_other() {
    let lab = Lab::new(&["--hosts", "10", "--vms", "10"]);
    let ran = run_within(16, &lab, 10);
    assert_eq!((ran.code, ran.outcome()), (0, "ok"), "{:#}\n{}", ran.document["hosts"], ran.standard_error);
}
