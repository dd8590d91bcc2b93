//! `config check`: reads the configuration as `run` does, and says whom it would ask with which login.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use reprise_config::{LoginSettings, PasswordRef, ProofRef, Scheme};
use reprise_model::Timestamp;

use crate::console::{complain, print, warn};
use crate::exit;
use crate::render::{count, hold, printable};
use crate::usage::Usage;
use crate::wiring::{Checked, Wanted, checked};

/// Check the configuration, and show which hosts would be asked with which login; nothing is sent.
#[derive(Args)]
#[command(
    after_help = "Reads the files that the configuration names too. One that this account cannot use is a warning, since
another account may run Reprise. Passwords are never shown.
Exit codes: 0 no errors, perhaps warnings; 2 usage error, or errors in the configuration."
)]
pub(super) struct Arguments {
    /// Configuration file [default: what `reprise run` reads]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) fn check(arguments: &Arguments) -> Result<ExitCode, Usage> {
    let checked = checked(arguments.config.as_deref())?;
    if !checked.errors.is_empty() {
        for error in &checked.errors {
            complain(&error.to_string());
        }
        return Ok(ExitCode::from(exit::USAGE));
    }
    for warning in warnings(&checked, Timestamp(jiff::Timestamp::now().as_millisecond())) {
        warn(&warning);
    }
    Ok(print(&summary(&checked)).exit_code())
}

/// What is suspicious and stops nothing.
fn warnings(checked: &Checked, now: Timestamp) -> Vec<String> {
    let holds = checked.config.policy.holds.iter();
    let ended = holds.filter(|hold| hold.until.is_some_and(|until| until <= now)).map(|ended| {
        let next = "remove it, or give it a later `until`";
        Usage::new(hold::called(ended), "its time is over, so it has no effect", next).to_string()
    });
    // Hosts that share a file share its problem.
    let mut seen = BTreeSet::new();
    let unusable = checked.unusable().into_iter().filter(|usage| seen.insert(usage.why().to_owned()));
    let unusable: Vec<String> = unusable.map(|usage| usage.to_string()).collect();
    ended.chain(unusable).collect()
}

fn summary(checked: &Checked) -> String {
    let hosts = count(checked.hosts.len(), "host");
    let mut text = format!("{} has no errors. A run would ask {hosts}:\n", checked.path.display());
    for host in &checked.hosts {
        let line = match host {
            Wanted::Local(_) => "this computer, through its own WMI, without a login".to_owned(),
            Wanted::Remote(host) => format!("{} {}", host.url, login(&host.login)),
        };
        let _infallible = writeln!(text, "  {}", printable(&line));
    }
    if checked.config.discover.peers {
        text.push_str("and the hosts that their replication relationships name.\n");
    }
    text
}

/// A login in words, without what proves it.
fn login(login: &LoginSettings) -> String {
    let scheme = login.auth.unwrap_or_default();
    if let (Scheme::Certificate, Some(files)) = (scheme, &login.certificate) {
        return format!("by the certificate in {}", files.certificate);
    }
    let user = login.user.as_deref().unwrap_or("the account that runs Reprise");
    let proof = match &login.proof {
        Some(ProofRef::Password(PasswordRef::File(path))) => format!(", password in {path}"),
        Some(ProofRef::Password(PasswordRef::Credential(name))) => format!(", password in the credential {name}"),
        Some(ProofRef::Keytab(path)) => format!(", keytab {path}"),
        None => String::new(),
    };
    format!("as {user}{proof}, scheme {}", scheme.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_login_is_named_with_what_proves_it_and_no_secret() {
        let words = |settings: &str| {
            let text = format!("version = 1\n[[host]]\nurl = 'https://hv01'\n{settings}\n");
            login(&reprise_config::read(&text).unwrap().hosts[0].login)
        };
        for (settings, expected) in [
            ("", "as the account that runs Reprise, scheme auto"),
            ("user = 'LAB\\svc'\npassword_file = '/p'", "as LAB\\svc, password in /p, scheme auto"),
            ("user = 'a'\npassword_credential = 'c'\nauth = 'ntlm'", "as a, password in the credential c, scheme ntlm"),
            ("user = 'a@B'\nkeytab = '/k'", "as a@B, keytab /k, scheme auto"),
            ("auth = 'certificate'\ncertificate = '/c'\nkey = '/k'", "by the certificate in /c"),
        ] {
            assert_eq!(words(settings), expected);
        }
    }
}
