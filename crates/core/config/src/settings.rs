//! What a checked configuration holds.

use std::collections::BTreeMap;
use std::time::Duration;

use reprise_model::{HostName, Policy};
use wsman::{Endpoint, Scheme};

/// A checked configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The login of hosts that have none of their own.
    pub login: Login,
    /// The hosts that are asked.
    pub hosts: Vec<Host>,
    /// The limits on waiting; `None` where nothing is said.
    pub run: Run,
    /// What is wanted.
    pub policy: Policy,
    /// Whether and where hosts are asked that only relationships speak of.
    pub discover: Discover,
}

/// How one logs in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Login {
    /// The user.
    pub user: Option<String>,
    /// What proves who the user is.
    pub proof: Option<ProofRef>,
    /// The scheme.
    pub auth: Option<Scheme>,
    /// The Kerberos server, where the system does not know it: `HOST` or `HOST:PORT`.
    pub kdc: Option<String>,
    /// Whose certificates are believed over HTTPS, if not those of the system's authorities.
    pub trust: Option<TrustRef>,
    /// The certificate to log in with.
    pub certificate: Option<CertificateRef>,
}

/// Where a certificate to log in with is, and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRef {
    /// A PEM file with the certificate.
    pub certificate: String,
    /// A PEM file with its key.
    pub key: String,
}

/// Whose certificates are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustRef {
    /// Those that the authorities in a PEM file have signed.
    Authorities(String),
    /// The one with this SHA-256 fingerprint.
    Fingerprint(String),
}

/// What proves who the user is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProofRef {
    /// The password.
    Password(PasswordRef),
    /// A keytab with the account's keys.
    Keytab(String),
}

/// Where a password is. Never the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordRef {
    /// The first line of a file.
    File(String),
    /// What the system keeps under this name: a credential of Credential Manager on Windows, of systemd on Linux.
    Credential(String),
}

/// One host that is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The address of its WS-Management service.
    pub url: Endpoint,
    /// What it is called while it has not said so itself.
    pub name: Option<String>,
    /// Its own login, where it differs.
    pub login: Login,
    /// Its tier: lower ones come first.
    pub tier: Option<u32>,
}

/// The limits on waiting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// Readiness, per host.
    pub timeout: Option<Duration>,
    /// The wait for VMMS.
    pub vmms_timeout: Option<Duration>,
    /// The wait for hosts that do not answer yet, and the retries of what is transient.
    pub retry_for: Option<Duration>,
}

/// Hosts that nobody listed and that relationships speak of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discover {
    /// Whether they are asked too.
    pub peers: bool,
    /// Where some of them are. The others are asked at their names, in the way in which the host was asked that
    /// spoke of them.
    pub resolve: BTreeMap<HostName, Endpoint>,
}
