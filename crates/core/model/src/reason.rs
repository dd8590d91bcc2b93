//! Every reason for doing something or leaving it: code, phrase, meaning, evidence and advice in one table.

use std::fmt;

/// Longest phrase, in characters: what a table of 80 columns has room for beside names and states.
pub const PHRASE_MAX: usize = 24;

macro_rules! reasons {
    ($($variant:ident = $code:literal, $phrase:literal, $meaning:literal, $evidence:literal, $advice:literal;)*) => {
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

            /// What it means, in a few words for a table: at most [`PHRASE_MAX`] characters.
            pub fn phrase(self) -> &'static str {
                match self { $(Self::$variant => $phrase,)* }
            }

            /// What it means.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }

            /// What it rests on: which values, where they were read.
            pub fn evidence(self) -> &'static str {
                match self { $(Self::$variant => $evidence,)* }
            }

            /// What a person does next.
            pub fn advice(self) -> &'static str {
                match self { $(Self::$variant => $advice,)* }
            }
        }
    };
}

reasons! {
    Replicating = "replicating", "replicates",
        "Replicates.",
        "The sender's state is 3.",
        "Nothing to do.";
    ResumedElsewhere = "resumed_elsewhere", "resumed by others",
        "It had stopped and runs again without our doing: somebody else resumed it, or VMMS did.",
        "The sender's state was another at an earlier look and is 3 now, and no act of ours ended in between.",
        "Nothing to do.";
    Error = "error", "stopped by an error",
        "The sender is in Error: replication stopped after a failure that VMMS does not retry, as a shutdown leaves behind. A plain resume repairs it.",
        "The sender's state is 8; where the event log can be read, it does not say that VMMS retries.",
        "If it comes back, read events 32022 and 32086 on the primary server.";
    PausedAtStart = "paused_at_start", "was already paused",
        "It was already paused at the first look, and policy `paused.at_boot` says to resume.",
        "The sender's state was 7 at the first look, or after a boot that nobody saw end in another state.",
        "To have such pauses left alone, hold the VM, or set `paused.at_boot` to `evidence` or `leave`.";
    PausedByShutdown = "paused_by_shutdown", "paused by a shutdown",
        "It is paused, and the host's events 32086 and 32022 (0x80004004) say that a shutdown did it.",
        "The sender's state is 7; events 32086 and 32022 with 0x80004004 for this VM stand within two minutes of each other, after the last data and after every look that showed another state. Either the pause was first seen at most two minutes after them, or the host went down (event 6006) at most two minutes after them and the pause was first seen at most ten minutes after it came up again.",
        "Nothing to do.";
    PausedByPerson = "paused_by_person", "paused by a person",
        "It is paused, and nothing says that a shutdown did it: a person's pause is respected.",
        "The sender's state is 7; its host's event log was read whole since data last arrived or a look showed another state, and holds no such pair of events.",
        "When the work is done, resume it in Hyper-V Manager, or run once with `--paused resume`.";
    PausedNoEvidence = "paused_no_evidence", "paused, cause unproved",
        "It is paused, policy asks for evidence, and nothing proves who or what paused it.",
        "The sender's state is 7; its host's event log could not be read, or not whole since data last arrived (it was cleared or overwritten, lost records, or did not answer to its end), or its events 32086 and 32022 stand too long before the pause was first seen, or nothing bounds when the pause began.",
        "Look who paused it; resume it by hand, or run once with `--paused resume`.";
    PausedLeft = "paused_left", "paused, policy leaves it",
        "It is paused, and policy says to leave paused legs alone.",
        "The sender's state is 7.",
        "Resume it by hand when the work is done.";
    NotMoving = "not_moving", "no data for a while",
        "It replicates by its state, and no data has arrived for three of its intervals.",
        "The sender's state is 3; its LastReplicationTime is older than three intervals and fifteen minutes by its host's clock, and both hosts have been up for longer.",
        "Look at events 32022 and 32315 on its primary server, and at the network between the hosts.";
    Held = "held", "on hold",
        "A hold covers it.",
        "A `[[hold]]` of the configuration names the VM, one of its hosts or all.",
        "When the work is done, take its `[[hold]]` out of the configuration.";
    Frozen = "frozen", "frozen",
        "Reprise was told to watch only.",
        "A person froze it; nothing is done until it is thawed.",
        "Thaw it when the work is done.";
    Excepted = "excepted", "excepted",
        "It was excepted from this pass.",
        "`--except` names the VM.",
        "Nothing to do.";
    ReadyForInitialReplication = "ready_for_initial_replication", "not started yet",
        "Its initial replication has not been started. Reprise never starts one.",
        "The sender's state is 1.",
        "Start the initial replication in Hyper-V Manager.";
    InitialReplication = "initial_replication", "initial replication",
        "Its initial replication is under way.",
        "The sender's state is 2.",
        "Wait until it has finished.";
    InitialReplicationPaused = "initial_replication_paused", "initial copy paused",
        "Its initial replication is paused, and policy `paused.initial` says to leave it.",
        "The sender's state is 7 and its LastReplicationTime is 1601-01-01.",
        "Resume it by hand, or set `paused.initial = \"resume\"`.";
    InitialReplicationStopped = "initial_replication_stopped", "initial copy stopped",
        "Its initial replication stopped with an error.",
        "The sender's state is 8 and its LastReplicationTime is 1601-01-01.",
        "If it stops again, read event 32022 on the primary server.";
    FailoverPrepared = "failover_prepared", "failover prepared",
        "A planned failover is prepared.",
        "The state of either end is 4, 19 or 20.",
        "Finish or cancel the planned failover.";
    FailoverInForce = "failover_in_force", "failed over",
        "A failover is in force on the replica server: resuming would be wrong.",
        "The state of either end is 5 or 6.",
        "Commit and reverse the failover, or cancel it, in Hyper-V Manager.";
    FailoverInProgress = "failover_in_progress", "failover in progress",
        "A failover or failback is under way.",
        "The state of either end is 12, 13 or 14.",
        "Wait until it has finished.";
    TestReplica = "test_replica", "test failover",
        "It is a test VM made by a test failover, not a replication partner.",
        "The replication mode of either end's VM is 3, or the state of either end is 21.",
        "Stop the test failover when the test is done.";
    ExternalProvider = "external_provider", "external provider",
        "Another program replicates this VM; its own agent looks after it.",
        "The settings of either end name another ReplicationProvider than Hyper-V's own.",
        "Look at that program's console.";
    UpdateInProgress = "update_in_progress", "update in progress",
        "A change of the replicated disks or of the VM's part in replication is under way.",
        "The state of either end is 15 or 18.",
        "Wait until it has finished.";
    Resynchronizing = "resynchronizing", "resynchronizing",
        "It resynchronizes.",
        "The sender's state is 10.",
        "Wait until it has finished.";
    ResyncRequired = "resync_required", "resync required",
        "A resynchronization is required. It drops recovery points, so it is never started without being asked for.",
        "The sender's state is 9.",
        "Plan it, then start it in Hyper-V Manager (Resume Replication with resynchronization).";
    ResyncSuspended = "resync_suspended", "resync paused",
        "Its resynchronization is paused, and nothing says who paused it.",
        "The sender's state is 11; its host's event log could not be read, or not whole, or nothing in it stands near the pause.",
        "Resume it in Hyper-V Manager when the link can carry it.";
    ResyncPausedByShutdown = "resync_paused_by_shutdown", "resync cut by shutdown",
        "Its resynchronization was paused, and the event log says that a shutdown did it.",
        "The sender's state is 11; events 32086 and 32022 with 0x80004004 for this VM stand near the pause, by the rule of `paused_by_shutdown`.",
        "Nothing to do: it goes on where it stopped.";
    ResyncPausedByPerson = "resync_paused_by_person", "resync paused by person",
        "Its resynchronization is paused, and nothing says that a shutdown did it: a person's pause is respected.",
        "The sender's state is 11; its host's event log was read whole since data last arrived or a look showed another state, and holds no such pair of events.",
        "Resume it in Hyper-V Manager when the link can carry it.";
    ResyncWaits = "resync_waits", "waits for other resync",
        "Its resynchronization is paused, and another VM of its primary server resynchronizes now.",
        "The sender's state is 11, and the state of another sender on its host is 10.",
        "Nothing to do: it goes on when the other one has finished.";
    UpdateError = "update_error", "update failed",
        "A change of the replicated disks failed.",
        "The state of either end is 16.",
        "Look at the VM's replication health in Hyper-V Manager.";
    UnknownState = "unknown_state", "unknown state",
        "It is in a state that Reprise does not know, so it is left alone.",
        "The state of an end is 17, or a number that is in no list of ours; or the sender's is 0 while its other end replicates.",
        "Look at the VM in Hyper-V Manager, and tell us the number.";
    BothPrimary = "both_primary", "two primaries",
        "Two hosts hold this VM as primary. It is never touched.",
        "The replication mode of the VM is 1 on two hosts.",
        "Decide which one is right, and remove replication on the other.";
    PossibleSplitBrain = "possible_split_brain", "possible split brain",
        "It stopped again after two resumes while both VMs run: possibly both sides are live.",
        "Two resumes in this pass ended well, the sender's state is 8 again, and both VMs run.",
        "Find out which VM is in use before anything else.";
    ReplicaRunning = "replica_running", "replica VM is running",
        "The replica VM runs outside a test failover: resuming could be wrong.",
        "The EnabledState of the receiver's VM says that it runs or is about to, and no test failover explains it.",
        "Find out who started the replica VM, and turn it off or finish the failover.";
    UnknownPowerState = "unknown_power_state", "replica VM state unknown",
        "The replica VM is in a power state that Reprise does not know, so it cannot be ruled out that it runs.",
        "The EnabledState of the receiver's VM is none of Hyper-V's own numbers for running, off, saved, paused, starting or stopping.",
        "Look at the replica VM in Hyper-V Manager; if it is off, resume replication on the primary server by hand.";
    PausedOnReplica = "paused_on_replica", "paused on the replica",
        "Replication is paused on the replica server: the sender is not resumed against it.",
        "The receiver's state is 7.",
        "Resume replication of this VM on the replica server.";
    ReplicaError = "replica_error", "error on the replica",
        "The replica server's own side is in Error.",
        "The receiver's state is 8.",
        "Look at the VM's replication health on the replica server.";
    ReadingEvents = "reading_events", "event log not read yet",
        "Its server's event log is being read, to tell a shutdown from a person.",
        "The sender's state is 7, 8 or 11, or the receiver's is 8; the answer of its host's event log is still awaited.",
        "Run again if this stays: the event log did not answer in time.";
    VmmsRetries = "vmms_retries", "VMMS will retry",
        "VMMS will try again by itself (event 32315).",
        "The sender's state is 8; event 32315 for this VM stands in its host's log without a 32086, and two of its intervals have not passed.",
        "Nothing to do; look at the network between the hosts if it goes on.";
    WaitingForPeer = "waiting_for_peer", "waits for the replica",
        "Its replica server has not been seen yet: a failover may be in force there.",
        "The receiver's host is asked and has not shown its end yet.",
        "Start the replica server, or set `peer_unseen = \"resume\"`.";
    PeerNotSeen = "peer_not_seen", "replica not seen",
        "Its replica server was asked and not seen in time, so a failover there cannot be ruled out.",
        "The receiver's host was asked, and its time is up.",
        "Start the replica server or mend its address, then run again; or set `peer_unseen = \"resume\"`.";
    SenderNotAsked = "sender_not_asked", "primary not asked",
        "Its primary server is not among the hosts that were asked.",
        "The receiver's settings name a PrimaryHostSystem that no asked host bears.",
        "Run Reprise on its primary server, or add that host.";
    SenderNotReady = "sender_not_ready", "primary not ready",
        "Its primary server was asked and did not become ready in time.",
        "The sender's host was asked, and its time is up.",
        "See the host's own error; then run again.";
    SenderNotFound = "sender_not_found", "VM not on its primary",
        "Its primary server was asked and does not have the VM.",
        "The sender's host is ready, its time is up, and it shows no such replication object.",
        "Find out where the VM went; if it was removed, remove the replica too.";
    ClusteredOwnerNotFound = "clustered_owner_not_found", "cluster owner not found",
        "Its primary side is a cluster, and no asked host has the VM.",
        "The PrimaryConnectionPoint differs from the PrimaryHostSystem, and no asked host shows the sender's end.",
        "Add all nodes of that cluster.";
    NotShown = "not_shown", "no longer shown",
        "No host shows it any more.",
        "An earlier look showed it, and the latest looks at its hosts do not.",
        "If its replication was removed on purpose, nothing; else see whether its hosts still load their VMs, and run again.";
    Changed = "changed", "changed meanwhile",
        "It changed between look and act, and another look did not settle it in time.",
        "The read before the act showed another state than the look it was decided on.",
        "Run again.";
    ResumeRefused = "resume_refused", "resume refused",
        "The primary server refused to resume it.",
        "The method's return value or its job's ErrorCode.",
        "Read the host's reason, and look at the VM in Hyper-V Manager.";
    ResumeFailed = "resume_failed", "resume failed",
        "The resume could not be carried out.",
        "The error of the call, or of the look after it.",
        "See the error; then run again.";
    ResumeWithoutEffect = "resume_without_effect", "resume had no effect",
        "The resume ended well, and it is still stopped.",
        "The job ended well, and a look after it shows the sender not at 3.",
        "Read events 32022 and 32086 on the primary server; the cause persists.";
    OutOfTime = "out_of_time", "out of time",
        "The pass ended before its turn came.",
        "The time limit of the pass.",
        "Run again, or raise `retry_for`.";
    NotReadable = "not_readable", "not readable",
        "Its host shows it, but not all of it could be read, so it is left alone.",
        "The row's identity could be read and a property of it could not.",
        "See the error; look at the VM in Hyper-V Manager.";
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
    fn phrases_are_unique_and_fit_their_column() {
        let phrases: BTreeSet<_> = Reason::ALL.iter().map(|r| r.phrase()).collect();
        assert_eq!(phrases.len(), Reason::ALL.len());
        for phrase in phrases {
            assert!((1..=PHRASE_MAX).contains(&phrase.chars().count()), "{phrase}");
            assert!(!phrase.contains('_') && !phrase.ends_with('.'), "{phrase}");
        }
    }

    #[test]
    fn codes_are_unique_and_in_snake_case() {
        let codes: BTreeSet<_> = Reason::ALL.iter().map(|r| r.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        assert!(codes.iter().all(|c| c.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
    }
}
