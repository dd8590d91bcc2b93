//! How to connect to one host over the network.

use std::sync::Arc;

use wsman_http::{Client, Endpoint, Limits, Login, Sockets, Tap, Trust};

/// How to connect and log in to one host over the network.
#[derive(Clone)]
pub(crate) struct HostAccess {
    pub(crate) endpoint: Endpoint,
    pub(crate) login: Login,
    pub(crate) trust: Option<Trust>,
    pub(crate) limits: Limits,
    /// Who is shown what is sent and received.
    pub(crate) tap: Option<Arc<dyn Tap>>,
}

impl HostAccess {
    pub(crate) fn client(&self, sockets: &Sockets) -> Client {
        let client = Client::new(self.endpoint.clone(), self.login.clone(), self.limits).sharing(sockets);
        let client = if let Some(trust) = &self.trust { client.with_trust(trust.clone()) } else { client };
        if let Some(tap) = &self.tap { client.tapped_by(Arc::clone(tap)) } else { client }
    }
}
