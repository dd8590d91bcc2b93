//! The domain in the words of Hyper-V administrators: hosts, VMs, legs, observations, policy and acts.
//!
//! It has only plain values. The crate does no I/O, reads no clock and decides nothing (the engine does), and it does not use
//! WMI: the doc comments name the WMI terms, and the Hyper-V procedures do the mapping.
//!
//! Start with [`Observation`] (what one host returned), [`Policy`] (what the administrator wants), [`Act`] and [`Outcome`]
//! (what is done), and [`Reason`] (why, or why not).

mod act;
mod evidence;
mod host;
mod ids;
mod leg;
mod mark;
mod observation;
mod policy;
mod problem;
mod reason;
mod remedy;
mod seen;
mod state;
mod time;
mod visible;
mod vm;

pub use act::{Act, ActKind, ActRow, Ended, Method, Outcome, Refusal, Step};
pub use evidence::{
    Coverage, Evidence, Gap, LOG_BACK, Log, Records, SystemEvent, SystemEventKind, VmmsEvent, VmmsEventKind, Whole,
};
pub use host::{HostName, HostSystem, ServiceState};
pub use ids::{ActId, HostId, HostKey, LegId, LegKind, RelationshipId, Slot, VmId};
pub use leg::{AutoResync, Kept, LastReplication, Provider, ReplicationObject, ReplicationSettings};
pub use mark::{MarkKind, PauseMark};
pub use observation::{Observation, Replication, UnreadableObject};
pub use policy::{Hold, HoldScope, InitialPolicy, Pace, PausedPolicy, PausedRule, PeerUnseen, Policy, VmSelector};
pub use problem::{Problem, ProblemKind, Retry};
pub use reason::{PHRASE_MAX, Reason};
pub use remedy::Remedy;
pub use seen::Seen;
pub use state::{FailedOverType, ReplicationHealth, ReplicationMode, ReplicationState};
pub use time::{HostTime, MonoTime, Now, Timestamp};
pub use visible::{END_BLANK, HIDDEN, folded_name, is_invisible, is_joiner};
pub use vm::{EnabledState, Vm};
