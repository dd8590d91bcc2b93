//! From arguments and configuration to the hosts of a pass and the links to them.

use std::collections::BTreeSet;
use std::time::Duration;

use reprise_config::{Config, Contradiction, Endpoint, EndpointProblem, LoginSettings};
use reprise_engine::{AskedHost, CredentialId};
use reprise_model::{HostId, HostKey, HostName, Policy};
use reprise_platform::paths::{self, ConfigFile};
use wsman_http::Limits;

use super::arguments::{self, HostArguments};
use crate::links::{HostAccess, Links};
use crate::login::Logins;
use crate::render::count;
use crate::usage::Usage;

/// Default of `--timeout`: the support article's.
pub(super) const TIMEOUT: Duration = Duration::from_mins(1);
/// Minimum timeout of a read, however short `--timeout` is.
const READ_LEAST: Duration = Duration::from_secs(5);

/// One host, as the command line or the configuration names it.
pub(super) struct Wanted {
    url: Endpoint,
    name: Option<String>,
    login: LoginSettings,
    tier: Option<u32>,
}

/// The links to the hosts, with the label of each until it has answered.
pub(crate) fn ways(hosts: &HostArguments) -> Result<(Vec<(HostId, String)>, Links), Usage> {
    let config = config(hosts)?;
    let asked = wanted(hosts, config.as_ref())?;
    let mut built = Built::default();
    let logins = Logins::new(hosts.insecure_no_tls_verification);
    connect(&mut built, asked, logins, limits(&Policy::default(), TIMEOUT), TIMEOUT)?;
    Ok((built.hosts.into_iter().map(|host| (host.id, host.label)).collect(), built.links))
}

/// Reads the configuration. `--host` without `--config` reads none.
pub(super) fn config(hosts: &HostArguments) -> Result<Option<Config>, Usage> {
    if !hosts.hosts.is_empty() && hosts.config.is_none() {
        return Ok(None);
    }
    let file = paths::config_file(hosts.config.as_deref(), paths::of_this_process);
    let path = file.path();
    let text = match reprise_platform::file::read_text(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && matches!(file, ConfigFile::Default(_)) => {
            return Ok(None);
        }
        Err(error) => {
            let what = format!("cannot read the configuration {}", path.display());
            return Err(Usage::new(what, error.to_string(), "name another file with --config, or fix this one"));
        }
    };
    reprise_config::read(&text).map(Some).map_err(|error| {
        let problems = count(error.problems.len(), "problem");
        let what = format!("the configuration {} has {problems}", path.display());
        Usage::new(what, error.to_string().replace('\n', "\n        "), "fix these lines")
    })
}

/// The hosts of the pass, each with its complete login.
pub(super) fn wanted(hosts: &HostArguments, config: Option<&Config>) -> Result<Vec<Wanted>, Usage> {
    let wanted = named(hosts, config)?;
    check_tls(hosts, &wanted, config)?;
    Ok(wanted)
}

fn named(hosts: &HostArguments, config: Option<&Config>) -> Result<Vec<Wanted>, Usage> {
    let flags = arguments::login(hosts);
    if let Some(Contradiction { key, why, next }) = flags.contradiction() {
        let why = format!("--{}: {why}", key.replace('_', "-"));
        return Err(Usage::new("the login flags do not fit together", why, next));
    }
    let several = if hosts.hosts.is_empty() { config.map_or(0, |c| c.hosts.len()) } else { hosts.hosts.len() } > 1;
    if hosts.spn.is_some() && several {
        let why = "--spn is the name of one host, and several are asked";
        let next = "ask one host, or write a configuration with spn for each [[host]]";
        return Err(Usage::new("the login flags do not fit together", why, next));
    }
    let common = config.map(|c| c.login.clone()).unwrap_or_default();
    if !hosts.hosts.is_empty() {
        let login = flags.over(&common);
        let wanted = |url: &String| Ok(Wanted { url: endpoint(url)?, name: None, login: login.clone(), tier: None });
        let wanted: Vec<Wanted> = hosts.hosts.iter().map(wanted).collect::<Result<_, Usage>>()?;
        // A host that is named twice is one host.
        let mut seen = BTreeSet::new();
        return Ok(wanted.into_iter().filter(|host| seen.insert(host.url.to_string().to_lowercase())).collect());
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
        let what = "the login flags do not fit together";
        let why = "the password or keytab belongs to one user, and the configuration names several users";
        return Err(Usage::new(what, why, "add --user USER, or leave the password to the configuration"));
    }
    Ok(wanted)
}

fn nobody_to_ask(has_config: bool) -> Usage {
    let why =
        if has_config { "the configuration lists no [[host]]" } else { "neither --host nor a configuration is given" };
    let why = if cfg!(windows) {
        format!("{why}, and this version cannot query the local host over WMI yet")
    } else {
        why.to_owned()
    };
    let next =
        "write `reprise run --host http://HOST --user USER --password-file FILE`, or a configuration with a [[host]]";
    Usage::new("no host is given", why, next)
}

