//! The event logs of this computer. `reader` decides when to subscribe and what to pass on, and is the same everywhere; `native`
//! holds the calls of Windows.

#[cfg(any(windows, test))]
mod failure;
#[cfg(any(windows, test))]
mod reader;

#[cfg(windows)]
mod native;
#[cfg(windows)]
mod port;
#[cfg(windows)]
pub use port::LocalEvents;

#[cfg(not(windows))]
mod elsewhere;
#[cfg(not(windows))]
pub use elsewhere::LocalEvents;
