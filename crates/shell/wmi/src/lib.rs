//! Windows Management Instrumentation (WMI) of this computer, over COM: the transport for a host that runs Reprise itself.
//!
//! [`LocalWmi`] answers [`cim::Request`]s. `raw` holds what COM's variants become and is the same everywhere; `com` holds the
//! calls, on Windows alone. Elsewhere a client exists too, and answers that there is no WMI here.

#[cfg(any(windows, test))]
mod failure;
#[cfg(any(windows, test))]
mod raw;

#[cfg(windows)]
mod com;
#[cfg(windows)]
pub use com::LocalWmi;

#[cfg(not(windows))]
mod elsewhere;
#[cfg(not(windows))]
pub use elsewhere::LocalWmi;
