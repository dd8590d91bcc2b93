//! COM's errors.

use cim::CallError;
use windows::core::Error;

use crate::failure::{Doing, of_number};

/// The failure that COM tells.
pub(super) fn failed(error: &Error, doing: Doing) -> CallError {
    of_number(error.code().0.cast_unsigned(), doing)
}
