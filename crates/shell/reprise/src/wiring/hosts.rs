//! From arguments and configuration to the hosts of a pass and the links to them.

use std::collections::BTreeSet;
use std::time::Duration;

use reprise_config::{Config, Contradiction, Endpoint, EndpointProblem, HostSettings, LocalSettings, LoginSettings};
use reprise_engine::{AskedHost, CredentialId};
use reprise_model::{HostId, HostKey, HostName, Policy};
use reprise_platform::paths::{self, ConfigFile};
use wsman_http::Limits;

use super::arguments::{self, HostArguments};
use crate::access::HostAccess;
use crate::links::Links;
use crate::login::Logins;
use crate::render::count;
use crate::usage::{Reader, Usage};

/// Default of `--timeout`: the support article's.
pub(super) const TIMEOUT: Duration = Duration::from_mins(1);
/// Default of `--vmms-timeout` for this computer: a run that starts with it may come long before VMMS.
const VMMS_LOCAL: Duration = Duration::from_mins(10);
/// What this computer is called until it has answered.
const LOCAL: &str = "localhost";
/// Minimum timeout of a read, however short `--timeout` is.
const READ_LEAST: Duration = Duration::from_secs(5);

/// Maximum wait for VMMS, from a host's first answer.
#[derive(Clone, Copy)]
pub(super) struct VmmsWaits {
    local: Duration,
    remote: Duration,
}

impl VmmsWaits {
    /// As asked for; else this computer's own default, and `--timeout` for others.
    pub(super) fn of(asked: Option<Duration>, timeout: Duration) -> Self {
        Self { local: asked.unwrap_or(VMMS_LOCAL), remote: asked.unwrap_or(timeout) }
    }
}

/// One host, as the command line or the configuration names it.
pub(crate) enum Wanted {
    /// This computer, with what the configuration says of it.
    Local(LocalSettings),
    /// A host over the network, with its complete login.
    Remote(Box<HostSettings>),
}

impl Wanted {
    fn is_secure(&self) -> bool {
        matches!(self, Self::Remote(host) if host.url.is_secure())
    }
}

/// The links to the hosts, with the label of each until it has answered.
pub(crate) fn ways(hosts: &HostArguments) -> Result<(Vec<(HostId, String)>, Links), Usage> {
    let config = config(hosts)?;
    let asked = wanted(hosts, config.as_ref())?;
    let mut built = Built::default();
    let logins = Logins::new(hosts.insecure_no_tls_verification, hosts.reader);
    connect(&mut built, asked, logins, limits(&Policy::default(), TIMEOUT), VmmsWaits::of(None, TIMEOUT), None)?;
    Ok((built.hosts.into_iter().map(|host| (host.id, host.label)).collect(), built.links))
}

/// The file that is read if hosts are to come from one.
fn config_file(hosts: &HostArguments) -> ConfigFile {
    paths::config_file(hosts.config.as_deref(), paths::of_this_process)
}

