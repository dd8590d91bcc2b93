//! HTTP Basic: the header that shows the password to whoever reads the wire.

use base64::Engine as _;
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use crate::login::Login;

/// The value of the header Authorization (RFC 7617).
pub(crate) fn authorization(login: &Login) -> Zeroizing<String> {
    let plain = Zeroizing::new(format!("{}:{}", login.user, login.password.expose_secret()));
    let coded = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(plain.as_bytes()));
    Zeroizing::new(format!("Basic {}", coded.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scheme;

    #[test]
    fn user_and_password_are_coded_with_a_colon_between_them() {
        let login = Login::new(Scheme::Basic, "admin", "hunter2");
        assert_eq!(authorization(&login).as_str(), "Basic YWRtaW46aHVudGVyMg==");
    }
}
