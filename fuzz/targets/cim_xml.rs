//! CIM-XML, the text form of embedded instances.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cim::fuzz::cim_xml(bytes));
