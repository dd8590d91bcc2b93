//! What is written on standard output and standard error, and the signals that end the program.

use std::io::Write as _;

use crate::render;

/// Writes an error for people. If even that fails there is nobody to tell. What a host said may stand in it.
pub(crate) fn complain(text: &str) {
    let text = render::printable_lines(text);
    let _lost = writeln!(std::io::stderr(), "error: {text}");
}

/// Writes a notice for people.
pub(crate) fn notice(text: &str) {
    let text = render::printable_lines(text);
    let _lost = writeln!(std::io::stderr(), "note: {text}");
}

/// What became of a text on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Printed {
    /// It is out.
    Whole,
    /// The reader has gone away (`| head`), which is no error of ours.
    NobodyReads,
    /// It is not, which a person was told.
    Failed,
}

impl Printed {
    pub(crate) fn is_no_failure(self) -> bool {
        self != Self::Failed
    }
}

/// Writes the result to standard output.
pub(crate) fn print(text: &str) -> Printed {
    print_by(|out| out.write_all(text.as_bytes()))
}

/// Writes the result to standard output piece by piece.
pub(crate) fn print_by(write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> Printed {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Ok(()) => Printed::Whole,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Printed::NobodyReads,
        Err(error) => {
            complain(&format!(
                "cannot write the result to standard output\n  why:  {error}\n  next: free space where it goes, and run again"
            ));
            Printed::Failed
        }
    }
}

/// Resolves when a person or the service manager asks the program to end.
pub(crate) async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
