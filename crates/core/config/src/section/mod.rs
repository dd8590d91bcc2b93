//! The sections of a configuration that take more than a few lines to read.

pub(crate) mod address;
pub(crate) mod hold;
pub(crate) mod host;
pub(crate) mod login;
pub(crate) mod name;
