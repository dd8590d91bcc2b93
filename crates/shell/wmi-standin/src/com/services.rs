//! `IWbemServices`: a connection to a namespace, and the calls that it takes.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use windows::Win32::System::Com::IClientSecurity;
use windows::Win32::System::Wmi::{
    IEnumWbemClassObject, IWbemCallResult, IWbemClassObject, IWbemContext, IWbemObjectSink, IWbemServices,
    IWbemServices_Impl, WBEM_FLAG_RETURN_IMMEDIATELY, WBEM_GENERIC_FLAG_TYPE as Flags,
};
use windows_core::{AsImpl as _, BSTR, OutRef, Ref, Result, implement};

use super::call_result::CallResult;
use super::class_object::ClassObject;
use super::enumerator::Enumerator;
use super::{error, fails, workers};
use crate::lab::Lab;
use crate::object::Object;
use crate::pending::Pending;
use crate::status::{FAILED, NOT_SUPPORTED, QUERY_TYPE, Status};

type Sink<'a> = Ref<'a, IWbemObjectSink>;

/// A connection.
#[implement(IWbemServices, IClientSecurity)]
pub(super) struct Services {
    lab: Lab,
    namespace: String,
}

impl Services {
    pub(super) fn new(lab: Lab, namespace: String) -> Self {
        Self { lab, namespace }
    }

    /// Starts a call; the lab is asked on a thread of its own.
    fn start<T: Send + 'static>(&self, asked: Json, read: fn(&Json) -> std::result::Result<T, Status>) -> Pending<T> {
        let lab = self.lab.clone();
        workers().start(move || read(&lab.ask(&asked)?))
    }
}

fn one(answer: &Json) -> std::result::Result<Arc<Object>, Status> {
    let object = answer.get("object").or_else(|| answer.get("class")).ok_or(FAILED)?;
    Object::read(object).map(Arc::new)
}

fn several(answer: &Json) -> std::result::Result<Arc<Vec<Object>>, Status> {
    let objects = answer.get("objects").and_then(Json::as_array).ok_or(FAILED)?;
    objects.iter().map(Object::read).collect::<std::result::Result<_, _>>().map(Arc::new)
}

fn at_once(flags: Flags) -> bool {
    flags.0 & WBEM_FLAG_RETURN_IMMEDIATELY.0 != 0
}

/// Gives a call's answer: later, through a result, if that is what is asked for.
fn give(
    call: Pending<Arc<Object>>,
    flags: Flags,
    object: OutRef<IWbemClassObject>,
    result: OutRef<IWbemCallResult>,
) -> Result<()> {
    if at_once(flags) && !result.is_null() {
        if !object.is_null() {
            object.write(None)?;
        }
        return result.write(Some(CallResult { call }.into()));
    }
    let found = call.wait(-1).unwrap_or(Err(FAILED)).map_err(error)?;
    if object.is_null() {
        return Ok(());
    }
    object.write(Some(ClassObject::new(Object::clone(&found)).into()))
}

impl IWbemServices_Impl for Services_Impl {
    fn GetObject(
        &self,
        path: &BSTR,
        flags: Flags,
        _context: Ref<IWbemContext>,
        object: OutRef<IWbemClassObject>,
        result: OutRef<IWbemCallResult>,
    ) -> Result<()> {
        let asked = json!({ "do": "get", "namespace": self.namespace, "path": path.to_string() });
        give(self.start(asked, one), flags, object, result)
    }

    /// What is wrong with a query shows when its objects are fetched, if it returns at once.
    fn ExecQuery(
        &self,
        language: &BSTR,
        query: &BSTR,
        flags: Flags,
        _context: Ref<IWbemContext>,
    ) -> Result<IEnumWbemClassObject> {
        if !language.to_string().eq_ignore_ascii_case("WQL") {
            return fails(QUERY_TYPE);
        }
        let asked = json!({ "do": "query", "namespace": self.namespace, "query": query.to_string() });
        let call = self.start(asked, several);
        if !at_once(flags) {
            call.wait(-1).unwrap_or(Err(FAILED)).map_err(error)?;
        }
        Ok(Enumerator::new(call).into())
    }

    fn ExecMethod(
        &self,
        path: &BSTR,
        method: &BSTR,
        flags: Flags,
        _context: Ref<IWbemContext>,
        inputs: Ref<IWbemClassObject>,
        outputs: OutRef<IWbemClassObject>,
        result: OutRef<IWbemCallResult>,
    ) -> Result<()> {
        let inputs = inputs.as_ref().map_or_else(|| json!([]), written);
        let (path, method) = (path.to_string(), method.to_string());
        let asked =
            json!({ "do": "invoke", "namespace": self.namespace, "path": path, "method": method, "inputs": inputs });
        give(self.start(asked, one), flags, outputs, result)
    }

    fn OpenNamespace(
        &self,
        _namespace: &BSTR,
        _flags: Flags,
        _context: Ref<IWbemContext>,
        _services: OutRef<IWbemServices>,
        _result: OutRef<IWbemCallResult>,
    ) -> Result<()> {
        fails(NOT_SUPPORTED)
    }

