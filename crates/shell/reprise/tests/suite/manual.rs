//! Completions and manual pages, read by the programs that they are made for.

use std::process::{Command, Output, Stdio};

use crate::lab::PROGRAM;

fn program(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).output().unwrap()
}

fn said(output: &Output) -> (Option<i32>, String) {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code(), text)
}

fn is_here(tool: &str) -> bool {
    Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// What bash offers after these words, the last of which is only begun.
fn completed(script: &str, words: &[&str]) -> String {
    let complete = "source \"$1\"; shift; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); \
                    _reprise reprise \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD-1]}\"; echo \"${COMPREPLY[*]}\"";
    let bash = Command::new("bash")
        .args(["--norc", "--noprofile", "-c", complete, "bash", script, "reprise"])
        .args(words)
        .output();
    let (code, text) = said(&bash.unwrap());
    assert_eq!(code, Some(0), "{text}");
    text.trim().to_owned()
}

#[test]
fn bash_completes_verbs_their_own_verbs_and_flags() {
    if !is_here("bash") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("reprise.bash");
    let printed = program(&["completions", "bash"]);
    assert!(printed.status.success() && printed.stderr.is_empty());
    std::fs::write(&script, printed.stdout).unwrap();
    let script = script.to_str().unwrap();
    assert_eq!(completed(script, &["ru"]), "run");
    assert_eq!(completed(script, &["lab", "u"]), "up");
    assert_eq!(completed(script, &["run", "--dry"]), "--dry-run");
    assert_eq!(completed(script, &["do"]), "doctor", "hidden verbs are not offered");
}

#[test]
fn a_shell_that_is_not_known_is_a_usage_error() {
    let (code, text) = said(&program(&["completions", "tcsh"]));
    assert_eq!(code, Some(2));
    assert!(text.contains("bash, elvish, fish, powershell, zsh"), "{text}");
}

#[test]
fn groff_finds_no_fault_in_any_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    assert_eq!(said(&program(&["man", pages.to_str().unwrap()])), (Some(0), String::new()));
    let printed = program(&["man"]);
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert_eq!(printed, std::fs::read_to_string(pages.join("reprise.1")).unwrap());
    if !is_here("groff") {
        return;
    }
    let mut read = 0;
    for page in std::fs::read_dir(&pages).unwrap() {
        let page = page.unwrap().path();
        let groff = Command::new("groff").args(["-man", "-ww", "-Tutf8", "-z"]).arg(&page).output().unwrap();
        assert_eq!(said(&groff), (Some(0), String::new()), "{}", page.display());
        read += 1;
    }
    assert!(read > 8, "{read} pages");
}

#[test]
fn pages_that_cannot_be_written_are_an_error_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let (code, text) = said(&program(&["man", file.to_str().unwrap()]));
    assert_eq!(code, Some(1));
    assert!(text.contains("cannot write the manual pages") && text.contains("next:"), "{text}");
}
