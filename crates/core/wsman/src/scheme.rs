//! The ways to log in to a service, by the names that people write.

use std::fmt;
use std::str::FromStr;

/// How a client logs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// The strongest that the service offers and the transport allows: Kerberos, NTLM, Basic.
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
    /// The certificate that the client shows in the TLS handshake. Over verified TLS only.
    Certificate,
}

/// The text names no scheme.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is none of auto, basic, ntlm, negotiate, kerberos, certificate")]
pub struct UnknownScheme {
    /// What was read.
    pub text: String,
}

impl Scheme {
    /// Every scheme.
    pub const ALL: [Self; 6] =
        [Self::Auto, Self::Basic, Self::Ntlm, Self::Negotiate, Self::Kerberos, Self::Certificate];

    /// Its name: lower case, as it is written in configurations and on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Basic => "basic",
            Self::Ntlm => "ntlm",
            Self::Negotiate => "negotiate",
            Self::Kerberos => "kerberos",
            Self::Certificate => "certificate",
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scheme {
    type Err = UnknownScheme;

    fn from_str(text: &str) -> Result<Self, UnknownScheme> {
        let scheme = Self::ALL.into_iter().find(|scheme| scheme.name() == text);
        scheme.ok_or_else(|| UnknownScheme { text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_reads_back_and_stands_in_the_error_of_what_is_none() {
        let error = "Basic".parse::<Scheme>().unwrap_err().to_string();
        for scheme in Scheme::ALL {
            assert_eq!(scheme.to_string().parse(), Ok(scheme));
            assert!(error.contains(scheme.name()), "{error}");
        }
    }
}
