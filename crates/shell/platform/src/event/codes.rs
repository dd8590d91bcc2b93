//! Every event that Reprise can write: id, level, text, meaning and advice.
//!
//! Ids, levels and texts from 0 to 4 are exactly those of the support article's script: administrators have built rules on
//! them. Our own ids begin at 100. An id never gets a second meaning. [`markdown`] generates the documentation's page of
//! events from this file.

use std::fmt::Write as _;

/// The level of an event, in the words that Windows uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// As it should be.
    Information,
    /// Somebody should look.
    Warning,
    /// Something that should have happened did not.
    Error,
}

impl Level {
    /// Returns the word that the JSON line and Event Viewer show.
    pub fn name(self) -> &'static str {
        match self {
            Self::Information => "Information",
            Self::Warning => "Warning",
            Self::Error => "Error",
        }
    }
}

/// One kind of event.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// The event id. One id may have two texts, as 3 does.
    pub id: u16,
    /// Its level.
    pub level: Level,
    /// The message. Each `{placeholder}` has the name of the value that replaces it.
    pub text: &'static str,
    /// When it is written.
    pub meaning: &'static str,
    /// What to do about it.
    pub advice: &'static str,
}

/// 0: a run begins.
pub const STARTING: Code = Code {
    id: 0,
    level: Level::Information,
    text: "Starting script to restart replication.",
    meaning: "A run begins. Written once per run, first.",
    advice: "Nothing to do. If it is missing after a boot, the scheduled task or the systemd unit did not run.",
};

/// 1: a host was not ready in time.
pub const NOT_READY: Code = Code {
    id: 1,
    level: Level::Error,
    text: "VMMS did not complete initialization after VMMS service started up. Exiting...",
    meaning: "A host was not ready within its time limit, so nothing was done for the VMs whose primary server it is. Written once per such host; `host` names the host, `error` the cause.",
    advice: "Check that the host is up and that its Virtual Machine Management service is running. Run again, or raise `--timeout` if the host is only slow.",
};

/// 2: a host is ready.
pub const READY: Code = Code {
    id: 2,
    level: Level::Information,
    text: "Replication service in VMMS was started successfully. It took {seconds} seconds after VMMS started.",
    meaning: "A host is ready: its replication service answers, and its list of replicated VMs is no longer changing. Written once per host.",
    advice: "Nothing to do.",
};

/// 3: a leg that should replicate could not be resumed.
pub const RESUME_FAILED: Code = Code {
    id: 3,
    level: Level::Error,
    text: "Failed to resume replication for {vm} on {primary}. Please check replication status manually.{error}",
    meaning: "Replication of this VM should be running, and Reprise could not resume it. Written when Reprise stops retrying, even if event 4 was written before and replication has stopped again since (`error` says so); `reason` is the reason's code, `error` what failed, `next` what to do.",
    advice: "Read `error` and `next`; then check the VM in Hyper-V Manager on its primary server.",
};

/// 3, the other text: the primary server could not be read.
pub const READ_FAILED: Code = Code {
    id: 3,
    level: Level::Error,
    text: "Get-VMReplication has failed.{error}(VM: {vm} Server: {primary})",
    meaning: "The state of this VM's replication could not be read from its primary server.",
    advice: "Check that the primary server answers and that Reprise's account can manage Hyper-V there.",
};

/// 4: a leg was resumed.
pub const RESUMED: Code = Code {
    id: 4,
    level: Level::Information,
    text: "Replication for {vm} on {primary} was in suspended and resumed successfully.",
    meaning: "Replication had stopped; Reprise resumed it and saw it running afterwards. If it stops again during the same run and cannot be resumed, event 3 follows and says so.",
    advice: "Nothing to do. If it happens often for one VM, find out what stops its replication.",
};

/// 100: a run ends.
pub const FINISHED: Code = Code {
    id: 100,
    level: Level::Information,
    text: "Finished. {summary}",
    meaning: "A run ends. Written once per run, last; `summary` says in a sentence or two what is unprotected.",
    advice: "Nothing to do if the outcome is `ok`; otherwise the events before it say which hosts and VMs are affected.",
};

