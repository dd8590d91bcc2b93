//! What Hyper-V's return values and job error codes mean (WMI reference, replication methods: 0, 4096, 32768 to 32779).

use reprise_model::Refusal;

/// Done at once.
pub(crate) const DONE: u32 = 0;
/// A job was started.
pub(crate) const JOB_STARTED: u32 = 4_096;

/// `WBEM_E_INVALID_NAMESPACE`
pub(crate) const INVALID_NAMESPACE: u32 = 0x8004_100E;
/// `WBEM_E_INVALID_CLASS`
pub(crate) const INVALID_CLASS: u32 = 0x8004_1010;
/// `WBEM_E_INVALID_QUERY`: it names a property that the class does not have.
pub(crate) const INVALID_QUERY: u32 = 0x8004_1017;
/// `ERROR_WSMAN_RESOURCE_NOT_FOUND`: no such class where a class was asked for, no such instance where one was.
pub(crate) const NO_SUCH_RESOURCE: u32 = 0x8033_8000;
/// `ERROR_WSMAN_ENUMERATE_CANNOT_PROCESS_FILTER`: what Windows answers to a query of a class that it does not have.
pub(crate) const NO_SUCH_CLASS_IN_QUERY: u32 = 0x8033_801A;

/// The method failed, and that is all it says.
const FAILED: u32 = 32_768;
/// The requested state does not fit the object's own.
const INVALID_STATE: u32 = 32_775;
/// The last of the method's codes.
const FILE_NOT_FOUND: u32 = 32_779;

/// Meaning, advice, and whether it may pass by itself.
fn meaning(code: u32) -> (&'static str, &'static str, bool) {
    const LOOK: &str = "look at the VM's replication health in Hyper-V Manager";
    match code {
        FAILED => ("failed", LOOK, true),
        32_769 => ("access denied", "put the account into Hyper-V Administrators on that host", false),
        32_770 => ("not supported", "check the version of Windows on that host", false),
        32_771 => ("status unknown", LOOK, true),
        32_772 => ("timed out", "check the load of that host; it is tried again", true),
        32_773 => ("invalid parameter", "report this as a bug", false),
        32_774 => ("system in use", "another operation on this VM is under way; it is tried again", true),
        INVALID_STATE => ("invalid state for this operation", LOOK, false),
        32_776 => ("wrong data type", "report this as a bug", false),
        32_777 => ("system not available", "check that the host and its storage are up; it is tried again", true),
        32_778 => ("out of memory", "free memory on that host; it is tried again", true),
        FILE_NOT_FOUND => ("file not found", "check that the VM's disks and their change logs (.hrl) are there", false),
        _ => ("an error that is not documented", LOOK, true),
    }
}

/// A refusal, whether it came as a return value or as a job's error code; with the host's own words if it gave any.
pub(crate) fn refusal(code: u32, words: Option<&str>) -> Refusal {
    let (meaning, advice, transient) = meaning(code);
    Refusal { code: Some(code), why: with_words(meaning, words), advice, transient }
}

/// A refusal as the method's return value. "Invalid state" may pass by itself there: the state was read just before and
/// fits, and a VM that is busy with something else is refused so too (seen with a checkpoint that is being deleted). A
/// job has looked at the relationship itself, and what it says of its state stands.
pub(crate) fn refused_at_once(code: u32, words: Option<&str>) -> Refusal {
    let refusal = refusal(code, words);
    if code != INVALID_STATE {
        return refusal;
    }
    let advice = "check whether a backup, a checkpoint or a merge is in progress for the VM; it is tried again";
    Refusal { advice, transient: true, ..refusal }
}

/// Whether a return value is an HRESULT of a failure, and none of the method's own.
pub(crate) fn is_hresult(code: u32) -> bool {
    code >= 0x8000_0000
}

/// Whether an HRESULT says that the account may not do this: `E_ACCESSDENIED`, `WBEM_E_ACCESS_DENIED`.
pub(crate) fn denies_access(code: u32) -> bool {
    matches!(code, 0x8007_0005 | 0x8004_1003)
}

/// A method that the host answered with a fault: its words say it, unless the number is one of Hyper-V's own.
pub(crate) fn fault(status: Option<u32>, words: &str) -> Refusal {
    if let Some(code @ FAILED..=FILE_NOT_FOUND) = status {
        return refused_at_once(code, Some(words));
    }
    let (_, advice, transient) = meaning(FAILED);
    let why = if words.trim().is_empty() { "the host answered with a fault" } else { words.trim() };
    Refusal { code: status, why: why.to_owned(), advice, transient }
}

/// A job that failed without saying more than that.
pub(crate) fn failed(words: Option<&str>) -> Refusal {
    let (_, advice, transient) = meaning(FAILED);
    Refusal { code: None, why: with_words("the job failed and gave no error code", words), advice, transient }
}

/// A job that somebody ended. VMMS does so itself when it stops, so it is tried again.
pub(crate) fn cancelled(code: Option<u32>, words: Option<&str>) -> Refusal {
    let advice = "see whether the service vmms was stopped, or who cancelled the job";
    Refusal { code, why: with_words("the job was cancelled", words), advice, transient: true }
}

fn with_words(meaning: &str, words: Option<&str>) -> String {
    match words.map(str::trim).filter(|words| !words.is_empty()) {
        Some(words) => format!("{meaning}: {words}"),
        None => meaning.to_owned(),
    }
}
