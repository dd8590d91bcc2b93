//! `config`: the example, the check before a run, and the schema.

use std::path::Path;
use std::process::Command;

use crate::lab::PROGRAM;

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

fn config(arguments: &[&str]) -> Said {
    let output = Command::new(PROGRAM)
        .arg("config")
        .args(arguments)
        .env("REPRISE_CONFIG", "/nowhere/reprise.toml")
        .env_remove("CREDENTIALS_DIRECTORY")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
}

/// Checks a configuration whose `FOLDER` is the folder that it is in.
fn checked(folder: &Path, text: &str) -> Said {
    let file = folder.join("reprise.toml");
    std::fs::write(&file, text.replace("FOLDER", folder.to_str().unwrap())).unwrap();
    config(&["check", "--config", file.to_str().unwrap()])
}

#[cfg(unix)]
fn secret(folder: &Path, name: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(folder.join(name), "hunter2\n").unwrap();
    std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn the_example_is_written_once_with_no_rights_for_others_and_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.toml");
    let name = path.to_str().unwrap();
    let said = config(&["init", name]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    assert!(said.out.contains(&format!("reprise config check --config {name}")), "{}", said.out);
    let example = include_str!("../../../../../packaging/reprise.toml");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), example);
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions()) & 0o777,
        0o600
    );
    assert_eq!(config(&["init", "-"]).out, example);
    std::fs::write(&path, "mine").unwrap();
    let said = config(&["init", name]);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    assert!(said.err.contains("it exists, and is not overwritten"), "{}", said.err);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let (link, target) = (folder.path().join("link"), folder.path().join("target"));
    std::os::unix::fs::symlink(&target, &link).unwrap();
    assert_eq!(config(&["init", link.to_str().unwrap()]).code, Some(2));
    assert!(!target.exists());
}

#[test]
fn an_example_that_cannot_be_written_is_an_error_with_advice_and_the_place_of_the_run_is_the_default() {
    let said = config(&["init"]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(said.err.contains("/nowhere/reprise.toml") && said.err.contains("create its folder"), "{}", said.err);
}

#[cfg(unix)]
#[test]
fn a_good_configuration_is_shown_as_the_hosts_and_logins_that_a_run_would_use_and_never_a_password() {
    let folder = tempfile::tempdir().unwrap();
    secret(folder.path(), "password", 0o600);
    let said = checked(
        folder.path(),
        "version = 1\n[login]\nuser = 'LAB\\svc'\npassword_file = 'FOLDER/password'\n[[host]]\nurl = 'http://hv01'\n\
         [[host]]\nurl = 'https://hv02'\nuser = 'other'\npassword_file = 'FOLDER/password'\nauth = 'ntlm'\n\
         [discover]\npeers = true\n[[hold]]\nvm = 'a'\nreason = 'r'\nuntil = '2999-01-01T00:00:00Z'\n",
    );
    let here = folder.path().display();
    let expected = format!(
        "{here}/reprise.toml has no errors. A run would ask 2 hosts:\n  \
         http://hv01:5985/wsman as LAB\\svc, password in {here}/password, scheme auto\n  \
         https://hv02:5986/wsman as other, password in {here}/password, scheme ntlm\n\
         and the hosts that their replication relationships name.\n"
    );
    assert_eq!((said.code, said.out, said.err.as_str()), (Some(0), expected, ""));
}

#[cfg(unix)]
#[test]
fn an_ended_hold_and_a_password_file_that_others_may_read_are_warnings_and_each_is_said_once() {
    let folder = tempfile::tempdir().unwrap();
    secret(folder.path(), "password", 0o644);
    let said = checked(
        folder.path(),
        "version = 1\n[login]\nuser = 'svc'\npassword_file = 'FOLDER/password'\n[[host]]\nurl = 'http://hv01'\n\
         [[host]]\nurl = 'http://hv02'\n[[hold]]\nvm = 'sql-01'\nreason = 'r'\nuntil = '2020-01-01T00:00:00Z'\n",
    );
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.contains("has no errors"), "{}", said.out);
    assert_eq!(said.err.matches("warning: ").count(), 2, "{}", said.err);
    for words in ["the hold on VM sql-01", "its time is over", "chmod"] {
        assert!(said.err.contains(words), "{words}: {}", said.err);
    }
    assert!(!format!("{}{}", said.out, said.err).contains("hunter2"));
}

#[test]
fn every_error_is_reported_with_its_line_and_nothing_is_on_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let said = checked(folder.path(), "version = 1\n[run]\ntimeout = 'soon'\n[[host]]\nulr = 'http://hv01'\n");
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    for words in ["line 3: run.timeout", "line 5: host.ulr", "did you mean `url`?"] {
        assert!(said.err.contains(words), "{words}: {}", said.err);
    }
}

#[cfg(unix)]
#[test]
fn a_login_with_which_no_run_would_begin_is_an_error_for_each_of_its_hosts() {
    let folder = tempfile::tempdir().unwrap();
    let text = "version = 1\n[login]\nuser = 'svc'\n[[host]]\nurl = 'http://hv01'\n[[host]]\nurl = 'http://hv02'\n";
    let said = checked(folder.path(), text);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    for words in ["cannot log in to http://hv01", "cannot log in to http://hv02", "no password is given for svc"] {
        assert!(said.err.contains(words), "{words}: {}", said.err);
    }
}

#[test]
fn a_configuration_that_is_not_there_is_an_error() {
    let said = config(&["check"]);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    assert!(said.err.contains("/nowhere/reprise.toml"), "{}", said.err);
}

#[test]
fn the_schema_is_one_json_document() {
    let said = config(&["schema"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    let schema: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(schema["required"], serde_json::json!(["version"]));
}

#[cfg(not(windows))]
#[test]
fn what_is_wrong_with_a_configuration_names_its_file_and_nothing_of_the_flags_of_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let host = "[[host]]\nurl = 'http://hv01'\n";
    for text in [
        String::new(),
        host.to_owned(),
        "[[host]]\nlocal = true\n".to_owned(),
        format!("[login]\nuser = 'svc'\n{host}"),
        format!("[login]\nuser = ' '\npassword_file = 'FOLDER/password'\n{host}"),
        "[login]\nauth = 'certificate'\n[[host]]\nurl = 'https://hv01'\n".to_owned(),
    ] {
        let said = checked(folder.path(), &format!("version = 1\n{text}"));
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{text}");
        let file = folder.path().join("reprise.toml");
        assert!(said.err.contains(file.to_str().unwrap()), "{text}: {}", said.err);
        assert!(!said.err.contains("--") && !said.err.contains("reprise run"), "{text}: {}", said.err);
    }
    let example = folder.path().join("example.toml");
    assert_eq!(config(&["init", example.to_str().unwrap()]).code, Some(0));
    let said = config(&["check", "--config", example.to_str().unwrap()]);
    assert!(
        said.err.contains("example.toml") && said.err.contains("[login]") && !said.err.contains("--"),
        "{}",
        said.err
    );
}

#[test]
fn a_folder_in_place_of_a_file_is_told_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().to_str().unwrap();
    for name in [name.to_owned(), format!("{name}/")] {
        let said = config(&["init", &name]);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
        assert!(said.err.contains("it is a folder") && said.err.contains("/reprise.toml"), "{}", said.err);
    }
}
