//! What must be true whatever goes wrong, kept beside the engine and never taken from it: it is made from what crossed
//! the wire, by a reading of the rules of its own.

mod acts;
mod beginning;
mod beginnings;
mod broken;
mod intents;
mod journal;
mod log;
mod names;
mod notices;
mod pause;
mod pauses;
mod readiness;
mod reported;
mod rules;
mod shown;
mod state;
mod waits;
mod watched;
mod who;

pub(crate) use broken::Broken;
pub(crate) use log::{Crossed, Logs};
pub(crate) use names::{Names, bearer, receiver};
pub(crate) use readiness::{Answered, Limits};
pub(crate) use rules::{held, is_decided_first, obstacle};
pub(crate) use shown::{End, Ends, Shown};
pub(crate) use state::{Orders, Shadow};
