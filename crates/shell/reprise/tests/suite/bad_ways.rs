//! Passes over connections whose bytes are truncated, delayed, duplicated and lost: every report is true, and nothing is done
//! twice.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::bad_way::{Chance, Proxy};
use crate::lab::{Lab, PROGRAM, Ran, ran, until};

/// Limits of a pass, and its maximum duration with the ten seconds of the contract.
const LIMITS: [&str; 6] = ["--timeout", "5", "--vmms-timeout", "5", "--retry-for", "8"];
const LASTS_MAX_MS: u64 = 28_000;
const VMS: usize = 6;
/// Tried in every run, beside what `REPRISE_SIM_SEED` names alone.
const SEEDS: [u64; 4] = [1, 2, 3, 4];

/// How messages are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protection {
    Clear,
    Sealed,
    Tls,
}

fn seeds() -> Vec<u64> {
    match std::env::var("REPRISE_SIM_SEED") {
        Ok(seed) => vec![seed.parse().expect("REPRISE_SIM_SEED is a number")],
        Err(_) => SEEDS.to_vec(),
    }
}

fn address(lab: &Lab, host: usize) -> std::net::SocketAddr {
    lab.url(host).split("://").nth(1).unwrap().trim_end_matches("/wsman").parse().unwrap()
}

