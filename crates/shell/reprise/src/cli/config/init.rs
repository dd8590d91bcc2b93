//! `config init`: writes the example configuration, and overwrites nothing.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use reprise_platform::paths::{ConfigFile, config_file, of_this_process};
use reprise_platform::shell::Shell;

use crate::console::{complain, print};
use crate::exit;
use crate::usage::Usage;

/// The example, which is packaged too.
const EXAMPLE: &str = include_str!("../../../../../../packaging/reprise.toml");

/// Write a commented example configuration; a file that exists is not overwritten.
#[derive(Args)]
#[command(after_help = "Examples:
  reprise config init
  reprise config init - | less

On Linux only its owner may read the file (mode 0600); give it to the account that runs Reprise.
Exit codes: 0 done, 1 failed, 2 usage error, or the file exists.")]
pub(super) struct Arguments {
    /// File to write, or - for standard output [default: what `reprise run` reads: `REPRISE_CONFIG`, else the system's place]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

pub(super) fn init(arguments: &Arguments) -> Result<ExitCode, Usage> {
    if arguments.file.as_deref() == Some(Path::new("-")) {
        return Ok(print(EXAMPLE).exit_code());
    }
    let file = config_file(arguments.file.as_deref(), of_this_process);
    let path = file.path();
    match write(&file) {
        Ok(()) => Ok(print(&format!(
            "{} is written. Name your hosts and their login in it, then check it: reprise config check{}\n",
            path.display(),
            arguments
                .file
                .as_ref()
                .map_or_else(String::new, |file| format!(" --config {}", Shell::HERE.word(&file.to_string_lossy())))
        ))
        .exit_code()),
        Err(_) if path.is_dir() => Err(Usage::new(
            format!("cannot write the configuration {}", path.display()),
            "it is a folder",
            format!("name a file in it, such as {}", path.join("reprise.toml").display()),
        )),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(Usage::new(
            format!("cannot write the configuration {}", path.display()),
            "it exists, and is not overwritten",
            "name another file, or - for standard output",
        )),
        Err(error) => {
            complain(&format!(
                "cannot write the configuration {}\n  why:  {error}\n  next: {}",
                path.display(),
                next(&error)
            ));
            Ok(ExitCode::from(exit::FAILED))
        }
    }
}

fn next(error: &io::Error) -> &'static str {
    if error.kind() == ErrorKind::NotFound {
        return "create its folder, or name another file";
    }
    if error.kind() == ErrorKind::PermissionDenied {
        return if cfg!(windows) {
            "run this in a prompt that was opened with `Run as administrator`, or name another file"
        } else {
            "run this as root, or name another file"
        };
    }
    "check its folder and the free space there, or name another file"
}

fn write(file: &ConfigFile) -> io::Result<()> {
    let path = file.path();
    if let (ConfigFile::Default(_), Some(folder)) = (file, path.parent()) {
        make(folder)?;
    }
    let mut options = OpenOptions::new();
    // A link that leads nowhere counts as a file that exists.
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut opened = options.open(path)?;
    let written = opened.write_all(EXAMPLE.as_bytes()).and_then(|()| opened.sync_all());
    if written.is_err() {
        let _gone = std::fs::remove_file(path);
    }
    written
}

/// Makes the system's folder if it is missing. On Windows it is as private as `install` makes it.
fn make(folder: &Path) -> io::Result<()> {
    #[cfg(windows)]
    if !folder.exists() {
        return reprise_platform::windows::make_private(folder, None);
    }
    std::fs::create_dir_all(folder)
}
