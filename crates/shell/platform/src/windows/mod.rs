//! What Windows alone has: the System log, the registry, Task Scheduler, private folders, and the account that runs this
//! program.

mod account;
mod drive;
mod event_source;
mod folder;
mod registry;
mod task;

pub(crate) use account::name as account_name;
pub use drive::drive_of;
pub(crate) use event_source::EventSource;
pub use event_source::{register, unregister};
pub use folder::{check_account, check_owner, make_private};
pub use task::{TaskRun, last_run, register_task, remove_task, start_task, task_exists};

/// A text as Windows' functions take it: UTF-16 that ends with a zero.
fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}
