//! A run at every start of the computer: Windows' scheduled task and systemd's unit and timer, as texts.

mod account;
mod place;
pub mod systemd;
mod task;

pub use account::{AccountProblem, TaskAccount};
pub use place::{Doubt, Drive, PathProblem, check_path, doubt};
pub use task::{DEFAULT_PROGRAM, FOLDER, NAME, StartupTask};

/// What is run. A host may start long before the others: `--retry-for` waits for those, and nothing else waits.
pub const ARGUMENTS: &str = "run --retry-for 30m";
