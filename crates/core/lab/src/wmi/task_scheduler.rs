//! The tasks of a host's Task Scheduler: one of Windows' own, and Reprise's if it is registered.

use cim::{Row, Value};

use super::value::text;
use crate::host::Host;
use crate::schema::Class;

/// `TASK_STATE_READY`
const READY: u32 = 3;

pub(super) fn tasks(host: &Host, class: &Class) -> Vec<Row> {
    let windows = task(class, (r"\Microsoft\Windows\Time Synchronization\", "SynchronizeTime"), READY);
    let ours = host.installed.task.map(|state| task(class, (r"\Reprise\", "Startup"), state));
    std::iter::once(windows).chain(ours).collect()
}

fn task(class: &Class, (folder, name): (&str, &str), state: u32) -> Row {
    class.instance(vec![
        ("State", Value::Uint8(u8::try_from(state).unwrap_or_default())),
        ("TaskName", text(name)),
        ("TaskPath", text(folder)),
        ("URI", text(format!("{folder}{name}"))),
    ])
}
