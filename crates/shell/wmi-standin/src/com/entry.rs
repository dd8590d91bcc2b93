//! How COM finds the class: the exports of the DLL, the class factory, and the locator.

use std::ffi::c_void;

use serde_json::json;
use windows::Win32::Foundation::{CLASS_E_CLASSNOTAVAILABLE, CLASS_E_NOAGGREGATION, S_FALSE};
use windows::Win32::System::Com::{IClassFactory, IClassFactory_Impl};
use windows::Win32::System::Wmi::{IWbemContext, IWbemLocator, IWbemLocator_Impl, IWbemServices, WbemLocator};
use windows_core::{BOOL, BSTR, GUID, HRESULT, IUnknown, Interface as _, Ref, Result, implement};

use super::error;
use super::services::Services;
use crate::lab::Lab;

/// The factory of the one class that the DLL has.
#[unsafe(no_mangle)]
unsafe extern "system" fn DllGetClassObject(class: *const GUID, iid: *const GUID, object: *mut *mut c_void) -> HRESULT {
    // SAFETY: COM calls with pointers that are valid, or NULL.
    match unsafe { class.as_ref() } {
        Some(class) if *class == WbemLocator => {}
        Some(_) | None => return CLASS_E_CLASSNOTAVAILABLE,
    }
    let factory: IClassFactory = Factory.into();
    // SAFETY: as above.
    unsafe { factory.query(iid, object) }
}

/// The DLL stays: its threads may be waiting for the lab.
#[unsafe(no_mangle)]
extern "system" fn DllCanUnloadNow() -> HRESULT {
    S_FALSE
}

#[implement(IClassFactory)]
struct Factory;

impl IClassFactory_Impl for Factory_Impl {
    fn CreateInstance(&self, outer: Ref<IUnknown>, iid: *const GUID, object: *mut *mut c_void) -> Result<()> {
        if outer.is_some() {
            return Err(CLASS_E_NOAGGREGATION.into());
        }
        let locator: IWbemLocator = Locator.into();
        // SAFETY: COM calls with pointers that are valid.
        unsafe { locator.query(iid, object) }.ok()
    }

    fn LockServer(&self, _lock: BOOL) -> Result<()> {
        Ok(())
    }
}

#[implement(IWbemLocator)]
struct Locator;

impl IWbemLocator_Impl for Locator_Impl {
    /// Connects to a namespace of this computer, which must be there and must be open to the account.
    fn ConnectServer(
        &self,
        resource: &BSTR,
        _user: &BSTR,
        _password: &BSTR,
        _locale: &BSTR,
        _flags: i32,
        _authority: &BSTR,
        _context: Ref<IWbemContext>,
    ) -> Result<IWbemServices> {
        let lab = Lab::named().map_err(error)?;
        let namespace = resource.to_string();
        lab.ask(&json!({ "do": "connect", "namespace": namespace })).map_err(error)?;
        Ok(Services::new(lab, namespace).into())
    }
}
