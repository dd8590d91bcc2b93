//! COM's variants: what they hold, read and written.

#![expect(unsafe_code, reason = "a variant is a union, and an array of COM is memory with bounds beside it")]

use std::ffi::c_void;
use std::mem::ManuallyDrop;
use std::ptr::from_ref;

use cim::{CallError, CimType, Row};
use windows::Win32::Foundation::VARIANT_BOOL;
use windows::Win32::System::Com::SAFEARRAY;
use windows::Win32::System::Ole::{
    SafeArrayCreateVector, SafeArrayGetDim, SafeArrayGetElement, SafeArrayGetLBound, SafeArrayGetUBound,
    SafeArrayGetVartype, SafeArrayPutElement,
};
use windows::Win32::System::Variant::{
    VARENUM, VARIANT, VARIANT_0, VARIANT_0_0, VARIANT_0_0_0, VT_ARRAY, VT_BOOL, VT_BSTR, VT_EMPTY, VT_I1, VT_I2, VT_I4,
    VT_NULL, VT_R4, VT_R8, VT_UI1, VT_UI2, VT_UI4, VT_UNKNOWN,
};
use windows::Win32::System::Wmi::IWbemClassObject;
use windows::core::{BSTR, IUnknown, Interface as _, PCWSTR};

use super::error::failed;
use crate::failure::Doing;
use crate::raw::{CimNumber, Raw};

/// Maximum number of elements of an array.
const ELEMENTS_MAX: i32 = 100_000;

/// Turns an embedded instance into a row.
pub(super) type RowOf<'a> = &'a dyn Fn(&IWbemClassObject) -> Result<Row, CallError>;

/// Text as Windows takes it, with a zero at its end.
pub(super) fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// The text of a property, one of WMI's own among them; `None` if it is NULL or no text.
pub(super) fn text(object: &IWbemClassObject, name: &str) -> Option<String> {
    let name = wide(name);
    let mut value = VARIANT::default();
    // SAFETY: the name ends with a zero, and what is pointed to outlives the call.
    unsafe { object.Get(PCWSTR(name.as_ptr()), 0, &raw mut value, None, None) }.ok()?;
    match held(&value, &|_| Err(CallError::malformed("an instance where text was wanted"))) {
        // Wine fills paths up with zeros.
        Ok(Raw::Text(text)) => Some(text.trim_end_matches('\0').to_owned()),
        Ok(_) | Err(_) => None,
    }
}

/// The next property of an enumeration; `None` at its end.
pub(super) fn next(
    object: &IWbemClassObject,
    row_of: RowOf<'_>,
) -> Result<Option<(String, Raw, CimNumber)>, CallError> {
    let (mut name, mut value, mut number, mut flavour) = (BSTR::new(), VARIANT::default(), 0, 0);
    // SAFETY: what is pointed to outlives the call and is empty before it.
    unsafe { object.Next(0, &raw mut name, &raw mut value, &raw mut number, &raw mut flavour) }
        .map_err(|error| failed(&error, Doing::Read))?;
    // The end is a success without a name.
    if name.is_empty() {
        return Ok(None);
    }
    Ok(Some((name.to_string(), held(&value, row_of)?, CimNumber(number))))
}

/// The variant for an input; `kind` is the type of an array's elements.
pub(super) fn of(raw: &Raw, kind: Option<CimType>) -> Option<VARIANT> {
    Some(match raw {
        Raw::Boolean(flag) => VARIANT::from(*flag),
        Raw::Integer(number) => VARIANT::from(i32::try_from(*number).ok().or_else(|| {
            // An unsigned number of 32 bits travels as the signed one of the same bits.
            u32::try_from(*number).ok().map(u32::cast_signed)
        })?),
        Raw::Real(number) => VARIANT::from(*number),
        Raw::Text(text) => VARIANT::from(text.as_str()),
        Raw::Array(items) => array(items, kind)?,
        Raw::Null | Raw::Object(_) => return None,
    })
}

