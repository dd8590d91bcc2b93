//! The arguments that name hosts and their login.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use reprise_config::{CertificateRef, LoginSettings, PasswordRef, ProofRef, Scheme, TrustRef};

use crate::usage::Reader;

/// The hosts to manage and the login to use.
#[derive(Clone, Default, Args)]
pub(crate) struct HostArguments {
    /// Address of a host: http[s]://HOST[:PORT]/wsman (repeatable)
    #[arg(long = "host", value_name = "URL")]
    pub(crate) hosts: Vec<String>,
    /// Configuration file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// User for every --host [default on Windows: the account that runs this program]
    #[arg(long, value_name = "USER")]
    pub(crate) user: Option<String>,
    /// File with the password on its first line; other users must not be able to read it
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Keytab with the user's keys, instead of a password (Kerberos only); other users must not be able to read it
    #[arg(long, value_name = "FILE", conflicts_with = "password_file")]
    pub(crate) keytab: Option<PathBuf>,
    /// Authentication scheme [default: auto, the strongest that the host and the transport allow]
    #[arg(long, value_name = "SCHEME", value_parser = schemes())]
    pub(crate) auth: Option<Scheme>,
    /// PEM file with the client certificate (with --auth certificate, over https://)
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) certificate: Option<PathBuf>,
    /// PEM file with the certificate's private key; other users must not be able to read it
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub(crate) key: Option<PathBuf>,
    /// Kerberos server (KDC), if the system does not know it: HOST[:PORT]
    #[arg(long, value_name = "HOST", value_parser = reprise_config::kdc)]
    pub(crate) kdc: Option<String>,
    /// The host's name in Kerberos, if it is not HTTP/ and the host of its address: CLASS/NAME, as `setspn -L HOST` shows it
    #[arg(long, value_name = "SPN", value_parser = spn)]
    pub(crate) spn: Option<String>,
    /// PEM file with the authorities to trust over https://, instead of the system's
    #[arg(long, value_name = "FILE", conflicts_with = "tls_fingerprint")]
    pub(crate) ca: Option<PathBuf>,
    /// SHA-256 fingerprint of the one certificate to trust over https://
    #[arg(long, value_name = "HEX")]
    pub(crate) tls_fingerprint: Option<String>,
    /// Trust any certificate over https://: an on-path attacker can impersonate the host
    #[arg(long, conflicts_with_all = ["ca", "tls_fingerprint"])]
    pub(crate) insecure_no_tls_verification: bool,
    /// Who reads the errors; the verb sets it.
    #[arg(skip)]
    pub(crate) reader: Reader,
}

impl HostArguments {
    /// Whether nobody said which hosts are meant: a daemon of this computer knows its own.
    pub(crate) fn name_none(&self) -> bool {
        self.hosts.is_empty() && self.config.is_none()
    }
}

/// Parses a scheme as the configuration does, and lists all of them in the help.
fn schemes() -> impl TypedValueParser<Value = Scheme> {
    PossibleValuesParser::new(Scheme::ALL.map(Scheme::name)).try_map(|name| name.parse::<Scheme>())
}

/// Parses a service principal name.
fn spn(text: &str) -> Result<String, &'static str> {
    if LoginSettings::is_spn(text) { Ok(text.to_owned()) } else { Err("write CLASS/NAME, such as HTTP/hv01.lab.test") }
}

/// The login that the flags describe.
pub(super) fn login(hosts: &HostArguments) -> LoginSettings {
    let text = |path: &PathBuf| path.to_string_lossy().into_owned();
    let authorities = hosts.ca.as_ref().map(|file| TrustRef::Authorities(text(file)));
    let certificate = hosts.certificate.as_ref().zip(hosts.key.as_ref());
    LoginSettings {
        user: hosts.user.clone(),
        proof: proof(hosts),
        auth: hosts.auth,
        kdc: hosts.kdc.clone(),
        spn: hosts.spn.clone(),
        trust: authorities.or_else(|| hosts.tls_fingerprint.clone().map(TrustRef::Fingerprint)),
        certificate: certificate.map(|(file, key)| CertificateRef { certificate: text(file), key: text(key) }),
    }
}

/// The password or keytab that the flags name.
fn proof(hosts: &HostArguments) -> Option<ProofRef> {
    let text = |path: &PathBuf| path.to_string_lossy().into_owned();
    let password = hosts.password_file.as_ref().map(|path| ProofRef::Password(PasswordRef::File(text(path))));
    password.or_else(|| hosts.keytab.as_ref().map(|path| ProofRef::Keytab(text(path))))
}
