//! WMI object paths.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cim::fuzz::object_path(bytes));
