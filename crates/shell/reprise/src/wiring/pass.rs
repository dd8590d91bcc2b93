//! A pass: what the command line and the configuration ask for, and the links to its hosts.

use std::time::Duration;

use reprise_config::Config;
use reprise_engine::{AskedHost, LOOKS_AT_ONCE, Patience, Setup, UnmatchedHolds};
use reprise_model::{Hold, HoldScope, MonoTime, PausedRule, Policy, VmSelector};
use wsman_http::{Gates, Login};

use super::arguments::{self, HostArguments};
use super::hosts::{Built, TIMEOUT, VmmsWaits, config, connect, endpoint, limits, wanted};
use crate::access::HostAccess;
use crate::links::Links;
use crate::login::Logins;
use crate::pauses;
use crate::usage::Usage;

/// How often a daemon looks at a host of which it hears nothing.
const INTERVAL: Duration = Duration::from_secs(30);

/// The settings of one pass on the command line.
#[derive(Default)]
pub(crate) struct PassSettings {
    pub(crate) timeout: Option<Duration>,
    pub(crate) vmms_timeout: Option<Duration>,
    pub(crate) retry_for: Option<Duration>,
    pub(crate) wait_confirmed: Option<Duration>,
    pub(crate) paused: Option<PausedRule>,
    pub(crate) except: Vec<VmSelector>,
    pub(crate) unmatched_holds: UnmatchedHolds,
    pub(crate) dry_run: bool,
}

/// What sets up a controller, and the links to its hosts.
pub(crate) struct Wired {
    pub(crate) setup: Setup,
    pub(crate) links: Links,
}

/// Builds a pass from the command line and the configuration.
pub(crate) fn wire(hosts: &HostArguments, settings: &PassSettings) -> Result<Wired, Usage> {
    wire_by(config(hosts)?.as_ref(), hosts, settings)
}

fn wire_by(config: Option<&Config>, hosts: &HostArguments, settings: &PassSettings) -> Result<Wired, Usage> {
    let asked = wanted(hosts, config)?;
    let run = config.map(|c| c.run.clone()).unwrap_or_default();
    let mut policy = config.map(|c| c.policy.clone()).unwrap_or_default();
    if let Some(rule) = settings.paused {
        policy.paused.at_boot = rule;
    }
    policy.holds.extend(settings.except.iter().map(excepted));
    policy.marks = pauses::marks()?;
    let timeout = settings.timeout.or(run.timeout).unwrap_or(TIMEOUT);
    let retry_for = settings.retry_for.or(run.retry_for).unwrap_or(timeout);
    let waits = VmmsWaits::of(settings.vmms_timeout.or(run.vmms_timeout), timeout);
    let discover = config.map(|c| c.discover.clone()).unwrap_or_default();
    let mut built = Built { links: Links::new(discover.resolve), ..Built::default() };
    let logins = Logins::new(hosts.insecure_no_tls_verification, hosts.reader);
    let common = config.map(|c| c.login.clone()).unwrap_or_default();
    let named = Some(arguments::login(hosts).over(&common)).filter(|_| discover.peers);
    connect(&mut built, asked, logins, limits(&policy, timeout), waits, named.as_ref())?;
    let setup = setup(built.hosts, policy, timeout, retry_for);
    let setup = Setup { discover: discover.peers, dry_run: settings.dry_run, ..setup };
    let setup = Setup { confirm_within: settings.wait_confirmed, ..setup };
    let setup = Setup { unmatched_holds: settings.unmatched_holds, ..setup };
    Ok(Wired { setup, links: built.links })
}

/// Builds a daemon from the command line and the configuration: it never stops retrying.
pub(crate) fn wire_daemon(hosts: &HostArguments) -> Result<Wired, Usage> {
    let config = config(hosts)?;
    let Wired { setup, links } = wire_by(config.as_ref(), hosts, &PassSettings::default())?;
    let interval = config.and_then(|config| config.serve.interval).unwrap_or(INTERVAL);
    let patience = Patience { retry_until: None, ..setup.patience };
    Ok(Wired { setup: Setup { patience, reread_every: Some(interval), ..setup }, links })
}

/// A pass over hosts with one login, for the demonstration.
pub(crate) fn wire_hosts(hosts: &[(String, String, String)], policy: Policy) -> Result<Wired, Usage> {
    let mut built = Built::default();
    let gates = Gates::default();
    let limits = limits(&policy, TIMEOUT);
    for (url, user, password) in hosts {
        let endpoint = endpoint(url)?;
        let login = Login::new(wsman_http::Scheme::Basic, user.as_str(), password.as_str()).sharing(&gates);
        built.add(HostAccess { endpoint, login, trust: None, limits, tap: None }, None, None, TIMEOUT);
    }
    Ok(Wired { setup: setup(built.hosts, policy, TIMEOUT, TIMEOUT), links: built.links })
}

/// A pass over these hosts within these limits. Its clock begins with it.
fn setup(hosts: Vec<AskedHost>, policy: Policy, timeout: Duration, retry_for: Duration) -> Setup {
    Setup {
        hosts,
        policy,
        patience: Patience { timeout, silence: retry_for, retry_until: Some(MonoTime(retry_for)) },
        discover: false,
        reads_events: true,
        dry_run: false,
        confirm_within: None,
        unmatched_holds: UnmatchedHolds::Stop,
        reread_every: None,
        looks_at_once: LOOKS_AT_ONCE,
        seed: seed(),
    }
}

fn excepted(vm: &VmSelector) -> Hold {
    Hold {
        scope: HoldScope::Vm(vm.clone()),
        reason: "excepted on the command line".to_owned(),
        until: None,
        only_this_pass: true,
    }
}

/// The seed of the jitter, the only randomness in a pass. Clock and process id are enough to differ between two instances.
fn seed() -> u64 {
    let now = jiff::Timestamp::now().as_nanosecond();
    u64::try_from(now & i128::from(u64::MAX)).unwrap_or_default() ^ u64::from(std::process::id())
}
