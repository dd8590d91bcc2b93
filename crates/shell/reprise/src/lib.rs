//! The program: command line, wiring, driver, rendering.
//!
//! The engine makes all decisions; this crate carries out its effects and shows the results. Only `wiring` knows every other
//! crate. Start with `cli` for a verb, and with `driver` for what happens during a pass.

mod access;
mod cli;
mod console;
mod doctor;
mod driver;
mod event_log;
mod exit;
mod figures;
mod links;
mod listener;
mod log;
mod login;
mod pauses;
mod port;
mod record;
mod recording;
mod render;
mod serve;
mod usage;
mod wiring;

pub use cli::main;
