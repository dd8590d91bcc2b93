//! Who logs in, and how.

use secrecy::SecretString;

/// How a connection logs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// The strongest that the service offers and the way to it allows: Kerberos, NTLM, Basic.
    #[default]
    Auto,
    /// HTTP Basic, on each request. It shows the password: over verified TLS or to loopback only.
    Basic,
    /// NTLM without SPNEGO around it.
    Ntlm,
    /// SPNEGO: Kerberos if the host is named, the user's realm is known and its KDC answers; else NTLM.
    Negotiate,
    /// Kerberos and nothing else.
    Kerberos,
    /// The certificate that is shown in TLS ([`Trust::showing`](crate::Trust::showing)). Over verified TLS only.
    Certificate,
}

/// A user's login.
#[derive(Clone, Debug)]
pub struct Login {
    pub(crate) scheme: Scheme,
    pub(crate) user: String,
    pub(crate) password: SecretString,
    pub(crate) kdc: Option<String>,
    pub(crate) service: String,
}

/// The service in the name of a WS-Management server (its SPN is `HTTP/host`). Domain controllers take HTTP for HOST
/// unless somebody gave it to another account.
const SERVICE: &str = "HTTP";

impl Login {
    /// A login by password. `user` is `NAME`, `DOMAIN\NAME` or `NAME@REALM`.
    pub fn new(scheme: Scheme, user: impl Into<String>, password: impl Into<SecretString>) -> Self {
        Self { scheme, user: user.into(), password: password.into(), kdc: None, service: SERVICE.to_owned() }
    }

    /// A login by the certificate that TLS shows. Whose it is, the host knows.
    pub fn by_certificate() -> Self {
        Self::new(Scheme::Certificate, "the client certificate", "")
    }

    /// The same, with a Kerberos server: `HOST` or `HOST:PORT`. Without one it is looked up as [`Scheme::Kerberos`] has
    /// it: what the system's Kerberos configuration says, else the realm's own name.
    #[must_use]
    pub fn with_kdc(mut self, kdc: impl Into<String>) -> Self {
        self.kdc = Some(kdc.into());
        self
    }

    /// The same, where the server is known to its domain as another service than HTTP, such as WSMAN or HOST.
    #[must_use]
    pub fn with_service(mut self, service: impl Into<String>) -> Self {
        self.service = service.into();
        self
    }

    /// Who logs in.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// How.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The Kerberos realm that the user's name tells: what stands after `@` or before `\`, if it is a DNS name.
    pub(crate) fn realm(&self) -> Option<&str> {
        let before = self.user.split_once('\\').map(|(domain, _)| domain);
        let domain = before.or_else(|| self.user.rsplit_once('@').map(|(_, realm)| realm))?;
        domain.trim_matches('.').contains('.').then_some(domain)
    }

    /// Whether the user belongs to a domain at all.
    pub(crate) fn has_domain(&self) -> bool {
        self.user.contains(['\\', '@']) && !self.user.starts_with(".\\")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_in_no_debug_text() {
        let login = Login::new(Scheme::Basic, "admin", "hunter2");
        assert!(!format!("{login:?}").contains("hunter2"));
    }

    #[test]
    fn a_realm_is_a_dns_name_and_a_netbios_domain_is_none() {
        for (user, realm, domain) in [
            ("svc@lab.test", Some("lab.test"), true),
            ("LAB.TEST\\svc", Some("LAB.TEST"), true),
            ("LAB\\svc", None, true),
            (".\\svc", None, false),
            ("svc", None, false),
        ] {
            let login = Login::new(Scheme::Auto, user, "x");
            assert_eq!((login.realm(), login.has_domain()), (realm, domain), "{user}");
        }
    }
}
