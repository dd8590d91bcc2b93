//! The contents of a checked configuration.

use std::collections::BTreeMap;
use std::time::Duration;

use reprise_model::{HostName, Policy};
use wsman::{Endpoint, Scheme};

/// A checked configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The login of hosts without their own.
    pub login: LoginSettings,
    /// The computer that the program runs on, if it is to be managed beside the others.
    pub local: Option<LocalSettings>,
    /// The hosts to manage over the network.
    pub hosts: Vec<HostSettings>,
    /// The time limits; `None` where the configuration gives none.
    pub run: Run,
    /// What the daemon does besides.
    pub serve: Serve,
    /// The policy.
    pub policy: Policy,
    /// Whether hosts are managed that only relationships name, and where they are.
    pub discover: Discover,
}

/// A login.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoginSettings {
    /// The user.
    pub user: Option<String>,
    /// What proves who the user is.
    pub proof: Option<ProofRef>,
    /// The scheme.
    pub auth: Option<Scheme>,
    /// The Kerberos server (KDC), if the system does not know it: `HOST` or `HOST:PORT`.
    pub kdc: Option<String>,
    /// The host's service principal name in Kerberos, `CLASS/NAME`, if it is not `HTTP` and the host of its address.
    pub spn: Option<String>,
    /// Which certificates to trust over HTTPS, if not those of the system's authorities.
    pub trust: Option<TrustRef>,
    /// The client certificate.
    pub certificate: Option<CertificateRef>,
}

/// The files of a client certificate and its private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRef {
    /// A PEM file with the certificate.
    pub certificate: String,
    /// A PEM file with its private key.
    pub key: String,
}

/// Which certificates to trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustRef {
    /// Those signed by the authorities in a PEM file.
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

/// Where a password is kept. Never holds the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordRef {
    /// The first line of a file.
    File(String),
    /// A named credential of the system: of Credential Manager on Windows, of systemd on Linux.
    Credential(String),
}

/// The computer that the program runs on: a `[[host]]` with `local = true`. It needs neither an address nor a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalSettings {
    /// Its name until it has given its own.
    pub name: Option<String>,
    /// Its tier; hosts of lower tiers are served first.
    pub tier: Option<u32>,
}

/// One host over the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostSettings {
    /// The address of its WS-Management service.
    pub url: Endpoint,
    /// Its name until the host has given its own.
    pub name: Option<String>,
    /// Its own login, as far as it differs.
    pub login: LoginSettings,
    /// Its tier; hosts of lower tiers are served first.
    pub tier: Option<u32>,
}

/// The time limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// The limit for a host to become ready.
    pub timeout: Option<Duration>,
    /// The limit for VMMS to start.
    pub vmms_timeout: Option<Duration>,
    /// The limit for hosts that do not answer yet, and for retries of transient errors.
    pub retry_for: Option<Duration>,
}

/// What the daemon does; `None` where the configuration does not say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Serve {
    /// How often a host is looked at that gives no sign.
    pub interval: Option<Duration>,
}

/// Hosts that are not listed but named by relationships.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discover {
    /// Whether they are managed too.
    pub peers: bool,
    /// The addresses of some of them. The others are reached at their names, with the scheme, port and path of the host
    /// that named them.
    pub resolve: BTreeMap<HostName, Endpoint>,
}
