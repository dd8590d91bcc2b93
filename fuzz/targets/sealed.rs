//! The frame of sealed messages.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wsman::fuzz::sealed(bytes));
