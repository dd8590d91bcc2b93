//! The whole main job over every login and every transport, and every way to be refused, as two tables.

use std::process::{Command, Stdio};

use crate::lab::{Lab, PROGRAM, Ran, ran};

/// Limits of a short pass: with the ten seconds of the contract they add up to 19.
const SHORT: [&str; 6] = ["--timeout", "3", "--vmms-timeout", "3", "--retry-for", "3"];
const SHORT_MAX_MS: u64 = 19_000;

const LOGINS: [&str; 3] = ["basic", "ntlm", "negotiate"];
/// How messages are protected: not at all or by the login, and by TLS to a host that is trusted in two ways.
const TRANSPORTS: [&str; 3] = ["http", "https pinned", "https with CA"];
const VMS: usize = 4;

/// What a shutdown left the legs in.
#[derive(Clone, Copy, Debug)]
enum Broken {
    Error,
    Suspended,
    Both,
}

/// One row's place.
#[derive(Clone, Copy)]
struct Cell {
    login: &'static str,
    transport: &'static str,
    broken: Broken,
}

/// Everything that a pass wrote, to search it for passwords.
struct Written {
    ran: Ran,
    all: String,
}

fn lab(transport: &str, broken: Broken) -> Lab {
    let state = if matches!(broken, Broken::Suspended) { "suspended" } else { "error" };
    let vms = VMS.to_string();
    let mut arguments = vec!["--vms", &vms, "--race-state", state];
    arguments.extend((transport != "http").then_some("--tls"));
    let lab = Lab::new(&arguments);
    lab.break_by_restart("hv01.lab.test");
    if matches!(broken, Broken::Both) {
        for vm in ["vm-001", "vm-002"] {
            lab.post(&format!("/vms/{vm}/set?state=7"));
        }
    }
    lab
}

/// The arguments that make a host's certificate trusted.
fn belief(lab: &Lab, transport: &str) -> Vec<String> {
    match transport {
        "https pinned" => {
            vec!["--tls-fingerprint".to_owned(), lab.told("certificate_sha256").as_str().unwrap().to_owned()]
        }
        "https with CA" => {
            let pem = lab.told("certificate_pem").as_str().unwrap();
            vec!["--ca".to_owned(), lab.write_secret("ca.pem", pem)]
        }
        _ => Vec::new(),
    }
}

/// One pass with the most verbose log filter, with directives more specific than one for a whole library.
fn pass(lab: &Lab, urls: &[String], user: &str, password: &str, arguments: &[String]) -> Written {
    let mut command = Command::new(PROGRAM);
    let events = lab.path("events");
    command.args(["run", "--json", "--user", user, "--password-file", password]).args(SHORT);
    command.args(["--event-log", &format!("file:{events}")]).args(arguments);
    for url in urls {
        command.args(["--host", url]);
    }
    command
        .env("REPRISE_LOG", "trace,sspi::ntlm=trace,sspi::ntlm::messages=trace")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let output = command.output().expect("the program runs");
    let ran = ran(&output);
    let events = std::fs::read_to_string(events).unwrap_or_default();
    let all = format!("{}{}{events}", String::from_utf8_lossy(&output.stdout), ran.standard_error);
    Written { ran, all }
}

/// Base64 (RFC 4648), in which Basic sends user and password.
pub(crate) fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |group: &[u8]| {
        let octet = |place: usize| u32::from(group.get(place).copied().unwrap_or_default());
        let bits = octet(0) << 16 | octet(1) << 8 | octet(2);
        let digit = |place: usize| char::from(DIGITS[usize::try_from(bits >> (18 - 6 * place) & 63).unwrap()]);
        format!("{:=<4}", (0..=group.len()).map(digit).collect::<String>())
    };
    text.as_bytes().chunks(3).map(group).collect()
}

