//! From what a configuration says of logins to logins: passwords, keytabs and certificates are read here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use reprise_config::{Login as ConfigLogin, PasswordRef, TrustRef};
use reprise_platform::paths;
use reprise_platform::secret::{SecretFileError, read_keytab_file, read_password_file};
use secrecy::SecretString;
use wsman_http::{Keytab, Login, Scheme, Trust, TrustError};

use crate::cli::Usage;

/// What logins are made of. Each file is read once.
pub(crate) struct Logins {
    believe_anybody: bool,
    passwords: BTreeMap<String, SecretString>,
    keytabs: BTreeMap<String, Keytab>,
    trusts: BTreeMap<String, Trust>,
}

impl Logins {
    /// `believe_anybody` is what a person asked for by its full name.
    pub(crate) fn new(believe_anybody: bool) -> Self {
        Self { believe_anybody, passwords: BTreeMap::new(), keytabs: BTreeMap::new(), trusts: BTreeMap::new() }
    }

    /// The login to the host at `url`.
    pub(crate) fn login(&mut self, url: &str, wanted: &ConfigLogin) -> Result<Login, Usage> {
        let what = format!("cannot log in to {url}");
        let scheme = match wanted.auth.as_deref() {
            None | Some("auto") => Scheme::Auto,
            Some("basic") => Scheme::Basic,
            Some("ntlm") => Scheme::Ntlm,
            Some("negotiate") => Scheme::Negotiate,
            Some("kerberos") => Scheme::Kerberos,
            Some(other) => {
                let why = format!("the scheme {other} is not there yet");
                return Err(Usage::new(what, why, "leave --auth out, or use negotiate, kerberos, ntlm or basic"));
            }
        };
        let Some(user) = wanted.user.clone() else {
            return Err(Usage::new(what, "no user is given", "add --user USER and --password-file FILE, or a [login]"));
        };
        let login = match &wanted.password {
            Some(PasswordRef::File(path)) => Login::new(scheme, user, self.password(&what, Path::new(path))?),
            Some(PasswordRef::Credential(name)) => {
                Login::new(scheme, user, self.password(&what, &credential(&what, name)?)?)
            }
            Some(PasswordRef::Keytab(path)) => Login::with_keytab(scheme, &user, self.keytab(&what, path)?)
                .map_err(|error| Usage::new(what, format!("the keytab {path}: {error}"), error.advice()))?,
            None => {
                let next = "put it into the first line of a file that only you may read, and add --password-file FILE; or add --keytab FILE";
                return Err(Usage::new(what, format!("no password is given for {user}"), next));
            }
        };
        Ok(if let Some(kdc) = &wanted.kdc { login.with_kdc(kdc.as_str()) } else { login })
    }

    /// Whose certificates are believed at `url`.
    pub(crate) fn trust(&mut self, url: &str, wanted: &ConfigLogin) -> Result<Trust, Usage> {
        let wanted = wanted.trust.as_ref().filter(|_| !self.believe_anybody);
        let key = format!("{wanted:?}");
        if let Some(known) = self.trusts.get(&key) {
            return Ok(known.clone());
        }
        let trust = read_trust(wanted, self.believe_anybody).map_err(|(why, next)| {
            Usage::new(format!("cannot know whose certificate to believe at {url}"), why, next)
        })?;
        self.trusts.insert(key, trust.clone());
        Ok(trust)
    }

    fn password(&mut self, what: &str, path: &Path) -> Result<SecretString, Usage> {
        let key = path.to_string_lossy().into_owned();
        if let Some(secret) = self.passwords.get(&key) {
            return Ok(secret.clone());
        }
        let secret = read_password_file(path).map_err(|error| unreadable(what, &error))?;
        self.passwords.insert(key, secret.clone());
        Ok(secret)
    }

    fn keytab(&mut self, what: &str, path: &str) -> Result<Keytab, Usage> {
        if let Some(known) = self.keytabs.get(path) {
            return Ok(known.clone());
        }
        let keytab = keytab(what, Path::new(path))?;
        self.keytabs.insert(path.to_owned(), keytab.clone());
        Ok(keytab)
    }
}

/// Reads a keytab.
pub(crate) fn keytab(what: &str, path: &Path) -> Result<Keytab, Usage> {
    let bytes = read_keytab_file(path).map_err(|error| unreadable(what, &error))?;
    Keytab::parse(&bytes)
        .map_err(|error| Usage::new(what, format!("the keytab {}: {error}", path.display()), error.advice()))
}

fn unreadable(what: &str, error: &SecretFileError) -> Usage {
    let source = std::error::Error::source(error).map_or_else(String::new, |source| format!(": {source}"));
    Usage::new(what, format!("{error}{source}"), error.advice())
}

/// Where the service manager has put a credential.
fn credential(what: &str, name: &str) -> Result<PathBuf, Usage> {
    let directory = paths::of_this_process("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let plain = Path::new(name).file_name().is_some_and(|own| own == name);
    directory.filter(|_| plain).map(|directory| directory.join(name)).ok_or_else(|| {
        let why =
            format!("the credential {name} is not there: CREDENTIALS_DIRECTORY is not set, or the name is a path");
        Usage::new(what, why, "run it from a unit with LoadCredential=, or use password_file")
    })
}

/// An error is why and what to do next.
fn read_trust(wanted: Option<&TrustRef>, believe_anybody: bool) -> Result<Trust, (String, &'static str)> {
    let told = |next| move |error: TrustError| (error.to_string(), next);
    match wanted {
        None if believe_anybody => Trust::anybody().map_err(told("report this as a bug")),
        None => Trust::system().map_err(told("install certificate authorities, or name one with --ca FILE")),
        Some(TrustRef::Fingerprint(text)) => Trust::fingerprint(text)
            .map_err(told("copy it from `Get-ChildItem Cert:` with a SHA-256 hash, not the thumbprint")),
        Some(TrustRef::Authorities(file)) => {
            let next = "name a PEM file with the authority's certificate that this account may read";
            let pem = std::fs::read(file).map_err(|error| (format!("cannot read {file}: {error}"), next))?;
            Trust::authorities(&pem).map_err(|error| (format!("{file}: {error}"), next))
        }
    }
}
