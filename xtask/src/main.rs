//! Checks and builds of this workspace, run as `cargo xtask TASK`.
//!
//! Each task is one file, named after it. It uses nothing of ours, so that it works while the rest does not compile.
//! Start with [`ci`], which runs the checks one after another.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a developer's tool speaks on its two streams")]

mod ci;
mod command;
mod dist;
mod edges;
mod exe;
mod fuzz;
mod golden;
mod metadata;
mod outcome;
mod sweep;
mod tidy;
mod token;
mod walk;

use std::process::ExitCode;

use outcome::Outcome;

/// One task, as `--help` describes it.
struct Task {
    name: &'static str,
    /// What may follow the name.
    arguments: &'static str,
    /// What it does, in one line.
    summary: &'static str,
    /// What else one should know; empty if nothing.
    more: &'static str,
}

const TASKS: &[Task] = &[
    Task {
        name: "ci",
        arguments: "",
        summary: "runs every check of this list and prints the time of each (all but `cargo test`)",
        more: "All steps run even if one fails. CONTRIBUTING.md lists the packages that they need.",
    },
    Task {
        name: "edges",
        arguments: "[--metadata FILE]",
        summary: "checks which crate depends on which, and modules for circles",
        more: "FILE holds what `cargo metadata --format-version 1` prints; without it, cargo is asked.\n\
               Prints a line `A -> B: why` for each forbidden dependency. Without FILE it also reads the sources of\n\
               each crate and prints a line `CRATE: a -> b -> a (file:line of each use)` for each circle of modules.\n\
               Exit code 1 if there is a line.",
    },
    Task {
        name: "tidy",
        arguments: "",
        summary: "checks sizes, names and first lines of source files, and that settings are read",
        more: "Prints a line for each finding. Exit code 1 if there is one.",
    },
    Task {
        name: "golden",
        arguments: "[--update]",
        summary: "compares snapshots, and the tables in docs that are generated from code",
        more: "--update writes what the code gives now; read the difference before you commit it.",
    },
    Task {
        name: "exe",
        arguments: "",
        summary: "builds reprise.exe for Windows; the last line printed is its path",
        more: "WIN_STD_CACHE and WIN_TARGET_DIR name folders for its caches outside the checkout.",
    },
    Task { name: "dist", arguments: "", summary: "builds the program that is shipped and checks its size", more: "" },
    Task {
        name: "sweep",
        arguments: "--minutes N",
        summary: "runs many rehearsals, each from its own seed",
        more: "The last line is `N seeds, N steps, N finds`. Exit code 1 on a find, with its seed.",
    },
    Task {
        name: "fuzz",
        arguments: "[--minutes N]",
        summary: "feeds arbitrary bytes to every decoder",
        more: "N minutes are divided among the targets; without it, each gets a short round.\n\
               An input that breaks a target is kept under fuzz/corpus. Exit code 1 if there is one.",
    },
];

/// Widest task with its arguments, for the list.
const TASK_WIDTH: usize = 23;

/// All tasks, a line each.
fn usage() -> String {
    let line = |task: &Task| {
        let call = format!("{} {}", task.name, task.arguments);
        format!("  {:TASK_WIDTH$} {}\n", call.trim_end(), task.summary)
    };
    let lines: String = TASKS.iter().map(line).collect();
    format!("usage: cargo xtask TASK\n\n{lines}\nThe help of one task: cargo xtask TASK --help")
}

/// The help of one task.
fn help(task: &Task) -> String {
    let call = format!("usage: cargo xtask {} {}", task.name, task.arguments);
    let text = format!("{}\n\nThis task {}.\n{}", call.trim_end(), task.summary, task.more);
    text.trim_end().to_owned()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let task = words.first().and_then(|word| TASKS.iter().find(|task| task.name == *word));
    if let (Some(task), Some("--help" | "-h")) = (task, words.get(1).copied()) {
        println!("{}", help(task));
        return ExitCode::SUCCESS;
    }
    let result = match words.as_slice() {
        ["ci"] => ci::run(),
        ["edges"] => edges::run(None),
        ["edges", "--metadata", file] => edges::run(Some(file)),
        ["tidy"] => tidy::run(),
        ["golden"] => golden::run(golden::Mode::Compare),
        ["golden", "--update"] => golden::run(golden::Mode::Update),
        ["exe"] => exe::run(),
        ["dist"] => dist::run(),
        ["sweep", "--minutes", minutes] if minutes.parse::<u32>().is_ok() => sweep::run(minutes),
        ["fuzz"] => fuzz::check(),
        ["fuzz", "--minutes", minutes] if minutes.parse::<u32>().is_ok() => fuzz::run(minutes),
        ["help" | "--help" | "-h"] => {
            println!("{}", usage());
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("{}", task.map_or_else(usage, help));
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(Outcome::Green) => ExitCode::SUCCESS,
        Ok(Outcome::Red) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{TASK_WIDTH, TASKS, help, usage};

    #[test]
    fn every_task_is_in_the_list_and_has_its_own_help() {
        for task in TASKS {
            assert!(usage().contains(&format!("  {}", task.name)), "{}", task.name);
            assert!(help(task).starts_with(&format!("usage: cargo xtask {}", task.name)), "{}", task.name);
            assert!(task.name.len() + 1 + task.arguments.len() <= TASK_WIDTH, "{}", task.name);
        }
    }
}
