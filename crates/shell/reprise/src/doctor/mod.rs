//! `doctor`: what is known of a host, and what of it needs somebody's attention.
//!
//! [`facts`] is what was found; `ask` finds it; [`diagnose`] decides, without any input or output, what it means.

mod account_names;
mod ask;
pub(crate) mod check;
mod diagnose;
pub(crate) mod facts;
mod finding;
mod hyperv;
mod logs;
mod network;
#[cfg(test)]
mod tests;
mod windows;

pub(crate) use ask::{ask, asking};
pub(crate) use diagnose::diagnose;
pub(crate) use finding::{Diagnosis, Level};
