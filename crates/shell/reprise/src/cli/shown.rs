//! The command line as people are shown it: without its hidden verbs.

use clap::Command;

/// The program without its hidden verbs, which completions and manual pages would list.
pub(super) fn shown(program: &Command) -> Command {
    let mut shown = Command::new("reprise").version(env!("CARGO_PKG_VERSION")).propagate_version(true);
    if let Some(about) = program.get_about() {
        shown = shown.about(about.clone());
    }
    shown.subcommands(program.get_subcommands().filter(|verb| !verb.is_hide_set()).cloned())
}

#[cfg(test)]
pub(super) mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Arguments;

    pub(crate) fn program() -> Command {
        Arguments::command()
    }

    /// The verbs that people are shown.
    pub(crate) fn verbs() -> Vec<String> {
        shown(&program()).get_subcommands().map(|verb| verb.get_name().to_owned()).collect()
    }

    #[test]
    fn every_verb_is_shown_but_the_hidden_ones() {
        let verbs = verbs();
        assert!(
            ["run", "events", "lab", "completions", "man"].iter().all(|verb| verbs.iter().any(|v| v == verb)),
            "{verbs:?}"
        );
        assert!(!verbs.iter().any(|verb| verb == "docs"));
    }
}
