//! The only module that knows all parts: from command line and configuration to a pass and the links to its hosts.

mod arguments;
mod checked;
mod hosts;
mod pass;

pub(crate) use arguments::HostArguments;
pub(crate) use checked::{Checked, checked};
pub(crate) use hosts::{Wanted, ways};
pub(crate) use pass::{PassSettings, Wired, wire, wire_daemon, wire_hosts};
