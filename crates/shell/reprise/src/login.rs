//! Builds logins from their settings; reads passwords, keytabs and certificates.

use std::collections::BTreeMap;
use std::path::Path;

use reprise_config::{CertificateRef, Contradiction, LoginSettings, PasswordRef, ProofRef, TrustRef};
use reprise_platform::secret::{read_key_file, read_keytab_file, read_password_file};
use reprise_platform::{credential, file, paths};
use secrecy::SecretString;
use wsman_http::{
    ClientCertificate, ClientCertificateError, Endpoint, Gates, Keytab, Login, Scheme, Trust, TrustError,
};

use crate::usage::{Reader, Usage};

/// Whether the system can log in the account that runs this program: Windows can, and Kerberos elsewhere.
const OWN_ACCOUNT: bool = cfg!(any(windows, all(unix, feature = "kerberos-system")));

/// What to do if no user is given, on the command line and in a configuration.
const NO_USER: [&str; 2] = if OWN_ACCOUNT {
    ["add --user USER, or leave password and keytab out too", "add user, or leave password and keytab out too"]
} else {
    [
        "add --user USER and --password-file FILE, or a [login]; a build with the feature kerberos-system uses the ticket of `kinit`",
        "add user and password_file under [login] or to the [[host]]; a build with the feature kerberos-system uses the ticket of `kinit`",
    ]
};

/// Builds logins. Each file and each credential is read once.
pub(crate) struct Logins {
    trust_anybody: bool,
    reader: Reader,
    passwords: BTreeMap<String, SecretString>,
    keytabs: BTreeMap<String, Keytab>,
    trusts: BTreeMap<String, Trust>,
    /// Whether hosts have accepted each credential.
    gates: Gates,
}

impl Logins {
    /// `trust_anybody` is `--insecure-no-tls-verification`. `reader` is who reads the errors.
    pub(crate) fn new(trust_anybody: bool, reader: Reader) -> Self {
        Self {
            trust_anybody,
            reader,
            passwords: BTreeMap::new(),
            keytabs: BTreeMap::new(),
            trusts: BTreeMap::new(),
            gates: Gates::default(),
        }
    }

    /// The login to the host at `url`. Logins with the same credential share its gate.
    pub(crate) fn login(&mut self, url: &Endpoint, wanted: &LoginSettings) -> Result<Login, Usage> {
        Ok(self.single(url, wanted)?.sharing(&self.gates))
    }

    /// Checks the settings of a login, and reads nothing.
    pub(crate) fn check(&self, url: &Endpoint, wanted: &LoginSettings) -> Result<(), Usage> {
        Way::of(url, wanted, self.reader).map(drop)
    }

    fn single(&mut self, url: &Endpoint, wanted: &LoginSettings) -> Result<Login, Usage> {
        let what = format!("cannot log in to {url}");
        let (user, proof) = match Way::of(url, wanted, self.reader)? {
            Way::Proofless(login) => return Ok(*login),
            Way::By { user, proof } => (user, proof),
        };
        let login = match proof {
            ProofRef::Password(password) => {
                Login::new(wanted.auth.unwrap_or_default(), user, self.password(&what, password)?)
            }
            ProofRef::Keytab(path) => {
                Login::with_keytab(wanted.auth.unwrap_or_default(), user, self.keytab(&what, path)?)
                    .map_err(|error| Usage::new(what, format!("the keytab {path}: {error}"), error.advice()))?
            }
        };
        let login = if let Some(kdc) = &wanted.kdc { login.with_kdc(kdc.as_str()) } else { login };
        Ok(if let Some(spn) = &wanted.spn { login.with_spn(spn.as_str()) } else { login })
    }

