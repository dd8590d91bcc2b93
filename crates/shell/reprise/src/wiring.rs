//! The only place that knows all parts: from command line and configuration to a pass and the ways to its hosts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use reprise_config::{Config, Discover, Login as ConfigLogin, PasswordRef};
use reprise_engine::{AskedHost, Pass, Times};
use reprise_model::{Hold, HoldScope, HostId, HostName, PausedRule, Policy, VmSelector};
use reprise_platform::paths::{self, ConfigFile};
use reprise_platform::secret::read_password_file;
use secrecy::SecretString;
use wsman_http::{Endpoint, Limits, Login};

use crate::cli::Usage;
use crate::links::Links;

/// Longest wait for a host to become ready where nothing is said: the article's.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Which hosts are asked, and how one logs in there.
#[derive(Args)]
pub(crate) struct HostArguments {
    /// Ask this host: http[s]://HOST[:PORT]/wsman (repeatable)
    #[arg(long = "host", value_name = "URL")]
    pub(crate) hosts: Vec<String>,
    /// Read this configuration
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Log in to every --host as this user
    #[arg(long, value_name = "USER")]
    pub(crate) user: Option<String>,
    /// The password: the first line of this file, which others must not be able to read
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// How to log in
    #[arg(long, value_name = "SCHEME")]
    pub(crate) auth: Option<Scheme>,
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
    connect(&mut built, asked, &policy, vmms_timeout)?;
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
    connect(&mut built, asked, &Policy::default(), TIMEOUT)?;
    Ok((built.hosts.into_iter().map(|host| (host.id, host.label)).collect(), built.links))
}

