//! The arguments by which hosts are chosen, and the login that they say.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use reprise_config::{CertificateRef, Login as ConfigLogin, PasswordRef, ProofRef, Scheme, TrustRef};

/// Which hosts are asked, and how one logs in there.
#[derive(Args)]
pub(crate) struct HostArguments {
    /// Ask this host: http[s]://HOST[:PORT]/wsman (repeatable)
    #[arg(long = "host", value_name = "URL")]
    pub(crate) hosts: Vec<String>,
    /// Read this configuration
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Log in to every --host as this user [default on Windows: the account that this runs as]
    #[arg(long, value_name = "USER")]
    pub(crate) user: Option<String>,
    /// The password: the first line of this file, which others must not be able to read
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// The keys of the user's account, instead of a password: Kerberos logs in with them. Others must not be able to read it
    #[arg(long, value_name = "FILE", conflicts_with = "password_file")]
    pub(crate) keytab: Option<PathBuf>,
    /// How to log in [default: auto, the strongest that host and address allow]
    #[arg(long, value_name = "SCHEME", value_parser = schemes())]
    pub(crate) auth: Option<Scheme>,
    /// Log in by the certificate in this PEM file (with --auth certificate, over https://)
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) certificate: Option<PathBuf>,
    /// The certificate's key: a PEM file, which others must not be able to read
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub(crate) key: Option<PathBuf>,
    /// The Kerberos server, where the system does not know it: HOST[:PORT]
    #[arg(long, value_name = "HOST")]
    pub(crate) kdc: Option<String>,
    /// Over https:// believe certificates of the authorities in this PEM file, not the system's
    #[arg(long, value_name = "FILE", conflicts_with = "tls_fingerprint")]
    pub(crate) ca: Option<PathBuf>,
    /// Over https:// believe the one certificate with this SHA-256 fingerprint
    #[arg(long, value_name = "HEX")]
    pub(crate) tls_fingerprint: Option<String>,
    /// Over https:// believe any certificate: whoever stands on the way can pretend to be the host
    #[arg(long, conflicts_with_all = ["ca", "tls_fingerprint"])]
    pub(crate) insecure_no_tls_verification: bool,
}

/// A scheme, read as in a configuration; clap lists them.
fn schemes() -> impl TypedValueParser<Value = Scheme> {
    PossibleValuesParser::new(Scheme::ALL.map(Scheme::name)).try_map(|name| name.parse::<Scheme>())
}

/// The login that the command line has.
pub(super) fn login(hosts: &HostArguments) -> ConfigLogin {
    let text = |path: &PathBuf| path.to_string_lossy().into_owned();
    let authorities = hosts.ca.as_ref().map(|file| TrustRef::Authorities(text(file)));
    let certificate = hosts.certificate.as_ref().zip(hosts.key.as_ref());
    ConfigLogin {
        user: hosts.user.clone(),
        proof: proof(hosts),
        auth: hosts.auth,
        kdc: hosts.kdc.clone(),
        trust: authorities.or_else(|| hosts.tls_fingerprint.clone().map(TrustRef::Fingerprint)),
        certificate: certificate.map(|(file, key)| CertificateRef { certificate: text(file), key: text(key) }),
    }
}

/// What the flags name as proof of who the user is.
fn proof(hosts: &HostArguments) -> Option<ProofRef> {
    let text = |path: &PathBuf| path.to_string_lossy().into_owned();
    let password = hosts.password_file.as_ref().map(|path| ProofRef::Password(PasswordRef::File(text(path))));
    password.or_else(|| hosts.keytab.as_ref().map(|path| ProofRef::Keytab(text(path))))
}
