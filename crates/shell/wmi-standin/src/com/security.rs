//! `IClientSecurity`: a client sets the security of each proxy that it gets, and these objects are none.

use std::ffi::c_void;

use windows::Win32::Foundation::E_NOTIMPL;
use windows::Win32::System::Com::{
    EOLE_AUTHENTICATION_CAPABILITIES, IClientSecurity_Impl, RPC_C_AUTHN_LEVEL, RPC_C_IMP_LEVEL,
};
use windows_core::{IUnknown, PCWSTR, Ref, Result};

use super::enumerator::Enumerator_Impl;
use super::services::Services_Impl;

macro_rules! takes_every_blanket {
    ($($object:ty),*) => {$(
        impl IClientSecurity_Impl for $object {
            fn QueryBlanket(
                &self,
                _proxy: Ref<IUnknown>,
                _authentication: *mut u32,
                _authorization: *mut u32,
                _principal: *mut *mut u16,
                _level: *mut RPC_C_AUTHN_LEVEL,
                _impersonation: *mut RPC_C_IMP_LEVEL,
                _identity: *mut *mut c_void,
                _capabilities: *mut u32,
            ) -> Result<()> {
                Err(E_NOTIMPL.into())
            }

            fn SetBlanket(
                &self,
                _proxy: Ref<IUnknown>,
                _authentication: u32,
                _authorization: u32,
                _principal: &PCWSTR,
                _level: RPC_C_AUTHN_LEVEL,
                _impersonation: RPC_C_IMP_LEVEL,
                _identity: *const c_void,
                _capabilities: &EOLE_AUTHENTICATION_CAPABILITIES,
            ) -> Result<()> {
                Ok(())
            }

            fn CopyProxy(&self, proxy: Ref<IUnknown>) -> Result<IUnknown> {
                proxy.ok().cloned()
            }
        }
    )*};
}
takes_every_blanket!(Services_Impl, Enumerator_Impl);
