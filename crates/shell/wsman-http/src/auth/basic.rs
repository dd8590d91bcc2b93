//! HTTP Basic: the header that shows the password to whoever reads the wire.

use base64::Engine as _;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

/// The value of the header Authorization (RFC 7617).
pub(crate) fn authorization(user: &str, password: &SecretString) -> Zeroizing<String> {
    let plain = Zeroizing::new(format!("{user}:{}", password.expose_secret()));
    let coded = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(plain.as_bytes()));
    Zeroizing::new(format!("Basic {}", coded.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn user_and_password_are_coded_with_a_colon_between_them() {
        assert_eq!(authorization("admin", &"hunter2".into()).as_str(), "Basic YWRtaW46aHVudGVyMg==");
    }
}
