//! Requests to the control API of the lab.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| reprise_lab_server::fuzz::control(bytes));
