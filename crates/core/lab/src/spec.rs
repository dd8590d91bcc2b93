//! What a lab is made of.

use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

/// Maximum size of a lab: far above what this computer has ports and memory for.
const HOSTS_MAX: usize = 10_000;
const VMS_MAX: usize = 1_000_000;

/// A lab to be built.
#[derive(Clone, Debug)]
pub struct Spec {
    /// How many hosts; at least 2 where anything is replicated.
    pub hosts: usize,
    /// How many VMs, unreplicated ones included.
    pub vms: usize,
    /// What every host runs.
    pub os: Os,
    /// Who replicates to whom.
    pub topology: Topology,
    /// The state that a shutdown leaves behind.
    pub race_state: RaceState,
    /// How long a state-change job takes.
    pub job: Duration,
    /// How many jobs a host works on at full speed; among more, each takes longer in proportion. No bound if absent.
    pub jobs_at_once: Option<NonZeroU32>,
    /// Source of all chance.
    pub seed: u64,
    /// How many VMs, counted from the end, have no replication.
    pub unreplicated: usize,
    /// How many VMs, counted from the start, are replicated onwards to a third host.
    pub extended: usize,
    /// Whether VMs have names that could be read as something else.
    pub odd_names: bool,
    /// The language of every host.
    pub language: Language,
    /// Whether the hosts belong to no domain. Their names then have no domain either.
    pub workgroup: bool,
    /// Wall time at virtual zero. Unit: microseconds since 1970-01-01T00:00:00Z.
    pub started_us: i64,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            hosts: 2,
            vms: 3,
            os: Os::Server2012R2,
            topology: Topology::Ring,
            race_state: RaceState::Error,
            job: Duration::from_millis(200),
            jobs_at_once: None,
            seed: 1,
            unreplicated: 0,
            extended: 0,
            odd_names: false,
            language: Language::English,
            workgroup: false,
            started_us: 1_767_225_600_000_000,
        }
    }
}

/// Versions of Windows Server, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Os {
    /// Server 2012: its VMs carry their replication themselves, and show an Error that heals.
    Server2012,
    /// Server 2012 R2.
    Server2012R2,
    /// Server 2016.
    Server2016,
    /// Server 2019.
    Server2019,
    /// Server 2022.
    Server2022,
}

impl Os {
    /// The short name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Server2012 => "2012",
            Self::Server2012R2 => "2012r2",
            Self::Server2016 => "2016",
            Self::Server2019 => "2019",
            Self::Server2022 => "2022",
        }
    }

    /// The version that `Win32_OperatingSystem` shows.
    pub fn version(self) -> &'static str {
        match self {
            Self::Server2012 => "6.2.9200",
            Self::Server2012R2 => "6.3.9600",
            Self::Server2016 => "10.0.14393",
            Self::Server2019 => "10.0.17763",
            Self::Server2022 => "10.0.20348",
        }
    }

    pub(crate) fn caption(self) -> &'static str {
        match self {
            Self::Server2012 => "Microsoft Windows Server 2012 Standard",
            Self::Server2012R2 => "Microsoft Windows Server 2012 R2 Standard",
            Self::Server2016 => "Microsoft Windows Server 2016 Standard",
            Self::Server2019 => "Microsoft Windows Server 2019 Standard",
            Self::Server2022 => "Microsoft Windows Server 2022 Standard",
        }
    }
}

/// The language of a Windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `en-US`
    English,
    /// `ja-JP`
    Japanese,
}

impl Language {
    /// Its tag (RFC 5646), as answers bear it.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en-US",
            Self::Japanese => "ja-JP",
        }
    }

    /// By how many minutes its hosts' local time is ahead of UTC.
    pub(crate) fn minutes_ahead(self) -> i16 {
        match self {
            Self::English => 0,
            Self::Japanese => 9 * 60,
        }
    }
}

/// Who replicates to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topology {
    /// VM *i* from host *i mod H* to the next one.
    Ring,
    /// VM *i* from host *i mod H* to the other of its pair.
    Pairs,
    /// Every VM to host 0.
    Hub,
    /// Every VM from host 0 to host 1, and onwards to host 2.
    Chain,
}

/// The state that the shutdown race leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RaceState {
    /// 8, as seen in the field.
    Error,
    /// 7, as the article's title has it.
    Suspended,
}

impl RaceState {
    pub(crate) fn number(self) -> u16 {
        match self {
            Self::Error => 8,
            Self::Suspended => 7,
        }
    }
}

/// A lab that cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// No such word.
    #[error("`{text}` is none of {allowed}")]
    Unknown {
        /// What was given.
        text: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// The numbers do not fit together.
    #[error("{0}")]
    Impossible(String),
}

fn unknown(text: &str, allowed: &'static str) -> SpecError {
    SpecError::Unknown { text: text.to_owned(), allowed }
}

