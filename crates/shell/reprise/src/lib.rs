//! The program: command line, wiring, driver, rendering.
//!
//! Everything that decides is in the engine; this crate carries out its effects and shows what came of them. `wiring` is
//! the only place that knows every other crate. Start with `cli` for a verb, `driver` for what happens during a pass.

mod cli;
mod console;
mod driver;
mod event_log;
mod exit;
mod links;
mod login;
mod port;
mod record;
mod render;
mod usage;
mod wiring;

pub use cli::main;
