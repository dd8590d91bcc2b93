//! The parameters of a method: checked against its definition before anything is done, as in WinRM and WMI.

use cim::{Argument, CallError, CimType, ErrorKind, Reached, Value};

use crate::schema::{Input, Method};
use crate::spec::Os;

/// "A parameter that is required for the operation is not the correct type" (`ERROR_WSMAN_PARAMETER_TYPE_MISMATCH`).
const TYPE_MISMATCH: u32 = 2_150_858_836;
/// "A parameter name is invalid" (`ERROR_WSMAN_INVALID_PARAMETER_NAME`).
const INVALID_NAME: u32 = 2_150_858_837;
/// `WBEM_E_INVALID_METHOD_PARAMETERS`
const INVALID_PARAMETERS: u32 = 0x8004_102F;

fn refused(status: u32, text: String) -> CallError {
    CallError::new(ErrorKind::Refused, Reached::Yes, text).with_status(status)
}

/// The arguments, each of its input's type; `None` if this Windows has no such method.
pub(super) fn checked(
    class: &str,
    method: &str,
    os: Os,
    arguments: &[Argument],
) -> Option<Result<Vec<Argument>, CallError>> {
    let definition = Method::find(class, method, os)?;
    let typed = |argument: &Argument| {
        let input = definition.inputs.iter().find(|input| argument.name == *input.value.name);
        let Some(input) = input else {
            return Err(refused(INVALID_NAME, format!("{method} has no parameter {}", argument.name)));
        };
        let wrong = || {
            let list = if input.value.array { "an array of " } else { "" };
            let text = format!("the parameter {} takes {list}{}", input.value.name, input.value.kind.name());
            refused(TYPE_MISMATCH, text)
        };
        Ok(Argument { name: argument.name.clone(), value: converted(&argument.value, input).ok_or_else(wrong)? })
    };
    let typed: Result<Vec<Argument>, CallError> = arguments.iter().map(typed).collect();
    Some(typed.and_then(|given| {
        let has = |input: &Input| given.iter().any(|one| one.name == *input.value.name && !one.value.is_nil());
        match definition.inputs.iter().find(|input| input.required && !has(input)) {
            Some(missing) => {
                Err(refused(INVALID_PARAMETERS, format!("{method} needs the parameter {}", missing.value.name)))
            }
            None => Ok(given),
        }
    }))
}

fn converted(value: &Value, input: &Input) -> Option<Value> {
    if value.is_nil() {
        return Some(Value::Nil);
    }
    let kind = input.value.kind;
    match (value, input.value.array) {
        (Value::List(items), true) => {
            items.iter().map(|item| scalar(item, kind)).collect::<Option<Vec<_>>>().map(Value::List)
        }
        (Value::List(_), false) => None,
        (one, true) => scalar(one, kind).map(|one| Value::List(vec![one])),
        (one, false) => scalar(one, kind),
    }
}

/// A value of that type; a number of another width is one if it fits.
fn scalar(value: &Value, kind: CimType) -> Option<Value> {
    if value.cim_type() == Some(kind) {
        return Some(value.clone());
    }
    let readable = match value.cim_type() {
        // The text of a type that only its reader knows.
        None => matches!(value, Value::Lexical(_)),
        Some(own) => is_whole(own) && is_whole(kind),
    };
    let text = value.lexical().filter(|_| readable)?;
    // What is read of references and objects stays text, which is neither.
    kind.read(&text).ok().filter(|read| read.cim_type() == Some(kind))
}

fn is_whole(kind: CimType) -> bool {
    use CimType as T;
    matches!(kind, T::Uint8 | T::Uint16 | T::Uint32 | T::Uint64 | T::Sint8 | T::Sint16 | T::Sint32 | T::Sint64)
}
