//! Every reason for acting or not acting: code, phrase, meaning, evidence and advice in one table.

use std::fmt;

/// Maximum length of a phrase in characters: the room that a table of 80 columns has beside names and states.
pub const PHRASE_MAX: usize = 24;

macro_rules! reasons {
    ($($variant:ident = $code:literal, $phrase:literal, $meaning:literal, $evidence:literal, $advice:literal;)*) => {
        /// Why Reprise acts on a leg or leaves it alone. Codes are stable; `docs/reasons.md` is generated from this table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason { $(#[doc = $meaning] $variant,)* }

        impl Reason {
            /// All reasons, in the table's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Returns the stable code.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// Returns the meaning in a few words for a table: at most [`PHRASE_MAX`] characters.
            pub fn phrase(self) -> &'static str {
                match self { $(Self::$variant => $phrase,)* }
            }

            /// Returns the meaning as a sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }

            /// Returns what the reason is based on: which values, and where they were read.
            pub fn evidence(self) -> &'static str {
                match self { $(Self::$variant => $evidence,)* }
            }

            /// Returns what the administrator does next.
            pub fn advice(self) -> &'static str {
                match self { $(Self::$variant => $advice,)* }
            }
        }
    };
}

reasons! {
    Replicating = "replicating", "replicates",
        "Replication is running.",
        "The sender's state is Replicating.",
        "Nothing to do.";
    ResumedElsewhere = "resumed_elsewhere", "resumed by others",
        "Replication had stopped and is running again; as far as Reprise knows, somebody else or VMMS resumed it.",
        "The sender's state was not Replicating at an earlier look and is now, and no act of Reprise ended in between.",
        "Nothing to do.";
    ResumeAnswerLost = "resume_answer_lost", "resumed, answer lost",
        "Reprise asked the host to resume replication and its answer was lost; replication is running now.",
        "The sender's state was not Replicating just before the resume was requested; the reply or the end of its job could not be read, and no other reply says that it was not carried out; at a later look the state is Replicating, or Resynchronizing if a resynchronization was to be continued.",
        "Nothing to do; if it stops again, read events 32022 and 32086 on the primary server.";
    Error = "error", "stopped by an error",
        "The sender is in Error: replication stopped after a failure that VMMS does not retry. A shutdown can cause this. A resume without resynchronization repairs it.",
        "The sender's state is Error, and no event that could be read says that VMMS retries.",
        "If it happens again, read events 32022 and 32086 on the primary server.";
    PausedAtStart = "paused_at_start", "was already paused",
        "Replication was already paused at the first look, and the policy `paused.at_boot` is `resume`.",
        "The sender's state was Suspended at the first look, or at the first look after a boot of its host, and Reprise had not seen the pause begin.",
        "To leave such pauses alone, add a `[[hold]]` for the VM, or set `paused.at_boot` to `evidence` or `leave`.";
    PausedByShutdown = "paused_by_shutdown", "paused by a shutdown",
        "Replication is paused, and the host's events 32086 and 32022 (0x80004004) show that a shutdown paused it.",
        "The sender's state is Suspended; events 32086 and 32022 with 0x80004004 for this VM were recorded within two minutes of each other, after the last data and after every look that showed another state. Either the pause was first seen at most two minutes after them, or the host shut down (event 6006) at most two minutes after them and the pause was first seen at most ten minutes after the host was up again.",
        "Nothing to do.";
    PausedByPerson = "paused_by_person", "paused by a person",
        "Replication is paused, and the event log shows no shutdown that could have paused it, so somebody did. Reprise respects that.",
        "The sender's state is Suspended; its host's event log was read completely from the last data, or from the last look that showed another state, and has no such pair of events.",
        "When the work is done, use `reprise resume` for this VM.";
    PausedNoEvidence = "paused_no_evidence", "paused, cause unproved",
        "Replication is paused, the policy requires evidence, and nothing proves who or what paused it.",
        "The sender's state is Suspended; its host's event log could not be read, or not completely since data last arrived (it was cleared or overwritten, records were lost, or reading it took too long), or events 32086 and 32022 were recorded too long before the pause was first seen, or it is unknown when the pause can have begun.",
        "Find out who paused it; then use `reprise resume` for this VM.";
    PausedLeft = "paused_left", "paused, policy leaves it",
        "Replication is paused, and the policy is to leave paused replication alone.",
        "The sender's state is Suspended.",
        "When the work is done, use `reprise resume` for this VM.";
    PausedOnPurpose = "paused_on_purpose", "paused with Reprise",
        "Somebody paused replication with `reprise pause`. It stays paused until somebody resumes it.",
        "The sender's state is Suspended or ResynchronizeSuspended, Reprise has kept a note of the pause, and no data has arrived since. If no look has shown that pause, as after a `reprise pause` that was killed: the event log does not prove either that a shutdown paused it.",
        "When the work is done, use `reprise resume` for this VM.";
    PausedForDrill = "paused_for_drill", "paused for a drill",
        "`reprise drill` paused replication, and resumes it whatever the policy says of pauses.",
        "The sender's state is Suspended, Reprise has kept a note of the drill, and no data has arrived since.",
        "Nothing to do.";
    NotMoving = "not_moving", "no data for a while",
        "The state says that replication is running, but no data has arrived for three replication intervals.",
        "The sender's state is Replicating, and was so at every look or has been for as long; its LastReplicationTime is older than three intervals and fifteen minutes by its host's clock, and both hosts have been up for longer.",
        "Read events 32022 and 32315 on the primary server, and check the network between the hosts.";
    Held = "held", "on hold",
        "A hold in the configuration applies to this VM.",
        "A `[[hold]]` in the configuration names the VM, one of its hosts, or all.",
        "When the work is done, remove the `[[hold]]` from the configuration.";
    Frozen = "frozen", "frozen",
        "Reprise is frozen: it observes and does nothing.",
        "Somebody froze Reprise; it does nothing until it is thawed.",
        "Thaw it when the work is done.";
    Excepted = "excepted", "excepted",
        "The VM is excepted from this run.",
        "`--except` names the VM.",
        "Nothing to do.";
    UnmatchedHold = "unmatched_hold", "a hold matches nothing",
        "A hold or `--except` matches nothing that was seen, so it may be misspelt and mean this VM. Nothing is resumed until that is clear.",
        "Every asked host is ready, and none shows a VM or host by the name that the hold gives.",
        "Correct or remove the hold, then run again; to resume without it, use `reprise run --ignore-unmatched-holds`.";
    ReadyForInitialReplication = "ready_for_initial_replication", "not started yet",
        "The initial replication has not been started. Reprise never starts one.",
        "The sender's state is ReadyForInitialReplication.",
        "Start the initial replication in Hyper-V Manager.";
    InitialReplication = "initial_replication", "initial replication",
        "The initial replication is in progress.",
        "The sender's state is InitialReplicationInProgress.",
        "Wait until it has finished.";
    InitialReplicationPaused = "initial_replication_paused", "initial copy paused",
        "The initial replication is paused, and the policy `paused.initial` is `leave`.",
        "The sender's state is Suspended and its LastReplicationTime is 1601-01-01.",
        "Use `reprise resume` for this VM, or set `paused.initial = \"resume\"`.";
    InitialReplicationStopped = "initial_replication_stopped", "initial copy stopped",
        "The initial replication stopped with an error.",
        "The sender's state is Error and its LastReplicationTime is 1601-01-01.",
        "If it stops again, read event 32022 on the primary server.";
    FailoverPrepared = "failover_prepared", "failover prepared",
        "A planned failover is prepared.",
        "The state of either end is PreparedForFailover, PreparedForSyncReplication or PreparedForGroupReverseReplication; for an extended leg also the state in which its primary server receives the VM.",
        "Finish or cancel the planned failover.";
    FailoverInForce = "failover_in_force", "failed over",
        "The VM has been failed over to the replica server, so its replication is left as it is.",
        "The state of either end is FailedOverWaitingCompletion or FailedOver; for an extended leg also the state in which its primary server receives the VM.",
        "In Hyper-V Manager, either complete the failover and reverse replication, or cancel the failover.";
    FailoverInProgress = "failover_in_progress", "failover in progress",
        "A failover or failback is in progress.",
        "The state of either end is RecoveryInProgress, FailbackInProgress or FailbackComplete; for an extended leg also the state in which its primary server receives the VM.",
        "Wait until it has finished.";
    TestReplica = "test_replica", "test failover",
        "This is a test VM that a test failover created, not a replication partner.",
        "The replication mode of either end's VM is TestReplica, or the state of either end is FiredrillInProgress.",
        "When the test is done, stop the test failover.";
    ExternalProvider = "external_provider", "external provider",
        "Another program replicates this VM and is responsible for it.",
        "The settings of either end name a ReplicationProvider other than Hyper-V's own.",
        "Check the console of that program.";
    UpdateInProgress = "update_in_progress", "update in progress",
        "A change of the replicated disks or of the VM's replication mode is in progress.",
        "The state of either end is WaitingForUpdateCompletion or WaitingForRepurposeCompletion.",
        "Wait until it has finished.";
    Resynchronizing = "resynchronizing", "resynchronizing",
        "A resynchronization is in progress.",
        "The sender's state is Resynchronizing.",
        "Wait until it has finished.";
    ResyncRequired = "resync_required", "resync required",
        "A resynchronization is required. It deletes recovery points, so Reprise never starts one without approval.",
        "The sender's state is WaitingForStartResynchronize.",
        "Plan the resynchronization, then start it in Hyper-V Manager (Resume Replication, with resynchronization).";
    ResyncSuspended = "resync_suspended", "resync paused",
        "The resynchronization is paused, and nothing proves who or what paused it.",
        "The sender's state is ResynchronizeSuspended; its host's event log could not be read, or not completely, or has no such events near the pause.",
        "Use `reprise resume` for this VM when the link can carry it.";
    ResyncPausedByShutdown = "resync_paused_by_shutdown", "resync cut by shutdown",
        "The resynchronization is paused, and the event log shows that a shutdown paused it.",
        "The sender's state is ResynchronizeSuspended; events 32086 and 32022 with 0x80004004 for this VM were recorded near the pause, by the rule of `paused_by_shutdown`.",
        "Nothing to do: it continues where it stopped.";
    ResyncPausedByPerson = "resync_paused_by_person", "resync paused by person",
        "The resynchronization is paused, and the event log shows no shutdown that could have paused it, so somebody did. Reprise respects that.",
        "The sender's state is ResynchronizeSuspended; its host's event log was read completely from the last data, or from the last look that showed another state, and has no such pair of events.",
        "Use `reprise resume` for this VM when the link can carry it.";
    ResyncWaits = "resync_waits", "waits for other resync",
        "The resynchronization is paused, and another VM on the same primary server is resynchronizing.",
        "The sender's state is ResynchronizeSuspended, and that of another sender on its host is Resynchronizing.",
        "Nothing to do: it continues when the other one has finished.";
    UpdateError = "update_error", "update failed",
        "A change of the replicated disks failed.",
        "The state of either end is UpdateError.",
        "Check the VM's replication health in Hyper-V Manager.";
    UnknownState = "unknown_state", "unknown state",
        "Replication is in a state that Reprise does not know, so Reprise leaves it alone.",
        "The state of either end is Unknown or a number that Reprise does not know; or the sender's state is Disabled while the other end replicates; or the replication mode of the sender's VM is None, or that of either end's VM a number that Reprise does not know. For an extended leg the state in which its primary server receives the VM counts too.",
        "Check the VM in Hyper-V Manager, and report the number to the project.";
    BothPrimary = "both_primary", "two primaries",
        "Two hosts have this VM as the primary VM. Reprise never touches such a VM.",
        "The VM's replication mode is Primary on two hosts.",
        "Decide which host is right, and remove replication on the other.";
    PossibleSplitBrain = "possible_split_brain", "possible split brain",
        "Replication stopped again after two resumes while both VMs are running: both may be in use.",
        "Two resumes in this run succeeded, the sender's state is Error again, and both VMs are running.",
        "Find out which VM is in use before anything else.";
    ReplicaRunning = "replica_running", "replica VM is running",
        "The replica VM is running, and no test failover explains it: somebody may have failed over to it.",
        "The EnabledState of the receiver's VM says that it is running or about to run, and no test failover explains it.",
        "Find out who started the replica VM, and turn it off or finish the failover.";
    UnknownPowerState = "unknown_power_state", "replica VM state unknown",
        "The replica VM is in a power state that Reprise does not know, so it may be running.",
        "The EnabledState of the receiver's VM is not one of Hyper-V's numbers for running, off, saved, paused, starting or stopping.",
        "Check the replica VM in Hyper-V Manager. If it is off, use Hyper-V Manager for the replication of this VM too.";
    PausedOnReplica = "paused_on_replica", "paused on the replica",
        "Replication is paused on the replica server, so Reprise does not resume the sender.",
        "The receiver's state is Suspended.",
        "Use `reprise resume` for this VM: it resumes the replica's side too.";
    ReplicaError = "replica_error", "error on the replica",
        "The replication state on the replica server is Error.",
        "The receiver's state is Error.",
        "Check the VM's replication health on the replica server.";
    ReadingEvents = "reading_events", "event log not read yet",
        "The host's event log is being read, to find out whether a shutdown or a person paused replication.",
        "The sender's state is Suspended, Error or ResynchronizeSuspended, or the receiver's is Error; the event log of that host has not been read yet.",
        "If this remains, run again: the event log could not be read in time.";
    VmmsRetries = "vmms_retries", "VMMS will retry",
        "VMMS will retry automatically (event 32315).",
        "The sender's state is Error; its host's log has event 32315 for this VM and no 32086, and two retry intervals have not passed since.",
        "Nothing to do; if it continues, check the network between the hosts.";
    WaitingForPeer = "waiting_for_peer", "waits for the replica",
        "The replica server has not answered yet, and the VM may have been failed over to it.",
        "The receiver's host is being asked and has not shown its end yet.",
        "Start the replica server, or set `peer_unseen = \"resume\"`.";
    PeerNotSeen = "peer_not_seen", "replica not seen",
        "The replica server cannot be looked at, so the VM may have been failed over to it.",
        "The receiver's host was asked and is not ready: it did not answer within its time limit, refused the login, or cannot be read.",
        "Read the error of the replica server and correct its cause, then run again; or set `peer_unseen = \"resume\"`.";
    PeerNotLoaded = "peer_not_loaded", "replica still loading",
        "The replica server is up and does not show its end of this replication yet. It has not been up for long, so it may still be loading its VMs.",
        "The receiver's host is ready, its time limit has passed, and it shows no such replication object; it or its VMMS has been up for less than ten minutes, or nothing says for how long.",
        "Run again in a few minutes, or raise `timeout`.";
    PeerWithoutReplica = "peer_without_replica", "no replica there",
        "The replica server is up and has no replica of this VM.",
        "The receiver's host is ready and has been up for at least ten minutes, its time limit has passed, and it shows no such replication object.",
        "Find out what became of the replica: it may have been moved, or its replication may have been removed on the replica server.";
    SenderNotAsked = "sender_not_asked", "primary not asked",
        "The primary server is not one of the hosts that Reprise asks.",
        "The receiver's settings name a PrimaryHostSystem that is not the name of any asked host.",
        "Run Reprise on its primary server, or add that host.";
    SenderNotReady = "sender_not_ready", "primary not ready",
        "The primary server is not ready.",
        "The sender's host was asked and is not ready: it did not answer within its time limit, refused the login, or cannot be read.",
        "Read the error of that host; then run again.";
    SenderNotLoaded = "sender_not_loaded", "primary still loading",
        "The primary server is up and does not show the VM's replication yet. It has not been up for long, so it may still be loading its VMs.",
        "The sender's host is ready, its time limit has passed, and it shows no such replication object; it or its VMMS has been up for less than ten minutes, or nothing says for how long.",
        "Run again in a few minutes, or raise `timeout`.";
    SenderNotFound = "sender_not_found", "VM not on its primary",
        "The primary server is up and does not have the VM's replication, so nobody sends to this replica.",
        "The sender's host is ready and has been up for at least ten minutes, its time limit has passed, and it shows no such replication object.",
        "Find out what became of the VM: it may have been moved to another host, or its replication may have been removed on the primary server. Keep the replica until you know.";
    ClusteredOwnerNotFound = "clustered_owner_not_found", "owner of VM not found",
        "The primary server goes by two names, and no asked host has the VM. It is a node of a failover cluster, or it was renamed, or replication was set up with its IP address or an alias.",
        "The PrimaryConnectionPoint differs from the PrimaryHostSystem, and no asked host shows the sender's end.",
        "For a cluster, add all its nodes to the hosts. For a server that was renamed, or that is known by an IP address or an alias, add it by its present name, and then write that name into the VM's replication settings.";
    NotShown = "not_shown", "no longer shown",
        "No host shows this replication any more.",
        "An earlier look showed it, and the latest looks at its hosts do not.",
        "If replication was removed on purpose, nothing to do; otherwise check whether the hosts are still loading their VMs, and run again.";
    Changed = "changed", "changed meanwhile",
        "The state changed before Reprise acted, and there was no time left to decide again.",
        "The state read just before the act differed from the state on which the act was decided.",
        "Run again.";
    ResumeRefused = "resume_refused", "resume refused",
        "The primary server refused the resume.",
        "The method's return value or its job's ErrorCode.",
        "Read the host's reason, and check the VM in Hyper-V Manager.";
    ResumeFailed = "resume_failed", "resume failed",
        "The resume could not be carried out.",
        "The error of the call, or of the read after it.",
        "Read the error; then run again.";
    ResumeWithoutEffect = "resume_without_effect", "resume had no effect",
        "The resume succeeded, but replication is still stopped.",
        "The job succeeded, and a read after it shows that the sender's state is not Replicating.",
        "The cause persists: read events 32022 and 32086 on the primary server.";
    StoppedAgain = "stopped_again", "resumed, stopped again",
        "Reprise resumed replication and saw it running, but it stopped again before newer data arrived, and there was no further try.",
        "The resume was requested, and a read after it showed the sender's state as Replicating (event 4); a later look of the same run shows it stopped, with the same LastReplicationTime.",
        "The cause persists: read events 32022 and 32086 on the primary server.";
    ResumeNotEnded = "resume_not_ended", "asked, no end seen",
        "Reprise asked the host to resume replication, and saw no end of that before the run's time was up. While a resume is under way, the state already reads as requested, so it proves nothing.",
        "The resume was requested; neither the method's reply nor the end of its job came within the time limits of the run.",
        "Run again: if the resume has ended by then, the state tells its result. If a job of the VM hangs, check the service vmms on the primary server.";
    OutOfTime = "out_of_time", "out of time",
        "The run ended before Reprise got to this VM.",
        "The time limit of the run.",
        "Run again, or raise `retry_for`.";
    UnderWay = "under_way", "being resumed",
        "Reprise is at work on this VM: a resume is under way, or the next try waits for its turn or its time.",
        "Replication has stopped, and the daemon resumes it.",
        "Wait: the daemon reports what comes of it. `reprise status --watch` shows it.";
    Interrupted = "interrupted", "run interrupted",
        "The run was interrupted before Reprise had finished with this VM.",
        "A signal or the service manager ended the run; no act of Reprise on this VM was under way.",
        "Run again.";
    ResumeNotSeen = "resume_not_seen", "asked, result not seen",
        "Reprise had begun to resume replication when the run was interrupted, and did not see the result. The host may still carry it out; it was not looked at again.",
        "A signal or the service manager ended the run between the request and the look that tells what came of it.",
        "Run again, or check the VM in Hyper-V Manager.";
    AskedFor = "asked_for", "done as asked",
        "Somebody asked for it, and a look afterwards shows that it is so.",
        "The job of the state change ended well, or its answer was lost; the sender's state read afterwards is the one that was asked for.",
        "Nothing to do.";
    NotRunning = "not_running", "is not running",
        "Only replication that is running can be paused, and this is stopped.",
        "The sender's state is Error.",
        "To keep Reprise from resuming it, add a `[[hold]]` for the VM.";
    PauseRefused = "pause_refused", "pause refused",
        "The primary server refused the pause.",
        "The method's return value or its job's ErrorCode.",
        "Read the host's reason, and check the VM in Hyper-V Manager.";
    PauseFailed = "pause_failed", "pause failed",
        "The pause could not be carried out.",
        "The error of the call, or of the read after it.",
        "Read the error; then try again.";
    PauseWithoutEffect = "pause_without_effect", "pause had no effect",
        "The pause succeeded, but replication is not paused.",
        "The job succeeded, and a read after it shows that the sender's state is not Suspended.",
        "Somebody or something resumes it: find out who before you pause it again.";
    PauseNotEnded = "pause_not_ended", "asked, no end of pause",
        "Reprise asked the host to pause replication, and saw no end of that before the time was up or somebody ended the program. While a pause is under way, the state already reads as requested, so it proves nothing.",
        "The pause was requested; no look after the end of its job came within the time limits.",
        "Look again with `reprise status`. If a job of the VM hangs, check the service vmms on the primary server.";
    NotReadable = "not_readable", "not readable",
        "The host shows this replication, but not all of it could be read, so Reprise leaves it alone.",
        "The identity in the row could be read, and one of its properties could not.",
        "Read the error, and check the VM in Hyper-V Manager.";
}

impl Reason {
    /// Returns whether the leg only lacks a host that may still come.
    pub fn is_for_lack_of_a_host(self) -> bool {
        matches!(self, Self::SenderNotReady | Self::SenderNotLoaded | Self::PeerNotSeen | Self::PeerNotLoaded)
    }
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
    fn evidence_names_states_and_modes_and_no_numbers_of_wmi() {
        for reason in Reason::ALL {
            let mut before = "";
            for word in reason.evidence().split_whitespace() {
                let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
                let is_number = bare.parse::<u16>().is_ok_and(|number| number <= 21);
                assert!(!is_number || before.ends_with("event"), "{reason}: {}", reason.evidence());
                before = word;
            }
        }
    }

    #[test]
    fn codes_are_unique_and_in_snake_case() {
        let codes: BTreeSet<_> = Reason::ALL.iter().map(|r| r.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        assert!(codes.iter().all(|c| c.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
    }
}
