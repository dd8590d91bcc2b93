//! The domain in the words of Hyper-V administrators: hosts, VMs, legs, what was observed, what is wanted, what is done.
//!
//! Plain values only. The crate does no I/O, reads no clock and decides nothing (that is the engine's), and it knows no
//! WMI: the doc comments name the WMI term, the mapping lives with the Hyper-V procedures.
//!
//! Start with [`Observation`] (what one host said), [`Policy`] (what is wanted), [`Act`] and [`Outcome`] (what is done),
//! and [`Reason`] (why, or why not).

mod act;
mod evidence;
mod host;
mod ids;
mod leg;
mod observation;
mod policy;
mod problem;
mod reason;
mod remedy;
mod seen;
mod state;
mod time;
mod vm;

pub use act::{Act, ActKind, ActRow, Ended, Method, Outcome, Refusal, Step};
pub use evidence::{
    Coverage, Evidence, Gap, LOG_BACK, Log, Records, SystemEvent, SystemEventKind, VmmsEvent, VmmsEventKind, Whole,
};
pub use host::{HostName, HostSystem, ServiceState};
pub use ids::{ActId, HostId, HostKey, LegId, LegKind, RelationshipId, Slot, VmId};
pub use leg::{Kept, LastReplication, Provider, ReplicationObject, Settings};
pub use observation::{Observation, Replication, UnreadableObject};
pub use policy::{Hold, HoldScope, InitialPolicy, Pace, PausedPolicy, PausedRule, PeerUnseen, Policy, VmSelector};
pub use problem::{Problem, ProblemKind, Retry};
pub use reason::{PHRASE_MAX, Reason};
pub use remedy::Remedy;
pub use seen::Seen;
pub use state::{FailedOverType, ReplicationMode, ReplicationState};
pub use time::{HostTime, MonoTime, Now, Timestamp};
pub use vm::{EnabledState, Vm};
