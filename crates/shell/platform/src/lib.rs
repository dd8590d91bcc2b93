//! What differs from machine to machine: where events go, where files lie, how a password is read.
//!
//! It uses nothing else of ours and decides nothing: it is told an event and writes it. It reads no clock (times are
//! arguments). One thread is its own: the one that writes events ([`sink::Writer`]).
//!
//! Start with [`event::Event`], [`sink::Sink`] and [`sink::Writer`]; [`event::codes`] holds every event that Reprise can write.

pub mod credential;
pub mod event;
pub mod paths;
pub mod secret;
pub mod sink;
