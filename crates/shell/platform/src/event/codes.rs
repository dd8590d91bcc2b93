//! Every event that Reprise can write: id, level, text, meaning and advice.
//!
//! Ids, levels and texts from 0 to 4 are those of the support article's script, to the letter: administrators have built
//! rules on them. Ours begin at 100. An id is never given a second meaning. The page of events in the docs is made from
//! this file by [`markdown`].

use std::fmt::Write as _;

/// How an event log ranks an entry. These are the words that Windows uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// As it should be.
    Information,
    /// Somebody should look.
    Warning,
    /// Something that was wanted did not happen.
    Error,
}

impl Level {
    /// The word in the JSON line and in Event Viewer.
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
    /// The event id; one id may have two texts (3 has).
    pub id: u16,
    /// Its rank.
    pub level: Level,
    /// The message, with `{placeholders}` named like the data that fill them.
    pub text: &'static str,
    /// When it is written.
    pub meaning: &'static str,
    /// What to do about it.
    pub advice: &'static str,
}

/// 0: a pass begins.
pub const STARTING: Code = Code {
    id: 0,
    level: Level::Information,
    text: "Starting script to restart replication.",
    meaning: "A pass begins. Written once per pass, first.",
    advice: "Nothing to do. If it is missing after a boot, the scheduled task or the systemd unit did not run.",
};

/// 1: a host was not ready in time.
pub const NOT_READY: Code = Code {
    id: 1,
    level: Level::Error,
    text: "VMMS did not complete initialization after VMMS service started up. Exiting...",
    meaning: "A host was not ready within its time limit, so nothing was done about the VMs that it sends. Written once per such host; `host` and `error` name it and the cause.",
    advice: "Check that the host is up and that its Virtual Machine Management service runs. Run again, or raise `--timeout` if the host is only slow.",
};

/// 2: a host is ready.
pub const READY: Code = Code {
    id: 2,
    level: Level::Information,
    text: "Replication service in VMMS was started successfully. It took {seconds} seconds after VMMS started.",
    meaning: "A host is ready: its replication service answers and its list of replicated VMs no longer changes. Written once per host.",
    advice: "Nothing to do.",
};

/// 3: a leg that should run does not, and we tried.
pub const RESUME_FAILED: Code = Code {
    id: 3,
    level: Level::Error,
    text: "Failed to resume replication for {vm} on {primary}. Please check replication status manually.{error}",
    meaning: "Replication of this VM should be running, and the pass could not resume it. Written as soon as nothing more is tried; `reason` is its code, `error` what failed, `next` what to do.",
    advice: "Read `error` and `next`; then look at the VM in Hyper-V Manager on its primary server.",
};

/// 3, the other text: the primary server could not be read.
pub const READ_FAILED: Code = Code {
    id: 3,
    level: Level::Error,
    text: "Get-VMReplication has failed.{error}(VM: {vm} Server: {primary})",
    meaning: "The state of this VM's replication could not be read from its primary server.",
    advice: "Check that the primary server answers and that the account that Reprise uses can manage Hyper-V there.",
};

/// 4: a leg was resumed.
pub const RESUMED: Code = Code {
    id: 4,
    level: Level::Information,
    text: "Replication for {vm} on {primary} was in suspended and resumed successfully.",
    meaning: "Replication had stopped, was resumed, and was running afterwards.",
    advice: "Nothing to do. If it is frequent for one VM, find out what stops its replication.",
};

/// 100: a pass ends.
pub const FINISHED: Code = Code {
    id: 100,
    level: Level::Information,
    text: "Finished. {summary}",
    meaning: "A pass ends. Written once per pass, last; `summary` says in a sentence or two what is unprotected.",
    advice: "Nothing to do if the outcome is `ok`; else the events before it say which hosts and VMs are concerned.",
};

/// 101: a paused leg was resumed, and nothing told why it was paused.
pub const RESUMED_WITHOUT_EVIDENCE: Code = Code {
    id: 101,
    level: Level::Information,
    text: "Replication for {vm} on {primary} was paused and has been resumed without evidence of what paused it.",
    meaning: "Written in addition to event 4: the VM was Suspended, and nothing could be read that tells a shutdown's pause from a person's.",
    advice: "If somebody paused it on purpose, pause it again and add a `[[hold]]` for it, or set `at_boot` under `[policy.paused]` to \"evidence\" or \"leave\".",
};

/// 102: legs whose sender is not ours to reach.
pub const NOT_OURS: Code = Code {
    id: 102,
    level: Level::Information,
    text: "{count} replication relationships send from hosts that this pass was not told to manage; they were left to those hosts.",
    meaning: "Some VMs replicate to here from hosts that this Reprise does not manage. Written once per pass that saw any.",
    advice: "Make sure that Reprise runs on those hosts, or add them to the configuration.",
};

/// 103: the replica's side was resumed.
pub const REPLICA_RESUMED: Code = Code {
    id: 103,
    level: Level::Information,
    text: "The replica side of replication for {vm} on {replica} had stopped and was resumed.",
    meaning: "The replica's own object was in Error, event 32086 for the VM stands in the replica server's log, and our resume there was seen to work. The primary's side has its own event: 4, 3 or 110.",
    advice: "Nothing to do. If it comes often for one VM, find out what stops it.",
};

/// 110: a leg that only a person may put right.
pub const NEEDS_PERSON: Code = Code {
    id: 110,
    level: Level::Warning,
    text: "Replication for {vm} on {primary} needs a person: {detail}",
    meaning: "Replication has stopped in a way that no program should fix unasked, such as a required resynchronization. `reason` is its code, `next` what to do.",
    advice: "Read the detail, decide, and act in Hyper-V Manager on the primary server.",
};

/// All of them, by id.
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
    &NEEDS_PERSON,
];

/// The table of all events, as the docs show it.
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
        let told: Vec<(u16, Level)> = CODES.iter().map(|code| (code.id, code.level)).collect();
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
            (110, warning),
        ];
        assert_eq!(told, expected);
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
