//! Standard output, standard error, and the signals that end the program.

use std::io::Write as _;
use std::process::ExitCode;

use crate::exit;
use crate::render::{self, Terminal, paragraph};

/// Prints an error to standard error. A failure to print it is ignored. The text may contain what a host sent.
pub(crate) fn complain(text: &str) {
    say("error: ", text);
}

/// Prints a notice to standard error.
pub(crate) fn notice(text: &str) {
    say("note: ", text);
}

/// Prints a warning to standard error.
pub(crate) fn warn(text: &str) {
    say("warning: ", text);
}

fn say(head: &str, text: &str) {
    let text = without_logins(&render::printable_lines(text));
    let _lost = write!(std::io::stderr(), "{}", fitted(head, &text, Terminal::width_of_errors()));
}

/// A message for a terminal of that width. Sentences are wrapped between words; lines of another kind may be commands to paste, and
/// are not.
fn fitted(head: &str, text: &str, width: Option<usize>) -> String {
    let (first, rest) = text.split_once('\n').map_or((text, None), |(first, rest)| (first, Some(rest)));
    let mut fitted = paragraph(head, first, 2, width);
    for line in rest.into_iter().flat_map(|rest| rest.split('\n')) {
        let sentence = ["  why:  ", "  next: "].into_iter().find_map(|head| Some((head, line.strip_prefix(head)?)));
        let written = sentence.map(|(head, words)| paragraph(head, words, head.len(), width));
        fitted.push_str(&written.unwrap_or_else(|| format!("{line}\n")));
    }
    fitted
}

/// Prints a notice of several lines to standard error. What follows the first line is indented.
pub(crate) fn note_lines(text: &str) {
    notice(&text.replace('\n', "\n  "));
}

/// Prints clap's error about the command line, which quotes the command line.
pub(crate) fn refuse(error: &clap::Error) {
    let text = error.render().to_string();
    let safe = without_logins(&text);
    // clap's own printing has colours.
    let _lost = if safe == text { error.print() } else { write!(std::io::stderr(), "{safe}") };
}

/// Removes logins from the addresses in a text.
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

/// The result of printing to standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Printed {
    /// Everything was printed.
    Whole,
    /// The reader has closed the pipe (`| head`), which is not an error.
    NobodyReads,
    /// It failed, and the error was printed.
    Failed,
}

impl Printed {
    pub(crate) fn is_no_failure(self) -> bool {
        self != Self::Failed
    }

    /// The exit code of a verb that has nothing to do but print.
    pub(crate) fn exit_code(self) -> ExitCode {
        ExitCode::from(if self.is_no_failure() { exit::OK } else { exit::FAILED })
    }
}

/// Prints the result to standard output.
pub(crate) fn print(text: &str) -> Printed {
    print_by(|out| out.write_all(text.as_bytes()))
}

/// Prints a text that may have colours to standard output. They are translated for an old Windows console, and removed where
/// there is no terminal.
pub(crate) fn print_painted(text: &str) -> Printed {
    let out = std::io::stdout();
    let choice = anstream::AutoStream::choice(&out);
    let mut out = anstream::AutoStream::new(out.lock(), choice);
    printed(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Draws on a terminal with sequences that move its cursor. On Windows the console is switched to them first.
pub(crate) fn redraw(text: &str) -> Printed {
    let mut out = anstream::AutoStream::always(std::io::stdout().lock());
    printed(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Prints the result to standard output piece by piece.
pub(crate) fn print_by(write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> Printed {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    printed(write(&mut out).and_then(|()| out.flush()))
}

/// The result, of which a failure is reported.
fn printed(result: std::io::Result<()>) -> Printed {
    match result {
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

/// Whether the program was asked to end, for a verb with several steps: a signal between two of them is not lost.
#[derive(Clone)]
pub(crate) struct Stop(tokio::sync::watch::Receiver<bool>);

impl Stop {
    /// Begins to listen.
    pub(crate) fn listen() -> Self {
        let (say, asked) = tokio::sync::watch::channel(false);
        tokio::spawn(async move {
            asked_to_stop().await;
            let _nobody_listens = say.send(true);
        });
        Self(asked)
    }

    /// Whether it was.
    pub(crate) fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Resolves when it is.
    pub(crate) async fn asked(mut self) {
        if self.0.wait_for(|asked| *asked).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Resolves when the user or the service manager asks the program to end: Ctrl-C or SIGTERM; on Windows also Ctrl-Break, the end of
/// the window and of the system.
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
    #[cfg(windows)]
    {
        use tokio::signal::windows::{ctrl_break, ctrl_close, ctrl_logoff, ctrl_shutdown};
        if let (Ok(mut broken), Ok(mut closed), Ok(mut shut_down)) = (ctrl_break(), ctrl_close(), ctrl_shutdown()) {
            // A user's logging off ends no task that runs for the computer. Without somebody who hears of it, Windows would.
            let _unheeded = ctrl_logoff();
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = broken.recv() => {}
                _ = closed.recv() => {}
                _ = shut_down.recv() => {}
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
    fn a_message_is_wrapped_between_words_on_a_terminal_and_a_command_on_a_line_of_its_own_is_not() {
        let text = "cannot write the long result\n  why:  no space is left on it\n  look:   reprise lab ctl --control http://x /world";
        assert_eq!(fitted("error: ", text, None), format!("error: {text}\n"));
        let narrow = "error: cannot write\n  the long result\n  why:  no space is\n        left on it\n  look:   reprise lab ctl --control http://x /world\n";
        assert_eq!(fitted("error: ", text, Some(20)), narrow);
    }

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
