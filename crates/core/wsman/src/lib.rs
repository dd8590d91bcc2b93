//! WS-Management messages for both sides, without I/O: CIM requests and replies to SOAP envelopes and back.
//!
//! The crate opens no connection, reads no clock and knows no particular class. Clients start with [`client::Call`], which
//! turns one [`cim::Request`] into the messages it takes; servers with [`server::Server`], which answers envelopes from
//! whatever can answer a [`cim::Request`]. The messages themselves are in [`message`], and
//! those about event logs, with both sides' state, in [`eventing`]; the frame of messages that a login has sealed is in
//! [`sealed`]. Where a service is and how one logs in there, are [`Endpoint`] and [`Scheme`].
//!
//! Sources: DSP0226 (WS-Management), DSP0227 (its CIM binding), MS-WSMV (Microsoft's protocol extensions).

pub mod client;
pub mod endpoint;
pub mod eventing;
pub mod fault;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod header;
mod instance;
pub mod media_type;
pub mod message;
mod namespace;
mod provider;
pub mod redact;
mod resource;
mod scheme;
pub mod sealed;
pub mod server;
#[cfg(test)]
mod tests;
mod xml;

pub use endpoint::{Endpoint, EndpointError, EndpointProblem};
pub use header::Header;
pub use resource::{ALL_CLASSES, Resource};
pub use scheme::{Scheme, UnknownScheme};
pub use xml::{ElementForm, ReadError, decode_text};
