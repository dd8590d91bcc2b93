//! What is installed and set up on a host besides its VMs: updates, the replica server with its certificate, Reprise's task.

use std::collections::BTreeMap;

use crate::certificate::Certificate;
use crate::spec::Os;

/// What is installed and set up on one host.
#[derive(Clone, Debug)]
pub(crate) struct Installed {
    /// The numbers of the updates: `KB4088889`.
    pub(crate) updates: Vec<String>,
    /// The last number of the version of `vmms.exe`.
    pub(crate) revision: u32,
    /// The state of the task `\Reprise\Startup`, by Task Scheduler's number; `None` if there is none.
    pub(crate) task: Option<u32>,
    /// What is set in the registry below `HKEY_LOCAL_MACHINE`, by key and name in lower case. Nothing of what Windows itself
    /// sets is there, so defaults hold.
    pub(crate) registry: BTreeMap<(String, String), String>,
    pub(crate) server: ReplicaServer,
    /// The computer's own certificates, oldest first.
    pub(crate) certificates: Vec<Certificate>,
}

/// The replica server.
#[derive(Clone, Debug)]
pub(crate) struct ReplicaServer {
    pub(crate) enabled: bool,
    /// `AllowedAuthenticationType`, by WMI's number.
    pub(crate) authentication: u16,
    /// Whether any primary server is accepted; none if not.
    pub(crate) authorizes: bool,
    /// Whether its listener works.
    pub(crate) listens: bool,
}

/// Changes of a replica server; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplicaServerSettings {
    /// `RecoveryServerEnabled`
    pub enabled: Option<bool>,
    /// `AllowedAuthenticationType`: 0 none, 1 Kerberos, 2 certificate, 3 both.
    pub authentication: Option<u16>,
    /// Whether any primary server is accepted; none if not.
    pub authorizes: Option<bool>,
    /// Whether its listener works.
    pub listens: Option<bool>,
    /// A new certificate is used that ends in so many days; it has ended before if the number is negative.
    pub certificate_days: Option<i32>,
}

impl Installed {
    /// A host as it is after its installation. Server 2016 is not patched: it lacks KB4088889 of March 2018, which repairs
    /// suspended replication (Microsoft's support article of that number).
    pub(crate) fn new(os: Os) -> Self {
        let (update, revision) = match os {
            Os::Server2012 => ("KB2770917", 16_384),
            Os::Server2012R2 => ("KB2919355", 17_031),
            Os::Server2016 => ("KB3192137", 206),
            Os::Server2019 => ("KB5005112", 2_183),
            Os::Server2022 => ("KB5008882", 469),
        };
        let server = ReplicaServer { enabled: true, authentication: 1, authorizes: true, listens: true };
        Self {
            updates: vec![update.to_owned()],
            revision,
            task: None,
            registry: BTreeMap::new(),
            server,
            certificates: Vec::new(),
        }
    }

    /// What is set in the registry; keys and names compare without case.
    pub(crate) fn registered(&self, key: &str, name: &str) -> Option<&str> {
        self.registry.get(&(key.to_lowercase(), name.to_lowercase())).map(String::as_str)
    }
}
