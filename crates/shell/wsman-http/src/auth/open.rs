//! Which mechanism's implementation a login begins with.

use super::context;
use super::error::AuthError;
use super::kdc::Kdc;
#[cfg(windows)]
use super::native;
use super::offer::Mechanism;
use super::security::Security;
#[cfg(all(unix, feature = "kerberos-system"))]
use super::tickets;
use crate::endpoint::Endpoint;
use crate::login::{Credential, Login};

/// Begins a login to `endpoint`, bound to what `binding` names. May look a Kerberos server up: call it where waiting is
/// allowed.
pub(super) fn open(
    login: &Login,
    endpoint: &Endpoint,
    mechanism: Mechanism,
    binding: Option<&[u8]>,
    kdc: Kdc,
) -> Result<Box<dyn Security>, AuthError> {
    match login.identity {
        Credential::Password { .. } | Credential::Keytab { .. } => context::open(login, endpoint, mechanism, binding, kdc),
        #[cfg(windows)]
        Credential::CurrentUser => native::open(login, endpoint, mechanism, binding),
        #[cfg(all(unix, feature = "kerberos-system"))]
        Credential::CurrentUser => tickets::open(login, endpoint, mechanism, binding),
        #[cfg(not(any(windows, all(unix, feature = "kerberos-system"))))]
        Credential::CurrentUser => Err(AuthError::Impossible(
            "this build does not know the Kerberos tickets of the account that it runs as: give a user, or use a build with the \
             feature kerberos-system"
                .to_owned(),
        )),
        Credential::Certificate => Err(AuthError::Impossible("a certificate logs in by TLS, and by no token".to_owned())),
    }
}
