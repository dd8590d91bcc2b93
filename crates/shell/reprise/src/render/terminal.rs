//! What standard output is: a terminal of some size, with or without colours, or a file or pipe.

use std::fmt;

use anstyle::{AnsiColor, Style};

/// The usual width of a page.
const COLUMNS: usize = 80;

/// The form of the output.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Terminal {
    /// Whether it is one: what does not fit its height is left out and counted. A file and a pipe get every row.
    pub(crate) is_screen: bool,
    /// Its width in columns; `None` for a file or a pipe, where lines have any length.
    pub(crate) width: Option<usize>,
    /// Its height in lines.
    pub(crate) height: Option<usize>,
    /// Whether it shows colours.
    pub(crate) colours: bool,
}

impl Terminal {
    /// The one on standard output. Colours follow the conventions of `NO_COLOR`, `CLICOLOR_FORCE` and `TERM`.
    pub(crate) fn here() -> Self {
        let out = std::io::stdout();
        let colours = anstream::AutoStream::choice(&out) != anstream::ColorChoice::Never;
        let size = terminal_size::terminal_size_of(out);
        let (width, height) = size.map(|(width, height)| (usize::from(width.0), usize::from(height.0))).unzip();
        Self { is_screen: size.is_some(), width, height, colours }
    }

    /// The same for a table that keeps to a width in a file or a pipe too: to that of `COLUMNS`, else to 80.
    pub(crate) fn here_or_columns() -> Self {
        Self::here().else_of_columns(std::env::var("COLUMNS").ok().as_deref())
    }

    fn else_of_columns(self, columns: Option<&str>) -> Self {
        let asked = columns.and_then(|columns| columns.trim().parse().ok()).filter(|columns| *columns > 0);
        Self { width: self.width.or(asked).or(Some(COLUMNS)), ..self }
    }

    /// Whether a page can be drawn in place of another one.
    pub(crate) fn can_redraw(&self) -> bool {
        self.is_screen && std::env::var_os("TERM").is_none_or(|kind| kind != "dumb")
    }

    /// The width of the terminal on standard error, if it is one.
    pub(crate) fn width_of_errors() -> Option<usize> {
        terminal_size::terminal_size_of(std::io::stderr()).map(|(width, _)| usize::from(width.0))
    }

    /// A page of that width without colours.
    pub(crate) fn of_width(width: usize) -> Self {
        Self { is_screen: true, width: Some(width), ..Self::default() }
    }

    /// The text in that tone.
    pub(crate) fn paint<'t>(&self, tone: Tone, text: &'t str) -> Painted<'t> {
        Painted { style: if self.colours { tone.style() } else { Style::new() }, text }
    }
}

/// How good or bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Not protected.
    Bad,
    /// Somebody should look.
    Doubtful,
    /// Protected.
    Good,
    /// Left as it is on purpose.
    Plain,
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Doubtful => AnsiColor::Yellow.on_default(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Plain => Style::new(),
        }
    }
}

/// A text with its style around it.
pub(crate) struct Painted<'t> {
    style: Style,
    text: &'t str,
}

impl fmt::Display for Painted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.style.render(), self.text, self.style.render_reset())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_has_the_width_that_somebody_gives_it_else_that_of_a_page_and_a_terminal_has_its_own() {
        let width = |own: Terminal, columns| own.else_of_columns(columns).width;
        for (columns, expected) in [(None, 80), (Some("132"), 132), (Some("0"), 80), (Some("wide"), 80)] {
            assert_eq!(width(Terminal::default(), columns), Some(expected), "{columns:?}");
            assert_eq!(width(Terminal::of_width(100), columns), Some(100));
        }
        assert!(!Terminal::default().else_of_columns(None).is_screen);
    }
}
