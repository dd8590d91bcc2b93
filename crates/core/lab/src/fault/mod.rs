//! Faults that are injected into the site: what each does, where it strikes, and how often. No I/O: the code that carries
//! messages asks whether a fault strikes.

mod attack;
mod effect;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use uuid::Uuid;

pub use attack::Attack;

use crate::schema::{CIMV2, DEFAULT, VIRTUALIZATION};

/// Maximum number of active faults: far above what a test sets up, and a bound on a client that only adds.
const FAULTS_MAX: usize = 1_000;

/// One way in which something goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The account has no rights: what VMMS and the service manager have looks empty.
    Deny,
    /// The account sees nothing of one class; else it has its rights.
    DenyClass(&'static str),
    /// The account may read no event log; else it has its rights.
    DenyEvents,
    /// An event log does not give what it holds.
    Log(LogFault),
    /// The account has no rights on one namespace: WMI refuses to connect to it.
    Rights(RightsOn),
    /// The login is refused.
    Login,
    /// The answer comes late.
    Slow {
        /// By how much, in real time.
        delay: Duration,
        /// On which requests; all if absent.
        on: Option<MessageKind>,
    },
    /// The exchange of one message breaks.
    Break {
        /// How.
        how: Break,
        /// On which requests; all if absent.
        on: Option<MessageKind>,
    },
    /// A VM is busy with something else: a state change that fits is refused at once with 32775.
    BusyVm,
    /// A method of a VM does nothing and returns this number.
    Returns(u32),
    /// A job does not go as it should.
    Job(JobFault),
    /// The row of a VM has a value that is not of its type.
    Unreadable(RowOf),
    /// The shape of a fault's detail.
    Shape(FaultShape),
}

/// How an event log does not give what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFault {
    /// Who opens VMMS's log gets no record of any log for so long, in virtual time: the service says meanwhile that nothing
    /// has come.
    Slow {
        /// How long.
        delay: Duration,
    },
    /// A record comes without its time.
    Garbled,
    /// A record is dropped, and the service says how many were.
    Loses,
}

/// A namespace of WMI, each with rights of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RightsOn {
    /// `root\cimv2`
    Windows,
    /// `root\virtualization\v2`
    HyperV,
    /// `root\default`, where the registry's provider is.
    Registry,
}

/// A kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// Get.
    Get,
    /// Enumerate.
    Enumerate,
    /// Pull.
    Pull,
    /// Invoke.
    Invoke,
    /// Subscribe.
    Subscribe,
}

/// How the exchange of one message breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// The host is over a quota and does nothing.
    Busy,
    /// The host says that it does not do this at all, and does nothing.
    Unsupported,
    /// WMI, or what stands behind it, fails with this number.
    Fails {
        /// The number that the fault bears.
        code: u32,
        /// Whether that is after it was done.
        done: bool,
    },
    /// The connection is closed, and nothing was done.
    DropBefore,
    /// The connection is reset, and nothing was done.
    Reset,
    /// It was done, and the connection is closed without an answer.
    DropAfter,
    /// It was done, and the answer breaks off in its middle.
    HalfClose,
    /// It was done, and the answer is not XML.
    Garbage,
    /// It was done, and the answer has no body.
    Empty,
    /// Nothing was done, and what comes is meant to harm who asked.
    Attack(Attack),
}

/// How a job goes wrong. Several may meet in one job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobFault {
    /// It does not end.
    Hang,
    /// It is never listed; what it does goes on.
    Gone,
    /// It fails, and the state is what it was.
    Fail {
        /// `ErrorCode`, or an HRESULT: a job has 16 bits for its number, so such a one stands in its text.
        code: u32,
    },
    /// It ends well, and the state goes back to what it was.
    FlipBack {
        /// So long after the job's end.
        after: Duration,
        /// The number with which VMMS records that it could not send (32022, and 32086); nothing is recorded without.
        why: Option<u32>,
    },
}

