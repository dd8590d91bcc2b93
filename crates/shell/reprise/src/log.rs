//! Writes the lines of the log (`REPRISE_LOG`). They quote what hosts say, so each is made safe to print on a terminal.

use std::io::{self, Write};

use crate::render::printable;

/// Where the lines go. Each event is written whole.
pub(crate) struct Screened<W>(pub(crate) W);

/// Standard error.
pub(crate) fn standard_error() -> Screened<io::Stderr> {
    Screened(io::stderr())
}

impl<W: Write> Write for Screened<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = text.strip_suffix('\n');
        let end = if line.is_some() { "\n" } else { "" };
        self.0.write_all(format!("{}{end}", printable(line.unwrap_or(&text))).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_event_is_one_line_and_nothing_in_it_acts_on_a_terminal() {
        let kept = Kept::default();
        let to = kept.clone();
        let lines = fmt::layer().with_ansi(false).with_writer(move || Screened(to.clone()));
        let said = "hv01\u{1b}[2J\r\n2026-01-01 ERROR all is lost\u{202e}\u{9b}1A";
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), || {
            tracing::warn!(host = said, error = %said, "{said}");
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert!(text.contains("hv01") && text.ends_with('\n'), "{text:?}");
        assert_eq!(text.lines().count(), 1, "{text:?}");
        assert!(!text.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text:?}");
    }
}
