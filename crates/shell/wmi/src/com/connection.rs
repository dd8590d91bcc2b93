//! One thread's connection to a namespace, and the calls that it makes.
//!
//! All calls are semisynchronous: COM returns at once, and each wait has a limit (WMI documentation, "Calling a Method").

#![expect(unsafe_code, reason = "the calls of COM are unsafe; `variant` is the only other file with any")]

use std::marker::PhantomData;
use std::time::{Duration, Instant};

use cim::{
    Argument, CallError, ErrorKind, Name, Namespace, ObjectPath, Output, Properties, Reached, Reply, Request, Row,
};
use windows::Win32::Foundation::RPC_E_TOO_LATE;
use windows::Win32::System::Com::{
    CLSCTX_INPROC_SERVER, COINIT_MULTITHREADED, CoCreateInstance, CoInitializeEx, CoInitializeSecurity,
    CoSetProxyBlanket, CoUninitialize, EOAC_NONE, RPC_C_AUTHN_LEVEL_PKT_PRIVACY, RPC_C_IMP_LEVEL_IMPERSONATE,
};
use windows::Win32::System::Rpc::{RPC_C_AUTHN_WINNT, RPC_C_AUTHZ_NONE};
use windows::Win32::System::Wmi::{
    IEnumWbemClassObject, IWbemCallResult, IWbemClassObject, IWbemLocator, IWbemServices,
    WBEM_FLAG_CONNECT_USE_MAX_WAIT, WBEM_FLAG_FORWARD_ONLY, WBEM_FLAG_NONSYSTEM_ONLY, WBEM_FLAG_RETURN_IMMEDIATELY,
    WBEM_S_FALSE, WBEM_S_NO_MORE_DATA, WBEM_S_TIMEDOUT, WbemLocator,
};
use windows::core::{BSTR, Error, HRESULT, Interface as _, PCWSTR};

use super::error::failed;
use super::variant::{self, wide};
use crate::failure::{Doing, of_time};
use crate::raw::Raw;

/// Longest single wait: as long, a call goes on that nobody waits for any more.
const SLICE: Duration = Duration::from_millis(250);
/// Instances that are fetched at once.
const BATCH: usize = 32;
/// Maximum number of instances of an answer: far above any host's.
const ROWS_MAX: usize = 200_000;
/// Maximum number of properties of an instance.
const PROPERTIES_MAX: usize = 10_000;

/// How long a call may take, and whether somebody still waits for it.
pub(super) struct Patience<'a> {
    until: Instant,
    is_cancelled: Box<dyn Fn() -> bool + 'a>,
}

impl<'a> Patience<'a> {
    pub(super) fn new(until: Instant, is_cancelled: impl Fn() -> bool + 'a) -> Self {
        Self { until, is_cancelled: Box::new(is_cancelled) }
    }

    pub(super) fn is_over(&self) -> bool {
        Instant::now() >= self.until || (self.is_cancelled)()
    }

    /// The next wait, in milliseconds.
    fn slice(&self) -> i32 {
        let left = self.until.saturating_duration_since(Instant::now()).min(SLICE);
        i32::try_from(left.as_millis()).unwrap_or(i32::MAX).max(1)
    }
}

/// This thread's membership in the multithreaded apartment.
pub(super) struct Apartment(PhantomData<*const ()>);

impl Apartment {
    pub(super) fn enter() -> Result<Self, CallError> {
        // SAFETY: no preconditions; each success is paired with one CoUninitialize, on drop.
        unsafe { CoInitializeEx(None, COINIT_MULTITHREADED) }.ok().map_err(|error| failed(&error, Doing::Connect))?;
        let apartment = Self(PhantomData);
        // SAFETY: this thread is in an apartment. The settings are those of the process; what came first stays.
        let set = unsafe {
            CoInitializeSecurity(
                None,
                -1,
                None,
                None,
                RPC_C_AUTHN_LEVEL_PKT_PRIVACY,
                RPC_C_IMP_LEVEL_IMPERSONATE,
                None,
                EOAC_NONE,
                None,
            )
        };
        match set {
            Err(error) if error.code() != RPC_E_TOO_LATE => Err(failed(&error, Doing::Connect)),
            Ok(()) | Err(_) => Ok(apartment),
        }
    }
}

impl Drop for Apartment {
    fn drop(&mut self) {
        // SAFETY: pairs with the success in `enter`, on the same thread, since the type is not Send.
        unsafe { CoUninitialize() };
    }
}

/// A connection to one namespace of this computer.
pub(super) struct Connection {
    services: IWbemServices,
    namespace: Namespace,
}

