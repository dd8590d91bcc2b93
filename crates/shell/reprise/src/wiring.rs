//! The only place that knows all parts: from command line and configuration to a pass and the ways to its hosts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use reprise_config::{
    CertificateRef, Config, Contradiction, Discover, Login as ConfigLogin, PasswordRef, ProofRef, TrustRef,
};
use reprise_engine::{AskedHost, Pass, Times};
use reprise_model::{Hold, HoldScope, HostId, HostName, PausedRule, Policy, VmSelector};
use reprise_platform::paths::{self, ConfigFile};
use wsman_http::{Endpoint, Gates, Limits, Login};

use crate::cli::Usage;
use crate::links::{Links, Place};
use crate::login::Logins;

/// Longest wait for a host to become ready where nothing is said: the article's.
const TIMEOUT: Duration = Duration::from_mins(1);
/// However little time a host has, a read may take this long.
const READ_LEAST: Duration = Duration::from_secs(5);

/// Which hosts are asked, and how one logs in there.
#[derive(Args)]
pub(crate) struct HostArguments {
    /// Ask this host: http[s]://HOST[:PORT]/wsman (repeatable)
    #[arg(long = "host", value_name = "URL")]
    pub(crate) hosts: Vec<String>,
    /// Read this configuration
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Log in to every --host as this user [default on Windows: the account that this runs as]
    #[arg(long, value_name = "USER")]
    pub(crate) user: Option<String>,
    /// The password: the first line of this file, which others must not be able to read
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// The keys of the user's account, instead of a password: Kerberos logs in with them. Others must not be able to read it
    #[arg(long, value_name = "FILE", conflicts_with = "password_file")]
    pub(crate) keytab: Option<PathBuf>,
    /// How to log in [default: auto, the strongest that host and address allow]
    #[arg(long, value_name = "SCHEME")]
    pub(crate) auth: Option<Scheme>,
    /// Log in by the certificate in this PEM file (with --auth certificate, over https://)
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) certificate: Option<PathBuf>,
    /// The certificate's key: a PEM file, which others must not be able to read
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub(crate) key: Option<PathBuf>,
    /// The Kerberos server, where the system does not know it: HOST[:PORT]
    #[arg(long, value_name = "HOST")]
    pub(crate) kdc: Option<String>,
    /// Over https:// believe certificates of the authorities in this PEM file, not the system's
    #[arg(long, value_name = "FILE", conflicts_with = "tls_fingerprint")]
    pub(crate) ca: Option<PathBuf>,
    /// Over https:// believe the one certificate with this SHA-256 fingerprint
    #[arg(long, value_name = "HEX")]
    pub(crate) tls_fingerprint: Option<String>,
    /// Over https:// believe any certificate: whoever stands on the way can pretend to be the host
    #[arg(long, conflicts_with_all = ["ca", "tls_fingerprint"])]
    pub(crate) insecure_no_tls_verification: bool,
}

/// Schemes of authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scheme {
    Auto,
    Basic,
    Ntlm,
    Negotiate,
    Kerberos,
    Certificate,
}

/// What the command line says of one pass.
pub(crate) struct PassSettings {
    pub(crate) timeout: Option<Duration>,
    pub(crate) vmms_timeout: Option<Duration>,
    pub(crate) retry_for: Option<Duration>,
    pub(crate) paused: Option<PausedRule>,
    pub(crate) except: Vec<String>,
    pub(crate) dry_run: bool,
}

/// A pass and the ways to its hosts.
pub(crate) struct Wired {
    pub(crate) pass: Pass,
    pub(crate) links: Links,
}

/// One host to be asked, as the command line or the configuration has it.
struct Wanted {
    url: String,
    name: Option<String>,
    login: ConfigLogin,
    tier: Option<u32>,
}

/// Puts a pass together.
pub(crate) fn wire(hosts: &HostArguments, settings: &PassSettings) -> Result<Wired, Usage> {
    let config = config(hosts)?;
    let config = config.as_ref();
    let asked = wanted(hosts, config)?;
    let run = config.map(|c| c.run.clone()).unwrap_or_default();
    let mut policy = config.map(|c| c.policy.clone()).unwrap_or_default();
    if let Some(rule) = settings.paused {
        policy.paused.at_boot = rule;
    }
    policy.holds.extend(settings.except.iter().map(|vm| excepted(vm)));
    let timeout = settings.timeout.or(run.timeout).unwrap_or(TIMEOUT);
    let times = Times { timeout, retry_for: settings.retry_for.or(run.retry_for).unwrap_or(timeout) };
    let vmms_timeout = settings.vmms_timeout.or(run.vmms_timeout).unwrap_or(timeout);
    let discover = config.map(|c| c.discover.clone()).unwrap_or_default();
    let mut built = Built { links: Links::new(resolved(&discover)?), ..Built::default() };
    let logins = Logins::new(hosts.insecure_no_tls_verification);
    connect(&mut built, asked, logins, limits(&policy, timeout), vmms_timeout)?;
    let pass = Pass {
        hosts: built.hosts,
        policy,
        times,
        discover: discover.peers,
        reads_events: true,
        dry_run: settings.dry_run,
        seed: seed(),
    };
    Ok(Wired { pass, links: built.links })
}

