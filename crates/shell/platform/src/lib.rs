//! What differs between systems: where events go, where files are, how passwords are read.
//!
//! It uses nothing else of ours and decides nothing: it is given an event and writes it. It reads no clock (times are
//! arguments). One thread is its own: the one that writes events ([`sink::Writer`]).
//!
//! Start with [`event::LogEntry`], [`sink::Sink`] and [`sink::Writer`]; [`event::codes`] holds every event that Reprise can write.

mod account;
pub mod credential;
pub mod event;
pub mod file;
pub mod paths;
pub mod pauses;
pub mod secret;
pub mod shell;
pub mod sink;
pub mod startup;
#[cfg(windows)]
pub mod windows;

#[cfg(not(windows))]
pub use account::account_of;
pub use account::this_account;
