//! How a task ended.

/// How a task ended; each has its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing to object to: 0.
    Green,
    /// The check found something, and has said what: 1.
    Red,
}

impl Outcome {
    /// Prints the findings, one line each; none is green.
    pub(crate) fn of_findings(findings: &[String]) -> Self {
        for finding in findings {
            println!("{finding}");
        }
        if findings.is_empty() { Self::Green } else { Self::Red }
    }
}
