//! COM's variants: what WMI gives for each CIM type, and what it takes ("Numbers" of the WMI documentation).

use std::ffi::c_void;
use std::mem::ManuallyDrop;
use std::ptr::from_ref;

use windows::Win32::Foundation::VARIANT_BOOL;
use windows::Win32::System::Com::SAFEARRAY;
use windows::Win32::System::Ole::{
    SafeArrayCreateVector, SafeArrayGetElement, SafeArrayGetLBound, SafeArrayGetUBound, SafeArrayPutElement,
};
use windows::Win32::System::Variant::{
    VARENUM, VARIANT, VARIANT_0, VARIANT_0_0, VARIANT_0_0_0, VT_ARRAY, VT_BOOL, VT_BSTR, VT_EMPTY, VT_I1, VT_I2, VT_I4,
    VT_NULL, VT_R4, VT_R8, VT_UI1, VT_UI2, VT_UI4, VT_UNKNOWN,
};
use windows_core::{BSTR, IUnknown, Interface as _, Result};

use super::{error, fails};
use crate::object::{ARRAY, Held, Object};
use crate::status::{FAILED, TYPE_MISMATCH};

/// Makes the interface of an object within an object.
pub(super) type Wrap = fn(&Object) -> Result<IUnknown>;

/// The variant in which WMI gives a property of that type.
pub(super) fn of(kind: i32, held: &Held, wrap: Wrap) -> Result<VARIANT> {
    Ok(match held {
        Held::Null => union(VT_NULL, VARIANT_0_0_0::default()),
        Held::Flag(flag) => VARIANT::from(*flag),
        Held::Integer(number) => integer(kind, *number)?,
        // WMI's own number of 32 bits is exact in ours.
        Held::Real(number) if kind == 4 => {
            number.to_string().parse::<f32>().map(VARIANT::from).map_err(|_| error(FAILED))?
        }
        Held::Real(number) => VARIANT::from(*number),
        Held::Text(text) => VARIANT::from(BSTR::from(text.as_str())),
        Held::Object(object) => VARIANT::from(wrap(object)?),
        Held::Several(items) => array(kind & !ARRAY, items, wrap)?,
    })
}

fn union(kind: VARENUM, value: VARIANT_0_0_0) -> VARIANT {
    let inner = VARIANT_0_0 { vt: kind, Anonymous: value, ..VARIANT_0_0::default() };
    VARIANT { Anonymous: VARIANT_0 { Anonymous: ManuallyDrop::new(inner) } }
}

/// An unsigned number of 32 bits travels as the signed one of the same bits.
fn integer(kind: i32, number: i64) -> Result<VARIANT> {
    let unfit = |_| error(FAILED);
    Ok(match element_type(kind) {
        VT_UI1 => VARIANT::from(u8::try_from(number).map_err(unfit)?),
        VT_I2 => VARIANT::from(short(number)?),
        _ => VARIANT::from(long(number)?),
    })
}

/// A character is unsigned.
fn short(number: i64) -> Result<i16> {
    let unsigned = || u16::try_from(number).ok().map(u16::cast_signed);
    i16::try_from(number).ok().or_else(unsigned).ok_or_else(|| error(FAILED))
}

fn long(number: i64) -> Result<i32> {
    let unsigned = || u32::try_from(number).ok().map(u32::cast_signed);
    i32::try_from(number).ok().or_else(unsigned).ok_or_else(|| error(FAILED))
}

/// The type of variant in which WMI gives values of a CIM type.
fn element_type(kind: i32) -> VARENUM {
    match kind {
        2 | 16 | 103 => VT_I2,
        17 => VT_UI1,
        3 | 18 | 19 => VT_I4,
        4 => VT_R4,
        5 => VT_R8,
        11 => VT_BOOL,
        13 => VT_UNKNOWN,
        _ => VT_BSTR,
    }
}

fn array(kind: i32, items: &[Held], wrap: Wrap) -> Result<VARIANT> {
    let count = u32::try_from(items.len()).map_err(|_| error(FAILED))?;
    let own = element_type(kind);
    // SAFETY: no preconditions.
    let array = unsafe { SafeArrayCreateVector(own, 0, count) };
    if array.is_null() {
        return fails(FAILED);
    }
    // From here on the array is the variant's, which frees it.
    let variant = union(VARENUM(VT_ARRAY.0 | own.0), VARIANT_0_0_0 { parray: array });
    for (index, item) in items.iter().enumerate() {
        let index = i32::try_from(index).map_err(|_| error(FAILED))?;
        put(array, index, kind, item, wrap)?;
    }
    Ok(variant)
}

