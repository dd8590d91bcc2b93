//! COM: the class, its objects and their methods, on Windows alone.
//!
//! What is asked, and what is answered, is plain data; only here do variants, arrays and interfaces appear.

#![expect(unsafe_code, reason = "COM is pointers, variants are unions, and what `implement` writes is unsafe")]
#![expect(clippy::ref_as_ptr, clippy::inline_always, reason = "what `implement` writes")]

mod call_result;
mod class_object;
mod entry;
mod enumerator;
mod security;
mod services;
mod variant;

use std::sync::OnceLock;

use windows_core::{Error, HRESULT};

use crate::pending::Workers;
use crate::status::Status;

/// The threads of this process that wait for the lab. They end with it.
fn workers() -> &'static Workers {
    static WORKERS: OnceLock<Workers> = OnceLock::new();
    WORKERS.get_or_init(Workers::default)
}

fn number(status: Status) -> HRESULT {
    HRESULT(status.0.cast_signed())
}

/// A failure, or one of WMI's successes that are none: who is called gives either as the number that it is.
fn error(status: Status) -> Error {
    Error::from_hresult(number(status))
}

fn fails<T>(status: Status) -> windows_core::Result<T> {
    Err(error(status))
}
