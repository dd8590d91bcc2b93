//! Tasks in `root\Microsoft\Windows\TaskScheduler`, as scripts that work with real hosts ask for them.

use cim::CimType as T;

use super::{Class, TASK_SCHEDULER, array, scalar};

pub(super) const CLASSES: &[Class] = &[Class {
    name: "MSFT_ScheduledTask",
    namespace: TASK_SCHEDULER,
    keys: &["TaskName", "TaskPath"],
    properties: &[
        array("Actions", T::Object),
        scalar("Author", T::String),
        scalar("Date", T::String),
        scalar("Description", T::String),
        scalar("Documentation", T::String),
        scalar("Principal", T::Object),
        scalar("SecurityDescriptor", T::String),
        scalar("Settings", T::Object),
        scalar("Source", T::String),
        scalar("State", T::Uint8),
        scalar("TaskName", T::String),
        scalar("TaskPath", T::String),
        array("Triggers", T::Object),
        scalar("URI", T::String),
        scalar("Version", T::String),
    ],
}];
