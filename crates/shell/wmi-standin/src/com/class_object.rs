//! `IWbemClassObject`: a class, an instance, or the parameters of a method.

use std::sync::{Mutex, MutexGuard, PoisonError};

use windows::Win32::Foundation::E_NOTIMPL;
use windows::Win32::System::Com::SAFEARRAY;
use windows::Win32::System::Variant::VARIANT;
use windows::Win32::System::Wmi::{
    IWbemClassObject, IWbemClassObject_Impl, IWbemQualifierSet, WBEM_COMPARISON_FLAG, WBEM_CONDITION_FLAG_TYPE,
    WBEM_FLAG_NONSYSTEM_ONLY, WBEM_FLAVOR_ORIGIN_LOCAL, WBEM_FLAVOR_ORIGIN_SYSTEM,
};
use windows_core::{BSTR, IUnknown, Interface as _, OutRef, PCWSTR, Ref, Result, implement};

use super::{error, fails, variant};
use crate::object::{Held, Object};
use crate::status::{INVALID_PARAMETER, NO_MORE, NOT_FOUND, NOT_SUPPORTED};

/// The types of WMI's own properties, which are text and numbers.
const STRING: i32 = 8;
const SINT32: i32 = 3;

/// An object, and where an enumeration of its properties stands.
#[implement(IWbemClassObject)]
pub(super) struct ClassObject {
    object: Mutex<Object>,
    enumeration: Mutex<Option<usize>>,
}

impl ClassObject {
    pub(super) fn new(object: Object) -> Self {
        Self { object: Mutex::new(object), enumeration: Mutex::new(None) }
    }

    fn object(&self) -> MutexGuard<'_, Object> {
        self.object.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The properties that are set, as the lab takes them.
    pub(super) fn written(&self) -> serde_json::Value {
        self.object().written()
    }
}

/// Where a property, its type and its origin go; each may be unwanted.
struct Places {
    value: *mut VARIANT,
    kind: *mut i32,
    flavor: *mut i32,
}

impl Places {
    fn fill(&self, kind: i32, held: &Held, flavor: i32) -> Result<()> {
        if !self.value.is_null() {
            let value = variant::of(kind, held, wrapped)?;
            // SAFETY: it is not NULL, and who calls has room for a variant there.
            unsafe { self.value.write(value) };
        }
        for (place, number) in [(self.kind, kind), (self.flavor, flavor)] {
            if !place.is_null() {
                // SAFETY: as above, for a number.
                unsafe { place.write(number) };
            }
        }
        Ok(())
    }
}

/// An object as the interface that every object has.
fn wrapped(object: &Object) -> Result<IUnknown> {
    let object: IWbemClassObject = ClassObject::new(object.clone()).into();
    object.cast()
}

/// A name that is given as text with a zero at its end.
fn name_of(name: PCWSTR) -> Result<String> {
    if name.is_null() {
        return fails(INVALID_PARAMETER);
    }
    // SAFETY: it is not NULL, and ends with a zero.
    unsafe { name.to_string() }.map_err(|_| error(INVALID_PARAMETER))
}

impl IWbemClassObject_Impl for ClassObject_Impl {
    fn Get(&self, name: &PCWSTR, _flags: i32, value: *mut VARIANT, kind: *mut i32, flavor: *mut i32) -> Result<()> {
        let (name, object) = (name_of(*name)?, self.object());
        let places = Places { value, kind, flavor };
        if let Some(held) = object.system(&name) {
            let kind = if matches!(held, Held::Integer(_)) { SINT32 } else { STRING };
            return places.fill(kind, &held, WBEM_FLAVOR_ORIGIN_SYSTEM.0);
        }
        let property = object.property(&name).ok_or_else(|| error(NOT_FOUND))?;
        places.fill(property.kind, &property.held, WBEM_FLAVOR_ORIGIN_LOCAL.0)
    }

    fn Put(&self, name: &PCWSTR, _flags: i32, value: *const VARIANT, _kind: i32) -> Result<()> {
        // SAFETY: a variant, or NULL.
        let value = unsafe { value.as_ref() };
        let held = value.map_or(Ok(Held::Null), variant::read)?;
        self.object().set(&name_of(*name)?, held).map_err(error)
    }

    fn BeginEnumeration(&self, flags: i32) -> Result<()> {
        // WMI's own properties are enumerated by no client here.
        if flags != WBEM_FLAG_NONSYSTEM_ONLY.0 {
            return fails(NOT_SUPPORTED);
        }
        *self.enumeration.lock().unwrap_or_else(PoisonError::into_inner) = Some(0);
        Ok(())
    }