/// Copies an element into an array.
fn put(array: *const SAFEARRAY, index: i32, kind: i32, item: &Held, wrap: Wrap) -> Result<()> {
    // SAFETY: the array has that place, and its type is that of what is pointed to; texts and interfaces are their pointers.
    let put = |value: *const c_void| unsafe { SafeArrayPutElement(array, &raw const index, value) };
    match item {
        Held::Flag(flag) => put(from_ref(&VARIANT_BOOL::from(*flag)).cast()),
        Held::Integer(number) => match element_type(kind) {
            VT_UI1 => put(from_ref(&u8::try_from(*number).map_err(|_| error(FAILED))?).cast()),
            VT_I2 => put(from_ref(&short(*number)?).cast()),
            _ => put(from_ref(&long(*number)?).cast()),
        },
        // A text that is empty is a NULL pointer, which is what the array begins with.
        Held::Text(text) if text.is_empty() => Ok(()),
        Held::Text(text) => put(BSTR::from(text.as_str()).as_ptr().cast()),
        Held::Object(object) => put(wrap(object)?.as_raw()),
        // No array of the lab's has them.
        Held::Real(_) | Held::Null | Held::Several(_) => fails(FAILED),
    }
}

/// What a variant holds that a client gives.
pub(super) fn read(variant: &VARIANT) -> Result<Held> {
    let kind = variant.vt();
    // SAFETY: a variant is its inner structure, whatever it holds.
    let value = unsafe { &variant.Anonymous.Anonymous.Anonymous };
    if kind.0 & VT_ARRAY.0 != 0 {
        // SAFETY: the kind says that the union holds an array; it stays the variant's.
        return elements(unsafe { value.parray }, VARENUM(kind.0 & !VT_ARRAY.0));
    }
    // SAFETY: each field is the one that the kind says.
    Ok(unsafe {
        match kind {
            VT_EMPTY | VT_NULL => Held::Null,
            VT_BOOL => Held::Flag(value.boolVal.as_bool()),
            VT_I1 => Held::Integer(i64::from(value.cVal)),
            VT_UI1 => Held::Integer(i64::from(value.bVal)),
            VT_I2 => Held::Integer(i64::from(value.iVal)),
            VT_UI2 => Held::Integer(i64::from(value.uiVal)),
            VT_I4 => Held::Integer(i64::from(value.lVal)),
            VT_UI4 => Held::Integer(i64::from(value.ulVal)),
            VT_R4 => Held::Real(f64::from(value.fltVal)),
            VT_R8 => Held::Real(value.dblVal),
            VT_BSTR => Held::Text(value.bstrVal.to_string()),
            _ => return fails(TYPE_MISMATCH),
        }
    })
}

fn elements(array: *const SAFEARRAY, kind: VARENUM) -> Result<Held> {
    if array.is_null() {
        return Ok(Held::Null);
    }
    // SAFETY: the array is alive for as long as its variant.
    let (first, last) = unsafe { (SafeArrayGetLBound(array, 1)?, SafeArrayGetUBound(array, 1)?) };
    let element = |index: i32| {
        Ok(match kind {
            VT_BSTR => Held::Text(fetch::<BSTR>(array, index)?.to_string()),
            VT_BOOL => Held::Flag(fetch::<VARIANT_BOOL>(array, index)?.as_bool()),
            VT_UI1 => Held::Integer(i64::from(fetch::<u8>(array, index)?)),
            VT_I2 => Held::Integer(i64::from(fetch::<i16>(array, index)?)),
            VT_I4 => Held::Integer(i64::from(fetch::<i32>(array, index)?)),
            _ => return fails(TYPE_MISMATCH),
        })
    };
    (first..=last).map(element).collect::<Result<_>>().map(Held::Several)
}

/// Copies an element out of an array whose type it has.
fn fetch<T: Default>(array: *const SAFEARRAY, index: i32) -> Result<T> {
    let mut value = T::default();
    let into: *mut c_void = (&raw mut value).cast();
    // SAFETY: who calls has taken the type from the array, so that there is room for the element, which is a copy of ours.
    unsafe { SafeArrayGetElement(array, &raw const index, into) }?;
    Ok(value)
}
