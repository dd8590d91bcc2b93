//! HTTP Basic: the header that shows the password to whoever reads the wire.
//!
//! What is made here is wiped on drop. The HTTP library copies it into buffers of its own, which are not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use crate::login::{Identity, Login};

/// The value of the header Authorization (RFC 7617), where there is a password to show.
pub(crate) fn authorization(login: &Login) -> Option<Zeroizing<String>> {
    let Identity::Password { user, password } = &login.identity else { return None };
    let password = password.expose_secret();
    let plain = joined(&[user, ":", password]);
    let coded = Zeroizing::new(STANDARD.encode(plain.as_bytes()));
    Some(joined(&["Basic ", &coded]))
}

/// The parts as one text, which has room for all from the start: one that grows leaves copies of itself behind.
fn joined(parts: &[&str]) -> Zeroizing<String> {
    Zeroizing::new(parts.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scheme;

    #[test]
    fn user_and_password_are_coded_with_a_colon_between_them() {
        let login = Login::new(Scheme::Basic, "admin", "hunter2");
        let header = authorization(&login).unwrap();
        assert_eq!(header.as_str(), "Basic YWRtaW46aHVudGVyMg==");
        assert_eq!(header.len(), header.capacity(), "it did not grow");
        assert!(authorization(&Login::current_user(Scheme::Basic)).is_none());
    }
}