/// 101: a paused leg was resumed without evidence of why it was paused.
pub const RESUMED_WITHOUT_EVIDENCE: Code = Code {
    id: 101,
    level: Level::Information,
    text: "Replication for {vm} on {primary} was paused and has been resumed without evidence of what paused it.",
    meaning: "Written in addition to event 4: the VM was Suspended, and no event shows whether a shutdown or a person had paused it.",
    advice: "If somebody paused it on purpose, pause it again and add a `[[hold]]` for it, or set `at_boot` under `[policy.paused]` to \"evidence\" or \"leave\".",
};

/// 102: legs whose primary server is not one of the managed hosts.
pub const NOT_OURS: Code = Code {
    id: 102,
    level: Level::Information,
    text: "{count} replication relationships send from hosts that this pass was not told to manage; they were left to those hosts.",
    meaning: "Some VMs replicate to the managed hosts from hosts that this run does not manage. Written once per run that saw any.",
    advice: "Make sure that Reprise runs on those hosts, or add them to the configuration.",
};

/// 103: the replica side was resumed.
pub const REPLICA_RESUMED: Code = Code {
    id: 103,
    level: Level::Information,
    text: "The replica side of replication for {vm} on {replica} had stopped and was resumed.",
    meaning: "Replication was in Error on the replica server, whose log has event 32086 for the VM. Reprise resumed it there and saw that it works. The primary side has its own event: 4, 3 or 110.",
    advice: "Nothing to do. If it happens often for one VM, find out what stops its replication.",
};

/// 104: a run was interrupted.
pub const INTERRUPTED: Code = Code {
    id: 104,
    level: Level::Warning,
    text: "The run was interrupted. Resumes whose result was not seen: {not_seen}; other relationships still to do: {not_reached}.",
    meaning: "A signal or the service manager ended the run before everything was settled. Each resume that had been requested and whose result was not seen has an event 111.",
    advice: "Run again: it looks at everything anew and resumes only what is still stopped.",
};

/// 105: which host answers is not clear.
pub const HOST_UNCLEAR: Code = Code {
    id: 105,
    level: Level::Error,
    text: "It is not clear which host {host} is: {error}",
    meaning: "A host has the name of another host, or says a name that a URL or the configuration gives to another host. Some VMs of these hosts were not looked at. Written once per such host, at the end of the run.",
    advice: "Check which machine responds at each address, correct the URLs or names in the configuration, then run again.",
};

/// 106: a hold that matches nothing.
pub const HOLD_UNMATCHED: Code = Code {
    id: 106,
    level: Level::Warning,
    text: "Cannot apply {hold}: {error}",
    meaning: "A `[[hold]]` or `--except` names no VM and no host that was seen, so it may be misspelt. If all hosts were ready, nothing was resumed; if one was not, it may have what is named, so the other VMs were resumed. Written once per hold, at the end of the run.",
    advice: "Correct or remove the hold; check whether the VM that was meant has been resumed.",
};

/// 107: a host that may still be loading.
pub const HOST_MAY_LOAD: Code = Code {
    id: 107,
    level: Level::Warning,
    text: "It is not known whether {host} has replicated VMs: {error}",
    meaning: "A host that has just booted, or whose VMMS has just started, showed no replicated VM until its time limit. Nothing was done there. Written once per such host, at the end of the run.",
    advice: "Run again in a few minutes, or give the host longer with `--timeout`. If it has no replicated VMs, nothing to do.",
};

/// 110: a leg that needs a person's decision.
pub const NEEDS_PERSON: Code = Code {
    id: 110,
    level: Level::Warning,
    text: "Replication for {vm} on {primary} needs a person: {detail}",
    meaning: "Replication has stopped in a way that no program should fix without approval, such as a required resynchronization. `reason` is the reason's code, `next` what to do.",
    advice: "Read the detail, decide, and make the change in Hyper-V Manager on the primary server.",
};

