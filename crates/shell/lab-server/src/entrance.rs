//! The logins of a lab's hosts: who may log in and how, and the certificate that all hosts present.

use std::sync::{Arc, Mutex};

use secrecy::SecretString;
use wsman_acceptor::{
    Account, Certificate, CertificateError, Channel, ChannelBindings, ComputerNames, ConnectionLogin, Logins, Tls,
};

use crate::options::LabOptions;

/// The entrances of a lab's hosts.
pub(crate) struct Entrances {
    secure: Option<Secure>,
    hosts: Vec<Arc<Logins>>,
}

/// What a lab with HTTPS has.
struct Secure {
    certificate: Certificate,
    tls: Tls,
    /// The one user's client certificate, if hosts accept certificates.
    client: Option<Certificate>,
}

impl Secure {
    fn new(options: &LabOptions, names: &[String]) -> Result<Self, CertificateError> {
        let ways_to_loopback = ["127.0.0.1", "::1", "localhost"].map(ToOwned::to_owned);
        let certificate = Certificate::self_signed(names.iter().cloned().chain(ways_to_loopback).collect())?;
        if !options.schemes.certificate {
            return Ok(Self { tls: Tls::new(&certificate)?, certificate, client: None });
        }
        let (domain, user) = options.user.split_once('\\').unwrap_or(("", options.user.as_str()));
        let client = Certificate::for_client(&format!("{user}@{domain}"))?;
        Ok(Self { tls: Tls::asking(&certificate)?, certificate, client: Some(client) })
    }
}

impl Entrances {
    /// Creates the entrances of hosts with these names. A lab with HTTPS makes its certificate here, so each lab has its own.
    pub(crate) fn new(options: &LabOptions, names: &[String]) -> Result<Self, CertificateError> {
        let secure = if options.tls { Some(Secure::new(options, names)?) } else { None };
        let client = secure.as_ref().and_then(|secure| secure.client.as_ref());
        let account = |host: &str| {
            let account = Account::new(&options.user, SecretString::from(options.password_at(host)));
            match client {
                Some(client) => account.with_certificate(client.der()),
                None => account,
            }
        };
        let logins = |name: &String| Logins {
            accounts: vec![account(name)],
            schemes: options.schemes,
            identity: ComputerNames::of(name),
            // Windows' default.
            channel_bindings: ChannelBindings::IfSent,
            services: options.services.clone(),
        };
        let hosts = names.iter().map(|name| Arc::new(logins(name))).collect();
        Ok(Self { secure, hosts })
    }

    /// The first part of the hosts' addresses.
    pub(crate) fn url_scheme(&self) -> &'static str {
        if self.secure.is_some() { "https" } else { "http" }
    }

    pub(crate) fn certificate(&self) -> Option<&Certificate> {
        self.secure.as_ref().map(|secure| &secure.certificate)
    }

    pub(crate) fn tls(&self) -> Option<&Tls> {
        self.secure.as_ref().map(|secure| &secure.tls)
    }

    /// The certificate that the user may log in with instead of a password.
    pub(crate) fn client_certificate(&self) -> Option<&Certificate> {
        self.secure.as_ref().and_then(|secure| secure.client.as_ref())
    }

    /// The login of a new connection to a host, on which the client may have shown a certificate; `None` if there is no such
    /// host.
    pub(crate) fn login(&self, host: usize, shown: Option<Vec<u8>>) -> Option<Mutex<ConnectionLogin>> {
        let channel = self.certificate().map_or_else(Channel::clear, |certificate| Channel::tls(certificate.der()));
        let channel = channel.shown(shown);
        Some(Mutex::new(ConnectionLogin::new(Arc::clone(self.hosts.get(host)?), channel)))
    }
}
