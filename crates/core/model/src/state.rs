//! States of replication. The numbers are WMI's; the names are PowerShell's, one per number on either end.

use std::fmt;

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $number:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
            /// A number that is not in this list; a newer Windows may use it.
            Unrecognised(u16),
        }

        impl $name {
            /// Converts WMI's number.
            pub fn from_number(number: u16) -> Self {
                match number {
                    $($number => Self::$variant,)*
                    other => Self::Unrecognised(other),
                }
            }

            /// Returns WMI's number.
            pub fn number(self) -> u16 {
                match self {
                    $(Self::$variant => $number,)*
                    Self::Unrecognised(number) => number,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant => f.write_str(stringify!($variant)),)*
                    Self::Unrecognised(number) => write!(f, "Unrecognised({number})"),
                }
            }
        }
    };
}

numbered! {
    /// A replication object's state (`Msvm_ReplicationRelationship.ReplicationState`).
    ///
    /// PowerShell's own numbers differ from these: its 8 is Suspended, WMI's 8 is Error.
    ReplicationState {
        /// Not replicated.
        Disabled = 0,
        /// The initial replication has not been started.
        ReadyForInitialReplication = 1,
        /// The initial replication is in progress.
        InitialReplicationInProgress = 2,
        /// Replicates.
        Replicating = 3,
        /// Prepared for a planned failover.
        PreparedForFailover = 4,
        /// Failed over, not yet committed.
        FailedOverWaitingCompletion = 5,
        /// Failed over and committed.
        FailedOver = 6,
        /// Paused.
        Suspended = 7,
        /// Stopped after a failure that VMMS treats as final. WMI calls it Critical.
        Error = 8,
        /// A resynchronization is required.
        WaitingForStartResynchronize = 9,
        /// A resynchronization is in progress.
        Resynchronizing = 10,
        /// The resynchronization is paused.
        ResynchronizeSuspended = 11,
        /// A failover is in progress.
        RecoveryInProgress = 12,
        /// A failback is in progress.
        FailbackInProgress = 13,
        /// A failback is complete.
        FailbackComplete = 14,
        /// A change of the replicated disks is in progress.
        WaitingForUpdateCompletion = 15,
        /// A change of the replicated disks failed.
        UpdateError = 16,
        /// Unknown to Windows itself.
        Unknown = 17,
        /// The VM is being made a replica.
        WaitingForRepurposeCompletion = 18,
        /// Prepared for synchronous replication.
        PreparedForSyncReplication = 19,
        /// Prepared to reverse a group's replication.
        PreparedForGroupReverseReplication = 20,
        /// A fire drill is in progress.
        FiredrillInProgress = 21,
    }
}

numbered! {
    /// A VM's replication mode (`Msvm_ComputerSystem.ReplicationMode`).
    ReplicationMode {
        /// Not replicated.
        None = 0,
        /// The primary VM.
        Primary = 1,
        /// The replica VM.
        Replica = 2,
        /// A test VM, made by a test failover.
        TestReplica = 3,
        /// The extended replica VM.
        ExtendedReplica = 4,
    }
}

numbered! {
    /// How well replication of an object works, by its host's own count (`ReplicationHealth`). It lags behind the state: VMMS sums
    /// up a monitoring window of hours.
    ReplicationHealth {
        /// It is not replicated.
        NotApplicable = 0,
        /// All is well.
        Normal = 1,
        /// Cycles are missed or late, or the primary is paused.
        Warning = 2,
        /// Nothing is replicated.
        Critical = 3,
    }
}

numbered! {
    /// How a replica was failed over (`FailedOverReplicationType`).
    FailedOverType {
        /// Not at all.
        None = 0,
        /// To a standard recovery point.
        Regular = 1,
        /// To an application-consistent recovery point.
        ApplicationConsistent = 2,
        /// By a planned failover.
        Planned = 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_kept_and_the_names_are_powershells() {
        for number in 0..=u16::MAX {
            assert_eq!(ReplicationState::from_number(number).number(), number);
        }
        assert_eq!(ReplicationState::from_number(8).to_string(), "Error");
        assert_eq!(ReplicationState::from_number(7).to_string(), "Suspended");
        assert_eq!(ReplicationState::from_number(22).to_string(), "Unrecognised(22)");
    }
}
