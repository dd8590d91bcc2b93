//! Who may log in.

use secrecy::{ExposeSecret as _, SecretString};

/// A user with a password, and with a certificate if there is one.
#[derive(Clone, Debug)]
pub struct Account {
    domain: String,
    user: String,
    password: SecretString,
    certificate: Option<Vec<u8>>,
}

impl Account {
    /// An account by its name: `DOMAIN\user`, or `user` without a domain.
    pub fn new(name: &str, password: SecretString) -> Self {
        let (domain, user) = name.split_once('\\').unwrap_or(("", name));
        Self { domain: domain.to_owned(), user: user.to_owned(), password, certificate: None }
    }

    /// Registers a client certificate, in DER, for the account.
    #[must_use]
    pub fn with_certificate(self, certificate: &[u8]) -> Self {
        Self { certificate: Some(certificate.to_vec()), ..self }
    }

    /// The name, as [`Account::new`] takes it.
    pub fn name(&self) -> String {
        if self.domain.is_empty() { self.user.clone() } else { format!("{}\\{}", self.domain, self.user) }
    }

    pub(super) fn password(&self) -> &str {
        self.password.expose_secret()
    }

    /// Whether a client means this account. Windows compares names without case, finds a user whose domain is left out,
    /// and takes `user@domain` for both.
    pub(super) fn is_named(&self, domain: &str, user: &str) -> bool {
        let (domain, user) = match user.split_once('@').filter(|_| domain.is_empty()) {
            Some((user, domain)) => (domain, user),
            None => (domain, user),
        };
        let same = |one: &str, other: &str| one.to_lowercase() == other.to_lowercase();
        same(user, &self.user) && (domain.is_empty() || same(domain, &self.domain))
    }

    /// Whether this certificate is registered for it.
    pub(super) fn has_certificate(&self, certificate: &[u8]) -> bool {
        self.certificate.as_deref() == Some(certificate)
    }

    /// Whether a Basic login is this account's.
    pub(super) fn is_basic(&self, name: &str, password: &str) -> bool {
        let (domain, user) = name.split_once('\\').unwrap_or(("", name));
        self.is_named(domain, user) && password == self.password.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_meant_by_every_form_of_its_name_and_by_no_other() {
        let account = Account::new("LAB\\Administrator", SecretString::from("hunter2"));
        for (domain, user) in
            [("LAB", "Administrator"), ("lab", "ADMINISTRATOR"), ("", "administrator"), ("", "administrator@lab")]
        {
            assert!(account.is_named(domain, user), "{domain}\\{user}");
        }
        for (domain, user) in [("LAB", "other"), ("OTHER", "administrator"), ("", "administrator@other"), ("LAB", "")] {
            assert!(!account.is_named(domain, user), "{domain}\\{user}");
        }
        assert_eq!(account.name(), "LAB\\Administrator");
        assert!(account.is_basic("lab\\administrator", "hunter2"));
        assert!(!account.is_basic("lab\\administrator", "Hunter2"));
        assert!(!format!("{account:?}").contains("hunter2"));
    }
}
