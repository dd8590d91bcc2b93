//! WQL queries.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cim::fuzz::wql(bytes));
