//! What a running lab needs besides its spec.

use std::time::Duration;

use wsman::ElementForm;
use wsman_acceptor::{Schemes, ServiceKey};

/// What a running lab needs besides its spec.
#[derive(Clone, Debug)]
pub struct LabOptions {
    /// How many virtual seconds pass in one real one.
    pub speed: f64,
    /// Round-trip time of a request and its answer.
    pub round_trip: Duration,
    /// The user.
    pub user: String,
    /// The user's password.
    pub password: String,
    /// Whether each host has its own account of that name, with a password of its own.
    pub local_accounts: bool,
    /// The schemes that all hosts offer.
    pub schemes: Schemes,
    /// Whether the hosts listen on `::1` instead of 127.0.0.1.
    pub ipv6: bool,
    /// Whether the hosts speak HTTPS, with one certificate for all.
    pub tls: bool,
    /// The keys of the hosts' services, for logins by Kerberos; the same for all.
    pub services: Option<Vec<ServiceKey>>,
    /// The form of dates and references in rows of a column list.
    pub fragments: ElementForm,
}

impl LabOptions {
    /// The password of the user at a host.
    pub(crate) fn password_at(&self, host: &str) -> String {
        if self.local_accounts { format!("{}-{host}", self.password) } else { self.password.clone() }
    }
}
