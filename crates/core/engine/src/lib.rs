//! Decides: events in, effects out.
