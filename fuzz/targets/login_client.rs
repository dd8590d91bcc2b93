//! What a client reads of a login by itself: offers, challenges, DER, certificates.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wsman_http::fuzz::login_client(bytes));