/// A pass over hosts with one login, for the demonstration.
pub(crate) fn wire_hosts(hosts: &[(String, String, String)], policy: Policy) -> Result<Wired, Usage> {
    let mut built = Built::default();
    let limits = Limits::default();
    for (url, user, password) in hosts {
        let endpoint = endpoint(url)?;
        let login = Login::Basic { user: user.clone(), password: password.clone().into() };
        built.add(endpoint, None, None, login, limits, TIMEOUT);
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

fn wanted(hosts: &HostArguments, config: Option<&Config>) -> Result<Vec<Wanted>, Usage> {
    let flags = ConfigLogin {
        user: hosts.user.clone(),
        password: hosts.password_file.as_ref().map(|path| PasswordRef::File(path.to_string_lossy().into_owned())),
        auth: hosts.auth.map(|scheme| format!("{scheme:?}").to_lowercase()),
    };
    let common = config.map(|c| c.login.clone()).unwrap_or_default();
    if !hosts.hosts.is_empty() {
        let login = first_of(&flags, &common);
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
        login: first_of(&first_of(&flags, &host.login), &common),
        tier: host.tier,
    });
    Ok(wanted.collect())
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

/// What the first login does not say, the second does. A password belongs to its user.
fn first_of(first: &ConfigLogin, second: &ConfigLogin) -> ConfigLogin {
    let auth = first.auth.clone().or_else(|| second.auth.clone());
    let mut login = if first.user.is_some() { first.clone() } else { second.clone() };
    if login.password.is_none() || first.user.is_none() {
        login.password = first.password.clone().or(login.password);
    }
    ConfigLogin { auth, ..login }
}

/// Where found hosts are, as the configuration says.
fn resolved(discover: &Discover) -> Result<BTreeMap<HostName, Endpoint>, Usage> {
    discover.resolve.iter().map(|(name, url)| Ok((name.clone(), endpoint(url)?))).collect()
}

fn connect(built: &mut Built, wanted: Vec<Wanted>, policy: &Policy, vmms_timeout: Duration) -> Result<(), Usage> {
    let mut passwords = BTreeMap::new();
    // Six acts, a look and one to spare: a look never waits for acts.
    let connections = usize::try_from(policy.pace.per_host.get()).unwrap_or(usize::MAX).saturating_add(2);
    for host in wanted {
        let endpoint = endpoint(&host.url)?;
        let login = login(&host, &mut passwords)?;
        let limits = Limits { connections, ..Limits::default() };
        built.add(endpoint, host.name, host.tier, login, limits, vmms_timeout);
    }
    Ok(())
}

#[derive(Default)]
struct Built {
    hosts: Vec<AskedHost>,
    links: Links,
}

impl Built {
    fn add(
        &mut self,
        endpoint: Endpoint,
        name: Option<String>,
        tier: Option<u32>,
        login: Login,
        limits: Limits,
        vmms_timeout: Duration,
    ) {
        let id = HostId(u32::try_from(self.hosts.len()).unwrap_or(u32::MAX));
        let says_nothing = endpoint.is_address() || endpoint.host().eq_ignore_ascii_case("localhost");
        let by_url = if says_nothing { None } else { HostName::new(endpoint.host()) };
        let claim = name.as_deref().and_then(HostName::new).or(by_url);
        let label = name.unwrap_or_else(|| endpoint.authority()).to_lowercase();
        self.links.add(id, endpoint, login, limits);
        self.hosts.push(AskedHost { id, label, claim, vmms_timeout, tier });
    }
}

/// The seed of the jitter: the only chance in a pass. The clock is good enough to tell two instances apart.
fn seed() -> u64 {
    let now = jiff::Timestamp::now().as_nanosecond();
    u64::try_from(now & i128::from(u64::MAX)).unwrap_or_default() ^ u64::from(std::process::id())
}

fn endpoint(url: &str) -> Result<Endpoint, Usage> {
    let endpoint = Endpoint::parse(url).map_err(|error| {
        Usage::new("cannot ask a host", error.to_string(), "write its address as http://HOST[:PORT]/wsman")
    })?;
    if endpoint.is_secure() {
        let why = format!("{endpoint}: HTTPS is not there yet");
        return Err(Usage::new("cannot ask a host", why, "use http:// to a host on loopback"));
    }
    Ok(endpoint)
}

fn login(host: &Wanted, passwords: &mut BTreeMap<String, SecretString>) -> Result<Login, Usage> {
    let what = format!("cannot log in to {}", host.url);
    if let Some(scheme) = host.login.auth.as_deref().filter(|scheme| !["auto", "basic"].contains(scheme)) {
        return Err(Usage::new(what, format!("the scheme {scheme} is not there yet"), "use --auth basic, to loopback"));
    }
    let Some(user) = host.login.user.clone() else {
        return Err(Usage::new(what, "no user is given", "add --user USER and --password-file FILE, or a [login]"));
    };
    let path = match &host.login.password {
        Some(PasswordRef::File(path)) => PathBuf::from(path),
        Some(PasswordRef::Credential(name)) => credential(&what, name)?,
        None => {
            let next = "put it into the first line of a file that only you may read, and add --password-file FILE";
            return Err(Usage::new(what, format!("no password is given for {user}"), next));
        }
    };
    let password = password(&what, &path, passwords)?;
    Ok(Login::Basic { user, password })
}

/// Where the service manager has put a credential.
fn credential(what: &str, name: &str) -> Result<PathBuf, Usage> {
    let directory = paths::of_this_process("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let plain = Path::new(name).file_name().is_some_and(|own| own == name);
    directory.filter(|_| plain).map(|directory| directory.join(name)).ok_or_else(|| {
        let why =
            format!("the credential {name} is not there: CREDENTIALS_DIRECTORY is not set, or the name is a path");
        Usage::new(what, why, "run it from a unit with LoadCredential=, or use password_file")
    })
}

/// Each file is read once.
fn password(what: &str, path: &Path, known: &mut BTreeMap<String, SecretString>) -> Result<SecretString, Usage> {
    let key = path.to_string_lossy().into_owned();
    if let Some(secret) = known.get(&key) {
        return Ok(secret.clone());
    }
    let secret = read_password_file(path).map_err(|error| {
        let source = std::error::Error::source(&error).map_or_else(String::new, |source| format!(": {source}"));
        Usage::new(what, format!("{error}{source}"), error.advice())
    })?;
    known.insert(key, secret.clone());
    Ok(secret)
}
