//! `IEnumWbemClassObject`: the objects of a query, a few at a time.

use std::sync::{Arc, Mutex, PoisonError};

use windows::Win32::Foundation::E_NOTIMPL;
use windows::Win32::System::Com::IClientSecurity;
use windows::Win32::System::Wmi::{
    IEnumWbemClassObject, IEnumWbemClassObject_Impl, IWbemClassObject, IWbemObjectSink, WBEM_S_FALSE, WBEM_S_NO_ERROR,
};
use windows_core::{HRESULT, Ref, Result, implement};

use super::class_object::ClassObject;
use super::{fails, number};
use crate::object::Object;
use crate::pending::Pending;
use crate::status::{INVALID_PARAMETER, NOT_SUPPORTED, STILL_WAITING};

/// The objects of a query whose answer may not be there yet.
#[implement(IEnumWbemClassObject, IClientSecurity)]
pub(super) struct Enumerator {
    call: Pending<Arc<Vec<Object>>>,
    at: Mutex<usize>,
}

impl Enumerator {
    pub(super) fn new(call: Pending<Arc<Vec<Object>>>) -> Self {
        Self { call, at: Mutex::new(0) }
    }
}

impl IEnumWbemClassObject_Impl for Enumerator_Impl {
    /// Every answer is forward-only.
    fn Reset(&self) -> Result<()> {
        fails(NOT_SUPPORTED)
    }

    fn Next(&self, timeout: i32, count: u32, into: *mut Option<IWbemClassObject>, returned: *mut u32) -> HRESULT {
        if into.is_null() || returned.is_null() {
            return number(INVALID_PARAMETER);
        }
        // SAFETY: it is not NULL, and who calls has room for the count.
        unsafe { returned.write(0) };
        let objects = match self.call.wait(timeout) {
            None => return number(STILL_WAITING),
            Some(Err(status)) => return number(status),
            Some(Ok(objects)) => objects,
        };
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = usize::try_from(count).unwrap_or(usize::MAX);
        let mut given = 0;
        for object in objects.iter().skip(*at).take(wanted) {
            // SAFETY: who calls has room for `count` objects, and there are no more.
            unsafe { into.add(given).write(Some(ClassObject::new(object.clone()).into())) };
            given += 1;
        }
        *at += given;
        // SAFETY: as above.
        unsafe { returned.write(u32::try_from(given).unwrap_or(count)) };
        HRESULT(if given == wanted { WBEM_S_NO_ERROR.0 } else { WBEM_S_FALSE.0 })
    }

    fn NextAsync(&self, _count: u32, _sink: Ref<IWbemObjectSink>) -> HRESULT {
        E_NOTIMPL
    }

    fn Clone(&self) -> Result<IEnumWbemClassObject> {
        fails(NOT_SUPPORTED)
    }

    fn Skip(&self, _timeout: i32, count: u32) -> HRESULT {
        *self.at.lock().unwrap_or_else(PoisonError::into_inner) += usize::try_from(count).unwrap_or(usize::MAX);
        HRESULT(WBEM_S_NO_ERROR.0)
    }
}
