//! Who logs in, and how that is written.

use base64::Engine as _;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

/// How a connection logs in.
#[derive(Clone, Debug)]
pub enum Login {
    /// HTTP Basic, on each request. Over clear HTTP to loopback only.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: SecretString,
    },
}

impl Login {
    /// The value of the header Authorization.
    pub(crate) fn authorization(&self) -> Zeroizing<String> {
        let Self::Basic { user, password } = self;
        let plain = Zeroizing::new(format!("{user}:{}", password.expose_secret()));
        let coded = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(plain.as_bytes()));
        Zeroizing::new(format!("Basic {}", coded.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_in_no_debug_text() {
        let login = Login::Basic { user: "admin".to_owned(), password: SecretString::from("hunter2") };
        assert!(!format!("{login:?}").contains("hunter2"));
        assert_eq!(login.authorization().as_str(), "Basic YWRtaW46aHVudGVyMg==");
    }
}