/// The ways to the hosts, with what each is called while it has not answered.
pub(crate) fn ways(hosts: &HostArguments) -> Result<(Vec<(HostId, String)>, Links), Usage> {
    let config = config(hosts)?;
    let asked = wanted(hosts, config.as_ref())?;
    let mut built = Built::default();
    let logins = Logins::new(hosts.insecure_no_tls_verification);
    connect(&mut built, asked, logins, limits(&Policy::default(), TIMEOUT), TIMEOUT)?;
    Ok((built.hosts.into_iter().map(|host| (host.id, host.label)).collect(), built.links))
}

/// A pass over hosts with one login, for the demonstration.
pub(crate) fn wire_hosts(hosts: &[(String, String, String)], policy: Policy) -> Result<Wired, Usage> {
    let mut built = Built::default();
    let gates = Gates::default();
    let limits = limits(&policy, TIMEOUT);
    for (url, user, password) in hosts {
        let endpoint = endpoint(url)?;
        let login = Login::new(wsman_http::Scheme::Basic, user.as_str(), password.as_str()).sharing(&gates);
        built.add(Place { endpoint, login, trust: None, limits }, None, None, TIMEOUT);
    }
    let pass = Pass {
        hosts: built.hosts,
        policy,
        times: Times { timeout: TIMEOUT, retry_for: TIMEOUT },
        discover: false,
        reads_events: true,
        dry_run: false,
        seed: seed(),
    };
    Ok(Wired { pass, links: built.links })
}

fn excepted(vm: &str) -> Hold {
    Hold {
        scope: HoldScope::Vm(VmSelector::parse(vm)),
        reason: "excepted on the command line".to_owned(),
        until: None,
        only_this_pass: true,
    }
}

/// The configuration, if one is to be read. `--host` alone reads none.
fn config(hosts: &HostArguments) -> Result<Option<Config>, Usage> {
    if !hosts.hosts.is_empty() && hosts.config.is_none() {
        return Ok(None);
    }
    let file = paths::config_file(hosts.config.as_deref(), paths::of_this_process);
    let path = file.path();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && matches!(file, ConfigFile::Default(_)) => {
            return Ok(None);
        }
        Err(error) => {
            let what = format!("cannot read the configuration {}", path.display());
            return Err(Usage::new(what, error.to_string(), "name another file with --config, or mend this one"));
        }
    };
    reprise_config::read(&text).map(Some).map_err(|error| {
        let what = format!("the configuration {} has {} problem(s)", path.display(), error.problems.len());
        Usage::new(what, error.to_string().replace('\n', "\n        "), "mend the lines that are named")
    })
}

/// The login that the command line has.
fn flags(hosts: &HostArguments) -> ConfigLogin {
    let text = |path: &PathBuf| path.to_string_lossy().into_owned();
    let authorities = hosts.ca.as_ref().map(|file| TrustRef::Authorities(text(file)));
    let certificate = hosts.certificate.as_ref().zip(hosts.key.as_ref());
    ConfigLogin {
        user: hosts.user.clone(),
        proof: proof(hosts),
        auth: hosts.auth.map(|scheme| format!("{scheme:?}").to_lowercase()),
        kdc: hosts.kdc.clone(),
        trust: authorities.or_else(|| hosts.tls_fingerprint.clone().map(TrustRef::Fingerprint)),
        certificate: certificate.map(|(file, key)| CertificateRef { certificate: text(file), key: text(key) }),
    }
}

