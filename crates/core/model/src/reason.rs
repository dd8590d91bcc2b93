//! Every reason for doing something or leaving it: code, meaning and advice in one table.

use std::fmt;

macro_rules! reasons {
    ($($variant:ident = $code:literal, $meaning:literal, $advice:literal;)*) => {
        /// Why something is or is not done with a leg. Codes are stable; `docs/reasons.md` is made from this table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason { $(#[doc = $meaning] $variant,)* }

        impl Reason {
            /// All of them, in the table's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable code.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// What it means.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }

            /// What a person does next.
            pub fn advice(self) -> &'static str {
                match self { $(Self::$variant => $advice,)* }
            }
        }
    };
}

reasons! {
    Replicating = "replicating", "Replicates.", "Nothing to do.";
    ResumedElsewhere = "resumed_elsewhere", "It had stopped and runs again without our doing: somebody else resumed it, or VMMS did.", "Nothing to do.";
    Error = "error", "The sender is in Error: replication stopped after a failure that VMMS does not retry, as a shutdown leaves behind. A plain resume repairs it.", "If it comes back, read events 32022 and 32086 on the primary server.";
    PausedAtStart = "paused_at_start", "It was already paused at the first look, and policy `paused.at_boot` says to resume.", "To have such pauses left alone, hold the VM, or set `paused.at_boot` to `evidence` or `leave`.";
    PausedByShutdown = "paused_by_shutdown", "It is paused, and the host's events 32086 and 32022 (0x80004004) say that a shutdown did it.", "Nothing to do.";
    PausedByPerson = "paused_by_person", "It is paused, and nothing says that a shutdown did it: a person's pause is respected.", "Resume it by hand when the work is done: `reprise resume VM`, or Hyper-V Manager.";
    PausedNoEvidence = "paused_no_evidence", "It is paused, policy asks for evidence of a shutdown, and the event log cannot be read.", "Look who paused it; resume it by hand, or run once with `--paused resume`.";
    PausedLeft = "paused_left", "It is paused, and policy says to leave paused legs alone.", "Resume it by hand when the work is done.";
    Held = "held", "A hold covers it.", "Release the hold when the work is done.";
    Excepted = "excepted", "It was excepted from this pass.", "Nothing to do.";
    ReadyForInitialReplication = "ready_for_initial_replication", "Its initial replication has not been started. Reprise never starts one.", "Start the initial replication in Hyper-V Manager.";
    InitialReplication = "initial_replication", "Its initial replication is under way.", "Wait until it has finished.";
    InitialReplicationPaused = "initial_replication_paused", "Its initial replication is paused, and policy `paused.initial` says to leave it.", "Resume it by hand, or set `paused.initial = \"resume\"`.";
    InitialReplicationStopped = "initial_replication_stopped", "Its initial replication stopped with an error.", "If it stops again, read event 32022 on the primary server.";
    FailoverPrepared = "failover_prepared", "A planned failover is prepared.", "Finish or cancel the planned failover.";
    FailoverInForce = "failover_in_force", "A failover is in force on the replica server: resuming would be wrong.", "Commit and reverse the failover, or cancel it, in Hyper-V Manager.";
    FailoverInProgress = "failover_in_progress", "A failover or failback is under way.", "Wait until it has finished.";
    TestReplica = "test_replica", "It is a test VM made by a test failover, not a replication partner.", "Stop the test failover when the test is done.";
    ExternalProvider = "external_provider", "Another program replicates this VM; its own agent looks after it.", "Look at that program's console.";
    UpdateInProgress = "update_in_progress", "A change of the replicated disks or of the VM's part in replication is under way.", "Wait until it has finished.";
    Resynchronizing = "resynchronizing", "It resynchronizes.", "Wait until it has finished.";
    ResyncRequired = "resync_required", "A resynchronization is required. It drops recovery points, so it is never started without being asked for.", "Plan it, then start it in Hyper-V Manager (Resume Replication with resynchronization).";
    ResyncSuspended = "resync_suspended", "Its resynchronization is paused, and nothing says who paused it.", "Resume it in Hyper-V Manager when the link can carry it.";
    UpdateError = "update_error", "A change of the replicated disks failed.", "Look at the VM's replication health in Hyper-V Manager.";
    UnknownState = "unknown_state", "It is in a state that Reprise does not know, so it is left alone.", "Look at the VM in Hyper-V Manager, and tell us the number.";
    BothPrimary = "both_primary", "Two hosts hold this VM as primary. It is never touched.", "Decide which one is right, and remove replication on the other.";
    PossibleSplitBrain = "possible_split_brain", "It stopped again after two resumes while both VMs run: possibly both sides are live.", "Find out which VM is in use before anything else.";
    ReplicaRunning = "replica_running", "The replica VM runs outside a test failover: resuming could be wrong.", "Find out who started the replica VM, and turn it off or finish the failover.";
    PausedOnReplica = "paused_on_replica", "Replication is paused on the replica server: the sender is not resumed against it.", "Resume replication of this VM on the replica server.";
    ReplicaError = "replica_error", "The replica server's own side is in Error.", "Look at the VM's replication health on the replica server.";
    VmmsRetries = "vmms_retries", "VMMS will try again by itself (event 32315).", "Nothing to do; look at the network between the hosts if it goes on.";
    WaitingForPeer = "waiting_for_peer", "Its replica server has not been seen yet: a failover may be in force there.", "Start the replica server, or set `peer_unseen = \"resume\"`.";
    PeerNotSeen = "peer_not_seen", "Its replica server was asked and not seen in time, so a failover there cannot be ruled out.", "Start the replica server or mend its address, then run again; or set `peer_unseen = \"resume\"`.";
    SenderNotAsked = "sender_not_asked", "Its primary server is not among the hosts that were asked.", "Run Reprise on its primary server, or add that host.";
    SenderNotReady = "sender_not_ready", "Its primary server was asked and did not become ready in time.", "See the host's own error; then run again.";
    SenderNotFound = "sender_not_found", "Its primary server was asked and does not have the VM.", "Find out where the VM went; if it was removed, remove the replica too.";
    ClusteredOwnerNotFound = "clustered_owner_not_found", "Its primary side is a cluster, and no asked host has the VM.", "Add all nodes of that cluster.";
    Changed = "changed", "It changed between look and act, and another look did not settle it in time.", "Run again.";
    ResumeRefused = "resume_refused", "The primary server refused to resume it.", "Read the host's reason, and look at the VM in Hyper-V Manager.";
    ResumeFailed = "resume_failed", "The resume could not be carried out.", "See the error; then run again.";
    ResumeWithoutEffect = "resume_without_effect", "The resume ended well, and it is still stopped.", "Read events 32022 and 32086 on the primary server; the cause persists.";
    OutOfTime = "out_of_time", "The pass ended before its turn came.", "Run again, or raise `retry_for`.";
    NotReadable = "not_readable", "Its host shows it, but not all of it could be read, so it is left alone.", "See the error; look at the VM in Hyper-V Manager.";
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_in_snake_case() {
        let codes: BTreeSet<_> = Reason::ALL.iter().map(|r| r.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        assert!(codes.iter().all(|c| c.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
    }
}
