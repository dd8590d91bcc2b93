//! `lab up`: start simulated hosts and run until asked to stop.

use std::io::IsTerminal as _;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use reprise_lab::{Language, Os, RaceState, Spec, SpecError, Topology};
use reprise_lab_server::{ElementForm, Lab, LabOptions, Schemes, ServiceKey, StartError};
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::hints::{Hints, Ready};
use crate::console::{asked_to_stop, complain, notice, print};
use crate::usage::Usage;
use crate::whole_file::write_whole;
use crate::{exit, login};

/// Start simulated hosts; they run until SIGTERM or Ctrl-C.
#[derive(Args)]
#[command(after_help = "Example:\n  reprise lab up --vms 10 --endpoints lab.json")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct Arguments {
    /// Number of hosts
    #[arg(long, default_value_t = 2)]
    hosts: usize,
    /// Number of VMs
    #[arg(long, default_value_t = 3)]
    vms: usize,
    /// Windows Server version of the hosts: 2012, 2012r2, 2016, 2019 or 2022
    #[arg(long, default_value = "2012r2")]
    os: String,
    /// Replication topology: ring, pairs, hub or chain
    #[arg(long, default_value = "ring")]
    topology: String,
    /// Replication state after a shutdown: error or suspended
    #[arg(long, default_value = "error")]
    race_state: String,
    /// Round-trip time of a request, in milliseconds
    #[arg(long, default_value_t = 0, value_name = "MS")]
    rtt: u32,
    /// Duration of a state change, in milliseconds
    #[arg(long, default_value_t = 200, value_name = "MS")]
    job: u32,
    /// Number of state changes that a host works on at full speed; with more, each takes longer in proportion
    #[arg(long, value_name = "N")]
    jobs_at_once: Option<NonZeroU32>,
    /// Seed of the random generator
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Virtual seconds per real second
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// Number of VMs without replication, counted from the last
    #[arg(long, default_value_t = 0, value_name = "N")]
    unreplicated: usize,
    /// Give VMs names that could be mistaken for something else
    #[arg(long)]
    odd_names: bool,
    /// Language of the hosts' messages: en-US or ja-JP
    #[arg(long, default_value = "en-US", value_name = "LANGUAGE")]
    language: String,
    /// Hosts of no domain, each with an account and a password of its own
    #[arg(long)]
    workgroup: bool,
    /// Number of VMs with an extended replica on a third host, counted from the first
    #[arg(long, default_value_t = 0, value_name = "N")]
    extended: usize,
    /// Schemes that the hosts accept: basic, ntlm, negotiate, kerberos (with --keytab), certificate (with --tls)
    #[arg(long, value_delimiter = ',', value_name = "SCHEME", default_value = "basic,ntlm,negotiate")]
    auth: Vec<String>,
    /// Keytab with the hosts' service keys, for --auth kerberos; every host accepts a ticket for any of them
    #[arg(long, value_name = "FILE")]
    keytab: Option<PathBuf>,
    /// Form of dates and references in rows of a column list: unqualified (as Windows writes them) or qualified
    #[arg(long, default_value = "unqualified", value_name = "FORM")]
    fragments: String,
    /// Serve HTTPS with a certificate that the lab makes
    #[arg(long)]
    tls: bool,
    /// Let the hosts listen on `::1` instead of 127.0.0.1
    #[arg(long)]
    ipv6: bool,
    /// File to write the hosts' addresses and login to
    #[arg(long, value_name = "FILE")]
    endpoints: Option<PathBuf>,
}

/// Maximum speed of the clock: a year in half a minute.
const SPEED_MAX: f64 = 1_000_000.0;

pub(super) async fn up(arguments: Arguments) -> Result<ExitCode, Usage> {
    let cannot = |why: String| Usage::new("cannot start the lab", why, "see `reprise lab up --help`");
    let spec = spec(&arguments).map_err(|error| cannot(error.to_string()))?;
    let (schemes, takes_tickets) = schemes(&arguments).map_err(|error| cannot(error.to_string()))?;
    let options = LabOptions {
        speed: arguments.speed,
        round_trip: Duration::from_millis(u64::from(arguments.rtt)),
        user: if arguments.workgroup { "administrator" } else { "LAB\\administrator" }.to_owned(),
        password: format!("lab-{:08x}-{:x}", std::process::id(), spec.started_us),
        local_accounts: arguments.workgroup,
        services: services(arguments.keytab.as_deref(), takes_tickets)?,
        schemes,
        tls: arguments.tls,
        ipv6: arguments.ipv6,
        fragments: fragments(&arguments.fragments).map_err(|error| cannot(error.to_string()))?,
    };
    let lab = match Lab::start(&spec, options).await {
        Ok(lab) => lab,
        Err(StartError::Spec(error)) => return Err(cannot(error.to_string())),
        Err(StartError::Listen(error)) => {
            complain(&format!(
                "cannot listen on loopback\n  why:  {error}\n  next: free some ports or file handles, and start again"
            ));
            return Ok(ExitCode::from(exit::FAILED));
        }
        Err(StartError::Certificate(error)) => {
            complain(&format!(
                "cannot serve HTTPS\n  why:  {error}\n  next: start without --tls, and report this as a bug"
            ));
            return Ok(ExitCode::from(exit::FAILED));
        }
    };
    // A client that has read the endpoints may end the lab at once.
    let stop = asked_to_stop();
    if !tell(&lab, arguments.endpoints.as_deref()) {
        return Ok(ExitCode::from(exit::FAILED));
    }
    let by_password = arguments.auth.iter().any(|word| matches!(word.as_str(), "basic" | "ntlm" | "negotiate"));
    let ready = Ready::of(&lab, arguments.vms);
    // Files for commands that a person may paste; they are removed when the lab ends.
    let hints = std::io::stderr().is_terminal().then(|| Hints::write(&lab, by_password));
    ready.tell(hints.as_ref().and_then(|hints| hints.as_ref().ok()));
    if let Some(Err(error)) = &hints {
        notice(&format!("no configuration for it was written: {error}"));
    }
    stop.await;
    Ok(ExitCode::from(exit::OK))
}

