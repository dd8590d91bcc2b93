//! A store in one SQLite file.

mod apply;
mod connection;
mod failure;
mod file;
mod handle;
mod limits;
mod migration;
mod prune;
mod reader;
mod schema;
mod table;
#[cfg(test)]
mod tests;
mod transaction;
mod writer;

pub use handle::{Access, Sqlite};
pub use limits::StoreLimits;
