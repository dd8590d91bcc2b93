//! What is written on standard output and standard error, and the signals that end the program.

use std::io::Write as _;

use crate::render;

/// Writes an error for people. If even that fails there is nobody to tell. What a host said may stand in it.
pub(crate) fn complain(text: &str) {
    let text = without_logins(&render::printable_lines(text));
    let _lost = writeln!(std::io::stderr(), "error: {text}");
}

/// Writes a notice for people.
pub(crate) fn notice(text: &str) {
    let text = without_logins(&render::printable_lines(text));
    let _lost = writeln!(std::io::stderr(), "note: {text}");
}

/// Writes what clap says of a command line that it does not understand. It repeats what was written.
pub(crate) fn refuse(error: &clap::Error) {
    let text = error.render().to_string();
    let safe = without_logins(&text);
    // clap's own way has colours.
    let _lost = if safe == text { error.print() } else { write!(std::io::stderr(), "{safe}") };
}

/// The text without the logins that stand in its addresses, whoever wrote them there.
fn without_logins(text: &str) -> String {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '`');
    let safe = text.split_inclusive(is_end).map(|word| {
        let (scheme, rest) = word.split_once("://").map_or(("", word), |(scheme, rest)| (scheme, rest));
        let end = rest.rfind('@').map(|at| at + 1).max(rest.rfind("%40").map(|at| at + 3));
        let Some((login, host)) = end.and_then(|end| rest.split_at_checked(end)) else { return word.to_owned() };
        match scheme {
            "" if login.contains(':') => format!("…@{host}"),
            "" => word.to_owned(), // a user's name
            _ => format!("{scheme}://…@{host}"),
        }
    });
    safe.collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_in_an_address_is_not_shown_and_nothing_else_is_lost() {
        for (text, safe) in [
            ("cannot reach http://svc:hunter2@hv01:80/x\n  why: 'y'", "cannot reach http://…@hv01:80/x\n  why: 'y'"),
            ("argument 'https://svc:h@u@hv01' found", "argument 'https://…@hv01' found"),
            ("`http://svc:hunter2%40hv01`", "`http://…@hv01`"),
            ("'svc:hunter2@hv01'", "'…@hv01'"),
            ("ask svc@lab.test at http://hv01, b@c", "ask svc@lab.test at http://hv01, b@c"),
        ] {
            assert_eq!(without_logins(text), safe);
        }
    }
}
