//! What Windows alone has: the System log, the registry, and the name of the account that runs this program.

mod account;
mod event_source;
mod registry;

pub(crate) use event_source::EventSource;
pub use event_source::{register, unregister};

/// A text as Windows' functions take it: UTF-16 that ends with a zero.
fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}
