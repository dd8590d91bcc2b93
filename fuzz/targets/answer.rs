//! WS-Management messages, as a client reads them.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wsman::fuzz::answer(bytes));