impl FromStr for Os {
    type Err = SpecError;
    fn from_str(text: &str) -> Result<Self, SpecError> {
        match text {
            "2012" => Ok(Self::Server2012),
            "2012r2" => Ok(Self::Server2012R2),
            "2016" => Ok(Self::Server2016),
            "2019" => Ok(Self::Server2019),
            "2022" => Ok(Self::Server2022),
            _ => Err(unknown(text, "2012, 2012r2, 2016, 2019, 2022")),
        }
    }
}

impl FromStr for Language {
    type Err = SpecError;
    fn from_str(text: &str) -> Result<Self, SpecError> {
        let known = [Self::English, Self::Japanese].into_iter().find(|language| language.tag() == text);
        known.ok_or_else(|| unknown(text, "en-US, ja-JP"))
    }
}

impl FromStr for Topology {
    type Err = SpecError;
    fn from_str(text: &str) -> Result<Self, SpecError> {
        match text {
            "ring" => Ok(Self::Ring),
            "pairs" => Ok(Self::Pairs),
            "hub" => Ok(Self::Hub),
            "chain" => Ok(Self::Chain),
            _ => Err(unknown(text, "ring, pairs, hub, chain")),
        }
    }
}

impl FromStr for RaceState {
    type Err = SpecError;
    fn from_str(text: &str) -> Result<Self, SpecError> {
        match text {
            "error" => Ok(Self::Error),
            "suspended" => Ok(Self::Suspended),
            _ => Err(unknown(text, "error, suspended")),
        }
    }
}

impl Spec {
    /// Whether the numbers fit together.
    pub(crate) fn check(&self) -> Result<(), SpecError> {
        let impossible = |text: &str| Err(SpecError::Impossible(text.to_owned()));
        if self.hosts > HOSTS_MAX || self.vms > VMS_MAX {
            return impossible(&format!("a lab has at most {HOSTS_MAX} hosts and {VMS_MAX} VMs"));
        }
        let replicated = self.vms.saturating_sub(self.unreplicated);
        if self.unreplicated > self.vms {
            return impossible("there are more unreplicated VMs than VMs");
        }
        let extended = if self.topology == Topology::Chain { replicated } else { self.extended };
        if self.extended > replicated {
            return impossible("there are more VMs with extended replication than replicated VMs");
        }
        if extended > 0 && self.os == Os::Server2012 {
            return impossible("Server 2012 has no extended replication");
        }
        match (self.hosts, self.topology) {
            (0, _) => impossible("a lab has at least one host"),
            (1, _) if replicated > 0 => impossible("replication takes at least two hosts"),
            (1 | 2, _) if extended > 0 => impossible("extended replication takes at least three hosts"),
            (1 | 2, Topology::Chain) => impossible("the topology chain takes at least three hosts"),
            (n, Topology::Pairs) if n % 2 != 0 => impossible("the topology pairs takes an even number of hosts"),
            _ => Ok(()),
        }
    }

    /// The hosts that hold a VM: its primary, its replica if it is replicated, and its extended replica if it has one.
    pub(crate) fn places(&self, vm: usize) -> Vec<usize> {
        let hosts = self.hosts.max(1);
        let (primary, replica) = match self.topology {
            Topology::Ring => (vm % hosts, (vm + 1) % hosts),
            Topology::Pairs => (vm % hosts, (vm % hosts) ^ 1),
            Topology::Hub => (if hosts > 1 { 1 + vm % (hosts - 1) } else { 0 }, 0),
            Topology::Chain => (0, 1),
        };
        let replicated = vm + self.unreplicated < self.vms;
        let extended = replicated && (vm < self.extended || self.topology == Topology::Chain);
        // The host after the replica's that is not the primary's.
        let onwards = (1..hosts).map(|step| (replica + step) % hosts).find(|host| *host != primary);
        let mut places = vec![primary];
        places.extend(Some(replica).filter(|_| replicated));
        places.extend(onwards.filter(|_| extended));
        places
    }

    /// What a VM is called.
    pub(crate) fn name(&self, vm: usize) -> String {
        let plain = || format!("vm-{:03}", vm + 1);
        if !self.odd_names {
            return plain();
        }
        ODD_NAMES.get(vm).map_or_else(plain, |name| (*name).to_owned())
    }
}

/// Names that people give, and that could be read as a pattern, a query, a path or markup. The first two are alike.
const ODD_NAMES: [&str; 16] = [
    "web",
    "web",
    "*",
    "[prod]",
    "O'Brien",
    "say \"hi\"",
    "a<b&c>d",
    r"back\slash\",
    "\u{5e9}\u{5e8}\u{5ea} \u{5e7}\u{5d1}\u{5e6}\u{5d9}\u{5dd}",
    "\u{1f5c4}\u{fe0f} files",
    "' OR ElementName LIKE '%",
    "]]></VALUE></INSTANCE>",
    "  two  spaces ",
    "%_",
    "\u{202e}gpj.exe",
    "4708a0f4-c902-429b-a1e0-d4ab0893e452",
];
