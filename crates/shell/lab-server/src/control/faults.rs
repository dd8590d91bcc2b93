//! From a route to a fault.

use std::time::Duration;

use reprise_lab::{Attack, Break, Fault, FaultScope, FaultShape, JobFault, LogFault, MessageKind, RightsOn, RowOf};

use super::parameters::Parameters;
use super::refusal::Refusal;

/// One kind, and the parameters that it takes besides `host` and `count`.
struct Kind {
    name: &'static str,
    /// Which messages and which VM.
    selectors: &'static [&'static str],
    /// What belongs to the kind itself.
    own: &'static [&'static str],
}

const NONE: &[&str] = &[];
const VM: &[&str] = &["vm"];
const MESSAGE: &[&str] = &["vm", "op"];

const KINDS: [Kind; 26] = [
    Kind { name: "deny", selectors: NONE, own: &["class"] },
    Kind { name: "deny_events", selectors: NONE, own: NONE },
    Kind { name: "slow_log", selectors: NONE, own: &["ms"] },
    Kind { name: "garbled_record", selectors: NONE, own: NONE },
    Kind { name: "lost_record", selectors: NONE, own: NONE },
    Kind { name: "rights", selectors: NONE, own: &["namespace"] },
    Kind { name: "login", selectors: NONE, own: NONE },
    Kind { name: "busy", selectors: MESSAGE, own: NONE },
    Kind { name: "unsupported", selectors: MESSAGE, own: NONE },
    Kind { name: "wmi", selectors: MESSAGE, own: &["code", "done"] },
    Kind { name: "busy_vm", selectors: VM, own: NONE },
    Kind { name: "returns", selectors: VM, own: &["code"] },
    Kind { name: "slow", selectors: MESSAGE, own: &["ms"] },
    Kind { name: "drop_before", selectors: MESSAGE, own: NONE },
    Kind { name: "reset", selectors: MESSAGE, own: NONE },
    Kind { name: "drop_after", selectors: MESSAGE, own: NONE },
    Kind { name: "half_close", selectors: MESSAGE, own: NONE },
    Kind { name: "garbage", selectors: MESSAGE, own: NONE },
    Kind { name: "empty", selectors: MESSAGE, own: NONE },
    Kind { name: "attack", selectors: MESSAGE, own: &["how"] },
    Kind { name: "job_hang", selectors: VM, own: NONE },
    Kind { name: "job_gone", selectors: VM, own: NONE },
    Kind { name: "job_fail", selectors: VM, own: &["code"] },
    Kind { name: "flip_back", selectors: VM, own: &["after_s", "code"] },
    Kind { name: "unreadable", selectors: VM, own: &["row"] },
    Kind { name: "fault_shape", selectors: NONE, own: &["shape"] },
];

/// "Failed", with which a job ends where no code is given.
const FAILED: u32 = 32_768;

/// A fault that is to be added.
pub(super) struct Wish {
    pub(super) fault: Fault,
    pub(super) scope: FaultScope,
    pub(super) count: Option<u32>,
}

/// Faults that are to be removed.
pub(super) struct Selection {
    pub(super) scope: FaultScope,
    pub(super) on: Option<MessageKind>,
}

/// Every kind with its parameters, for people.
pub(super) fn kinds() -> Vec<String> {
    let text = |kind: &Kind| {
        let taken: Vec<&str> = ["host", "count"].iter().chain(kind.selectors).chain(kind.own).copied().collect();
        format!("{}: {}", kind.name, taken.join(", "))
    };
    KINDS.iter().map(text).collect()
}

fn known(name: &str) -> Result<&'static Kind, Refusal> {
    let unknown = || Refusal::Unknown(format!("there is no fault {name}"));
    KINDS.iter().find(|kind| kind.name == name).ok_or_else(unknown)
}

pub(super) fn wish(name: &str, mut parameters: Parameters) -> Result<Wish, Refusal> {
    let kind = known(name)?;
    let selection = select(kind, &mut parameters)?;
    let count = count(&mut parameters)?;
    let fault = fault(kind.name, selection.on, &mut parameters)?;
    if matches!(fault, Fault::Unreadable(_)) && selection.scope.vm.is_none() {
        return Err(Refusal::Bad("parameter vm is missing: one VM's row is unreadable".to_owned()));
    }
    parameters.none_left()?;
    Ok(Wish { fault, scope: selection.scope, count })
}

/// A DELETE takes what the POST took, so that the same text undoes it; only the selectors choose.
pub(super) fn selection(name: &str, mut parameters: Parameters) -> Result<Selection, Refusal> {
    let kind = known(name)?;
    let selection = select(kind, &mut parameters)?;
    count(&mut parameters)?;
    for own in kind.own {
        parameters.text(own);
    }
    parameters.none_left()?;
    Ok(selection)
}

fn select(kind: &Kind, parameters: &mut Parameters) -> Result<Selection, Refusal> {
    let mut taken = |name: &str| if kind.selectors.contains(&name) { parameters.text(name) } else { None };
    let (vm, on) = (taken("vm"), taken("op"));
    let on = match on.as_deref() {
        None => None,
        Some("get") => Some(MessageKind::Get),
        Some("enumerate") => Some(MessageKind::Enumerate),
        Some("pull") => Some(MessageKind::Pull),
        Some("invoke") => Some(MessageKind::Invoke),
        Some("subscribe") => Some(MessageKind::Subscribe),
        Some(_) => {
            let expected = "parameter op: get, enumerate, pull, invoke or subscribe is expected";
            return Err(Refusal::Bad(expected.to_owned()));
        }
    };
    Ok(Selection { scope: FaultScope { host: parameters.text("host"), vm }, on })
}

