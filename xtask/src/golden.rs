//! `golden`: texts that are kept and compared: snapshots, and the tables in docs that are made from code.

use anyhow::{Context, Result};

use crate::{Outcome, command, metadata};

/// Whether a difference is a finding or the new truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Compare,
    Update,
}

/// A page in `docs` that the program writes, so that it cannot say anything else than the code.
struct Page {
    /// Where it is kept.
    file: &'static str,
    /// What to ask the program for: the arguments of `cargo run --package reprise --`.
    arguments: &'static [&'static str],
}

/// Pages made from code.
const PAGES: &[Page] = &[
    Page { file: "docs/doctor.md", arguments: &["docs", "doctor"] },
    Page { file: "docs/events.md", arguments: &["docs", "events"] },
    Page { file: "docs/faults.md", arguments: &["docs", "faults"] },
    Page { file: "docs/reasons.md", arguments: &["docs", "reasons"] },
];

/// Compares or renews all golden texts.
pub(crate) fn run(mode: Mode) -> Result<Outcome> {
    let snapshots = snapshots(mode);
    let mut findings: Vec<String> = Vec::new();
    if let Err(error) = snapshots {
        findings.push(format!("{error:#}; if the new text is right: `cargo xtask golden --update`, and read the diff"));
    }
    for page in PAGES {
        findings.extend(check(page, mode)?);
    }
    Ok(Outcome::of_findings(&findings))
}

/// Runs the tests of every package that keeps snapshots. Only those: the other tests have run before.
fn snapshots(mode: Mode) -> Result<()> {
    let packages = metadata::ours(&metadata::ask()?)?;
    let names = metadata::with_dependency(&packages, "insta");
    if names.is_empty() {
        return Ok(());
    }
    let mut test = command::cargo();
    test.args(["test", "--locked", "--quiet"]);
    for name in &names {
        test.args(["--package", name]);
    }
    test.env(
        "INSTA_UPDATE",
        match mode {
            Mode::Compare => "no",
            Mode::Update => "always",
        },
    );
    command::run(&mut test)
}

fn check(page: &Page, mode: Mode) -> Result<Option<String>> {
    let mut program = command::cargo();
    program.args(["run", "--locked", "--quiet", "--package", "reprise", "--"]).args(page.arguments);
    let told = command::read(&mut program)?;
    let path = command::root()?.join(page.file);
    if mode == Mode::Update {
        std::fs::write(&path, &told).with_context(|| format!("cannot write {}", page.file))?;
        return Ok(None);
    }
    let kept = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", page.file))?;
    Ok(difference(page.file, &kept, &told))
}

/// The first line that differs, as a finding.
fn difference(file: &str, kept: &str, made: &str) -> Option<String> {
    if kept == made {
        return None;
    }
    let same = kept.lines().zip(made.lines()).take_while(|(a, b)| a == b).count();
    Some(format!("{file}:{}: not what the code says; renew it with `cargo xtask golden --update`", same + 1))
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn a_page_that_says_what_the_code_says_is_green() {
        assert_eq!(difference("docs/events.md", "a\nb\n", "a\nb\n"), None);
    }

    #[test]
    fn a_page_that_lags_behind_is_red_at_the_line_that_differs() {
        let red = difference("docs/events.md", "a\nb\n", "a\nc\n").unwrap();
        assert!(red.starts_with("docs/events.md:2: "), "{red}");
        assert!(difference("docs/events.md", "a\n", "a\nb\n").unwrap().starts_with("docs/events.md:2: "));
    }
}