/// The variant with an array. Its type is the one in which COM has the elements ("Numbers" of the WMI documentation).
fn array(items: &[Raw], kind: Option<CimType>) -> Option<VARIANT> {
    let element = match items.first() {
        Some(Raw::Boolean(_)) => VT_BOOL,
        Some(Raw::Integer(_)) => match kind {
            Some(CimType::Uint8) => VT_UI1,
            Some(CimType::Sint8 | CimType::Sint16 | CimType::Char16) => VT_I2,
            _ => VT_I4,
        },
        Some(Raw::Real(_)) => VT_R8,
        Some(Raw::Text(_)) | None => VT_BSTR,
        Some(Raw::Null | Raw::Object(_) | Raw::Array(_)) => return None,
    };
    // SAFETY: no preconditions; the answer is checked.
    let array = unsafe { SafeArrayCreateVector(element, 0, u32::try_from(items.len()).ok()?) };
    if array.is_null() {
        return None;
    }
    let value = VARIANT_0_0_0 { parray: array };
    let inner = VARIANT_0_0 { vt: VARENUM(VT_ARRAY.0 | element.0), Anonymous: value, ..VARIANT_0_0::default() };
    // The array is the variant's from here on, which frees it.
    let variant = VARIANT { Anonymous: VARIANT_0 { Anonymous: ManuallyDrop::new(inner) } };
    for (index, item) in items.iter().enumerate() {
        put(array, i32::try_from(index).ok()?, element, item)?;
    }
    Some(variant)
}

/// Copies an element into an array of its type; `None` if it is of another type.
fn put(array: *const SAFEARRAY, index: i32, element: VARENUM, item: &Raw) -> Option<()> {
    // SAFETY: the array has that place, and each caller below points to a value of the array's type; a text is its pointer.
    let put = |value: *const c_void| unsafe { SafeArrayPutElement(array, &raw const index, value) }.ok();
    match (element, item) {
        (VT_BOOL, Raw::Boolean(flag)) => put(from_ref(&VARIANT_BOOL::from(*flag)).cast()),
        (VT_UI1, Raw::Integer(number)) => put(from_ref(&u8::try_from(*number).ok()?).cast()),
        (VT_I2, Raw::Integer(number)) => {
            let unsigned = || u16::try_from(*number).ok().map(u16::cast_signed);
            put(from_ref(&i16::try_from(*number).ok().or_else(unsigned)?).cast())
        }
        (VT_I4, Raw::Integer(number)) => {
            let unsigned = || u32::try_from(*number).ok().map(u32::cast_signed);
            put(from_ref(&i32::try_from(*number).ok().or_else(unsigned)?).cast())
        }
        (VT_R8, Raw::Real(number)) => put(from_ref(number).cast()),
        // A text that is empty is a NULL pointer, which is what the array begins with.
        (VT_BSTR, Raw::Text(text)) if text.is_empty() => Some(()),
        (VT_BSTR, Raw::Text(text)) => put(BSTR::from(text.as_str()).as_ptr().cast()),
        _ => None,
    }
}

fn held(variant: &VARIANT, row_of: RowOf<'_>) -> Result<Raw, CallError> {
    let kind = variant.vt();
    // SAFETY: a variant is its inner structure, whatever it holds.
    let value = unsafe { &variant.Anonymous.Anonymous.Anonymous };
    if kind.0 & VT_ARRAY.0 != 0 {
        // SAFETY: the kind says that the union holds an array; it stays the variant's.
        return elements(unsafe { value.parray }, row_of);
    }
    let unknown = || CallError::malformed(format!("WMI gave a variant of the unknown type {}", kind.0));
    // SAFETY: each field is the one that the kind says.
    Ok(unsafe {
        match kind {
            VT_EMPTY | VT_NULL => Raw::Null,
            VT_BOOL => Raw::Boolean(value.boolVal.as_bool()),
            VT_I1 => Raw::Integer(i64::from(value.cVal)),
            VT_UI1 => Raw::Integer(i64::from(value.bVal)),
            VT_I2 => Raw::Integer(i64::from(value.iVal)),
            VT_UI2 => Raw::Integer(i64::from(value.uiVal)),
            VT_I4 => Raw::Integer(i64::from(value.lVal)),
            VT_UI4 => Raw::Integer(i64::from(value.ulVal)),
            VT_R4 => Raw::Real(f64::from(value.fltVal)),
            VT_R8 => Raw::Real(value.dblVal),
            VT_BSTR => Raw::Text(value.bstrVal.to_string()),
            VT_UNKNOWN => instance(value.punkVal.as_ref(), row_of)?,
            _ => return Err(unknown()),
        }
    })
}

fn instance(object: Option<&IUnknown>, row_of: RowOf<'_>) -> Result<Raw, CallError> {
    let Some(object) = object else { return Ok(Raw::Null) };
    let object: IWbemClassObject = object.cast().map_err(|error| failed(&error, Doing::Read))?;
    row_of(&object).map(|row| Raw::Object(Box::new(row)))
}

