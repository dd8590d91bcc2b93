//! `demo`: the fault of the article on two simulated hosts, and its repair over WS-Management.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use reprise_lab::{Action, InFlight, Spec, Start, Topology, view};
use reprise_lab_server::{ElementForm, Lab, LabOptions, Schemes};
use reprise_model::{Policy, ReplicationState};
use reprise_platform::sink::Sink;
use tokio::time::Instant;

use super::run::{Passed, pass};
use crate::console::{asked_to_stop, complain, print};
use crate::record::Recorder;
use crate::render::progress::Progress;
use crate::render::{Terminal, table};
use crate::{exit, wiring};

/// Enough to fill a table, few enough to read it.
const VMS: usize = 8;
/// The replica server, which is restarted, and the primary server.
const REPLICA: &str = "hv01.lab.test";
const PRIMARY: &str = "hv02.lab.test";

/// Show the fault and its repair on two simulated hosts, in a few seconds.
#[derive(Args)]
pub(super) struct Arguments {
    /// Seed of the random generator
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(super) async fn demo(arguments: Arguments) -> ExitCode {
    match play(arguments.seed).await {
        Ok(true) => ExitCode::from(exit::OK),
        Ok(false) => ExitCode::from(exit::FAILED),
        Err(why) => {
            complain(&format!("the demonstration failed\n  why:  {why}\n  next: report this as a bug"));
            ExitCode::from(exit::FAILED)
        }
    }
}

/// Plays the whole piece; true if everything is protected at the end.
async fn play(seed: u64) -> Result<bool, String> {
    let started_us = jiff::Timestamp::now().as_microsecond();
    let spec = Spec { vms: VMS, topology: Topology::Hub, seed, started_us, ..Spec::default() };
    let options = LabOptions {
        speed: 1.0,
        round_trip: Duration::from_millis(2),
        user: "demo".to_owned(),
        password: "demo".to_owned(),
        local_accounts: false,
        schemes: Schemes { basic: true, ..Schemes::default() },
        services: None,
        fragments: ElementForm::default(),
        tls: false,
        ipv6: false,
    };
    let lab = Lab::start(&spec, options).await.map_err(|error| error.to_string())?;
    say(&format!(
        "Two simulated Hyper-V hosts on loopback: {VMS} VMs on {PRIMARY},\nreplicas on {REPLICA}.\n\n\
         1. Everything replicates.\n\n{}\n",
        what_people_see(&lab.view())
    ));
    let shutdown = Action::Shutdown { host: REPLICA.to_owned(), in_flight: InFlight::All };
    lab.carry_out(&shutdown).await.map_err(|error| error.to_string())?;
    let broken = lab.view();
    say(&format!(
        "2. {REPLICA} is restarted while changes are on their way to it.\n   \
         Hyper-V stops replicating, and will not start again by itself:\n\n{}\n{}\n",
        what_people_see(&broken),
        events(&broken)
    ));
    let vmms = Start { ready_after: Some(Duration::from_secs(2)), ..Start::default() };
    let boot = Action::Boot { host: REPLICA.to_owned(), vmms };
    lab.carry_out(&boot).await.map_err(|error| error.to_string())?;
    let booted = Instant::now();
    say(&format!("3. {REPLICA} is up again. Reprise asks both hosts over WS-Management …\n\n"));
    let hosts: Vec<_> = lab.hosts().into_iter().map(|host| (host.url, host.user, host.password)).collect();
    let wired = wiring::wire_hosts(&hosts, Policy::default()).map_err(|usage| usage.to_string())?;
    let sink = Sink::parse("none").map_err(|error| error.to_string())?.sink;
    let Passed { report, .. } = pass(wired, &mut Recorder::new(sink, Progress::new()), asked_to_stop())
        .await
        .map_err(|_| "the pass ended without a report")?;
    let took = booted.elapsed().as_secs_f64();
    say(&table::text(&report, &Terminal::of_width(80)));
    let world = lab.view();
    let open = legs(&world).filter(|(_, leg)| leg.sender_state != ReplicationState::Replicating.number()).count();
    if open > 0 || report.unprotected().next().is_some() {
        say(&format!("\n{open} of {VMS} VMs are still unprotected.\n"));
        return Ok(false);
    }
    say(&format!("\nTime to protection: {took:.1} s after {REPLICA} came up\n(2 s of them its VMMS took to load).\n"));
    Ok(true)
}

fn say(text: &str) {
    print(text);
}

fn legs(world: &view::WorldView) -> impl Iterator<Item = (&view::VmView, &view::LegView)> {
    world.vms.iter().flat_map(|vm| vm.legs.iter().map(move |leg| (vm, leg)))
}

/// What Hyper-V Manager would show, in its own words.
fn what_people_see(world: &view::WorldView) -> String {
    let mut text = format!("   {:<8} {:<22} {:<10} {}\n", "VM", "REPLICATION STATE", "HEALTH", "PRIMARY → REPLICA");
    for (vm, leg) in legs(world) {
        let state = ReplicationState::from_number(leg.sender_state);
        let (words, health) = if state == ReplicationState::Replicating {
            ("Replication enabled".to_owned(), "Normal")
        } else if state == ReplicationState::Error {
            ("Replication Error".to_owned(), "Critical")
        } else {
            (state.to_string(), "Critical")
        };
        let short = |name: &str| name.split('.').next().unwrap_or(name).to_owned();
        let route = format!("{} → {}", short(&leg.sender), short(&leg.receiver));
        let _infallible = writeln!(text, "   {:<8} {words:<22} {health:<10} {route}", vm.vm);
    }
    text
}

/// The two events of the fault, as the primary's log has them.
fn events(world: &view::WorldView) -> String {
    let mut text = String::new();
    for host in &world.hosts {
        for id in [32022, 32086] {
            let found: Vec<_> = host.events.iter().filter(|event| event.id == id).collect();
            if let Some(first) = found.first() {
                let code = first.code.map_or_else(String::new, |code| format!(" (0x{code:08X})"));
                let _infallible =
                    writeln!(text, "   {}: event {id} {} times, the first for {}{code}", host.name, found.len(), VM_1);
            }
        }
    }
    text
}

/// The first VM of every lab.
const VM_1: &str = "vm-001";
