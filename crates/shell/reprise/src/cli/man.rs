//! `man`: prints the manual page, or writes a page per verb to a folder.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Command};
use clap_mangen::Man;

use super::shown::shown;
use crate::console::{complain, print_by};
use crate::exit;

/// Print the manual page, or write one page per verb to a folder.
#[derive(Args)]
#[command(after_help = "Examples:
  reprise man | man -l -
  reprise man /usr/local/share/man/man1

Exit codes: 0 done, 1 failed, 2 usage error.")]
pub(super) struct Arguments {
    /// Folder for the pages reprise.1, reprise-run.1 and so on; made if it is missing [default: one page to standard output]
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

pub(super) fn man(arguments: &Arguments, program: &Command) -> ExitCode {
    // The pages would refer to one about `help`, which there is none of.
    let program = shown(program).disable_help_subcommand(true);
    let Some(folder) = &arguments.folder else {
        let page = Man::new(program);
        return print_by(|mut out| page.render(&mut out)).exit_code();
    };
    if let Err(error) = write_pages(program, folder) {
        complain(&format!(
            "cannot write the manual pages to {}\n  why:  {error}\n  next: name a folder that this account can write to",
            folder.display()
        ));
        return ExitCode::from(exit::FAILED);
    }
    ExitCode::from(exit::OK)
}

fn write_pages(program: Command, folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(program, folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::shown::tests::{program, verbs};

    #[test]
    fn the_page_names_every_verb_and_each_verb_has_a_page_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("man1");
        write_pages(shown(&program()), &folder).unwrap();
        let page = std::fs::read_to_string(folder.join("reprise.1")).unwrap();
        for verb in verbs() {
            assert!(page.contains(&format!("reprise\\-{verb}(1)")), "reprise.1 lacks {verb}");
            let own = std::fs::read_to_string(folder.join(format!("reprise-{verb}.1"))).unwrap();
            assert!(own.contains(".SH SYNOPSIS"), "{verb}: {own}");
        }
        assert!(folder.join("reprise-lab-up.1").exists() && !folder.join("reprise-docs.1").exists());
    }
}
