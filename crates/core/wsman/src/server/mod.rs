//! The server's side: envelopes in, envelopes out, with enumeration contexts in between. Strict where Windows is strict.

mod enumeration;
mod events;
mod kind;
mod respond;
mod state;

pub use crate::fault::DetailShape;
pub use events::{Served, Waiting};
pub use kind::{HttpResponse, Outline, RequestKind, asked};
pub use state::Server;

use cim::{CallError, Reply, Request};

/// What is asked of whatever stands behind the server.
pub type Ask<'a> = dyn FnMut(Request) -> Result<Reply, CallError> + 'a;
