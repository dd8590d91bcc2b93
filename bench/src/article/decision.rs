//! What the script decides, and the texts it writes. Pure.
//!
//! In PowerShell, `$x -eq "word"` and `$x -ne "word"` filter if `$x` is a collection, and the result counts as true unless it is
//! empty. So with two VMs of the same name, every condition here is about *any* of them.

use std::fmt;

use super::state::State;

/// One event in the System log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) id: u64,
    pub(super) level: String,
    pub(super) text: String,
}

impl Line {
    pub(super) fn information(id: u64, text: impl Into<String>) -> Self {
        Self { id, level: "Information".to_owned(), text: text.into() }
    }

    pub(super) fn error(id: u64, text: impl Into<String>) -> Self {
        Self { id, level: "Error".to_owned(), text: text.into() }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.id, self.level, self.text)
    }
}

/// `$a -eq $b` for text: ignores case.
pub(super) fn same_name(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

/// `$VM.State -ne "Suspended" -and $VM.State -ne "Error"`: continue with the next VM.
pub(super) fn is_left_alone(states: &[State]) -> bool {
    let any_other_than = |word: State| states.iter().any(|state| *state != word);
    any_other_than(State::Suspended) && any_other_than(State::Error)
}

/// `$CurrentVM.State -eq "Suspended" -or $VM.State -eq "Error"`. The second half uses the state from before the resume.
pub(super) fn is_still_stopped(before: &[State], now: &[State]) -> bool {
    now.contains(&State::Suspended) || before.contains(&State::Error)
}

pub(super) fn started() -> Line {
    Line::information(0, "Starting script to restart replication.")
}

pub(super) fn not_ready() -> Line {
    Line::error(1, "VMMS did not complete initialization after VMMS service started up. Exiting...")
}

pub(super) fn ready(seconds: u32) -> Line {
    let text = "Replication service in VMMS was started successfully. It took";
    Line::information(2, format!("{text} {seconds} seconds after VMMS started."))
}

/// `last_error` is `$Error[0]`: the last error of any kind.
pub(super) fn not_read(vm: &str, primary: &str, last_error: Option<&str>) -> Line {
    let last_error = last_error.unwrap_or_default();
    Line::error(3, format!("Get-VMReplication has failed.{last_error}(VM: {vm} Server: {primary})"))
}

pub(super) fn resumed_or_not(vm: &str, primary: &str, still_stopped: bool, refusal: Option<&str>) -> Line {
    if still_stopped {
        let refusal = refusal.unwrap_or_default();
        let text = format!(
            "Failed to resume replication for {vm} on {primary}. Please check replication status manually.{refusal}"
        );
        return Line::error(3, text);
    }
    Line::information(4, format!("Replication for {vm} on {primary} was in suspended and resumed successfully."))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNS: State = State::Other(3);

    #[test]
    fn one_vm_is_resumed_out_of_two_states_and_left_alone_in_all_others() {
        assert!(!is_left_alone(&[State::Suspended]));
        assert!(!is_left_alone(&[State::Error]));
        for number in (0..=21).filter(|number| ![7, 8].contains(number)) {
            assert!(is_left_alone(&[State::Other(number)]));
        }
    }

    #[test]
    fn of_two_vms_of_one_name_that_differ_neither_is_resumed() {
        assert!(is_left_alone(&[State::Suspended, State::Error]));
        assert!(is_left_alone(&[State::Error, RUNS]));
        assert!(!is_left_alone(&[State::Error, State::Error]));
    }

    #[test]
    fn a_vm_resumed_out_of_error_is_still_stopped_for_the_script() {
        assert!(is_still_stopped(&[State::Error], &[RUNS]));
        assert!(!is_still_stopped(&[State::Suspended], &[RUNS]));
    }

    #[test]
    fn a_vm_that_falls_back_to_error_after_a_pause_is_resumed_for_the_script() {
        assert!(is_still_stopped(&[State::Suspended], &[State::Suspended]));
        assert!(!is_still_stopped(&[State::Suspended], &[State::Error]));
        assert!(!is_still_stopped(&[State::Suspended], &[]));
    }

    #[test]
    fn the_texts_are_the_articles() {
        assert_eq!(not_read("vm", "hv", Some("why")).text, "Get-VMReplication has failed.why(VM: vm Server: hv)");
        let text = "Replication for vm on hv was in suspended and resumed successfully.";
        assert_eq!(resumed_or_not("vm", "hv", false, Some("lost")), Line::information(4, text));
        assert_eq!(
            ready(3).to_string(),
            "2 Information Replication service in VMMS was started successfully. It took 3 seconds after VMMS started."
        );
    }
}
