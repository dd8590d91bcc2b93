//! Finds out everything about one host: the way to it, what its WMI shows, and whether its event logs can be read.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use cim::event::{EventPort as _, EventQuery};
use cim::{CallError, ErrorKind};
use reprise_hyperv::events::{VMMS_LOGS, of_system, of_vmms};
use reprise_hyperv::examine::{Examination, examine, log_access};
use reprise_hyperv::{Subject, problem};
use reprise_model::{HostId, Problem, ProblemKind, Remedy, Timestamp};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::facts::{ClockOffset, HostFacts, LastRun, Way};
use crate::access::HostAccess;
use crate::links::Links;
use crate::listener::{Listener, LogAccess};
use crate::port::HostLink;

/// Maximum wait for a name and for a connection, each.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Maximum number of addresses of a host that are tried.
const ADDRESSES_MAX: usize = 8;
/// Maximum time for the examination of one host, whose every call has a bound of its own.
const EXAMINATION_MAX: Duration = Duration::from_mins(3);
/// A log that sends no record for this long has none of those that are asked for, and can be read.
const QUIET: Duration = Duration::from_millis(500);
/// Maximum time to close a subscription, which expires by itself otherwise.
const LEAVING_MAX: Duration = Duration::from_secs(2);
/// What fails if an event log cannot be read.
const READ_LOG: &str = "read the event log";

/// One host, about to be asked.
pub(crate) struct Asking {
    label: String,
    link: Arc<HostLink>,
    access: Option<HostAccess>,
    logs: LogAccess,
}

/// How to ask a host; `None` if there is no link to it.
pub(crate) fn asking(links: &Links, host: HostId, label: String) -> Option<Asking> {
    let link = Arc::clone(links.get(host)?);
    Some(Asking { label, link, access: links.remote(host).cloned(), logs: links.logs(host)? })
}

/// Asks one host. Every wait has a bound.
pub(crate) async fn ask(asking: Asking) -> HostFacts {
    let Asking { label, link, access, logs } = asking;
    let mut way = match &access {
        Some(access) => Some(look_at_way(access, &link).await),
        None => None,
    };
    let reachable = way.as_ref().is_none_or(|way| matches!(way.offers, Some(Ok(_))));
    let began = now();
    let examination = if reachable { Some(examination(&link).await) } else { None };
    if let Some(way) = &mut way {
        way.login = link.login_in_use();
    }
    let examined = examination.as_ref().and_then(|examined| examined.as_ref().ok());
    let (vmms_log, system_log) = match examined {
        Some(_) => read_logs(&logs).await,
        None => (None, None),
    };
    let log_access = match examined {
        Some(_) => timeout(EXAMINATION_MAX, log_access(&link.port())).await.ok(),
        None => None,
    };
    let clock = examined.and_then(|examination| clock(examination, began));
    let last_run = if way.is_none() && examined.is_some() { blocking(last_run).await } else { None };
    HostFacts { label, way, clock, now: now(), vmms_log, system_log, log_access, last_run, examination }
}

fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}

async fn examination(link: &Arc<HostLink>) -> Result<Examination, Problem> {
    let port = link.port();
    timeout(EXAMINATION_MAX, examine(&port)).await.unwrap_or_else(|_late| {
        let why = format!("the host had not answered everything after {} s", EXAMINATION_MAX.as_secs());
        Err(Problem::new(ProblemKind::TimedOut, "examine the host", why).with_remedy(Remedy::CheckLoad))
    })
}

/// By how much the host's clock was ahead of ours halfway between the request and its answer. `began` is when the examination
/// did, by our clock.
fn clock(examination: &Examination, began: Timestamp) -> Option<ClockOffset> {
    let system = examination.system.as_ref().ok()?;
    let millis = |length: Duration| i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
    let (asked, answered) = (millis(system.read.0), millis(system.read.1));
    let halfway = asked.midpoint(answered);
    let ahead_ms = system.system.clock.0.saturating_sub(began.0.saturating_add(halfway));
    Some(ClockOffset { ahead_ms, doubt_ms: answered.saturating_sub(halfway) })
}