fn wanted(hosts: &HostArguments, config: Option<&Config>) -> Result<Vec<Wanted>, Usage> {
    let flags = flags(hosts);
    if let Some(Contradiction { key, why, next }) = flags.contradiction() {
        let why = format!("--{}: {why}", key.replace('_', "-"));
        return Err(Usage::new("cannot log in as the command line says", why, next));
    }
    let common = config.map(|c| c.login.clone()).unwrap_or_default();
    if !hosts.hosts.is_empty() {
        let login = flags.over(&common);
        return Ok(hosts
            .hosts
            .iter()
            .map(|url| Wanted { url: url.clone(), name: None, login: login.clone(), tier: None })
            .collect());
    }
    let listed = config.map(|c| c.hosts.as_slice()).unwrap_or_default();
    if listed.is_empty() {
        return Err(nobody_to_ask(config.is_some()));
    }
    let wanted = listed.iter().map(|host| Wanted {
        url: host.url.clone(),
        name: host.name.clone(),
        login: flags.over(&host.login).over(&common),
        tier: host.tier,
    });
    let wanted: Vec<Wanted> = wanted.collect();
    let users: BTreeSet<_> = wanted.iter().map(|host| &host.login.user).collect();
    if flags.proof.is_some() && flags.user.is_none() && users.len() > 1 {
        let what = "cannot log in as the command line says";
        let why = "the password or keytab is one user's, and the configuration names several";
        return Err(Usage::new(what, why, "add --user USER, or leave it to the configuration"));
    }
    Ok(wanted)
}

/// What the flags name as proof of who the user is.
fn proof(hosts: &HostArguments) -> Option<ProofRef> {
    let text = |path: &PathBuf| path.to_string_lossy().into_owned();
    let password = hosts.password_file.as_ref().map(|path| ProofRef::Password(PasswordRef::File(text(path))));
    password.or_else(|| hosts.keytab.as_ref().map(|path| ProofRef::Keytab(text(path))))
}

fn nobody_to_ask(has_config: bool) -> Usage {
    let why =
        if has_config { "the configuration lists no [[host]]" } else { "neither --host nor a configuration is given" };
    let why = if cfg!(windows) {
        format!("{why}, and asking this host itself over WMI is not there yet")
    } else {
        why.to_owned()
    };
    let next =
        "write `reprise run --host http://HOST --user USER --password-file FILE`, or a configuration with a [[host]]";
    Usage::new("there is no host to ask", why, next)
}

/// Where found hosts are, as the configuration says.
fn resolved(discover: &Discover) -> Result<BTreeMap<HostName, Endpoint>, Usage> {
    discover.resolve.iter().map(|(name, url)| Ok((name.clone(), endpoint(url)?))).collect()
}

/// Bounds on what is asked of one host, which has `timeout` to become ready.
fn limits(policy: &Policy, timeout: Duration) -> Limits {
    // One for each act, one for a look and one to spare: a look never waits for acts.
    let connections = usize::try_from(policy.pace.per_host_max.get()).unwrap_or(usize::MAX).saturating_add(2);
    // A look whose question got lost leaves time for another.
    Limits { connections, ..Limits::default() }.reading_within((timeout / 2).max(READ_LEAST))
}

fn connect(
    built: &mut Built,
    wanted: Vec<Wanted>,
    mut logins: Logins,
    limits: Limits,
    vmms_timeout: Duration,
) -> Result<(), Usage> {
    for host in wanted {
        let endpoint = endpoint(&host.url)?;
        let login = logins.login(&host.url, &host.login)?;
        let secure = endpoint.is_secure() || built.links.resolves_to_https();
        let trust = if secure { Some(logins.trust(&host.url, &host.login)?) } else { None };
        built.add(Place { endpoint, login, trust, limits }, host.name, host.tier, vmms_timeout);
    }
    Ok(())
}

#[derive(Default)]
struct Built {
    hosts: Vec<AskedHost>,
    links: Links,
}

impl Built {
    fn add(&mut self, place: Place, name: Option<String>, tier: Option<u32>, vmms_timeout: Duration) {
        let endpoint = &place.endpoint;
        let id = HostId(u32::try_from(self.hosts.len()).unwrap_or(u32::MAX));
        let says_nothing = endpoint.is_address() || endpoint.host().eq_ignore_ascii_case("localhost");
        let by_url = if says_nothing { None } else { HostName::new(endpoint.host()) };
        let claim = name.as_deref().and_then(HostName::new).or(by_url);
        let label = name.unwrap_or_else(|| endpoint.authority()).to_lowercase();
        self.links.add(id, place);
        self.hosts.push(AskedHost { id, label, claim, vmms_timeout, tier });
    }
}

/// The seed of the jitter: the only chance in a pass. The clock is good enough to tell two instances apart.
fn seed() -> u64 {
    let now = jiff::Timestamp::now().as_nanosecond();
    u64::try_from(now & i128::from(u64::MAX)).unwrap_or_default() ^ u64::from(std::process::id())
}

fn endpoint(url: &str) -> Result<Endpoint, Usage> {
    Endpoint::parse(url).map_err(|error| {
        Usage::new("cannot ask a host", error.to_string(), "write its address as http[s]://HOST[:PORT]/wsman")
    })
}
