//! What differs between Windows and Linux: event sinks, event codes, paths.
