//! What Hyper-V's return values and job error codes mean (WMI reference, replication methods: 0, 4096, 32768 to 32779).

use reprise_model::Refusal;

/// Done at once.
pub(crate) const DONE: u32 = 0;
/// A job was started.
pub(crate) const JOB_STARTED: u32 = 4_096;

/// Meaning, advice, and whether it may pass by itself.
fn meaning(code: u32) -> (&'static str, &'static str, bool) {
    const LOOK: &str = "look at the VM's replication health in Hyper-V Manager";
    match code {
        32_768 => ("failed", LOOK, true),
        32_769 => ("access denied", "put the account into Hyper-V Administrators on that host", false),
        32_770 => ("not supported", "check the version of Windows on that host", false),
        32_771 => ("status unknown", LOOK, true),
        32_772 => ("timed out", "check the load of that host; it is tried again", true),
        32_773 => ("invalid parameter", "report this as a bug", false),
        32_774 => ("system in use", "another operation on this VM is under way; it is tried again", true),
        32_775 => ("invalid state for this operation", LOOK, false),
        32_776 => ("wrong data type", "report this as a bug", false),
        32_777 => ("system not available", "check that the host and its storage are up; it is tried again", true),
        32_778 => ("out of memory", "free memory on that host; it is tried again", true),
        32_779 => ("file not found", "check that the VM's disks and their change logs (.hrl) are there", false),
        _ => ("an error that is not documented", LOOK, true),
    }
}

/// A refusal, whether it came as a return value or as a job's error code; with the host's own words if it gave any.
pub(crate) fn refusal(code: u32, words: Option<&str>) -> Refusal {
    let (meaning, advice, transient) = meaning(code);
    let why = match words.map(str::trim).filter(|words| !words.is_empty()) {
        Some(words) => format!("{meaning}: {words}"),
        None => meaning.to_owned(),
    };
    Refusal { code, why, advice, transient }
}
