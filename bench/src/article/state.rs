//! The replication states that the script can distinguish, from WMI's numbers.

/// A state as `Get-VMReplication` shows it. The script compares it with two words only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// `Suspended`
    Suspended,
    /// `Error`
    Error,
    /// Any other, by WMI's number.
    Other(u16),
}

/// `Msvm_ComputerSystem.ReplicationMode`: this host sends.
const PRIMARY: u16 = 1;
/// The VM is a replica, or an extended replica.
const REPLICA: u16 = 2;
const EXTENDED_REPLICA: u16 = 4;

/// Returns the state for a mode, slot and number; `None` if PowerShell says Disabled, which is not listed.
///
/// Which numbers are Disabled depends on the side: a failover does not affect a primary, a required
/// resynchronization does not affect a replica. Source: the Hyper-V module's own table from mode and relationship to `VMReplicationState`.
pub(super) fn shown(mode: u16, slot: u8, number: u16) -> Option<State> {
    let disabled: &[u16] = match (mode, slot) {
        (PRIMARY, 0) => &[0, 5, 6, 13, 14, 17, 21],
        (REPLICA | EXTENDED_REPLICA, 0) => &[0, 1, 4, 9, 17, 19, 20],
        (REPLICA, 1) => &[0, 4, 17, 18, 19, 20],
        _ => return None,
    };
    match number {
        _ if disabled.contains(&number) => None,
        7 => Some(State::Suspended),
        8 => Some(State::Error),
        other => Some(State::Other(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suspended_and_error_are_the_same_words_on_every_side() {
        for (mode, slot) in [(1, 0), (2, 0), (2, 1), (4, 0)] {
            assert_eq!(shown(mode, slot, 7), Some(State::Suspended));
            assert_eq!(shown(mode, slot, 8), Some(State::Error));
        }
    }

    #[test]
    fn a_required_resynchronization_is_listed_on_the_primary_server_alone() {
        assert_eq!(shown(1, 0, 9), Some(State::Other(9)));
        assert_eq!(shown(2, 0, 9), None);
    }

    #[test]
    fn a_vm_without_replication_and_a_test_vm_are_not_listed() {
        for number in 0..=21 {
            assert_eq!(shown(0, 0, number), None);
            assert_eq!(shown(3, 0, number), None);
        }
        assert_eq!(shown(1, 0, 17), None);
    }
}
