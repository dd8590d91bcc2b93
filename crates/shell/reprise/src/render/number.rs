//! Numbers of hosts, as people look them up, and amounts of data.

/// A host's own number, as people look it up: return values of Hyper-V in decimal, HRESULTs and `WSManFault` codes in
/// hexadecimal.
pub(crate) fn number(number: u32) -> String {
    if number < 0x1_0000 { number.to_string() } else { format!("0x{number:08X}") }
}

/// A code as event 32022 shows it.
pub(crate) fn hexadecimal(code: u32) -> String {
    if code < 0x1_0000 { format!("0x{code:08X}") } else { number(code) }
}

/// An amount of data in one unit: with one decimal below ten, else whole, rounded down.
pub(crate) fn bytes(amount: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if amount < 1_024 {
        return format!("{amount} B");
    }
    let (mut tenths, mut unit) = (u128::from(amount) * 10, "B");
    for larger in UNITS {
        if tenths < 10_240 {
            break;
        }
        (tenths, unit) = (tenths / 1_024, larger);
    }
    if tenths < 100 { format!("{}.{} {unit}", tenths / 10, tenths % 10) } else { format!("{} {unit}", tenths / 10) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_has_one_unit() {
        for (amount, shown) in [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_024, "1.0 KiB"),
            (10_239, "9.9 KiB"),
            (10_240, "10 KiB"),
            (1_048_575, "1023 KiB"),
            (5_000_000_000, "4.6 GiB"),
            (u64::MAX, "15 EiB"),
        ] {
            assert_eq!(bytes(amount), shown);
        }
    }
}
