//! Meaning of Hyper-V's return values and job error codes (WMI reference, replication methods: 0, 4096, 32768 to 32779).

use reprise_model::{Refusal, Remedy};

use crate::failure_code::{known, named_in};

/// Completed without a job.
pub(crate) const DONE: u32 = 0;
/// A job was started.
pub(crate) const JOB_STARTED: u32 = 4_096;

/// `WBEM_E_INVALID_NAMESPACE`
pub(crate) const INVALID_NAMESPACE: u32 = 0x8004_100E;
/// `WBEM_E_INVALID_CLASS`
pub(crate) const INVALID_CLASS: u32 = 0x8004_1010;
/// `WBEM_E_INVALID_QUERY`: the query names a property that the class does not have.
pub(crate) const INVALID_QUERY: u32 = 0x8004_1017;
/// `ERROR_WSMAN_RESOURCE_NOT_FOUND`: the class or the instance that was requested does not exist.
pub(crate) const NO_SUCH_RESOURCE: u32 = 0x8033_8000;
/// `ERROR_WSMAN_ENUMERATE_CANNOT_PROCESS_FILTER`: Windows returns it for a query of a class that does not exist.
pub(crate) const NO_SUCH_CLASS_IN_QUERY: u32 = 0x8033_801A;

/// `ERROR_WSMAN_QUOTA_MAX_OPERATIONS`: the user has as many operations under way as the host allows
/// (`MaxConcurrentOperationsPerUser`).
pub(crate) const QUOTA_OF_USER: u32 = 0x8033_81A6;

/// The method failed, without more detail.
const FAILED: u32 = 32_768;
/// The object's state does not allow the requested state.
const INVALID_STATE: u32 = 32_775;
/// The highest of the method's codes.
const FILE_NOT_FOUND: u32 = 32_779;

/// Returns the meaning, the advice, and whether the error may be transient.
fn meaning(code: u32) -> (&'static str, &'static str, bool) {
    const LOOK: &str = "check the VM's replication health in Hyper-V Manager";
    match code {
        FAILED => ("failed", LOOK, true),
        32_769 => ("access denied", Remedy::GrantChange.text(), false),
        32_770 => ("not supported", "check the version of Windows on that host", false),
        32_771 => ("status unknown", LOOK, true),
        32_772 => ("timed out", "check the load of that host", true),
        32_773 => ("invalid parameter", "report this as a bug", false),
        32_774 => ("system in use", "another operation on this VM is in progress", true),
        INVALID_STATE => ("invalid state for this operation", LOOK, false),
        32_776 => ("wrong data type", "report this as a bug", false),
        32_777 => ("system not available", "check that the host and its storage are up", true),
        32_778 => ("out of memory", "free memory on that host", true),
        FILE_NOT_FOUND => ("file not found", "check that the VM's disks and their change logs (.hrl) exist", false),
        _ => match known(code) {
            Some(known) => (known.words, known.advice, true),
            None => ("undocumented error code", LOOK, true),
        },
    }
}

/// What the "why" of a job that was cancelled begins with.
const CANCELLED: &str = "the job was cancelled";
const WHO_CANCELLED: &str = "find out whether the service vmms was stopped, or who cancelled the job";
const IS_BUSY: &str = "check whether a backup, a checkpoint or a merge is in progress for the VM";

/// Returns the advice of a refusal that was written down without it: it follows from the code, the text, and whether the refusal
/// may be transient.
pub fn refusal_advice(code: Option<u32>, why: &str, transient: bool) -> &'static str {
    if why.starts_with(CANCELLED) {
        return WHO_CANCELLED;
    }
    if code == Some(INVALID_STATE) && transient {
        return IS_BUSY;
    }
    let (_, advice, _) = meaning(code.unwrap_or(FAILED));
    advice_for(Some(why), advice)
}