fn pass(lab: &Lab, ways: &[Proxy], protection: Protection, seed: u64) -> Ran {
    let mut command = Command::new(PROGRAM);
    command.args(["run", "--json", "--user", &lab.user(), "--password-file", &lab.path("password")]).args(LIMITS);
    command.args(["--event-log", &format!("file:{}", lab.path("events"))]);
    let sealed = if seed.is_multiple_of(2) { "ntlm" } else { "negotiate" };
    command.args(["--auth", if protection == Protection::Clear { "basic" } else { sealed }]);
    if protection == Protection::Tls {
        command.args(["--tls-fingerprint", lab.told("certificate_sha256").as_str().unwrap()]);
    }
    let scheme = if protection == Protection::Tls { "https" } else { "http" };
    for way in ways {
        command.args(["--host", &format!("{scheme}://{}/wsman", way.address)]);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    ran(&command.output().expect("the program runs"))
}

/// The leg of a VM in the world, once nothing is under way there.
fn settled(lab: &Lab) -> Value {
    let mut world = Value::Null;
    until("every leg stands", || {
        world = lab.world();
        world["vms"].as_array().unwrap().iter().all(|vm| vm["legs"][0]["changing"] == false)
    });
    world
}

/// What the rows and the hosts come to, by the contract.
fn outcome(ran: &Ran) -> (&'static str, i32) {
    let hosts = ran.document["hosts"].as_array().unwrap();
    let ready = hosts.iter().filter(|host| host["ready"] == true).count();
    let runs = |leg: &Value| ["healthy", "resumed"].contains(&leg["result"].as_str().unwrap());
    match ready {
        0 => ("not_ready", 1),
        n if n < hosts.len() || ran.legs().iter().any(|leg| leg["wanted"] == true && !runs(leg)) => ("partial", 3),
        _ => ("ok", 0),
    }
}

fn check(lab: &Lab, ran: &Ran, doubled: u64, place: &str) {
    let context = || format!("{place}: {:#}\n{}", ran.document, ran.standard_error);
    assert!(!ran.standard_error.contains("panicked"), "{}", context());
    assert!(ran.document["elapsed_ms"].as_u64().unwrap() <= LASTS_MAX_MS, "{}", context());
    assert_eq!((ran.outcome(), ran.code), outcome(ran), "{}", context());
    let world = settled(lab);
    let mut attempts = 0;
    for leg in ran.legs() {
        let vm = world["vms"].as_array().unwrap().iter().find(|vm| vm["vm_id"] == leg["vm_id"]).unwrap();
        let stands = vm["legs"][0]["sender_state"].as_u64().unwrap();
        let (result, tried) = (leg["result"].as_str().unwrap(), leg["attempts"].as_u64().unwrap());
        attempts += tried;
        let runs = ["healthy", "resumed"].contains(&result);
        // A resume whose answer was lost may have come to its end after the pass; nothing else may run untold.
        let told = runs == (stands == 3) || (!runs && tried > 0);
        assert!(told, "{} is at {stands}: {}", leg["vm"], context());
    }
    let sent = lab.requests("invoke");
    assert!(sent <= attempts + doubled, "{sent} for {attempts} attempts and {doubled} doubled: {}", context());
    let count = |id| lab.event_ids().iter().filter(|own| **own == id).count();
    assert_eq!((count(4), count(3)), (ran.count("resumed"), ran.count("failed")), "{}", context());
}

/// The ids of the messages that asked a host to act, in the clear, before anything happened to them on the way.
fn acts(ways: &[Proxy]) -> Vec<String> {
    let said: Vec<String> =
        ways.iter().flat_map(Proxy::sent).map(|said| String::from_utf8_lossy(&said).into_owned()).collect();
    let requests = said.iter().flat_map(|said| said.split("POST /wsman "));
    let acts =
        requests.filter(|request| request.contains("StateChange_INPUT") || request.contains("StateChangeEx_INPUT"));
    acts.filter_map(|act| Some(act.split_once("MessageID>")?.1.split('<').next()?.to_owned())).collect()
}

/// One pass; what is printed of it.
fn play(protection: Protection, seed: u64) -> String {
    let mut chance = Chance::new(seed);
    let state = if chance.below(2) == 0 { "error" } else { "suspended" };
    let vms = VMS.to_string();
    let mut arguments = vec!["--vms", &vms, "--race-state", state];
    arguments.extend((protection == Protection::Tls).then_some("--tls"));
    let lab = Lab::new(&arguments);
    lab.break_by_restart("hv01.lab.test");
    let ways = [0, 1].map(|host| Proxy::new(address(&lab, host), chance.next(), 1 + chance.below(12)));
    let ran = pass(&lab, &ways, protection, seed);
    // What is sealed or in TLS cannot be sent again by anybody on the way.
    let doubled = ways.iter().map(Proxy::doubled).sum();
    let place = format!("REPRISE_SIM_SEED={seed} {protection:?}");
    check(&lab, &ran, if protection == Protection::Clear { doubled } else { 0 }, &place);
    let mut acts = acts(&ways);
    let sent = acts.len();
    acts.sort_unstable();
    acts.dedup();
    assert_eq!(acts.len(), sent, "{place}: an act was sent twice");
    assert!(protection != Protection::Clear || sent >= ran.count("resumed"), "{place}: acts are seen");
    let (resumed, healthy) = (ran.count("resumed"), ran.count("healthy"));
    let why = ran.document["hosts"].as_array().unwrap().iter().filter_map(|host| host["error"]["why"].as_str());
    let why = why.collect::<Vec<_>>().join("; ");
    format!("{place}: {} resumed {resumed} healthy {healthy} doubled {doubled} {why}", ran.outcome())
}

#[expect(clippy::print_stdout, reason = "the seeds are what one wants to see of this test")]
fn play_all(protection: Protection) {
    std::thread::scope(|scope| {
        let plays: Vec<_> = seeds().into_iter().map(|seed| scope.spawn(move || play(protection, seed))).collect();
        for play in plays {
            println!("{}", play.join().unwrap());
        }
    });
}

#[test]
fn on_a_bad_way_in_the_clear_what_is_told_is_true() {
    play_all(Protection::Clear);
}

#[test]
fn on_a_bad_way_with_sealed_messages_what_is_told_is_true_and_nothing_is_done_twice() {
    play_all(Protection::Sealed);
}

#[test]
fn on_a_bad_way_over_https_what_is_told_is_true_and_nothing_is_done_twice() {
    play_all(Protection::Tls);
}
