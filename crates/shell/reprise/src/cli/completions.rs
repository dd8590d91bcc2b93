//! `completions`: prints the script by which a shell completes verbs and flags.

use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::{Shell, generate};

use super::shown::shown;
use crate::console::print_by;

/// Print the script that completes verbs and flags in a shell.
#[derive(Args)]
#[command(after_help = "Examples:
  reprise completions bash > /etc/bash_completion.d/reprise
  reprise completions powershell >> $PROFILE

Exit codes: 0 done, 1 failed, 2 usage error.")]
pub(super) struct Arguments {
    /// The shell to print it for
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub(super) fn completions(arguments: &Arguments, program: &Command) -> ExitCode {
    let text = script(arguments.shell, program);
    print_by(|out| out.write_all(&text)).exit_code()
}

fn script(shell: Shell, program: &Command) -> Vec<u8> {
    let mut text = Vec::new();
    generate(shell, &mut shown(program), "reprise", &mut text);
    text
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;
    use crate::cli::shown::tests::{program, verbs};

    #[test]
    fn the_script_of_every_shell_names_every_verb_and_no_hidden_one() {
        for shell in Shell::value_variants() {
            let text = String::from_utf8(script(*shell, &program())).unwrap();
            let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric() && c != '-').collect();
            for verb in verbs() {
                assert!(words.contains(&verb.as_str()), "{shell} lacks {verb}");
            }
            assert!(!words.contains(&"docs"), "{shell}");
        }
    }
}
