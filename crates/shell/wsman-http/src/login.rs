//! Who logs in, and how.

use std::sync::Arc;

use cim::CallError;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use crate::endpoint::Endpoint;
use crate::gate::{Gate, Gates};
use crate::keytab::{Keytab, KeytabError};
pub(crate) use wsman::Scheme;

/// The account that logs in, and the proof of its identity.
#[derive(Clone, Debug)]
pub(crate) enum Credential {
    /// An account with its password.
    Password {
        /// `NAME`, `DOMAIN\NAME` or `NAME@REALM`.
        user: String,
        /// Wiped on drop.
        password: SecretString,
    },
    /// An account with one of its keys.
    Keytab {
        /// `NAME@REALM`, as the keytab writes it.
        user: String,
        keytab: Keytab,
    },
    /// The account that this process runs as; the system proves its identity.
    CurrentUser,
    /// The account that the client certificate belongs to.
    Certificate,
}

/// A login: an account, the proof of its identity, and the scheme to use.
#[derive(Clone, Debug)]
pub struct Login {
    pub(crate) scheme: Scheme,
    pub(crate) identity: Credential,
    pub(crate) kdc: Option<String>,
    pub(crate) service: String,
    /// The host's name in Kerberos, if it is not made of the service class and the address.
    pub(crate) spn: Option<String>,
    /// Why only Kerberos is tried, if the login itself would allow other schemes.
    pub(crate) restricted: Option<&'static str>,
    /// Whether hosts accept the credential, as far as is known.
    pub(crate) gate: Arc<Gate>,
}

/// What [`Login::user`] returns for the account that this process runs as.
const CURRENT_USER: &str =
    if cfg!(windows) { "the account that this program runs as" } else { "the account of the Kerberos ticket" };

/// The service class of a WS-Management server (its SPN is `HTTP/host`). Domain controllers treat HTTP as HOST unless it is
/// registered for another account.
const SERVICE: &str = "HTTP";

impl Login {
    /// Creates a login with a password. `user` is `NAME`, `DOMAIN\NAME` or `NAME@REALM`.
    pub fn new(scheme: Scheme, user: impl Into<String>, password: impl Into<SecretString>) -> Self {
        Self::of(scheme, Credential::Password { user: user.into(), password: password.into() })
    }

    /// Creates a login with a key of the user's account. It always uses Kerberos. `user` is `NAME@REALM`, `REALM\NAME`, or
    /// `NAME` if that fits one principal of the keytab.
    ///
    /// # Errors
    /// [`KeytabError`]: the keytab has no usable key for the user, or `scheme` excludes Kerberos.
    pub fn with_keytab(scheme: Scheme, user: &str, keytab: Keytab) -> Result<Self, KeytabError> {
        match scheme {
            Scheme::Auto | Scheme::Negotiate | Scheme::Kerberos => {}
            Scheme::Basic | Scheme::Ntlm | Scheme::Certificate => return Err(KeytabError::OnlyKerberos),
        }
        let user = keytab.key_for(user)?.principal;
        Ok(Self::of(Scheme::Kerberos, Credential::Keytab { user, keytab }))
    }

    /// Creates a login as the account that this process runs as, without a password.
    ///
    /// On Windows [`Scheme::Auto`] and [`Scheme::Negotiate`] leave the choice of Kerberos or NTLM to Windows; Basic is impossible.
    ///
    /// On Unix, with the feature `kerberos-system`, it uses the Kerberos ticket that the account has from `kinit`: with Kerberos
    /// only, and to hosts by name. Without the feature every call fails with [`cim::ErrorKind::Denied`].
    pub fn current_user(scheme: Scheme) -> Self {
        Self::of(scheme, Credential::CurrentUser)
    }

    /// Creates a login with the client certificate presented in TLS. The host maps the certificate to an account.
    pub fn by_certificate() -> Self {
        Self::of(Scheme::Certificate, Credential::Certificate)
    }

    fn of(scheme: Scheme, identity: Credential) -> Self {
        let gate = Arc::new(Gate::new(user_of(&identity)));
        Self { scheme, identity, kdc: None, service: SERVICE.to_owned(), spn: None, restricted: None, gate }
    }

    /// Sets the gates to share: logins of the same user and secret that share gates also share whether the credential is
    /// accepted, so that a wrong password is not tried at host after host. Clones of a login share this anyway.
    #[must_use]
    pub fn sharing(self, gates: &Gates) -> Self {
        let secret = match &self.identity {
            Credential::Password { password, .. } => Some(Sha256::digest(password.expose_secret().as_bytes()).into()),
            Credential::Keytab { user, keytab } => {
                keytab.key_for(user).ok().map(|key| Sha256::digest(key.octets.expose_secret()).into())
            }
            Credential::CurrentUser | Credential::Certificate => None,
        };
        let gate = gates.of(self.user(), secret);
        Self { gate, ..self }
    }