/// Returns the advice for a failure: the host's own text may name a code that says more than the number beside it.
fn advice_for(words: Option<&str>, otherwise: &'static str) -> &'static str {
    words.and_then(named_in).map_or(otherwise, |known| known.advice)
}

/// Returns the refusal for a return value or a job's error code, with the host's own message if there is one.
pub(crate) fn refusal(code: u32, words: Option<&str>) -> Refusal {
    let (meaning, advice, transient) = meaning(code);
    Refusal { code: Some(code), why: with_words(meaning, words), advice: advice_for(words, advice), transient }
}

/// Returns the refusal for the method's return value. "Invalid state" may be transient here: the state was read just before
/// and allows the change, and a host also returns this code for a VM that is busy with something else (seen while a
/// checkpoint was being deleted). A job has checked the relationship itself, so its "invalid state" is final.
pub(crate) fn refused_at_once(code: u32, words: Option<&str>) -> Refusal {
    let refusal = refusal(code, words);
    if code != INVALID_STATE {
        return refusal;
    }
    Refusal { advice: IS_BUSY, transient: true, ..refusal }
}

/// Whether a return value is the HRESULT of a failure rather than one of the method's own codes.
pub(crate) fn is_hresult(code: u32) -> bool {
    code >= 0x8000_0000
}

/// Whether an HRESULT says that the account has no rights to do this: `E_ACCESSDENIED`, `WBEM_E_ACCESS_DENIED`.
pub(crate) fn denies_access(code: u32) -> bool {
    matches!(code, 0x8007_0005 | 0x8004_1003)
}

/// Returns the refusal for a method that the host answered with a fault. The fault's message explains it, unless the number
/// is one of Hyper-V's own codes.
pub(crate) fn fault(status: Option<u32>, words: &str) -> Refusal {
    if let Some(code @ FAILED..=FILE_NOT_FOUND) = status {
        return refused_at_once(code, Some(words));
    }
    let (_, advice, transient) = meaning(status.unwrap_or(FAILED));
    let advice = advice_for(Some(words), advice);
    let why = if words.trim().is_empty() { "the host returned a fault without a message" } else { words.trim() };
    Refusal { code: status, why: why.to_owned(), advice, transient }
}

/// Returns the refusal for a job that failed without an error code.
pub(crate) fn failed(words: Option<&str>) -> Refusal {
    let (_, advice, transient) = meaning(FAILED);
    let advice = advice_for(words, advice);
    Refusal { code: None, why: with_words("the job failed and gave no error code", words), advice, transient }
}

/// Returns the refusal for a job that was cancelled. VMMS cancels its own jobs when it stops, so the act is retried.
pub(crate) fn cancelled(code: Option<u32>, words: Option<&str>) -> Refusal {
    Refusal { code, why: with_words(CANCELLED, words), advice: WHO_CANCELLED, transient: true }
}

fn with_words(meaning: &str, words: Option<&str>) -> String {
    match words.map(str::trim).filter(|words| !words.is_empty()) {
        Some(words) => format!("{meaning}: {words}"),
        None => meaning.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_of_a_refusal_follows_from_what_else_is_known_of_it() {
        let codes = (FAILED..=FILE_NOT_FOUND + 1).chain([5, 0x8007_0070, 0x8004_1003, 0x8123_4567]);
        let texts = [None, Some(""), Some("in use"), Some("it failed (0x80070299)"), Some("no such code: 0x12345678")];
        let refusals = codes.flat_map(|code| {
            texts.into_iter().flat_map(move |words| {
                let fault = |status| fault(status, words.unwrap_or_default());
                let cancelled = [None, Some(code)].map(|code| cancelled(code, words));
                let others =
                    [refusal(code, words), refused_at_once(code, words), fault(Some(code)), fault(None), failed(words)];
                others.into_iter().chain(cancelled)
            })
        });
        for refusal in refusals {
            let again = refusal_advice(refusal.code, &refusal.why, refusal.transient);
            assert_eq!(again, refusal.advice, "{refusal:?}");
        }
    }
}