/// The elements of an array that is not ours.
fn elements(array: *const SAFEARRAY, row_of: RowOf<'_>) -> Result<Raw, CallError> {
    if array.is_null() {
        return Ok(Raw::Null);
    }
    let error = |error: windows::core::Error| failed(&error, Doing::Read);
    // SAFETY: the array is alive for as long as its variant.
    let (dimensions, kind) = unsafe { (SafeArrayGetDim(array), SafeArrayGetVartype(array).map_err(error)?) };
    if dimensions != 1 {
        return Err(CallError::malformed("WMI gave an array of several dimensions"));
    }
    // SAFETY: as above, and it has one dimension.
    let (first, last) =
        unsafe { (SafeArrayGetLBound(array, 1).map_err(error)?, SafeArrayGetUBound(array, 1).map_err(error)?) };
    if last.saturating_sub(first) >= ELEMENTS_MAX {
        return Err(CallError::malformed(format!("WMI gave an array of more than {ELEMENTS_MAX} elements")));
    }
    (first..=last).map(|index| element(array, index, kind, row_of)).collect::<Result<_, _>>().map(Raw::Array)
}

/// A copy of one element.
fn element(array: *const SAFEARRAY, index: i32, kind: VARENUM, row_of: RowOf<'_>) -> Result<Raw, CallError> {
    /// Fetches an element into a value of its type.
    fn fetch<T: Default>(array: *const SAFEARRAY, index: i32) -> Result<T, CallError> {
        let mut value = T::default();
        let into: *mut c_void = (&raw mut value).cast();
        // SAFETY: the caller took the type from the array, so that there is room for the element, which is a copy of ours.
        unsafe { SafeArrayGetElement(array, &raw const index, into) }.map_err(|error| failed(&error, Doing::Read))?;
        Ok(value)
    }
    Ok(match kind {
        VT_BOOL => Raw::Boolean(fetch::<VARIANT_BOOL>(array, index)?.as_bool()),
        VT_I1 => Raw::Integer(i64::from(fetch::<i8>(array, index)?)),
        VT_UI1 => Raw::Integer(i64::from(fetch::<u8>(array, index)?)),
        VT_I2 => Raw::Integer(i64::from(fetch::<i16>(array, index)?)),
        VT_UI2 => Raw::Integer(i64::from(fetch::<u16>(array, index)?)),
        VT_I4 => Raw::Integer(i64::from(fetch::<i32>(array, index)?)),
        VT_UI4 => Raw::Integer(i64::from(fetch::<u32>(array, index)?)),
        VT_R4 => Raw::Real(f64::from(fetch::<f32>(array, index)?)),
        VT_R8 => Raw::Real(fetch::<f64>(array, index)?),
        VT_BSTR => Raw::Text(fetch::<BSTR>(array, index)?.to_string()),
        VT_UNKNOWN => instance(fetch::<Option<IUnknown>>(array, index)?.as_ref(), row_of)?,
        _ => return Err(CallError::malformed(format!("WMI gave an array of the unknown type {}", kind.0))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing(_: &IWbemClassObject) -> Result<Row, CallError> {
        Err(CallError::malformed("there is no instance here"))
    }

    #[test]
    fn what_is_written_is_read_again() {
        for raw in [
            Raw::Boolean(true),
            Raw::Boolean(false),
            Raw::Integer(3),
            Raw::Integer(-70_000),
            Raw::Real(0.5),
            Raw::Text("東京 \u{1F480}".to_owned()),
            Raw::Text(String::new()),
        ] {
            assert_eq!(held(&of(&raw, None).unwrap(), &nothing), Ok(raw));
        }
        assert_eq!(held(&of(&Raw::Integer(i64::from(u32::MAX)), None).unwrap(), &nothing), Ok(Raw::Integer(-1)));
        assert!(of(&Raw::Integer(i64::MAX), None).is_none());
        let text = |text: &str| Raw::Text(text.to_owned());
        for (kind, items) in [
            (CimType::Uint8, vec![Raw::Integer(0), Raw::Integer(255)]),
            (CimType::Sint16, vec![Raw::Integer(-300)]),
            (CimType::Uint32, vec![Raw::Integer(1), Raw::Integer(70_000)]),
            (CimType::Boolean, vec![Raw::Boolean(true), Raw::Boolean(false)]),
            (CimType::Real64, vec![Raw::Real(0.5)]),
            (CimType::Uint64, vec![text("18446744073709551615")]),
            (CimType::String, vec![text("東京"), text("")]),
        ] {
            let list = Raw::Array(items);
            assert_eq!(held(&of(&list, Some(kind)).unwrap(), &nothing), Ok(list), "{kind:?}");
        }
        for mixed in [vec![text("a"), Raw::Integer(1)], vec![Raw::Null], vec![Raw::Array(vec![])]] {
            assert!(of(&Raw::Array(mixed.clone()), None).is_none(), "{mixed:?}");
        }
        assert_eq!(held(&VARIANT::default(), &nothing), Ok(Raw::Null));
    }
}
