//! The ways to the hosts of a pass, and how one more host is asked that only a relationship speaks of.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cim::event::Query;
use reprise_model::{HostId, HostName};
use wsman_http::{Client, Endpoint, Events, Limits, Login};

use crate::port::HostLink;

/// The ways to all hosts of a pass.
#[derive(Default)]
pub(crate) struct Links {
    ways: BTreeMap<HostId, Way>,
    /// Where hosts are that cannot be asked at their own names.
    resolve: BTreeMap<HostName, Endpoint>,
}

/// The way to one host.
struct Way {
    link: Arc<HostLink>,
    endpoint: Endpoint,
    login: Login,
    limits: Limits,
}

impl Links {
    pub(crate) fn new(resolve: BTreeMap<HostName, Endpoint>) -> Self {
        Self { ways: BTreeMap::new(), resolve }
    }

    pub(crate) fn add(&mut self, host: HostId, endpoint: Endpoint, login: Login, limits: Limits) {
        let link = HostLink::new(Client::new(endpoint.clone(), login.clone(), limits));
        self.ways.insert(host, Way { link, endpoint, login, limits });
    }

    /// Opens the way to a host that relationships call `name`: where the configuration says, else at that name in the
    /// address of the host that showed the relationship. The login is that host's.
    pub(crate) fn ask(&mut self, host: HostId, name: &HostName, like: HostId) {
        let Some(way) = self.ways.get(&like) else { return };
        let resolved = self.resolve.get(name).cloned();
        let endpoint = resolved.unwrap_or_else(|| way.endpoint.with_host(name.as_str()));
        let (login, limits) = (way.login.clone(), way.limits);
        self.add(host, endpoint, login, limits);
    }

    pub(crate) fn get(&self, host: HostId) -> Option<&Arc<HostLink>> {
        self.ways.get(&host).map(|way| &way.link)
    }

    /// A listener to a host's event logs, beside the way by which it is asked.
    pub(crate) fn events(&self, host: HostId, query: Query, existing: bool, patience: Duration) -> Option<Events> {
        let way = self.ways.get(&host)?;
        Some(Events::new(way.endpoint.clone(), way.login.clone(), way.limits, query, existing, patience))
    }

    /// How each host is asked.
    pub(crate) fn urls(&self) -> BTreeMap<HostId, String> {
        self.ways.iter().map(|(host, way)| (*host, way.endpoint.to_string())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_found_host_is_asked_where_the_configuration_says_else_at_its_name_with_the_same_login() {
        let name = |text| HostName::new(text).unwrap();
        let at = |text| Endpoint::parse(text).unwrap();
        let resolve = BTreeMap::from([(name("hv02.lab.test"), at("http://127.0.0.1:4711/wsman"))]);
        let mut links = Links::new(resolve);
        let login = Login::Basic { user: "admin".to_owned(), password: "secret".into() };
        links.add(HostId(0), at("http://hv01.lab.test:8080/wsman"), login, Limits::default());
        links.ask(HostId(1), &name("hv02.lab.test"), HostId(0));
        links.ask(HostId(2), &name("hv03.lab.test"), HostId(0));
        let urls = links.urls();
        assert_eq!(urls[&HostId(1)], "http://127.0.0.1:4711/wsman");
        assert_eq!(urls[&HostId(2)], "http://hv03.lab.test:8080/wsman");
        assert!(matches!(&links.ways[&HostId(2)].login, Login::Basic { user, .. } if user == "admin"));
    }
}
