//! What a host knows of logins: its accounts, its own names, and the schemes that it offers.

use secrecy::SecretSlice;

use crate::account::Account;
use crate::channel::ChannelBindings;

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
pub struct ComputerNames {
    /// The old name of its domain: `LAB`.
    pub domain: String,
    /// Its own old name: `HV01`.
    pub computer: String,
    /// The domain: `lab.test`.
    pub dns_domain: String,
    /// Its full name: `hv01.lab.test`.
    pub dns_computer: String,
}

impl ComputerNames {
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

/// A long-term key of a service, which opens the tickets that are issued for it.
#[derive(Clone, Debug)]
pub struct ServiceKey {
    /// The service's principal, as tickets name it: `HTTP/hv01.lab.test@LAB.TEST`.
    pub principal: String,
    /// The encryption type (RFC 3961, 8): 17 for AES-128, 18 for AES-256.
    pub encryption_type: u16,
    /// The key's octets.
    pub key: SecretSlice<u8>,
}

/// Who may log in to a host, and how.
#[derive(Clone, Debug)]
pub struct Logins {
    /// The accounts.
    pub accounts: Vec<Account>,
    /// The schemes.
    pub schemes: Schemes,
    /// What the host says about itself.
    pub identity: ComputerNames,
    /// How strict it is about the channel.
    pub channel_bindings: ChannelBindings,
    /// The keys of the host's services, if it accepts tickets: by the scheme Kerberos, and within Negotiate where that is
    /// offered. A client with a ticket for one of the services may log in, under the name in the ticket.
    pub services: Option<Vec<ServiceKey>>,
}