impl Connection {
    /// Connects; this takes at most two minutes.
    pub(super) fn open(_apartment: &Apartment, namespace: &Namespace) -> Result<Self, CallError> {
        let connect = || {
            // SAFETY: this thread is in an apartment, as its value proves.
            let locator: IWbemLocator = unsafe { CoCreateInstance(&WbemLocator, None, CLSCTX_INPROC_SERVER) }?;
            let place = BSTR::from(namespace.as_str().replace('/', "\\"));
            let none = BSTR::new();
            // SAFETY: every string outlives the call.
            let services = unsafe {
                locator.ConnectServer(&place, &none, &none, &none, WBEM_FLAG_CONNECT_USE_MAX_WAIT.0, &none, None)
            }?;
            // SAFETY: the proxy is ours. Windows wants it to impersonate; a proxy within this process needs nothing.
            unsafe {
                CoSetProxyBlanket(
                    &services,
                    RPC_C_AUTHN_WINNT,
                    RPC_C_AUTHZ_NONE,
                    None,
                    RPC_C_AUTHN_LEVEL_PKT_PRIVACY,
                    RPC_C_IMP_LEVEL_IMPERSONATE,
                    None,
                    EOAC_NONE,
                )
            }?;
            Ok(services)
        };
        let services = connect().map_err(|error: Error| failed(&error, Doing::Connect))?;
        Ok(Self { services, namespace: namespace.clone() })
    }

    pub(super) fn call(&self, request: &Request, patience: &Patience<'_>) -> Result<Reply, CallError> {
        match request {
            Request::Get { path } => {
                let object = self.get(&format!("{path:#}"), patience, Doing::Read)?;
                self.row(&object).map(Reply::Instance)
            }
            Request::Query { select, .. } => self.query(&select.to_string(), patience).map(Reply::Rows),
            Request::Related { related } => self.query(&format!("{related:#}"), patience).map(Reply::Rows),
            Request::Invoke { path, method, arguments } => {
                self.invoke(path, method, arguments, patience).map(Reply::Output)
            }
        }
    }

    fn get(&self, path: &str, patience: &Patience<'_>, doing: Doing) -> Result<IWbemClassObject, CallError> {
        let (mut object, mut pending) = (None, None);
        let path = BSTR::from(path);
        // SAFETY: what is pointed to outlives the call.
        unsafe {
            self.services.GetObject(
                &path,
                WBEM_FLAG_RETURN_IMMEDIATELY,
                None,
                Some(&raw mut object),
                Some(&raw mut pending),
            )
        }
        .map_err(|error| failed(&error, doing))?;
        result(object, pending, patience, doing)?.ok_or_else(|| CallError::malformed("WMI gave no object"))
    }

    fn query(&self, text: &str, patience: &Patience<'_>) -> Result<Vec<Row>, CallError> {
        let flags = WBEM_FLAG_FORWARD_ONLY | WBEM_FLAG_RETURN_IMMEDIATELY;
        // SAFETY: the strings outlive the call.
        let answer = unsafe { self.services.ExecQuery(&BSTR::from("WQL"), &BSTR::from(text), flags, None) }
            .map_err(|error| failed(&error, Doing::Read))?;
        let mut rows = Vec::new();
        while let Some(objects) = next(&answer, patience)? {
            for object in objects {
                rows.push(self.row(&object)?);
            }
            if rows.len() > ROWS_MAX {
                let why = format!("WMI gave more than {ROWS_MAX} instances");
                return Err(CallError::new(ErrorKind::TooLarge, Reached::Yes, why));
            }
        }
        Ok(rows)
    }

    fn invoke(
        &self,
        path: &ObjectPath,
        method: &Name,
        arguments: &[Argument],
        patience: &Patience<'_>,
    ) -> Result<Output, CallError> {
        let inputs = self.inputs(path, method, arguments, patience)?;
        let (mut object, mut pending) = (None, None);
        let path = BSTR::from(format!("{path:#}"));
        // SAFETY: what is pointed to outlives the call.
        unsafe {
            self.services.ExecMethod(
                &path,
                &BSTR::from(method.as_str()),
                WBEM_FLAG_RETURN_IMMEDIATELY,
                None,
                inputs.as_ref(),
                Some(&raw mut object),
                Some(&raw mut pending),
            )
        }
        .map_err(|error| failed(&error, Doing::Invoke))?;
        let output = result(object, pending, patience, Doing::Invoke)?;
        let parameters = output.map(|object| self.properties(&object)).transpose()?.unwrap_or_default();
        Ok(Output { parameters })
    }