/// The limits for one host that has `timeout` to become ready.
pub(super) fn limits(policy: &Policy, timeout: Duration) -> Limits {
    // The acts, one look and a spare: a look never waits for acts.
    let connections = usize::try_from(policy.pace.per_host_max.get()).unwrap_or(usize::MAX).saturating_add(2);
    // If a request is lost, there is time for a second look.
    Limits { connections, ..Limits::default() }.reading_within((timeout / 2).max(READ_LEAST))
}

/// Refuses TLS flags if no host uses TLS.
fn check_tls(hosts: &HostArguments, wanted: &[Wanted], config: Option<&Config>) -> Result<(), Usage> {
    let mut found = config.into_iter().flat_map(|config| config.discover.resolve.values());
    if wanted.iter().any(|host| host.url.is_secure()) || found.any(Endpoint::is_secure) {
        return Ok(());
    }
    let flags = [
        (hosts.ca.is_some(), "--ca"),
        (hosts.tls_fingerprint.is_some(), "--tls-fingerprint"),
        (hosts.insecure_no_tls_verification, "--insecure-no-tls-verification"),
    ];
    match flags.into_iter().find(|(given, _)| *given) {
        None => Ok(()),
        Some((_, flag)) => {
            let why = "it has no effect: no host is asked over https://";
            Err(Usage::new(format!("cannot use {flag}"), why, "write https://HOST, or leave it out"))
        }
    }
}

pub(super) fn connect(
    built: &mut Built,
    wanted: Vec<Wanted>,
    mut logins: Logins,
    limits: Limits,
    vmms_timeout: Duration,
) -> Result<(), Usage> {
    for host in wanted {
        let login = logins.login(&host.url, &host.login)?;
        let secure = host.url.is_secure() || built.links.resolves_to_https();
        let trust = if secure { Some(logins.trust(&host.url, &host.login)?) } else { None };
        let credential = built.credential(&host.login);
        built.add(HostAccess { endpoint: host.url, login, trust, limits }, host.name, host.tier, vmms_timeout);
        if let Some(asked) = built.hosts.last_mut() {
            asked.credential = credential;
        }
    }
    Ok(())
}

#[derive(Default)]
pub(super) struct Built {
    pub(super) hosts: Vec<AskedHost>,
    pub(super) links: Links,
    /// The credentials so far, each as it was configured.
    pub(super) credentials: Vec<LoginSettings>,
}

impl Built {
    /// The number of a login's credential: the same for hosts with the same user and the same proof.
    fn credential(&mut self, login: &LoginSettings) -> Option<CredentialId> {
        let LoginSettings { user, proof, certificate, .. } = login.clone();
        let own = LoginSettings { user, proof, certificate, ..LoginSettings::default() };
        let known = self.credentials.iter().position(|known| *known == own);
        let number = known.unwrap_or_else(|| {
            self.credentials.push(own);
            self.credentials.len() - 1
        });
        u32::try_from(number).ok().map(CredentialId)
    }

    pub(super) fn add(&mut self, access: HostAccess, name: Option<String>, tier: Option<u32>, vmms_timeout: Duration) {
        let endpoint = &access.endpoint;
        let id = HostId(u32::try_from(self.hosts.len()).unwrap_or(u32::MAX));
        let says_nothing = endpoint.is_address() || endpoint.host().eq_ignore_ascii_case("localhost");
        let by_url = if says_nothing { None } else { HostName::new(endpoint.host()) };
        let claim = name.as_deref().and_then(HostName::new).or(by_url);
        let key = name.as_ref().map(|name| HostKey(name.to_lowercase()));
        let label = name.unwrap_or_else(|| endpoint.authority()).to_lowercase();
        self.links.add(id, access);
        self.hosts.push(AskedHost { id, key, label, claim, credential: None, vmms_timeout, tier });
    }
}

/// Parses an address of the command line as the configuration does.
pub(super) fn endpoint(url: &str) -> Result<Endpoint, Usage> {
    Endpoint::parse(url).map_err(|error| {
        let next = match error.problem {
            EndpointProblem::Login => {
                "write http[s]://HOST[:PORT]/wsman, and add --user USER and --password-file FILE".to_owned()
            }
            EndpointProblem::NoScheme
            | EndpointProblem::Scheme
            | EndpointProblem::Brackets
            | EndpointProblem::Zone
            | EndpointProblem::Port
            | EndpointProblem::Host
            | EndpointProblem::Path => format!("write its address as {}", error.expected),
        };
        Usage::new("cannot use the address of a host", error.to_string(), next)
    })
}