fn hides(written: &Written, user: &str, password: &str) {
    let coded = base64(&format!("{user}:{password}"));
    // The last one marks the login library's log, which holds tokens from which a password can be guessed.
    for secret in [password, coded.trim_end_matches('='), " sspi::"] {
        assert!(!written.all.contains(secret), "{secret} is shown:\n{}", written.all);
    }
}

/// Does the main job in one cell; the row that is printed.
fn row(cell: Cell) -> String {
    let Cell { login, transport, broken } = cell;
    let lab = lab(transport, broken);
    let arguments = [vec!["--auth".to_owned(), login.to_owned()], belief(&lab, transport)].concat();
    let (user, password) = (lab.user(), lab.password());
    let written = pass(&lab, &[lab.url(0), lab.url(1)], &user, &lab.path("password"), &arguments);
    hides(&written, &user, &password);
    // The same log shows what was said.
    assert!(
        written.all.contains("request <s:Envelope") && written.all.contains("answer <s:Envelope"),
        "{}",
        written.all
    );
    let ran = &written.ran;
    let place = format!("{login} over {transport}, {broken:?}");
    assert_eq!((ran.code, ran.outcome()), (0, "ok"), "{place}: {:#}\n{}", ran.document, ran.standard_error);
    assert_eq!((ran.count("resumed"), lab.states()), (VMS, vec![3; VMS]), "{place}");
    assert_eq!((lab.requests("invoke"), lab.requests("fault")), (4, 0), "{place}: each once, nothing refused");
    let before = |state| ran.legs().iter().filter(|leg| leg["before"] == state).count();
    let expected = match broken {
        Broken::Error => (VMS, 0),
        Broken::Suspended => (0, VMS),
        Broken::Both => (VMS / 2, VMS / 2),
    };
    assert_eq!((before("Error"), before("Suspended")), expected, "{place}");
    let protection = match (transport, login) {
        ("http", "basic") => "clear",
        ("http", _) => "sealed",
        _ => "TLS",
    };
    let total: u64 = ["get", "enumerate", "pull", "invoke", "subscribe"].iter().map(|kind| lab.requests(kind)).sum();
    let refused = lab.requests("unauthorized");
    let broken = format!("{broken:?}");
    format!(
        "{login:<10} {transport:<14} {protection:<7} {broken:<10} resumed {VMS}/{VMS}  requests {total:>3}  401s {refused:>2}"
    )
}

#[test]
#[expect(clippy::print_stdout, reason = "the matrix is what one wants to see of this test")]
fn every_login_over_every_transport_resumes_what_a_shutdown_broke() {
    for broken in [Broken::Error, Broken::Suspended, Broken::Both] {
        let cells = LOGINS.iter().flat_map(|login| TRANSPORTS.map(|transport| Cell { login, transport, broken }));
        let rows: Vec<String> = std::thread::scope(|scope| {
            let rows: Vec<_> = cells.map(|cell| scope.spawn(move || row(cell))).collect();
            rows.into_iter().map(|row| row.join().unwrap()).collect()
        });
        println!("{}", rows.join("\n"));
    }
}

/// One way to be refused.
struct Refusal {
    what: String,
    url: String,
    user: String,
    password: String,
    arguments: Vec<String>,
    /// What its error must say somewhere.
    words: &'static [&'static str],
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

/// Clients with a wrong identity.
fn strangers(lab: &Lab, transport: &'static str) -> Vec<Refusal> {
    let stranger = |login: &&'static str, (what, user, password): (&str, &str, &str)| Refusal {
        what: format!("{what}, {login} over {transport}"),
        url: lab.url(0),
        user: user.to_owned(),
        password: password.to_owned(),
        arguments: [owned(&["--auth", login]), belief(lab, transport)].concat(),
        words: &["refused", "password"],
    };
    let (user, password) = (lab.user(), lab.password());
    // The wrong user knows the right password: it is another's.
    let wrong = [("wrong password", user.as_str(), "not-the-horse"), ("wrong user", "LAB\\nobody", password.as_str())];
    LOGINS.iter().flat_map(|login| wrong.map(|wrong| stranger(login, wrong))).collect()
}

