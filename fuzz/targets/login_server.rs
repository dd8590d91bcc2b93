//! NTLM and SPNEGO tokens, as a server reads them.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wsman_acceptor::fuzz::login_server(bytes));
