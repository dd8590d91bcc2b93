//! WS-Management messages, as a server reads them.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wsman::fuzz::request(bytes));
