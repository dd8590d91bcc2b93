//! Windows Management Instrumentation (WMI) of this computer, over COM: the transport for a host that runs Reprise itself.
//!
//! [`LocalWmi`] answers [`cim::Request`]s, and [`LocalEvents`] reads this computer's event logs. `raw` holds what COM's variants
//! become and is the same everywhere; `com` holds the calls, on Windows alone. Elsewhere both exist too, and answer that there is
//! nothing to ask here. `event_log` is divided alike.
//! `threads` counts the threads of both, so that the program can wait for them before it ends.

mod event_log;
#[cfg(any(windows, test))]
mod failure;
#[cfg(any(windows, test))]
mod raw;
mod threads;

#[cfg(windows)]
mod com;
#[cfg(windows)]
pub use com::LocalWmi;

#[cfg(not(windows))]
mod elsewhere;
#[cfg(not(windows))]
pub use elsewhere::LocalWmi;

pub use event_log::LocalEvents;
pub use threads::wait_for_threads;