async fn look_at_way(access: &HostAccess, link: &HostLink) -> Way {
    let endpoint = &access.endpoint;
    let (host, port) = (endpoint.host().to_owned(), endpoint.port());
    let addresses = addresses(&host, port).await;
    let dialled = match &addresses {
        Ok(addresses) => dial(addresses.iter().map(|address| SocketAddr::new(*address, port))).await,
        Err(_) => Vec::new(),
    };
    let answers = dialled.iter().any(|(_, answer)| answer.is_ok());
    let offers = if answers { Some(offers(link).await) } else { None };
    Way {
        url: endpoint.to_string(),
        is_address: endpoint.is_address(),
        tls_verified: access.trust.as_ref().filter(|_| endpoint.is_secure()).map(wsman_http::Trust::is_verified),
        user: access.login.names_user().then(|| access.login.user().to_owned()),
        login: None,
        host,
        port,
        addresses,
        dialled,
        offers,
    }
}

async fn offers(link: &HostLink) -> Result<Vec<String>, Problem> {
    let failed = |error| problem(&error, "ask which logins WinRM offers", Subject::Windows);
    link.offers().await.map_err(failed)
}

/// The addresses that a name leads to, each once.
async fn addresses(host: &str, port: u16) -> Result<Vec<IpAddr>, String> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let found = timeout(CONNECT_MAX, tokio::net::lookup_host((bare, port))).await;
    let late = |_| format!("no name server answered within {} s", CONNECT_MAX.as_secs());
    let found = found.map_err(late)?.map_err(|error| error.to_string())?;
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in found.map(|address| address.ip()) {
        if addresses.len() < ADDRESSES_MAX && !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() { Err("the name has no address".to_owned()) } else { Ok(addresses) }
}

/// Tries all addresses at once.
async fn dial(addresses: impl Iterator<Item = SocketAddr>) -> Vec<(SocketAddr, Result<(), String>)> {
    let mut dialling = JoinSet::new();
    for (place, address) in addresses.enumerate() {
        dialling.spawn(async move {
            let answer = timeout(CONNECT_MAX, TcpStream::connect(address)).await;
            let late = |_| format!("no answer within {} s", CONNECT_MAX.as_secs());
            let answer = answer.map_err(late).and_then(|answer| answer.map(drop).map_err(|error| error.to_string()));
            (place, address, answer)
        });
    }
    let mut dialled = dialling.join_all().await;
    dialled.sort_by_key(|(place, ..)| *place);
    dialled.into_iter().map(|(_, address, answer)| (address, answer)).collect()
}

type Read = Option<Result<(), Problem>>;

/// Whether VMMS's log and the System log can be read.
async fn read_logs(logs: &LogAccess) -> (Read, Read) {
    let mut listener = None;
    let mut vmms = None;
    for log in VMMS_LOGS {
        let (read, used) = read_log(logs, listener.take(), of_vmms(log, None)).await;
        listener = Some(used);
        let is_other_name = matches!(&read, Err(error) if error.kind == ErrorKind::NotThere);
        vmms = Some(read);
        if !is_other_name {
            break;
        }
    }
    let (system, used) = read_log(logs, listener, of_system(None)).await;
    // A failure does not matter: the subscription expires by itself.
    let _left = timeout(LEAVING_MAX, used.leave()).await;
    let told = |read: Result<(), CallError>| read.map_err(|error| problem(&error, READ_LOG, Subject::EventLog));
    (vmms.map(told), Some(told(system)))
}

async fn read_log(
    logs: &LogAccess,
    listener: Option<Listener>,
    query: EventQuery,
) -> (Result<(), CallError>, Listener) {
    let mut listener = match listener {
        Some(listener) => listener.turned_to(logs, query, QUIET),
        None => logs.listen(query, QUIET),
    }
    .at_most(1);
    let read = listener.next(None).await.map(drop);
    (read, listener)
}

/// Does something that may wait for the system.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Option<T> + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok().flatten()
}

/// How the last run of this computer's task ended.
#[cfg(windows)]
fn last_run() -> Option<LastRun> {
    use reprise_platform::windows::TaskRun;
    Some(match reprise_platform::windows::last_run().ok()?? {
        TaskRun::Never => LastRun::Never,
        TaskRun::Running => LastRun::Running,
        TaskRun::Ended(code) => LastRun::Ended(code),
    })
}

#[cfg(not(windows))]
fn last_run() -> Option<LastRun> {
    None
}