/// 111: a resume whose result was not seen.
pub const RESUME_NOT_SEEN: Code = Code {
    id: 111,
    level: Level::Warning,
    text: "A resume of replication for {vm} on {primary} was under way when the run was interrupted; its result was not seen.",
    meaning: "The run was interrupted after it had begun to resume this VM and before a look showed the result. The host may still carry it out.",
    advice: "Run again, or check the VM in Hyper-V Manager on its primary server.",
};

/// 112: `pause` has paused a VM.
pub const PAUSED_BY_HAND: Code = Code {
    id: 112,
    level: Level::Information,
    text: "Replication for {vm} on {primary} was paused by {account}. Reason: {reason}",
    meaning: "Somebody used `reprise pause`, and a look afterwards showed that replication is paused. `reprise run` on this computer leaves it alone.",
    advice: "When the work is done, use `reprise resume`.",
};

/// 113: `resume` has resumed a VM.
pub const RESUMED_BY_HAND: Code = Code {
    id: 113,
    level: Level::Information,
    text: "Replication for {vm} on {primary} was resumed by {account}. Reason: {reason}",
    meaning: "Somebody used `reprise resume`, and a look afterwards showed that replication is running.",
    advice: "Nothing to do.",
};

/// 114: the daemon acts without stored state.
pub const STORE_LOST: Code = Code {
    id: 114,
    level: Level::Error,
    text: "Reprise goes on without stored state: {error}",
    meaning: "The daemon cannot read or write its store. It goes on repairing replication, but a restart would forget how pauses began and what was tried, and history is kept in memory only, as far as there is room. `next` says what to do.",
    advice: "Read `error` and `next`. Nothing has to be restarted: the daemon tries the store again by itself.",
};

/// 115: the daemon's state is stored again.
pub const STORE_BACK: Code = Code {
    id: 115,
    level: Level::Information,
    text: "Reprise stores its state again. Entries of history that are missing: {missing}",
    meaning: "The daemon's store can be written again, and what had been kept in memory is written.",
    advice: "Nothing to do.",
};

/// All events, ordered by id.
pub const CODES: &[&Code] = &[
    &STARTING,
    &NOT_READY,
    &READY,
    &RESUME_FAILED,
    &READ_FAILED,
    &RESUMED,
    &FINISHED,
    &RESUMED_WITHOUT_EVIDENCE,
    &NOT_OURS,
    &REPLICA_RESUMED,
    &INTERRUPTED,
    &HOST_UNCLEAR,
    &HOLD_UNMATCHED,
    &HOST_MAY_LOAD,
    &NEEDS_PERSON,
    &RESUME_NOT_SEEN,
    &PAUSED_BY_HAND,
    &RESUMED_BY_HAND,
    &STORE_LOST,
    &STORE_BACK,
];

/// Returns the table of all events for `docs/events.md`.
pub fn markdown() -> String {
    let mut page = String::from("| id | level | text | meaning | what to do |\n|---|---|---|---|---|\n");
    for code in CODES {
        let Code { id, level, text, meaning, advice } = code;
        writeln!(page, "| {id} | {} | `{text}` | {meaning} | {advice} |", level.name())
            .expect("writing to a text cannot fail");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::{CODES, Level, markdown};

    #[test]
    fn the_levels_are_those_that_existing_rules_expect() {
        let levels: Vec<(u16, Level)> = CODES.iter().map(|code| (code.id, code.level)).collect();
        let (info, warning, error) = (Level::Information, Level::Warning, Level::Error);
        let expected = [
            (0, info),
            (1, error),
            (2, info),
            (3, error),
            (3, error),
            (4, info),
            (100, info),
            (101, info),
            (102, info),
            (103, info),
            (104, warning),
            (105, error),
            (106, warning),
            (107, warning),
            (110, warning),
            (111, warning),
            (112, info),
            (113, info),
            (114, error),
            (115, info),
        ];
        assert_eq!(levels, expected);
    }

    #[test]
    fn the_table_has_one_row_for_each_text_and_no_row_breaks_it() {
        let page = markdown();
        assert_eq!(page.lines().count(), CODES.len() + 2);
        for line in page.lines() {
            assert_eq!(line.matches('|').count(), 6, "{line}");
        }
    }
}