/// Reads the configuration. `--host` without `--config` reads none.
pub(super) fn config(hosts: &HostArguments) -> Result<Option<Config>, Usage> {
    if !hosts.hosts.is_empty() && hosts.config.is_none() {
        return Ok(None);
    }
    let file = config_file(hosts);
    let path = file.path();
    #[cfg(windows)]
    if matches!(file, ConfigFile::Default(_)) && path.exists() {
        path.parent().into_iter().chain([path]).try_for_each(check_owner)?;
    }
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

/// Refuses the default configuration if another user wrote it. Every user may make folders and files in `%ProgramData%`, and
/// the author of a configuration decides where an account logs in. The owner of the folder could exchange the file.
#[cfg(windows)]
fn check_owner(path: &std::path::Path) -> Result<(), Usage> {
    reprise_platform::windows::check_owner(path).map_err(|error| {
        let what = format!("cannot use the configuration {}", path.display());
        let file = reprise_platform::shell::Shell::Windows.word(&path.to_string_lossy());
        let next = format!("see what is in it; if that is right: `icacls {file} /setowner *S-1-5-32-544`");
        Usage::new(what, error.to_string(), next)
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
        let urls: Vec<Endpoint> = hosts.hosts.iter().map(|url| endpoint(url)).collect::<Result<_, Usage>>()?;
        // A host that is named twice is one host.
        let mut seen = BTreeSet::new();
        let urls = urls.into_iter().filter(|url| seen.insert(url.to_string().to_lowercase()));
        let remote = |url| HostSettings { url, name: None, login: login.clone(), tier: None };
        return Ok(urls.map(|url| Wanted::Remote(Box::new(remote(url)))).collect());
    }
    let listed = config.map(|c| c.hosts.as_slice()).unwrap_or_default();
    let in_file = |usage: Usage| usage.of_file(config_file(hosts).path());
    let local = match config.and_then(|config| config.local.as_ref()) {
        Some(local) => Some(this_computer(local, &flags, listed.is_empty(), cfg!(windows)).map_err(in_file)?),
        None if listed.is_empty() => {
            let nobody = nobody_named(&flags, config.is_some(), hosts.reader, cfg!(windows));
            Some(if config.is_some() { nobody.map_err(in_file)? } else { nobody? })
        }
        None => None,
    };
    let logins: Vec<LoginSettings> = listed.iter().map(|host| flags.over(&host.login).over(&common)).collect();
    let users: BTreeSet<_> = logins.iter().map(|login| &login.user).collect();
    if flags.proof.is_some() && flags.user.is_none() && users.len() > 1 {
        let what = "the login flags do not fit together";
        let why = "the password or keytab belongs to one user, and the configuration names several users";
        return Err(Usage::new(what, why, "add --user USER, or leave the password to the configuration"));
    }
    let wanted = listed.iter().zip(logins).map(|(host, login)| HostSettings { login, ..host.clone() });
    Ok(local.into_iter().chain(wanted.map(|host| Wanted::Remote(Box::new(host)))).collect())
}

/// This computer, which the configuration lists, alone or beside others.
fn this_computer(local: &LocalSettings, flags: &LoginSettings, alone: bool, on_windows: bool) -> Result<Wanted, Usage> {
    if !on_windows {
        let why = "the configuration lists this computer (local = true), and only Windows has WMI of its own";
        let next = "write url = \"http://HOST\" for the host in place of local = true";
        return Err(Usage::new("cannot ask this computer", why, next));
    }
    if alone && *flags != LoginSettings::default() {
        return Err(no_login_here("the configuration lists this computer alone, and that needs no login"));
    }
    Ok(Wanted::Local(local.clone()))
}

fn no_login_here(why: impl Into<String>) -> Usage {
    Usage::new("the login flags have no effect", why.into(), "leave them out, or name a host with --host")
}

/// What is asked if no host is named: on Windows this computer.
fn nobody_named(flags: &LoginSettings, has_config: bool, reader: Reader, on_windows: bool) -> Result<Wanted, Usage> {
    let why =
        if has_config { "the configuration lists no [[host]]" } else { "neither --host nor a configuration is given" };
    if !on_windows {
        let flags = "--host http://HOST --user USER --password-file FILE";
        let typed = match reader {
            Reader::File => None,
            Reader::Named(verb) => Some(format!("write `{} {flags}`", ["reprise", verb].join(" "))),
            Reader::Command => Some(format!("add `{flags}`")),
        };
        let next = match typed {
            None => "add a [[host]] with its url to the file".to_owned(),
            Some(typed) if has_config => format!("add a [[host]] with its url to the file, or {typed}"),
            Some(typed) => format!("{typed}, or a configuration with a [[host]] (`reprise config init` makes one)"),
        };
        return Err(Usage::new("no host is given", why, next));
    }
    if *flags != LoginSettings::default() {
        return Err(no_login_here(format!("{why}, so this computer is asked, and that needs no login")));
    }
    Ok(Wanted::Local(LocalSettings { name: None, tier: None }))
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
    if wanted.iter().any(Wanted::is_secure) || found.any(Endpoint::is_secure) {
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

/// Connects the hosts. `named` is the login to hosts that only this computer names, if such hosts are asked.
pub(super) fn connect(
    built: &mut Built,
    wanted: Vec<Wanted>,
    mut logins: Logins,
    limits: Limits,
    waits: VmmsWaits,
    named: Option<&LoginSettings>,
) -> Result<(), Usage> {
    for host in wanted {
        let host = match host {
            Wanted::Remote(host) => host,
            Wanted::Local(local) => {
                built.add_local(limits, local, waits.local);
                if let Some(settings) = named {
                    let url = endpoint("http://localhost")?;
                    let access = access(built, &mut logins, url, settings, limits)?;
                    built.links.ask_named_here(access);
                }
                continue;
            }
        };
        let HostSettings { url, name, login: settings, tier } = *host;
        let access = access(built, &mut logins, url, &settings, limits)?;
        let credential = built.credential(&settings);
        built.add(access, name, tier, waits.remote);
        if let Some(asked) = built.hosts.last_mut() {
            asked.credential = credential;
        }
    }
    Ok(())
}

/// How a host is connected to: its login, and the certificates to trust where it, or a host that it names, uses TLS.
fn access(
    built: &Built,
    logins: &mut Logins,
    url: Endpoint,
    settings: &LoginSettings,
    limits: Limits,
) -> Result<HostAccess, Usage> {
    let login = logins.login(&url, settings)?;
    let secure = url.is_secure() || built.links.resolves_to_https();
    let trust = if secure { Some(logins.trust(&url, settings)?) } else { None };
    Ok(HostAccess { endpoint: url, login, trust, limits, tap: None })
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

    /// The handle of the next host.
    fn next_id(&self) -> HostId {
        HostId(u32::try_from(self.hosts.len()).unwrap_or(u32::MAX))
    }

    /// Adds this computer. Only its own answer says what it is called.
    fn add_local(&mut self, limits: Limits, local: LocalSettings, vmms_timeout: Duration) {
        let id = self.next_id();
        self.links.add_local(id, limits.read, limits.change);
        let LocalSettings { name, tier } = local;
        let claim = name.as_deref().and_then(HostName::new);
        let key = name.as_ref().map(|name| HostKey(name.to_lowercase()));
        let label = name.unwrap_or_else(|| LOCAL.to_owned()).to_lowercase();
        self.hosts.push(AskedHost { id, key, label, claim, credential: None, vmms_timeout, tier });
    }

    pub(super) fn add(&mut self, access: HostAccess, name: Option<String>, tier: Option<u32>, vmms_timeout: Duration) {
        let endpoint = &access.endpoint;
        let id = self.next_id();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_windows_this_computer_is_asked_if_no_host_is_named_and_elsewhere_nobody_is() {
        let none = LoginSettings::default();
        let elsewhere = nobody_named(&none, false, Reader::Named("status"), false).err().unwrap().to_string();
        assert!(elsewhere.contains("neither --host nor a configuration is given"), "{elsewhere}");
        assert!(elsewhere.contains("write `reprise status --host http://HOST "), "{elsewhere}");
        let in_file = nobody_named(&none, true, Reader::File, false).err().unwrap().to_string();
        assert!(in_file.contains("add a [[host]]") && !in_file.contains("--"), "{in_file}");
        assert!(matches!(nobody_named(&none, true, Reader::Command, true), Ok(Wanted::Local(_))));
        let login = LoginSettings { user: Some("svc".to_owned()), ..none };
        let refused = nobody_named(&login, true, Reader::Command, true).err().unwrap().to_string();
        assert!(refused.contains("this computer is asked, and that needs no login"), "{refused}");
        let waits = VmmsWaits::of(None, TIMEOUT);
        assert_eq!((waits.local, waits.remote), (Duration::from_mins(10), TIMEOUT));
        let asked = VmmsWaits::of(Some(Duration::from_secs(7)), TIMEOUT);
        assert_eq!((asked.local, asked.remote), (Duration::from_secs(7), Duration::from_secs(7)));
    }

    #[test]
    fn this_computer_has_a_link_without_an_address() {
        let mut built = Built::default();
        built.add_local(Limits::default(), LocalSettings { name: None, tier: None }, VMMS_LOCAL);
        let named = LocalSettings { name: Some("HV01".to_owned()), tier: Some(3) };
        built.add_local(Limits::default(), named, VMMS_LOCAL);
        let host = &built.hosts[0];
        assert_eq!((host.id, host.label.as_str(), &host.claim), (HostId(0), LOCAL, &None));
        let host = &built.hosts[1];
        assert_eq!((host.label.as_str(), &host.claim, host.tier), ("hv01", &HostName::new("HV01"), Some(3)));
        assert_eq!(host.key, Some(HostKey("hv01".to_owned())));
        assert!(built.links.get(HostId(0)).is_some() && built.links.asked().is_empty());
    }

    #[test]
    fn this_computer_is_asked_where_the_configuration_lists_it_and_only_on_windows() {
        let local = LocalSettings { name: None, tier: None };
        let none = LoginSettings::default();
        let refused = this_computer(&local, &none, false, false).err().unwrap().to_string();
        assert!(refused.contains("only Windows has WMI of its own"), "{refused}");
        assert!(matches!(this_computer(&local, &none, true, true), Ok(Wanted::Local(_))));
        let login = LoginSettings { user: Some("svc".to_owned()), ..none };
        assert!(matches!(this_computer(&local, &login, false, true), Ok(Wanted::Local(_))), "the login is the others'");
        let refused = this_computer(&local, &login, true, true).err().unwrap().to_string();
        assert!(refused.contains("the login flags have no effect"), "{refused}");
    }
}