    fn CancelAsyncCall(&self, _sink: Sink) -> Result<()> {
        fails(NOT_SUPPORTED)
    }

    fn QueryObjectSink(&self, _flags: Flags) -> Result<IWbemObjectSink> {
        fails(NOT_SUPPORTED)
    }

    fn GetObjectAsync(&self, _path: &BSTR, _flags: Flags, _context: Ref<IWbemContext>, _sink: Sink) -> Result<()> {
        fails(NOT_SUPPORTED)
    }

    fn PutClass(
        &self,
        _class: Ref<IWbemClassObject>,
        _flags: Flags,
        _context: Ref<IWbemContext>,
        _result: OutRef<IWbemCallResult>,
    ) -> Result<()> {
        fails(NOT_SUPPORTED)
    }

    fn PutClassAsync(
        &self,
        _class: Ref<IWbemClassObject>,
        _flags: Flags,
        _context: Ref<IWbemContext>,
        _sink: Sink,
    ) -> Result<()> {
        fails(NOT_SUPPORTED)
    }

    fn DeleteClass(
        &self,
        _class: &BSTR,
        _flags: Flags,
        _context: Ref<IWbemContext>,
        _result: OutRef<IWbemCallResult>,
    ) -> Result<()> {
        fails(NOT_SUPPORTED)
    }

    fn DeleteClassAsync(&self, _class: &BSTR, _flags: Flags, _context: Ref<IWbemContext>, _sink: Sink) -> Result<()> {
        fails(NOT_SUPPORTED)
    }

    fn CreateClassEnum(
        &self,
        _class: &BSTR,
        _flags: Flags,
        _context: Ref<IWbemContext>,
    ) -> Result<IEnumWbemClassObject> {
        fails(NOT_SUPPORTED)
    }

    fn CreateClassEnumAsync(
        &self,
        _class: &BSTR,
        _flags: Flags,
        _context: Ref<IWbemContext>,
        _sink: Sink,
    ) -> Result<()> {
        fails(NOT_SUPPORTED)
    }

    fn PutInstance(
        &self,
        _instance: Ref<IWbemClassObject>,
        _flags: Flags,
        _context: Ref<IWbemContext>,
        _result: OutRef<IWbemCallResult>,
    ) -> Result<()> {
        fails(NOT_SUPPORTED)
    }

    fn PutInstanceAsync(
        &self,
        _instance: Ref<IWbemClassObject>,
        _flags: Flags,
        _context: Ref<IWbemContext>,
        _sink: Sink,
    ) -> Result<()> {
        fails(NOT_SUPPORTED)
    }

    fn DeleteInstance(
        &self,
        _path: &BSTR,
        _flags: Flags,
        _context: Ref<IWbemContext>,
        _result: OutRef<IWbemCallResult>,
    ) -> Result<()> {
        fails(NOT_SUPPORTED)
    }

    fn DeleteInstanceAsync(&self, _path: &BSTR, _flags: Flags, _context: Ref<IWbemContext>, _sink: Sink) -> Result<()> {
        fails(NOT_SUPPORTED)
    }

    fn CreateInstanceEnum(
        &self,
        _class: &BSTR,
        _flags: Flags,
        _context: Ref<IWbemContext>,
    ) -> Result<IEnumWbemClassObject> {
        fails(NOT_SUPPORTED)
    }

    fn CreateInstanceEnumAsync(
        &self,
        _class: &BSTR,
        _flags: Flags,
        _context: Ref<IWbemContext>,
        _sink: Sink,
    ) -> Result<()> {
        fails(NOT_SUPPORTED)
    }

    fn ExecQueryAsync(
        &self,
        _language: &BSTR,
        _query: &BSTR,
        _flags: Flags,
        _context: Ref<IWbemContext>,
        _sink: Sink,
    ) -> Result<()> {
        fails(NOT_SUPPORTED)
    }

    fn ExecNotificationQuery(
        &self,
        _language: &BSTR,
        _query: &BSTR,
        _flags: Flags,
        _context: Ref<IWbemContext>,
    ) -> Result<IEnumWbemClassObject> {
        fails(NOT_SUPPORTED)
    }

    fn ExecNotificationQueryAsync(
        &self,
        _language: &BSTR,
        _query: &BSTR,
        _flags: Flags,
        _context: Ref<IWbemContext>,
        _sink: Sink,
    ) -> Result<()> {
        fails(NOT_SUPPORTED)
    }

    fn ExecMethodAsync(
        &self,
        _path: &BSTR,
        _method: &BSTR,
        _flags: Flags,
        _context: Ref<IWbemContext>,
        _inputs: Ref<IWbemClassObject>,
        _sink: Sink,
    ) -> Result<()> {
        fails(NOT_SUPPORTED)
    }
}

/// What the inputs hold, which are an object of this DLL.
fn written(inputs: &IWbemClassObject) -> Json {
    // SAFETY: a client makes inputs from what `GetMethod` gave, so that the object is ours.
    let inputs: &ClassObject = unsafe { inputs.as_impl() };
    inputs.written()
}
