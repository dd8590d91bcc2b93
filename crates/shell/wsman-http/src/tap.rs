//! A tap on what a client sends and receives, in the clear: before a message is sealed, and after its answer is unsealed. The
//! headers of HTTP, in which logins are, do not pass it.

use std::fmt;
use std::sync::Arc;

use cim::CallError;

/// One message and what became of it.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// The message.
    pub request: &'a str,
    /// The HTTP status with the text of the answer, or why there is none.
    pub answer: Result<(u16, &'a str), &'a CallError>,
}

/// What is shown every message of a client.
pub trait Tap: Send + Sync {
    /// A message was sent, and answered or not. Called on the thread of the call, which waits.
    fn exchanged(&self, exchange: Exchange<'_>);
}

/// A client's tap, if it has one.
#[derive(Clone, Default)]
pub(crate) struct Tapped(Option<Arc<dyn Tap>>);

impl Tapped {
    pub(crate) fn new(tap: Arc<dyn Tap>) -> Self {
        Self(Some(tap))
    }

    pub(crate) fn show(&self, request: &str, answer: Result<(u16, &str), &CallError>) {
        if let Some(tap) = &self.0 {
            tap.exchanged(Exchange { request, answer });
        }
    }
}

impl fmt::Debug for Tapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tapped").field(&self.0.is_some()).finish()
    }
}