    /// The method's input instance, filled in; `None` for a method without inputs.
    fn inputs(
        &self,
        path: &ObjectPath,
        method: &Name,
        arguments: &[Argument],
        patience: &Patience<'_>,
    ) -> Result<Option<IWbemClassObject>, CallError> {
        let error = |error: Error| failed(&error, Doing::Prepare);
        let class = self.get(path.class.as_str(), patience, Doing::Prepare)?;
        let (mut signature, mut outputs) = (None, None);
        let method = wide(method.as_str());
        // SAFETY: the name ends with a zero, and what is pointed to outlives the call.
        unsafe { class.GetMethod(PCWSTR(method.as_ptr()), 0, &raw mut signature, &raw mut outputs) }.map_err(error)?;
        let Some(signature) = signature else { return Ok(None) };
        // SAFETY: the signature is a class.
        let inputs = unsafe { signature.SpawnInstance(0) }.map_err(error)?;
        for argument in arguments {
            if argument.value.is_nil() {
                continue;
            }
            let unfit =
                || CallError::new(ErrorKind::Unsupported, Reached::No, format!("{} cannot be sent", argument.name));
            let value = Raw::of_input(&argument.value)
                .and_then(|raw| variant::of(&raw, argument.value.cim_type()))
                .ok_or_else(unfit)?;
            let name = wide(argument.name.as_str());
            // SAFETY: the name ends with a zero; the value outlives the call, which copies it.
            unsafe { inputs.Put(PCWSTR(name.as_ptr()), 0, &raw const value, 0) }.map_err(error)?;
        }
        Ok(Some(inputs))
    }

    fn row(&self, object: &IWbemClassObject) -> Result<Row, CallError> {
        // A query with a column list gives no path.
        let path =
            variant::text(object, "__RELPATH").and_then(|path| ObjectPath::parse_in(&path, &self.namespace).ok());
        let class = Name::new(variant::text(object, "__CLASS").unwrap_or_default());
        Ok(Row { class, path, properties: self.properties(object)? })
    }

    /// Every property that is none of WMI's own.
    fn properties(&self, object: &IWbemClassObject) -> Result<Properties, CallError> {
        // SAFETY: no preconditions. An enumeration that is left half-way ends with the next one.
        unsafe { object.BeginEnumeration(WBEM_FLAG_NONSYSTEM_ONLY.0) }.map_err(|error| failed(&error, Doing::Read))?;
        let mut properties = Vec::new();
        for _ in 0..PROPERTIES_MAX {
            let Some((name, raw, number)) = variant::next(object, &|embedded| self.row(embedded))? else { break };
            properties.push((Name::new(name), raw.into_value(number, &self.namespace)?));
        }
        Ok(properties.into_iter().collect())
    }
}

/// The next instances of an answer; `None` at its end.
fn next(answer: &IEnumWbemClassObject, patience: &Patience<'_>) -> Result<Option<Vec<IWbemClassObject>>, CallError> {
    while !patience.is_over() {
        let mut objects = [const { None }; BATCH];
        let mut count = 0;
        // SAFETY: there is room for as many objects as the slice has.
        let code = unsafe { answer.Next(patience.slice(), &mut objects, &raw mut count) };
        code.ok().map_err(|error| failed(&error, Doing::Read))?;
        let found: Vec<_> = objects.into_iter().flatten().collect();
        if !found.is_empty() {
            return Ok(Some(found));
        }
        if is(code, WBEM_S_FALSE.0) || is(code, WBEM_S_NO_MORE_DATA.0) {
            return Ok(None);
        }
    }
    Err(of_time(Doing::Read))
}

/// What a call gave: at once, or after a wait.
fn result(
    object: Option<IWbemClassObject>,
    pending: Option<IWbemCallResult>,
    patience: &Patience<'_>,
    doing: Doing,
) -> Result<Option<IWbemClassObject>, CallError> {
    let Some(pending) = pending.filter(|_| object.is_none()) else { return Ok(object) };
    while !patience.is_over() {
        let mut status = 0;
        // SAFETY: the interface is ours and alive, and what is pointed to outlives the call. Called by hand, since the
        // wrapper does not tell a wait that ended from a status.
        let code = unsafe { (pending.vtable().GetCallStatus)(pending.as_raw(), patience.slice(), &raw mut status) };
        code.ok().map_err(|error| failed(&error, doing))?;
        if is(code, WBEM_S_TIMEDOUT.0) {
            continue;
        }
        HRESULT(status).ok().map_err(|error| failed(&error, doing))?;
        // SAFETY: the call has ended, so that the object is there.
        return unsafe { pending.GetResultObject(0) }.map(Some).map_err(|error| failed(&error, doing));
    }
    Err(of_time(doing))
}

fn is(code: HRESULT, success: i32) -> bool {
    code.0 == success
}