/// Writes the endpoints to the file, or to standard output.
fn tell(lab: &Lab, path: Option<&Path>) -> bool {
    let hosts: Vec<_> = lab
        .hosts()
        .into_iter()
        .map(|host| json!({"name": host.name, "url": host.url, "user": host.user, "password": host.password}))
        .collect();
    let mut endpoints = json!({"control": lab.control_url(), "hosts": hosts});
    if let (Some(certificate), Some(keys)) = (lab.certificate(), endpoints.as_object_mut()) {
        keys.insert("certificate_pem".to_owned(), certificate.pem().into());
        keys.insert("certificate_sha256".to_owned(), certificate.sha256().into());
    }
    if let (Some(client), Some(keys)) = (lab.client_certificate(), endpoints.as_object_mut()) {
        keys.insert("client_certificate_pem".to_owned(), client.pem().into());
        keys.insert("client_key_pem".to_owned(), client.key_pem().expose_secret().into());
    }
    let endpoints = format!("{endpoints:#}\n");
    let Some(path) = path else { return print(&endpoints).is_no_failure() };
    match write_whole(path, &endpoints) {
        Ok(()) => true,
        Err(error) => {
            let path = path.display();
            complain(&format!("cannot write {path}\n  why:  {error}\n  next: make its folder, or name another file"));
            false
        }
    }
}

/// The keys that decrypt Kerberos tickets.
fn services(path: Option<&Path>, takes_tickets: bool) -> Result<Option<Vec<ServiceKey>>, Usage> {
    let what = "cannot start the lab";
    match (path, takes_tickets) {
        (None, false) => Ok(None),
        (Some(path), true) => {
            let keytab = login::keytab(what, path)?;
            let key = |(principal, encryption_type, key): (_, _, &_)| ServiceKey {
                principal,
                encryption_type,
                key: Clone::clone(key),
            };
            Ok(Some(keytab.keys().map(key).collect()))
        }
        (None, true) => {
            Err(Usage::new(what, "the keys for Kerberos are missing", "add --keytab FILE, or leave kerberos out"))
        }
        (Some(_), false) => {
            Err(Usage::new(what, "the hosts do not accept Kerberos, which the keytab is for", "add kerberos to --auth"))
        }
    }
}

/// The schemes, and whether Kerberos is among them.
fn schemes(arguments: &Arguments) -> Result<(Schemes, bool), SpecError> {
    let (mut schemes, mut kerberos) = (Schemes::default(), false);
    for word in &arguments.auth {
        match word.as_str() {
            "basic" => schemes.basic = true,
            "ntlm" => schemes.ntlm = true,
            "negotiate" => schemes.negotiate = true,
            "kerberos" => kerberos = true,
            "certificate" if arguments.tls => schemes.certificate = true,
            "certificate" => {
                return Err(SpecError::Impossible("--auth certificate needs --tls".to_owned()));
            }
            _ => {
                let allowed = "basic, ntlm, negotiate, certificate, kerberos";
                return Err(SpecError::Unknown { text: word.clone(), allowed });
            }
        }
    }
    Ok((schemes, kerberos))
}

fn fragments(word: &str) -> Result<ElementForm, SpecError> {
    match word {
        "unqualified" => Ok(ElementForm::Unqualified),
        "qualified" => Ok(ElementForm::Qualified),
        _ => Err(SpecError::Unknown { text: word.to_owned(), allowed: "unqualified, qualified" }),
    }
}

fn spec(arguments: &Arguments) -> Result<Spec, SpecError> {
    if !(0.0..=SPEED_MAX).contains(&arguments.speed) {
        return Err(SpecError::Impossible(format!("--speed accepts a number from 0 to {SPEED_MAX}")));
    }
    Ok(Spec {
        hosts: arguments.hosts,
        vms: arguments.vms,
        os: Os::from_str(&arguments.os)?,
        topology: Topology::from_str(&arguments.topology)?,
        race_state: RaceState::from_str(&arguments.race_state)?,
        job: Duration::from_millis(u64::from(arguments.job)),
        jobs_at_once: arguments.jobs_at_once,
        seed: arguments.seed,
        unreplicated: arguments.unreplicated,
        extended: arguments.extended,
        odd_names: arguments.odd_names,
        language: Language::from_str(&arguments.language)?,
        workgroup: arguments.workgroup,
        started_us: jiff::Timestamp::now().as_microsecond(),
    })
}
