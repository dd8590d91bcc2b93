//! What `doctor` found out about one host: plain facts, without a judgement.

use std::net::{IpAddr, SocketAddr};

use reprise_hyperv::examine::{Examination, LogsAccess};
use reprise_model::{Problem, Timestamp};
use reprise_platform::shell::Shell;
use wsman_http::LoginInUse;

/// Everything that is known of one host.
#[derive(Clone, Debug)]
pub(crate) struct HostFacts {
    /// What the host is called until it says its name.
    pub(crate) label: String,
    /// The way to it; `None` for this computer.
    pub(crate) way: Option<Way>,
    /// What its WMI showed; `None` if nothing answers at its address.
    pub(crate) examination: Option<Result<Examination, Problem>>,
    /// By how much its clock is ahead of ours.
    pub(crate) clock: Option<ClockOffset>,
    /// The time by our clock.
    pub(crate) now: Timestamp,
    /// VMMS's event log and Windows' own: whether they could be read.
    pub(crate) vmms_log: Option<Result<(), Problem>>,
    pub(crate) system_log: Option<Result<(), Problem>>,
    /// Who may read them; `None` if the host was not asked in time.
    pub(crate) log_access: Option<LogsAccess>,
    /// How the last run of the task ended; only this computer says it.
    pub(crate) last_run: Option<LastRun>,
}

/// The way to a host over the network.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    pub(crate) url: String,
    pub(crate) host: String,
    /// Whether that is an address and no name.
    pub(crate) is_address: bool,
    pub(crate) port: u16,
    /// Whether the certificate was verified, over https://.
    pub(crate) tls_verified: Option<bool>,
    /// The user, as commands can name it; `None` for the account that runs this program or a certificate.
    pub(crate) user: Option<String>,
    /// What the name resolves to; the error in words.
    pub(crate) addresses: Result<Vec<IpAddr>, String>,
    /// Whether each address accepts a connection.
    pub(crate) dialled: Vec<(SocketAddr, Result<(), String>)>,
    /// The schemes that the service offers.
    pub(crate) offers: Option<Result<Vec<String>, Problem>>,
    /// The login that worked.
    pub(crate) login: Option<LoginInUse>,
}

/// How far a clock is ahead of ours, in milliseconds, and how exactly that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClockOffset {
    pub(crate) ahead_ms: i64,
    pub(crate) doubt_ms: i64,
}

/// How the last run of a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(any(windows, test)), expect(dead_code, reason = "only Windows has Task Scheduler"))]
pub(crate) enum LastRun {
    /// It has not run yet.
    Never,
    /// It runs.
    Running,
    /// With this exit code.
    Ended(u32),
}

impl HostFacts {
    /// The examination, if the host could be asked.
    pub(crate) fn examined(&self) -> Option<&Examination> {
        self.examination.as_ref()?.as_ref().ok()
    }

    /// The host's own name, or what it is called without.
    pub(crate) fn name(&self) -> &str {
        let own = self.examined().and_then(|examination| examination.computer.as_ref().ok());
        own.map_or(self.label.as_str(), |computer| computer.name.as_str())
    }

    /// The account, for a command that is pasted on the host.
    pub(super) fn account(&self) -> String {
        let user = self.way.as_ref().and_then(|way| way.user.as_deref());
        let user = user.filter(|user| !user.contains(['"', '`']) && !user.contains(char::is_control));
        user.map_or_else(|| "ACCOUNT".to_owned(), |user| Shell::Windows.word(user))
    }
}