/// Which row of a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowOf {
    /// `Msvm_ReplicationRelationship`
    Relationship,
    /// `Msvm_ComputerSystem`
    Vm,
    /// `Msvm_ReplicationSettingData`
    Settings,
}

/// The shape of a fault's detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultShape {
    /// `WSManFault`, the older one.
    Wsman,
    /// `MSFT_WmiError`, of newer Windows.
    Wmi,
}

/// Where a fault strikes. Hosts and VMs are named as in actions; absent is everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultScope {
    /// Requests to this host.
    pub host: Option<String>,
    /// What concerns this VM.
    pub vm: Option<String>,
}

/// What a message is about, as far as faults ask for it.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Its kind, if it is one that a fault can name.
    pub operation: Option<MessageKind>,
    /// The object that it speaks of.
    pub path: Option<&'a cim::ObjectPath>,
}

/// What strikes one message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Strike {
    /// How late its answer comes.
    pub delay: Duration,
    /// How the exchange breaks, if it does.
    pub how: Option<Break>,
}

impl RightsOn {
    /// The namespace's name, as requests write it.
    pub fn namespace(self) -> &'static str {
        match self {
            Self::Windows => CIMV2,
            Self::HyperV => VIRTUALIZATION,
            Self::Registry => DEFAULT,
        }
    }
}

impl Fault {
    /// The kind's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Deny | Self::DenyClass(_) => "deny",
            Self::DenyEvents => "deny_events",
            Self::Rights(_) => "rights",
            Self::Login => "login",
            Self::Log(LogFault::Slow { .. }) => "slow_log",
            Self::Log(LogFault::Garbled) => "garbled_record",
            Self::Log(LogFault::Loses) => "lost_record",
            Self::Slow { .. } => "slow",
            Self::Break { how, .. } => match how {
                Break::Busy => "busy",
                Break::Unsupported => "unsupported",
                Break::Fails { .. } => "wmi",
                Break::DropBefore => "drop_before",
                Break::Reset => "reset",
                Break::DropAfter => "drop_after",
                Break::HalfClose => "half_close",
                Break::Garbage => "garbage",
                Break::Empty => "empty",
                Break::Attack(_) => "attack",
            },
            Self::BusyVm => "busy_vm",
            Self::Returns(_) => "returns",
            Self::Job(JobFault::Hang) => "job_hang",
            Self::Job(JobFault::Gone) => "job_gone",
            Self::Job(JobFault::Fail { .. }) => "job_fail",
            Self::Job(JobFault::FlipBack { .. }) => "flip_back",
            Self::Unreadable(_) => "unreadable",
            Self::Shape(_) => "fault_shape",
        }
    }

    fn on(&self) -> Option<MessageKind> {
        match self {
            Self::Slow { on, .. } | Self::Break { on, .. } => *on,
            Self::Deny
            | Self::DenyClass(_)
            | Self::DenyEvents
            | Self::Rights(_)
            | Self::Login
            | Self::Log(_)
            | Self::BusyVm
            | Self::Returns(_)
            | Self::Job(_)
            | Self::Unreadable(_)
            | Self::Shape(_) => None,
        }
    }
}

/// All faults that stand, the oldest first, and the jobs that were struck.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    standing: Vec<Standing>,
    fates: BTreeMap<Uuid, Fate>,
}

/// One fault, where it strikes, and how often it still will.
#[derive(Clone, Debug)]
struct Standing {
    fault: Fault,
    place: FaultTarget,
    /// `None` is forever.
    left: Option<u32>,
}

/// The host and the VM that a scope names, by index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FaultTarget {
    pub(crate) host: Option<usize>,
    pub(crate) vm: Option<usize>,
}

impl FaultTarget {
    /// Whether something at this host, and about this VM if about any, lies in it.
    fn holds(self, host: usize, vm: Option<usize>) -> bool {
        self.host.is_none_or(|own| own == host) && (self.vm.is_none() || self.vm == vm)
    }

