//! How hosts let people in: who may log in and how, and the certificate that all hosts of a lab show.

use std::sync::{Arc, Mutex};

use secrecy::SecretString;
use wsman_http::server::{
    Account, Certificate, CertificateError, Channel, ChannelBindings, ConnectionLogin, Identity, Logins, Tls,
};

use crate::Options;

/// The entrances of a lab's hosts.
pub(crate) struct Entrances {
    secure: Option<(Certificate, Tls)>,
    hosts: Vec<Arc<Logins>>,
}

impl Entrances {
    /// Of hosts with these names. A lab with HTTPS makes its certificate here, so each lab has another.
    pub(crate) fn new(options: &Options, names: &[String]) -> Result<Self, CertificateError> {
        let secure = options.tls.then(|| {
            let ways_to_loopback = ["127.0.0.1", "localhost"].map(ToOwned::to_owned);
            let certificate = Certificate::self_signed(names.iter().cloned().chain(ways_to_loopback).collect())?;
            let tls = Tls::new(&certificate)?;
            Ok((certificate, tls))
        });
        let logins = |name: &String| Logins {
            accounts: vec![Account::new(&options.user, SecretString::from(options.password.as_str()))],
            schemes: options.schemes,
            identity: Identity::of(name),
            // As Windows has it unless somebody makes it stricter.
            channel_bindings: ChannelBindings::IfSent,
            keytab: options.keytab.clone(),
        };
        Ok(Self { secure: secure.transpose()?, hosts: names.iter().map(|name| Arc::new(logins(name))).collect() })
    }

    /// The first part of the hosts' addresses.
    pub(crate) fn url_scheme(&self) -> &'static str {
        if self.secure.is_some() { "https" } else { "http" }
    }

    pub(crate) fn certificate(&self) -> Option<&Certificate> {
        self.secure.as_ref().map(|(certificate, _)| certificate)
    }

    pub(crate) fn tls(&self) -> Option<&Tls> {
        self.secure.as_ref().map(|(_, tls)| tls)
    }

    /// The login of a new connection to a host; `None` if there is no such host.
    pub(crate) fn login(&self, host: usize) -> Option<Mutex<ConnectionLogin>> {
        let channel = self.certificate().map_or_else(Channel::clear, |certificate| Channel::tls(certificate.der()));
        Some(Mutex::new(ConnectionLogin::new(Arc::clone(self.hosts.get(host)?), channel)))
    }
}