/// Hosts that differ from what the client expects.
fn misunderstandings(clear: &Lab, secure: &Lab, other: &Lab, strict: &Lab) -> Vec<Refusal> {
    let case = |what: &str, url: String, arguments: Vec<String>, words| Refusal {
        what: what.to_owned(),
        url,
        user: "LAB\\administrator".to_owned(),
        password: "not-even-asked-for".to_owned(),
        arguments,
        words,
    };
    let pinned = belief(other, "https pinned");
    vec![
        case("wrong CA", secure.url(0), belief(other, "https with CA"), &["authority"]),
        case("wrong fingerprint", secure.url(0), pinned.clone(), &["fingerprint"]),
        case("no CA of this computer", secure.url(0), Vec::new(), &["authority"]),
        case("basic to negotiate only", strict.url(0), owned(&["--auth", "basic"]), &["offers", "Negotiate"]),
        case("http to https", secure.url(0).replace("https", "http"), owned(&["--auth", "negotiate"]), &["https://"]),
        case("https to http", clear.url(0).replace("http", "https"), pinned, &["TLS", "http://"]),
    ]
}

/// Tries it; the row that is printed.
fn turned_away(number: usize, refusal: &Refusal) -> String {
    // A folder of its own for each, for the events.
    let own = Lab::new(&["--vms", "1"]);
    let file = own.write_secret(&format!("password-{number}"), &refusal.password);
    let written = pass(&own, std::slice::from_ref(&refusal.url), &refusal.user, &file, &refusal.arguments);
    hides(&written, &refusal.user, &refusal.password);
    let (what, ran) = (&refusal.what, &written.ran);
    assert_eq!(ran.code, 1, "{what}: {:#}\n{}", ran.document, ran.standard_error);
    assert!(["failed", "not_ready"].contains(&ran.outcome()), "{what}: {:#}", ran.document);
    assert!(ran.document["elapsed_ms"].as_u64().unwrap() <= SHORT_MAX_MS, "{what}: {:#}", ran.document);
    let error = &ran.document["hosts"][0]["error"];
    for part in ["what", "where", "why", "next"] {
        assert!(error[part].as_str().is_some_and(|text| !text.is_empty()), "{what}: {error:#}");
    }
    for word in refusal.words {
        assert!(error.to_string().contains(word), "{what}: nothing of {word} in {error:#}");
    }
    assert!(!written.all.contains("panicked"), "{what}: {}", written.all);
    let (outcome, retry, why) = (ran.outcome(), error["retry"].as_str().unwrap(), error["why"].as_str().unwrap());
    format!("{what:<40} {outcome:<9} retry {retry:<5} {why}")
}

#[test]
#[expect(clippy::print_stdout, reason = "the table is what one wants to see of this test")]
fn whoever_is_turned_away_is_told_why_and_no_password_is_shown() {
    let [clear, secure, other] =
        [&["--vms", "1"][..], &["--vms", "1", "--tls"], &["--vms", "1", "--tls"]].map(Lab::new);
    let strict = Lab::new(&["--vms", "1", "--auth", "negotiate"]);
    let refusals = [
        strangers(&clear, "http"),
        strangers(&secure, "https pinned"),
        misunderstandings(&clear, &secure, &other, &strict),
    ];
    let refusals: Vec<(usize, Refusal)> = refusals.into_iter().flatten().enumerate().collect();
    for some in refusals.chunks(6) {
        let rows: Vec<String> = std::thread::scope(|scope| {
            let rows: Vec<_> = some.iter().map(|(n, refusal)| scope.spawn(move || turned_away(*n, refusal))).collect();
            rows.into_iter().map(|row| row.join().unwrap()).collect()
        });
        println!("{}", rows.join("\n"));
    }
    for lab in [clear, secure, other, strict] {
        assert_eq!(lab.requests("invoke"), 0);
    }
}