    /// Which certificates to trust for `url`, and which client certificate to present.
    pub(crate) fn trust(&mut self, url: &Endpoint, wanted: &LoginSettings) -> Result<Trust, Usage> {
        let trusted = wanted.trust.as_ref().filter(|_| !self.trust_anybody);
        let shown = wanted.certificate.as_ref().filter(|_| wanted.auth == Some(Scheme::Certificate));
        let key = format!("{trusted:?} {shown:?}");
        if let Some(known) = self.trusts.get(&key) {
            return Ok(known.clone());
        }
        let trust = read_trust(trusted, self.trust_anybody, self.reader).map_err(|(why, next)| {
            Usage::new(format!("cannot tell which certificates to trust for {url}"), why, next)
        })?;
        let trust = match shown {
            Some(files) => trust.showing(&read_certificate(&format!("cannot log in to {url}"), files)?),
            None => trust,
        };
        self.trusts.insert(key, trust.clone());
        Ok(trust)
    }

    fn password(&mut self, what: &str, wanted: &PasswordRef) -> Result<SecretString, Usage> {
        let key = format!("{wanted:?}");
        if let Some(secret) = self.passwords.get(&key) {
            return Ok(secret.clone());
        }
        let secret = match wanted {
            PasswordRef::File(path) => {
                read_password_file(Path::new(path)).map_err(|error| unread(what, &error, error.advice().to_owned()))
            }
            PasswordRef::Credential(name) => {
                credential::read(name, paths::of_this_process).map_err(|error| unread(what, &error, error.advice()))
            }
        }?;
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

/// How to log in, as far as the settings say.
enum Way<'s> {
    /// By the client certificate of the connection, or as the account that runs this program.
    Proofless(Box<Login>),
    /// As this user, by a password or keytab that is still to be read.
    By { user: &'s str, proof: &'s ProofRef },
}

impl<'s> Way<'s> {
    fn of(url: &Endpoint, wanted: &'s LoginSettings, reader: Reader) -> Result<Self, Usage> {
        let what = format!("cannot log in to {url}");
        // Without a scheme, `auto` chooses.
        let auth = Some(wanted.auth.unwrap_or_default());
        if let Some(Contradiction { key, why, next }) = (LoginSettings { auth, ..wanted.clone() }).contradiction() {
            return Err(Usage::new(what, format!("`{key}` is given, but {why}"), next));
        }
        let scheme = wanted.auth.unwrap_or_default();
        if scheme == Scheme::Certificate {
            return by_certificate(&what, url, wanted, reader).map(|login| Self::Proofless(Box::new(login)));
        }
        let Some(user) = wanted.user.as_deref() else {
            if OWN_ACCOUNT && wanted.proof.is_none() {
                return current_user(what, scheme, wanted, reader).map(|login| Self::Proofless(Box::new(login)));
            }
            let [flags, keys] = NO_USER;
            return Err(Usage::new(what, "no user is given", reader.choose(flags, keys)));
        };
        let name = user.rsplit_once('\\').map_or(user, |(_, name)| name);
        if name.trim().is_empty() || name.starts_with('@') {
            let next = reader.choose(
                "write it as NAME, DOMAIN\\NAME or NAME@REALM: --user USER, or user in the configuration",
                "write user as NAME, DOMAIN\\NAME or NAME@REALM",
            );
            return Err(Usage::new(what, "the user's name is empty", next));
        }
        let Some(proof) = &wanted.proof else {
            let next = reader.choose(
                "write it on the first line of a file that only you can read, and add --password-file FILE; or add --keytab FILE",
                "write it on the first line of a file that only its owner can read, and add password_file; or add password_credential or keytab",
            );
            return Err(Usage::new(what, format!("no password is given for {user}"), next));
        };
        Ok(Self::By { user, proof })
    }
}

/// Reads a keytab.
pub(crate) fn keytab(what: &str, path: &Path) -> Result<Keytab, Usage> {
    let bytes = read_keytab_file(path).map_err(|error| unread(what, &error, error.advice().to_owned()))?;
    Keytab::parse(&bytes)
        .map_err(|error| Usage::new(what, format!("the keytab {}: {error}", path.display()), error.advice()))
}

/// The error for a secret that cannot be read, with its cause.
fn unread(what: &str, error: &dyn std::error::Error, advice: String) -> Usage {
    let source = error.source().map_or_else(String::new, |source| format!(": {source}"));
    Usage::new(what, format!("{error}{source}"), advice)
}

/// The login as the account that runs this program, or as the one whose Kerberos ticket it has.
fn current_user(what: String, scheme: Scheme, wanted: &LoginSettings, reader: Reader) -> Result<Login, Usage> {
    let next = reader.choose(
        "leave it out, or add --user USER and --password-file FILE",
        "leave it out, or add user and password_file",
    );
    if scheme == Scheme::Basic {
        return Err(Usage::new(what, "basic sends a password, and no user is given", next));
    }
    if scheme == Scheme::Ntlm && cfg!(unix) {
        return Err(Usage::new(what, "ntlm needs a password, and no user is given", next));
    }
    if wanted.kdc.is_some() {
        let why = "without a user, the system logs in and finds the Kerberos server itself, so kdc has no effect";
        return Err(Usage::new(what, why, next));
    }
    let login = Login::current_user(scheme);
    Ok(if let Some(spn) = &wanted.spn { login.with_spn(spn.as_str()) } else { login })
}

fn by_certificate(what: &str, url: &Endpoint, wanted: &LoginSettings, reader: Reader) -> Result<Login, Usage> {
    if wanted.certificate.is_none() {
        let next = reader.choose(
            "add --certificate FILE and --key FILE, or certificate and key to the login",
            "add certificate and key",
        );
        return Err(Usage::new(what, "no client certificate is given", next));
    }
    if !url.is_secure() {
        return Err(Usage::new(what, "a client certificate needs https://", "write https://HOST (port 5986)"));
    }
    Ok(Login::by_certificate())
}

fn read_certificate(what: &str, files: &CertificateRef) -> Result<ClientCertificate, Usage> {
    let CertificateRef { certificate, key } = files;
    let pem = file::read(Path::new(certificate)).map_err(|error| {
        let next = "name a PEM file with the certificate that this account can read";
        Usage::new(what, format!("cannot read {certificate}: {error}"), next)
    })?;
    let secret = read_key_file(Path::new(key)).map_err(|error| unread(what, &error, error.advice().to_owned()))?;
    ClientCertificate::from_pem(&pem, &secret).map_err(|error| {
        let (file, next) = match error {
            ClientCertificateError::NoCertificate => (certificate, "export the certificate as Base-64 (PEM)"),
            ClientCertificateError::NoKey => (key, "convert it: `openssl pkcs8 -topk8 -nocrypt -in OLD -out NEW`"),
            ClientCertificateError::Mismatch => (key, "name the key that the certificate was made with"),
        };
        Usage::new(what, format!("{file}: {error}"), next)
    })
}

/// The error is the reason and what to do next.
fn read_trust(wanted: Option<&TrustRef>, trust_anybody: bool, reader: Reader) -> Result<Trust, (String, &'static str)> {
    let because = |next| move |error: TrustError| (error.to_string(), next);
    match wanted {
        None if trust_anybody => Trust::anybody().map_err(because("report this as a bug")),
        None => Trust::system().map_err(because(reader.choose(
            "install certificate authorities, or name one with --ca FILE",
            "install certificate authorities, or name one by ca",
        ))),
        Some(TrustRef::Fingerprint(text)) => Trust::fingerprint(text)
            .map_err(because("copy it from `Get-ChildItem Cert:` with a SHA-256 hash, not the thumbprint")),
        Some(TrustRef::Authorities(name)) => {
            let next = "name a PEM file with the authority's certificate that this account can read";
            let pem = file::read(Path::new(name)).map_err(|error| (format!("cannot read {name}: {error}"), next))?;
            Trust::authorities(&pem).map_err(|error| (format!("{name}: {error}"), next))
        }
    }
}
