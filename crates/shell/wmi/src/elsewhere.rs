//! The client where there is no WMI.

use std::future::{Future, ready};
use std::time::Duration;

use cim::{CallError, ErrorKind, Reached, Reply, Request};

/// A client of a service that exists on Windows alone.
#[derive(Clone, Debug)]
pub struct LocalWmi;

impl LocalWmi {
    /// Takes the limits on a call, as the client on Windows does.
    pub fn new(_read: Duration, _change: Duration) -> Self {
        Self
    }

    /// Answers every call with the same error.
    ///
    /// # Errors
    /// Always [`ErrorKind::Unsupported`].
    pub fn call(&self, _request: Request) -> impl Future<Output = Result<Reply, CallError>> + Send + use<> {
        let why = "this computer does not run Windows, so it has no WMI to ask";
        ready(Err(CallError::new(ErrorKind::Unsupported, Reached::No, why)))
    }
}
