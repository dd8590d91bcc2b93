//! The only module that knows all parts: from command line and configuration to a pass and the links to its hosts.

mod arguments;
mod hosts;
mod pass;

pub(crate) use arguments::HostArguments;
pub(crate) use hosts::ways;
pub(crate) use pass::{PassSettings, Wired, wire, wire_hosts};
