//! The server's half of a login, for whoever plays a WinRM host: Basic, NTLM, Kerberos, Negotiate and certificates, and sealed
//! messages.
//!
//! It does no input or output. A host has one [`Logins`] and makes a [`ConnectionLogin`] for each connection, since a login
//! and the keys that it agrees on belong to their connection. Each request goes through [`ConnectionLogin::take`], which
//! says what to answer or hands out the message; each answer to a message goes through [`ConnectionLogin::write`].
//!
//! As a host in its default settings does, it refuses unsealed messages over clear HTTP from whoever has logged in by
//! NTLM, Kerberos or Negotiate. Basic shows the password to the network: offer it where nothing else but loopback can hear.

mod account;
mod certificate;
mod channel;
mod connection;
mod der;
mod exchange;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod kerberos;
mod ntlm;
mod sealer;
mod spnego;
#[cfg(test)]
mod tests;

use crate::keytab::Keytab;

pub use account::Account;
pub use certificate::{Certificate, CertificateError, Tls};
pub use channel::{Channel, ChannelBindings};
pub use connection::{ConnectionLogin, Message, Request, Taken};

pub use crate::media_type::charset;

/// The schemes that a host offers.
#[expect(clippy::struct_excessive_bools, reason = "each scheme is on or off by itself")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Schemes {
    /// SPNEGO, and whatever clients send in its place.
    pub negotiate: bool,
    /// NTLM under its own name.
    pub ntlm: bool,
    /// The password on each request.
    pub basic: bool,
    /// The certificate that the client shows in TLS. No 401 offers it.
    pub certificate: bool,
}

impl Schemes {
    /// Their names as security profiles, over HTTPS or clear HTTP (DSP0226 annex C, MS-WSMV 3.1.4.1.29.2).
    pub fn profiles(self, tls: bool) -> Vec<String> {
        let transport = if tls { "https" } else { "http" };
        let known = [(self.basic, "basic"), (self.negotiate || self.ntlm, "spnego-kerberos")];
        let name = |way| format!("http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/{transport}/{way}");
        known.iter().filter(|(is_on, _)| *is_on).map(|(_, way)| name(way)).collect()
    }
}

/// What a host says about itself in a challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The old name of its domain: `LAB`.
    pub domain: String,
    /// Its own old name: `HV01`.
    pub computer: String,
    /// The domain: `lab.test`.
    pub dns_domain: String,
    /// Its full name: `hv01.lab.test`.
    pub dns_computer: String,
}

impl Identity {
    /// Of a host by its full name. The old names are the first labels in upper case.
    pub fn of(full_name: &str) -> Self {
        let (computer, dns_domain) = full_name.split_once('.').unwrap_or((full_name, ""));
        let old = |name: &str| name.split('.').next().unwrap_or_default().to_uppercase();
        Self {
            domain: old(if dns_domain.is_empty() { computer } else { dns_domain }),
            computer: old(computer),
            dns_domain: dns_domain.to_owned(),
            dns_computer: full_name.to_owned(),
        }
    }
}

/// Who may log in to a host, and how.
#[derive(Clone, Debug)]
pub struct Logins {
    /// The accounts.
    pub accounts: Vec<Account>,
    /// The schemes.
    pub schemes: Schemes,
    /// What the host says about itself.
    pub identity: Identity,
    /// How strict it is about the channel.
    pub channel_bindings: ChannelBindings,
    /// The keys of its services, if it takes tickets: by the scheme Kerberos, and within Negotiate where that is offered.
    /// Whoever has a ticket for one of the services may log in, under his own name.
    pub keytab: Option<Keytab>,
}

/// Why a login was refused. The client learns none of it; it is for the host's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// The token is not what it should be.
    #[error("the token is not well formed")]
    Malformed,
    /// Nothing is offered that this host speaks.
    #[error("the client wants a mechanism that is not spoken here")]
    Mechanism,
    /// The client speaks older versions only: LM, NTLM before its second version, or no session security.
    #[error("the client does not speak NTLMv2 with session security")]
    TooOld,
    /// There is no such account.
    #[error("there is no such user")]
    UnknownUser,
    /// The password does not fit.
    #[error("the password is wrong")]
    WrongPassword,
    /// The ticket is for no service whose key is here.
    #[error("the ticket is for another service, or an outdated key")]
    NotForUs,
    /// The ticket has expired, or the clocks differ.
    #[error("the ticket has expired, or the clocks differ too much")]
    TooLate,
    /// The client means another TLS connection, or none.
    #[error("the login is bound to another channel")]
    WrongChannel,
    /// Somebody has changed messages on the way.
    #[error("the messages of the login were altered")]
    Altered,
}
