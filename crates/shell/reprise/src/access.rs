//! How to connect to one host over the network.

use wsman_http::{Client, Endpoint, Limits, Login, Sockets, Trust};

/// How to connect and log in to one host over the network.
#[derive(Clone)]
pub(crate) struct HostAccess {
    pub(crate) endpoint: Endpoint,
    pub(crate) login: Login,
    pub(crate) trust: Option<Trust>,
    pub(crate) limits: Limits,
}

impl HostAccess {
    pub(crate) fn client(&self, sockets: &Sockets) -> Client {
        let client = Client::new(self.endpoint.clone(), self.login.clone(), self.limits).sharing(sockets);
        if let Some(trust) = &self.trust { client.with_trust(trust.clone()) } else { client }
    }
}
