//! Event records and the queries that choose among them.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cim::fuzz::event_xml(bytes));
