//! Every verb, flag and setting that a text tells people to type exists.

use std::path::Path;

use clap::{Command, CommandFactory as _};
use reprise_model::{Reason, Remedy};
use reprise_platform::event::codes;

use super::Arguments;

/// Words of `reprise VERB …` up to a mark that ends the command. Those in capitals stand for something.
fn words(command: &str) -> Vec<&str> {
    let end = command.find(['`', '"', '\\', '\n', '|', ';', '<']).unwrap_or(command.len());
    command[..end].split_whitespace().map(|word| word.trim_end_matches(['.', ',', ':', ')'])).collect()
}

/// What a command that follows `reprise ` names and the program does not know.
fn unknown(command: &str, program: &Command) -> Option<String> {
    let mut verb = program.clone();
    let mut at_verb = true;
    for word in words(command) {
        if let Some(flag) = word.strip_prefix("--") {
            let flag = flag.split('=').next().unwrap_or_default();
            let own = |verb: &Command| verb.get_arguments().any(|argument| argument.get_long() == Some(flag));
            if !own(&verb) && !["help", "version"].contains(&flag) {
                return Some(word.to_owned());
            }
            at_verb = false;
        } else if at_verb && verb.has_subcommands() {
            let Some(next) = verb.find_subcommand(word).cloned() else { return Some(word.to_owned()) };
            verb = next;
        } else {
            at_verb = false;
        }
    }
    None
}

fn program() -> Command {
    let mut program = Arguments::command();
    program.build();
    program
}

/// The commands that stand in a text, each without its first word: in backticks, or alone on a line after blanks or `$`.
fn commands(text: &str) -> Vec<&str> {
    let in_ticks = text.split("`reprise ").skip(1);
    let alone = text.lines().filter_map(|line| {
        let line = line.trim_start().trim_start_matches("///").trim_start_matches("$ ").trim_start();
        line.strip_prefix("reprise ").filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '-'))
    });
    in_ticks.chain(alone).collect()
}

/// What a text names and nobody knows: a verb, a flag, a setting.
fn unknown_in(text: &str) -> Vec<String> {
    let program = program();
    let mut unknown: Vec<String> =
        commands(text).into_iter().filter_map(|command| unknown(command, &program)).collect();
    let verbs: Vec<&Command> = program.get_subcommands().collect();
    let flags = text.split(|c: char| c.is_whitespace() || "`(),;:.\"".contains(c)).filter_map(|w| w.strip_prefix("--"));
    for flag in flags.map(|flag| flag.split('=').next().unwrap_or_default()).filter(|flag| !flag.is_empty()) {
        if !verbs.iter().any(|verb| verb.get_arguments().any(|argument| argument.get_long() == Some(flag))) {
            unknown.push(format!("--{flag}"));
        }
    }
    let settings =
        text.split('`').skip(1).step_by(2).filter(|code| code.contains(" = ") && !code.starts_with("reprise"));
    for setting in settings {
        let texts = [format!("version = 1\n{setting}\n"), format!("version = 1\n[policy]\n{setting}\n")];
        if !texts.iter().any(|text| reprise_config::read(text).is_ok()) {
            unknown.push(setting.to_owned());
        }
    }
    unknown
}

#[test]
fn the_check_finds_what_does_not_exist() {
    for (text, found) in [
        ("Repair it: `reprise repair VM`, or Hyper-V Manager.", "repair"),
        ("  reprise heal sql-01", "heal"),
        ("use `reprise run --patience 5`", "--patience"),
        ("`reprise lab down`", "down"),
        ("raise `--patience`", "--patience"),
        ("set `peer_unseen = \"never\"`", "peer_unseen = \"never\""),
    ] {
        assert_eq!(unknown_in(text).first().map(String::as_str), Some(found), "{text}");
    }
    for text in [
        "see `reprise lab up --help`",
        "$ reprise run --host http://hv01 --dry-run",
        "Reprise resumes it, as reprise does.",
        "run once with `--paused resume`, or set `paused.initial = \"resume\"`",
    ] {
        assert_eq!(unknown_in(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn advice_names_only_verbs_flags_and_settings_that_exist() {
    let problems = Remedy::ALL.iter().map(|remedy| remedy.text());
    let reasons = Reason::ALL.iter().flat_map(|reason| [reason.meaning(), reason.evidence(), reason.advice()]);
    let events = codes::CODES.iter().flat_map(|code| [code.text, code.meaning, code.advice]);
    for text in problems.chain(reasons).chain(events) {
        assert_eq!(unknown_in(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn no_source_and_no_page_names_a_command_that_does_not_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap();
    let program = program();
    let mut read = 0;
    for folder in
        ["crates", "docs", "packaging", "bench", "README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"]
    {
        for (path, text) in texts(&root.join(folder)) {
            read += 1;
            let is_this = path.ends_with("cli/tests.rs");
            for command in commands(&text).into_iter().filter(|_| !is_this) {
                let unknown = unknown(command, &program);
                assert_eq!(unknown, None, "{}: reprise {}", path.display(), words(command).join(" "));
            }
        }
    }
    assert!(read > 100, "{read} files");
}

fn texts(path: &Path) -> Vec<(std::path::PathBuf, String)> {
    if path.is_dir() {
        let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        return entries.flat_map(|entry| texts(&entry)).collect();
    }
    let wanted = path
        .extension()
        .is_some_and(|extension| ["rs", "md", "toml", "xml", "service"].iter().any(|e| *e == extension));
    if !wanted {
        return Vec::new();
    }
    vec![(path.to_owned(), std::fs::read_to_string(path).unwrap())]
}