    /// Whether each part that this one names is the other's too.
    fn selects(self, other: Self) -> bool {
        (self.host.is_none() || self.host == other.host) && (self.vm.is_none() || self.vm == other.vm)
    }
}

/// What was decided of a job when it began.
#[derive(Clone, Copy, Debug)]
struct Fate {
    host: usize,
    vm: usize,
    hangs: bool,
    gone: bool,
    fails: Option<u32>,
    flips_back: Option<(Duration, Option<u32>)>,
}

impl Faults {
    pub(crate) fn is_empty(&self) -> bool {
        self.standing.is_empty() && self.fates.is_empty()
    }

    /// Adds a fault; false if there are too many.
    pub(crate) fn add(&mut self, fault: Fault, place: FaultTarget, count: Option<u32>) -> bool {
        let fits = self.standing.len() < FAULTS_MAX;
        if fits && count != Some(0) {
            self.standing.push(Standing { fault, place, left: count });
        }
        fits
    }

    /// Removes every fault of that name whose operation and place are the ones given; what is not given does not matter.
    pub(crate) fn remove(&mut self, name: &str, on: Option<MessageKind>, place: FaultTarget) {
        self.standing.retain(|own| {
            let same = own.fault.name() == name && (on.is_none() || own.fault.on() == on);
            !(same && place.selects(own.place))
        });
    }

    /// The first fault there that `pick` takes, used up by one.
    pub(crate) fn strike<T>(
        &mut self,
        host: usize,
        vm: Option<usize>,
        pick: impl Fn(&Fault) -> Option<T>,
    ) -> Option<T> {
        let mut found = None;
        self.standing.retain_mut(|own| {
            if found.is_none() && own.place.holds(host, vm) {
                found = pick(&own.fault);
                if found.is_some() {
                    own.left = own.left.map(|left| left.saturating_sub(1));
                }
            }
            own.left != Some(0)
        });
        found
    }

    /// The first fault there that `pick` takes, left as it is.
    pub(crate) fn find<T>(&self, host: usize, pick: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        self.standing.iter().filter(|own| own.place.holds(host, None)).find_map(|own| pick(&own.fault))
    }

    /// What strikes a message: a delay and a break may meet, and only what takes effect is used up.
    fn strike_message(&mut self, host: usize, vm: Option<usize>, operation: Option<MessageKind>) -> Strike {
        let meant = |on: Option<MessageKind>| on.is_none() || on == operation;
        let delay = self.strike(host, vm, |fault| {
            if let Fault::Slow { delay, on } = fault { meant(*on).then_some(*delay) } else { None }
        });
        let how =
            self.strike(
                host,
                vm,
                |fault| {
                    if let Fault::Break { how, on } = fault { meant(*on).then_some(*how) } else { None }
                },
            );
        Strike { delay: delay.unwrap_or_default(), how }
    }

    /// Decides what becomes of a job that begins.
    fn decide(&mut self, host: usize, vm: usize) -> Option<Fate> {
        let mut job = |pick: fn(JobFault) -> Option<JobFault>| {
            self.strike(host, Some(vm), |fault| if let Fault::Job(job) = fault { pick(*job) } else { None })
        };
        let hangs = job(|job| (job == JobFault::Hang).then_some(job));
        let gone = job(|job| (job == JobFault::Gone).then_some(job));
        let fails = job(|job| matches!(job, JobFault::Fail { .. }).then_some(job));
        let flips = job(|job| matches!(job, JobFault::FlipBack { .. }).then_some(job));
        let struck = [hangs, gone, fails, flips].iter().any(Option::is_some);
        struck.then(|| Fate {
            host,
            vm,
            hangs: hangs.is_some(),
            gone: gone.is_some(),
            fails: if let Some(JobFault::Fail { code }) = fails { Some(code) } else { None },
            flips_back: if let Some(JobFault::FlipBack { after, why }) = flips { Some((after, why)) } else { None },
        })
    }
}
