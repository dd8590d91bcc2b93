//! `IWbemCallResult`: what a semisynchronous call comes to.

use std::sync::Arc;

use windows::Win32::System::Wmi::{IWbemCallResult, IWbemCallResult_Impl, IWbemClassObject, IWbemServices};
use windows_core::{BSTR, Result, implement};

use super::class_object::ClassObject;
use super::{error, fails};
use crate::object::Object;
use crate::pending::Pending;
use crate::status::{NOT_SUPPORTED, STILL_WAITING};

/// A call whose answer is an object.
#[implement(IWbemCallResult)]
pub(super) struct CallResult {
    pub(super) call: Pending<Arc<Object>>,
}

impl IWbemCallResult_Impl for CallResult_Impl {
    fn GetResultObject(&self, timeout: i32) -> Result<IWbemClassObject> {
        match self.call.wait(timeout) {
            None => fails(STILL_WAITING),
            Some(answer) => answer.map(|object| ClassObject::new(Object::clone(&object)).into()).map_err(error),
        }
    }

    fn GetResultString(&self, _timeout: i32) -> Result<BSTR> {
        fails(NOT_SUPPORTED)
    }

    fn GetResultServices(&self, _timeout: i32) -> Result<IWbemServices> {
        fails(NOT_SUPPORTED)
    }

    /// The call's own number, once it has ended; until then a wait that ends is a success of its own kind.
    fn GetCallStatus(&self, timeout: i32) -> Result<i32> {
        match self.call.wait(timeout) {
            None => fails(STILL_WAITING),
            Some(Ok(_)) => Ok(0),
            Some(Err(status)) => Ok(status.0.cast_signed()),
        }
    }
}
