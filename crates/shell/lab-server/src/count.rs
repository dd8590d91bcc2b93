//! How many requests a host was asked, by kind.

use serde::Serialize;
use wsman::server::RequestKind;

/// The counters of one host.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Counters {
    pub(crate) identify: u64,
    pub(crate) get: u64,
    pub(crate) enumerate: u64,
    pub(crate) pull: u64,
    pub(crate) release: u64,
    pub(crate) invoke: u64,
    pub(crate) subscribe: u64,
    pub(crate) fault: u64,
    pub(crate) unauthorized: u64,
}

impl Counters {
    pub(crate) fn count(&mut self, kind: RequestKind, fault: bool) {
        match kind {
            RequestKind::Identify => self.identify += 1,
            RequestKind::Get => self.get += 1,
            RequestKind::Enumerate => self.enumerate += 1,
            RequestKind::Pull => self.pull += 1,
            RequestKind::Release => self.release += 1,
            RequestKind::Invoke => self.invoke += 1,
            RequestKind::Subscribe => self.subscribe += 1,
            RequestKind::Unsubscribe | RequestKind::Other => {}
        }
        self.fault += u64::from(fault);
    }
}