    /// Restricts [`Scheme::Auto`] to Kerberos, for a server that an untrusted party has named. Basic would hand over the
    /// password, and NTLM an answer from which it can be guessed or which can be relayed to another server. Any other scheme
    /// stays as it is. `why` is added to errors: why nothing else is tried, and what to do.
    #[must_use]
    pub fn restricted_to_kerberos(self, why: &'static str) -> Self {
        if self.scheme != Scheme::Auto {
            return self;
        }
        Self { scheme: Scheme::Kerberos, restricted: Some(why), ..self }
    }

    /// Whether the login has a user with a name: it is neither a certificate nor the account that this process runs as.
    pub fn names_user(&self) -> bool {
        matches!(self.identity, Credential::Password { .. } | Credential::Keytab { .. })
    }

    /// Sets the Kerberos server: `HOST` or `HOST:PORT`. By default it is looked up as [`Scheme::Kerberos`] describes: in the
    /// system's Kerberos configuration, else by the realm's own name. Has no effect for the account that this process runs as,
    /// for which the system finds a server.
    #[must_use]
    pub fn with_kdc(mut self, kdc: impl Into<String>) -> Self {
        self.kdc = Some(kdc.into());
        self
    }

    /// Sets the service class under which the server is registered in its domain, if not HTTP: for example WSMAN or HOST.
    #[must_use]
    pub fn with_service(mut self, service: impl Into<String>) -> Self {
        self.service = service.into();
        self
    }

    /// Sets the service principal name of the host, `CLASS/NAME`, if it is not its service class and the host of its address: for
    /// a host that is reached by an IP address or an alias.
    #[must_use]
    pub fn with_spn(mut self, spn: impl Into<String>) -> Self {
        self.spn = Some(spn.into());
        self
    }

    /// The same login to another host, which has a name of its own in Kerberos.
    #[must_use]
    pub fn without_spn(self) -> Self {
        Self { spn: None, ..self }
    }

    /// The service principal name of the host at `endpoint`.
    pub(crate) fn spn_of(&self, endpoint: &Endpoint) -> String {
        self.spn.clone().unwrap_or_else(|| format!("{}/{}", self.service, endpoint.host_without_zone()))
    }

    /// Adds to a failed login's error why no other scheme is tried.
    pub(crate) fn explain(&self, error: CallError) -> CallError {
        match self.restricted {
            Some(why) => CallError { message: format!("{}; {why}", error.message), ..error },
            None => error,
        }
    }

    /// The name of the account that logs in, for messages.
    pub fn user(&self) -> &str {
        user_of(&self.identity)
    }

    /// User and password, if the login uses a password.
    pub(crate) fn password(&self) -> Option<(&str, &SecretString)> {
        match &self.identity {
            Credential::Password { user, password } => Some((user, password)),
            Credential::Keytab { .. } | Credential::CurrentUser | Credential::Certificate => None,
        }
    }

    /// The scheme to use.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The Kerberos realm in the user's name: the part after `@` or before `\`, if it is a DNS name.
    pub(crate) fn realm(&self) -> Option<&str> {
        let before = self.user().split_once('\\').map(|(domain, _)| domain);
        let domain = before.or_else(|| self.user().rsplit_once('@').map(|(_, realm)| realm))?;
        domain.trim_matches('.').contains('.').then_some(domain)
    }

    /// Whether the user belongs to a domain at all.
    pub(crate) fn has_domain(&self) -> bool {
        self.user().contains(['\\', '@']) && !self.user().starts_with(".\\")
    }
}

fn user_of(identity: &Credential) -> &str {
    match identity {
        Credential::Password { user, .. } | Credential::Keytab { user, .. } => user,
        Credential::CurrentUser => CURRENT_USER,
        Credential::Certificate => "the client certificate",
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
    fn a_keytab_means_kerberos_and_nothing_else() {
        let keytab = || Keytab::parse(include_bytes!("../../../../fuzz/corpus/login_client/keytab")).unwrap();
        for scheme in [Scheme::Auto, Scheme::Negotiate, Scheme::Kerberos] {
            let login = Login::with_keytab(scheme, "LAB.TEST\\SVC", keytab()).unwrap();
            assert_eq!(
                (login.scheme(), login.user(), login.realm()),
                (Scheme::Kerberos, "svc@LAB.TEST", Some("LAB.TEST"))
            );
            assert!(!format!("{login:?}").contains("48, 49"), "a key is shown");
        }
        for scheme in [Scheme::Basic, Scheme::Ntlm] {
            let error = Login::with_keytab(scheme, "svc@LAB.TEST", keytab()).unwrap_err();
            assert_eq!(error, KeytabError::OnlyKerberos);
        }
    }

    #[test]
    fn a_host_has_the_name_in_kerberos_that_is_given_or_that_its_address_has() {
        let endpoint = |text| Endpoint::parse(text).unwrap();
        let login = Login::new(Scheme::Kerberos, "svc@LAB.TEST", "x");
        assert_eq!(login.spn_of(&endpoint("http://hv01.lab.test")), "HTTP/hv01.lab.test");
        let named = login.with_spn("HTTP/hv01.lab.test");
        assert_eq!(named.spn_of(&endpoint("http://192.0.2.7")), "HTTP/hv01.lab.test");
        assert_eq!(named.without_spn().spn_of(&endpoint("http://192.0.2.7")), "HTTP/192.0.2.7");
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
