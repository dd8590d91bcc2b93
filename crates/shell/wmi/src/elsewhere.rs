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

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use cim::ObjectPath;

    use super::*;

    #[test]
    fn every_call_says_that_there_is_no_wmi_here() {
        let wmi = LocalWmi::new(Duration::ZERO, Duration::ZERO);
        let call = pin!(wmi.call(Request::Get { path: ObjectPath::new("root/cimv2", "Win32_OperatingSystem") }));
        let Poll::Ready(Err(error)) = call.poll(&mut Context::from_waker(Waker::noop())) else { panic!("it answers") };
        assert_eq!((error.kind, error.reached), (ErrorKind::Unsupported, Reached::No));
        assert!(error.message.contains("does not run Windows"), "{error}");
    }
}
