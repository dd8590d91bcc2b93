//! Configuration text to checked policy.
