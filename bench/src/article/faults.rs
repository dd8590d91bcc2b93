//! The rows for the script's faults, as far as a lab can show them.
//!
//! D1: if one primary server cannot be asked, the run ends. D2: a host without replicated VMs is an error. D3: there is no retry.
//! D4: it reads the state once, a second after the resume. D5: the last check uses the state from before it. D6: VMs are matched
//! by name. D7: one VM after the other, with a full list for each. D8: it resumes what a person paused. D9: it knows two states.
//! D10: two copies race. D11: no clusters and no extended replication. D12: once, at boot. D13: it waits for VMMS forever.
//! D14: it pauses nothing before a shutdown. D15: it reports the last error of any kind.

use std::time::Duration;

use super::scenario::{PLAIN, Scenario};
use super::session::Cmdlet;
use super::steps::{host, restart, second_name, settled, vm};

/// What a lab cannot show, and why.
pub(super) const NOT_SHOWN: &[(&str, &str)] = &[
    ("D7", "see the first table"),
    ("D11", "clusters: the lab has none"),
    ("D12", "a suspension at another time: both contenders run once, and see nothing after their end"),
    ("D14", "pausing before a shutdown: neither contender does it"),
];

pub(super) fn all() -> Vec<Scenario> {
    let mut rows = unreachable();
    rows.extend(reports());
    rows.extend(names_and_people());
    rows.extend(together());
    rows
}

/// Hosts that cannot be asked, have no replicated VMs, or become ready later.
fn unreachable() -> Vec<Scenario> {
    vec![
        Scenario {
            rows: "D1",
            about: "hv01 holds 6 replicas and restarts; hv02, primary server of 3 of them, refuses to be asked",
            lab: &["--hosts=3", "--vms=6", "--topology=hub"],
            prepare: |lab| {
                restart(lab, 0)?;
                host(lab, 1, "management?mode=refuse")
            },
            on: &[0],
            flags: &["--retry-for", "3", "--timeout", "10"],
            ..PLAIN
        },
        Scenario {
            rows: "D2",
            about: "a host with 2 VMs, none replicated",
            lab: &["--hosts=1", "--vms=2", "--unreplicated=2"],
            on: &[0],
            speed: 20,
            ..PLAIN
        },
        Scenario {
            rows: "D3",
            about: "both servers went down; the replica server hv01 is up, the primary server hv02 boots 5 s later; run on hv01",
            lab: &["--vms=4", "--topology=hub", "--race-state=suspended"],
            prepare: |lab| {
                host(lab, 1, "shutdown?in_flight=all")?;
                host(lab, 0, "shutdown")?;
                host(lab, 0, "boot")?;
                settled(lab)
            },
            meanwhile: Some((Duration::from_secs(5), |lab| host(lab, 1, "boot"))),
            on: &[0],
            ..PLAIN
        },
        Scenario {
            rows: "D13",
            about: "VMMS never starts (the script is ended after 10 min, the program has 2 s for VMMS)",
            lab: &["--vms=4"],
            prepare: |lab| {
                host(lab, 0, "vmms/stop")?;
                host(lab, 1, "vmms/stop")
            },
            speed: 20,
            flags: &["--timeout", "3", "--vmms-timeout", "2"],
            ..PLAIN
        },
    ]
}

/// How jobs, states and errors are reported.
fn reports() -> Vec<Scenario> {
    let slow_and_refused = Scenario {
        rows: "D4",
        about: "a job takes 3 s, and that of vm-002 fails: its replica is failed over (Resume-VMReplication returns at once)",
        lab: &["--vms=2", "--topology=hub", "--job=3000", "--race-state=suspended"],
        prepare: |lab| {
            restart(lab, 0)?;
            vm(lab, "vm-002", "set?side=receiver&state=5")
        },
        settle: Duration::from_secs(4),
        on: &[0],
        ..PLAIN
    };
    vec![
        slow_and_refused,
        Scenario {
            about: "the same, if Resume-VMReplication waits for its job",
            cmdlet: Cmdlet::Waits,
            ..slow_and_refused
        },
        Scenario {
            rows: "D5",
            about: "hv02 restarts and leaves 4 legs at Error",
            lab: &["--vms=4"],
            prepare: |lab| restart(lab, 1),
            ..PLAIN
        },
        Scenario {
            rows: "D9",
            about: "resync required, resync suspended, update error, and one healthy leg",
            lab: &["--vms=4", "--topology=hub"],
            prepare: |lab| {
                vm(lab, "vm-001", "set?state=9")?;
                vm(lab, "vm-002", "set?state=11")?;
                vm(lab, "vm-003", "set?state=16")
            },
            ..PLAIN
        },
        Scenario {
            rows: "D15",
            about: "vm-001 is refused by its failed-over replica; vm-002 is in a state that is not listed (the cmdlet waits)",
            lab: &["--vms=3", "--topology=hub", "--race-state=suspended"],
            prepare: |lab| {
                restart(lab, 0)?;
                vm(lab, "vm-001", "set?side=receiver&state=5")?;
                vm(lab, "vm-002", "set?state=17")
            },
            on: &[0],
            cmdlet: Cmdlet::Waits,
            asks: &[1],
            flags: &["--retry-for", "5"],
            ..PLAIN
        },
    ]
}

/// Names, and pauses on purpose.
fn names_and_people() -> Vec<Scenario> {
    vec![
        Scenario {
            rows: "D6",
            about: "two VMs of one name on one primary server, one leg Error, one Suspended",
            lab: &["--vms=2", "--topology=hub"],
            prepare: |lab| {
                restart(lab, 0)?;
                vm(lab, "vm-002", "set?state=7")?;
                second_name(lab, "vm-002", "vm-001", None)
            },
            on: &[0],
            ..PLAIN
        },
        Scenario {
            rows: "D6",
            about: "the replica of vm-001 was renamed; vm-002 was not",
            lab: &["--vms=2", "--topology=hub", "--race-state=suspended"],
            prepare: |lab| {
                restart(lab, 0)?;
                second_name(lab, "vm-001", "old-name", Some("receiver"))
            },
            on: &[0],
            ..PLAIN
        },
        Scenario {
            rows: "D8",
            about: "vm-001 and vm-003 stopped with the shutdown; vm-002 was paused for a migration (the program has a hold on it)",
            lab: &["--vms=3", "--topology=hub", "--race-state=suspended"],
            prepare: |lab| {
                vm(lab, "vm-002", "pause")?;
                restart(lab, 0)
            },
            on: &[0],
            config: Some("version = 1\n[[hold]]\nvm = 'vm-002'\nreason = 'migration'\n"),
            ..PLAIN
        },
    ]
}

/// Two runs at once.
fn together() -> Vec<Scenario> {
    vec![Scenario {
        rows: "S1 D10",
        about: "10 legs stopped; the script on both hosts at once, and two runs of the program at once",
        lab: &["--vms=10", "--race-state=suspended"],
        prepare: |lab| restart(lab, 1),
        on: &[0, 1],
        copies: 2,
        ..PLAIN
    }]
}
