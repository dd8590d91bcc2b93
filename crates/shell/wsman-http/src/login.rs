//! Who logs in, and secrets that show themselves to nobody.

use std::fmt;

use base64::Engine as _;
use zeroize::Zeroizing;

/// A password. Its content is in no Debug and no Display, and is wiped from memory when it is dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a password.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The content, for the one who sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// How a connection logs in.
#[derive(Clone, Debug)]
pub enum Login {
    /// HTTP Basic, on each request. Over clear HTTP to loopback only.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: Secret,
    },
}

impl Login {
    /// The value of the header Authorization.
    pub(crate) fn authorization(&self) -> Zeroizing<String> {
        let Self::Basic { user, password } = self;
        let plain = Zeroizing::new(format!("{user}:{}", password.expose()));
        let coded = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(plain.as_bytes()));
        Zeroizing::new(format!("Basic {}", coded.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_in_no_debug_text() {
        let login = Login::Basic { user: "admin".to_owned(), password: Secret::new("hunter2".to_owned()) };
        assert!(!format!("{login:?}").contains("hunter2"));
        assert_eq!(login.authorization().as_str(), "Basic YWRtaW46aHVudGVyMg==");
    }
}