    fn Next(&self, _flags: i32, name: *mut BSTR, value: *mut VARIANT, kind: *mut i32, flavor: *mut i32) -> Result<()> {
        let mut enumeration = self.enumeration.lock().unwrap_or_else(PoisonError::into_inner);
        let at = enumeration.ok_or_else(|| error(NOT_SUPPORTED))?;
        let object = self.object();
        let property = object.properties.get(at).ok_or_else(|| error(NO_MORE))?;
        *enumeration = Some(at + 1);
        if !name.is_null() {
            // SAFETY: it is not NULL, and who calls has room for a name there.
            unsafe { name.write(BSTR::from(property.name.as_str())) };
        }
        Places { value, kind, flavor }.fill(property.kind, &property.held, WBEM_FLAVOR_ORIGIN_LOCAL.0)
    }

    fn EndEnumeration(&self) -> Result<()> {
        *self.enumeration.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }

    fn Clone(&self) -> Result<IWbemClassObject> {
        Ok(ClassObject::new(self.object().clone()).into())
    }

    fn SpawnInstance(&self, _flags: i32) -> Result<IWbemClassObject> {
        Ok(ClassObject::new(self.object().spawn()).into())
    }

    /// The inputs of a method; what its outputs are, nobody asks here.
    fn GetMethod(
        &self,
        name: &PCWSTR,
        _flags: i32,
        inputs: OutRef<IWbemClassObject>,
        outputs: OutRef<IWbemClassObject>,
    ) -> Result<()> {
        let found = self.object().inputs_of(&name_of(*name)?).map_err(error)?;
        if !outputs.is_null() {
            outputs.write(None)?;
        }
        inputs.write(found.map(|found| ClassObject::new(found).into()))
    }

    fn GetQualifierSet(&self) -> Result<IWbemQualifierSet> {
        Err(E_NOTIMPL.into())
    }

    fn Delete(&self, _name: &PCWSTR) -> Result<()> {
        Err(E_NOTIMPL.into())
    }

    fn GetNames(
        &self,
        _qualifier: &PCWSTR,
        _flags: WBEM_CONDITION_FLAG_TYPE,
        _value: *const VARIANT,
    ) -> Result<*mut SAFEARRAY> {
        Err(E_NOTIMPL.into())
    }

    fn GetPropertyQualifierSet(&self, _property: &PCWSTR) -> Result<IWbemQualifierSet> {
        Err(E_NOTIMPL.into())
    }

    fn GetObjectText(&self, _flags: i32) -> Result<BSTR> {
        Err(E_NOTIMPL.into())
    }

    fn SpawnDerivedClass(&self, _flags: i32) -> Result<IWbemClassObject> {
        Err(E_NOTIMPL.into())
    }

    fn CompareTo(&self, _flags: WBEM_COMPARISON_FLAG, _other: Ref<IWbemClassObject>) -> Result<()> {
        Err(E_NOTIMPL.into())
    }

    fn GetPropertyOrigin(&self, _name: &PCWSTR) -> Result<BSTR> {
        Err(E_NOTIMPL.into())
    }

    fn InheritsFrom(&self, _ancestor: &PCWSTR) -> Result<()> {
        Err(E_NOTIMPL.into())
    }

    fn PutMethod(
        &self,
        _name: &PCWSTR,
        _flags: i32,
        _inputs: Ref<IWbemClassObject>,
        _outputs: Ref<IWbemClassObject>,
    ) -> Result<()> {
        Err(E_NOTIMPL.into())
    }

    fn DeleteMethod(&self, _name: &PCWSTR) -> Result<()> {
        Err(E_NOTIMPL.into())
    }

    fn BeginMethodEnumeration(&self, _flags: i32) -> Result<()> {
        Err(E_NOTIMPL.into())
    }

    fn NextMethod(
        &self,
        _flags: i32,
        _name: *mut BSTR,
        _inputs: OutRef<IWbemClassObject>,
        _outputs: OutRef<IWbemClassObject>,
    ) -> Result<()> {
        Err(E_NOTIMPL.into())
    }

    fn EndMethodEnumeration(&self) -> Result<()> {
        Err(E_NOTIMPL.into())
    }

    fn GetMethodQualifierSet(&self, _method: &PCWSTR) -> Result<IWbemQualifierSet> {
        Err(E_NOTIMPL.into())
    }

    fn GetMethodOrigin(&self, _method: &PCWSTR) -> Result<BSTR> {
        Err(E_NOTIMPL.into())
    }
}
