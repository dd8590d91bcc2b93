//! HTTP Basic: the header that exposes the password to anyone who can read the connection.
//!
//! What is made here is wiped on drop. The HTTP library copies it into buffers of its own, which are not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

/// The value of the header Authorization (RFC 7617).
pub(crate) fn authorization(user: &str, password: &SecretString) -> Zeroizing<String> {
    let plain = joined(&[user, ":", password.expose_secret()]);
    let coded = Zeroizing::new(STANDARD.encode(plain.as_bytes()));
    joined(&["Basic ", &coded])
}

/// The parts as one text, which has room for all from the start: one that grows leaves copies of itself behind.
fn joined(parts: &[&str]) -> Zeroizing<String> {
    Zeroizing::new(parts.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_password_are_coded_with_a_colon_between_them() {
        let header = authorization("admin", &"hunter2".into());
        assert_eq!(header.as_str(), "Basic YWRtaW46aHVudGVyMg==");
        assert_eq!(header.len(), header.capacity(), "it did not grow");
    }
}
