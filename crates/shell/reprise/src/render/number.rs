//! Numbers of hosts, as people look them up.

/// A host's own number, as people look it up: return values of Hyper-V in decimal, HRESULTs and `WSManFault` codes in
/// hexadecimal.
pub(crate) fn number(number: u32) -> String {
    if number < 0x1_0000 { number.to_string() } else { format!("0x{number:08X}") }
}

/// A code as event 32022 shows it.
pub(crate) fn hexadecimal(code: u32) -> String {
    if code < 0x1_0000 { format!("0x{code:08X}") } else { number(code) }
}
