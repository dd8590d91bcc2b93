//! Where the API listens: a socket or a pipe of this computer, which nobody reaches over the network.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(super) use unix::Listening;
#[cfg(windows)]
pub(super) use windows::Listening;

/// Who asks, by the word of the operating system.
#[derive(Clone, Debug)]
pub(super) struct Caller(pub(super) String);