/// A fault's number, as people write it: in decimal, or in hexadecimal with `0x`.
fn number(text: Option<String>) -> Result<u32, Refusal> {
    let Some(text) = text else { return Err(Refusal::Bad("parameter code is missing".to_owned())) };
    let read = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    let bad = || Refusal::Bad(format!("parameter code: `{text}` is not a number like 2147749889 or 0x80041001"));
    read.ok().filter(|code| *code != 0).ok_or_else(bad)
}

fn count(parameters: &mut Parameters) -> Result<Option<u32>, Refusal> {
    match parameters.value("count", "a number")? {
        Some(0) => Err(Refusal::Bad("parameter count: a number above 0 is expected".to_owned())),
        count => Ok(count),
    }
}

fn delay(parameters: &mut Parameters) -> Result<Duration, Refusal> {
    parameters.millis("ms")?.ok_or_else(|| Refusal::Bad("parameter ms is missing".to_owned()))
}

/// The name of a class that hosts have.
fn class(name: &str) -> Result<&'static str, Refusal> {
    let known = reprise_lab::schema::classes().find(|class| class.name.eq_ignore_ascii_case(name));
    known.map(|class| class.name).ok_or_else(|| Refusal::Bad(format!("parameter class: hosts have no class {name}")))
}

fn attack(parameters: &mut Parameters) -> Result<Attack, Refusal> {
    let known = parameters.text("how").and_then(|name| Attack::of_name(&name));
    known.ok_or_else(|| {
        let names = Attack::ALL.map(Attack::name).join(", ");
        Refusal::Bad(format!("parameter how: one of {names} is expected"))
    })
}

fn fault(name: &str, on: Option<MessageKind>, parameters: &mut Parameters) -> Result<Fault, Refusal> {
    let breaks = |how| Fault::Break { how, on };
    Ok(match name {
        "deny" => match parameters.text("class") {
            None => Fault::Deny,
            Some(name) => Fault::DenyClass(class(&name)?),
        },
        "deny_events" => Fault::DenyEvents,
        "rights" => Fault::Rights(match parameters.text("namespace").as_deref() {
            Some("cimv2") => RightsOn::Windows,
            Some("virtualization") => RightsOn::HyperV,
            Some("default") => RightsOn::Registry,
            _ => {
                let expected = "parameter namespace: cimv2, virtualization or default is expected";
                return Err(Refusal::Bad(expected.to_owned()));
            }
        }),
        "login" => Fault::Login,
        "slow_log" => Fault::Log(LogFault::Slow { delay: delay(parameters)? }),
        "garbled_record" => Fault::Log(LogFault::Garbled),
        "lost_record" => Fault::Log(LogFault::Loses),
        "slow" => Fault::Slow { delay: delay(parameters)?, on },
        "busy" => breaks(Break::Busy),
        "unsupported" => breaks(Break::Unsupported),
        "wmi" => {
            let code = number(parameters.text("code"))?;
            breaks(Break::Fails { code, done: parameters.value("done", "true or false")?.unwrap_or(false) })
        }
        "busy_vm" => Fault::BusyVm,
        "returns" => Fault::Returns(number(parameters.text("code"))?),
        "drop_before" => breaks(Break::DropBefore),
        "reset" => breaks(Break::Reset),
        "drop_after" => breaks(Break::DropAfter),
        "half_close" => breaks(Break::HalfClose),
        "garbage" => breaks(Break::Garbage),
        "empty" => breaks(Break::Empty),
        "attack" => breaks(Break::Attack(attack(parameters)?)),
        "job_hang" => Fault::Job(JobFault::Hang),
        "job_gone" => Fault::Job(JobFault::Gone),
        "job_fail" => {
            let code = parameters.text("code").map_or(Ok(FAILED), |text| number(Some(text)))?;
            Fault::Job(JobFault::Fail { code })
        }
        "flip_back" => {
            let why = parameters.text("code").map(|code| number(Some(code))).transpose()?;
            Fault::Job(JobFault::FlipBack { after: parameters.seconds("after_s")?.unwrap_or(Duration::ZERO), why })
        }
        "unreadable" => Fault::Unreadable(match parameters.text("row").as_deref() {
            None | Some("relationship") => RowOf::Relationship,
            Some("vm") => RowOf::Vm,
            Some("settings") => RowOf::Settings,
            Some(_) => return Err(Refusal::Bad("parameter row: relationship, vm or settings is expected".to_owned())),
        }),
        "fault_shape" => Fault::Shape(match parameters.text("shape").as_deref() {
            Some("wsman") => FaultShape::Wsman,
            Some("wmi") => FaultShape::Wmi,
            _ => return Err(Refusal::Bad("parameter shape: wsman or wmi is expected".to_owned())),
        }),
        other => return Err(Refusal::Unknown(format!("there is no fault {other}"))),
    })
}
