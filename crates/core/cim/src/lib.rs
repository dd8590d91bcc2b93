//! CIM as used by Windows Management Instrumentation: values, rows, object paths, WQL, and the [`Port`] through which
//! one host is called.
//!
//! Transports (WS-Management, COM) and simulated hosts meet here without knowing each other. The crate does no I/O, reads
//! no clock and knows nothing of any particular class.
//!
//! Start with [`Request`], [`Reply`] and [`CallError`]; then [`Port`], and [`stepped`] for driving a procedure by hand.
//! Event logs come through a second port, [`event::EventPort`].

mod call;
pub mod cimxml;
mod datetime;
pub mod event;
mod from_value;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
pub mod markup;
mod name;
mod path;
mod port;
pub mod reference;
mod row;
mod status;
pub mod stepped;
mod value;
pub mod wql;

pub use call::{Argument, CallError, ErrorKind, Hint, Output, Reached, Reply, Request};
pub use datetime::{CimTimestamp, DateTime, DateTimeError, Interval};
pub use from_value::{FromValue, ValueError};
pub use name::Name;
pub use path::{Key, Namespace, ObjectPath, PathError};
pub use port::{Port, get, invoke, query, related};
pub use row::PropertyError;
pub use status::{Status, StatusClass};
pub use value::{CimType, Properties, Row, Value};
