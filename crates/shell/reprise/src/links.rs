//! Links to the hosts of a pass, including hosts that only a replication relationship names.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use reprise_model::{HostId, HostName};
use tokio::runtime::Handle;
use wsman_http::{Endpoint, Sockets, Trust};

use crate::access::HostAccess;
use crate::listener::LogAccess;
use crate::port::{HostLink, Transport};
use crate::recording::Recording;

/// Why only Kerberos is used to log in to a discovered host, and what to do.
const ONLY_KERBEROS: &str = "only another host has named it, so NTLM and Basic are not used there: list it as a [[host]], give its \
     address under discover.resolve, or set auth to negotiate or ntlm";

/// The links to all hosts of a pass.
#[derive(Default)]
pub(crate) struct Links {
    ways: BTreeMap<HostId, Way>,
    /// The addresses of hosts that cannot be reached by their own names.
    resolve: BTreeMap<HostName, Endpoint>,
    /// How hosts are asked that this computer names, apart from their names; this computer itself needs no login.
    named_here: Option<HostAccess>,
    /// The socket budget of this process.
    sockets: Sockets,
    /// Where the procedures run that use the links; the caller's runtime if absent.
    workers: Option<Handle>,
}

/// The link to one host.
struct Way {
    link: Arc<HostLink>,
    /// How it was connected to; `None` for this computer.
    access: Option<HostAccess>,
}

/// How a host was connected to over the network, for the report.
pub(crate) struct ConnectionInfo {
    pub(crate) url: String,
    /// Whether its certificate was verified; `None` over plain HTTP.
    pub(crate) tls_verified: Option<bool>,
}

impl Links {
    pub(crate) fn new(resolve: BTreeMap<HostName, Endpoint>) -> Self {
        Self { resolve, ..Self::default() }
    }

    /// Sets the runtime for the procedures that use the links. If it is another than the caller's, the caller's timers and signals
    /// work even while all of its threads are busy with what a host sent.
    pub(crate) fn work_on(&mut self, workers: Handle) {
        self.workers = Some(workers);
    }

    /// The runtime for the procedures that use the links.
    pub(crate) fn workers(&self) -> Handle {
        self.workers.clone().unwrap_or_else(Handle::current)
    }

    /// Whether any host listed under `discover.resolve` uses HTTPS.
    pub(crate) fn resolves_to_https(&self) -> bool {
        self.resolve.values().any(Endpoint::is_secure)
    }

    pub(crate) fn add(&mut self, host: HostId, access: HostAccess) {
        let transport = Transport::WsMan(Box::new(access.client(&self.sockets)));
        self.ways.insert(host, Way { link: HostLink::new(transport), access: Some(access) });
    }

    /// Adds this computer as a host. A call takes no longer than `read`, or `change` if it calls a method.
    pub(crate) fn add_local(&mut self, host: HostId, read: Duration, change: Duration) {
        let transport = Transport::Local(reprise_wmi::LocalWmi::new(read, change));
        self.ways.insert(host, Way { link: HostLink::new(transport), access: None });
    }

    /// Records what every host so far is asked and answers, and keeps the parts of their names and users out of the recording.
    pub(crate) fn record(&mut self, recording: &Arc<Recording>) {
        for (number, way) in self.ways.values_mut().enumerate() {
            let own = recording.of_host(number + 1);
            match &mut way.access {
                Some(access) => {
                    if !access.endpoint.is_address() {
                        recording.beware(access.endpoint.host());
                    }
                    if access.login.names_user() {
                        recording.beware(access.login.user());
                    }
                    access.tap = Some(Arc::new(own.clone()));
                    let transport = Transport::WsMan(Box::new(access.client(&self.sockets)));
                    way.link = HostLink::recorded(transport, own);
                }
                None => way.link.record(own),
            }
        }
    }

    /// Sets how hosts are asked that this computer names: at their names, in place of the address that is given.
    pub(crate) fn ask_named_here(&mut self, access: HostAccess) {
        self.named_here = Some(access);
    }

    /// How a host is connected to over the network.
    pub(crate) fn remote(&self, host: HostId) -> Option<&HostAccess> {
        self.ways.get(&host)?.access.as_ref()
    }

    /// Adds a link to the host that a relationship calls `name`. Its address comes from the configuration; otherwise it is that
    /// of the host `like`, which showed the relationship, with the host part replaced. The login is that of `like`, and of this
    /// computer that of all hosts. For a host
    /// that only another host has named, it uses Kerberos alone unless the configuration names a scheme: an attacker who
    /// controls `like` could have named a server of their own.
    pub(crate) fn ask(&mut self, host: HostId, name: &HostName, like: HostId) {
        let named_here = || self.named_here.as_ref().filter(|_| self.ways.contains_key(&like));
        let Some(like) = self.remote(like).or_else(named_here) else { return };
        let like = HostAccess { login: like.login.clone().without_spn(), ..like.clone() };
        let access = match self.resolve.get(name).cloned() {
            Some(endpoint) => HostAccess { endpoint, ..like },
            None => HostAccess {
                endpoint: like.endpoint.with_host(name.as_str()),
                login: like.login.clone().restricted_to_kerberos(ONLY_KERBEROS),
                ..like
            },
        };
        self.add(host, access);
    }

    /// Removes the link to a host.
    pub(crate) fn forget(&mut self, host: HostId) {
        self.ways.remove(&host);
    }

    pub(crate) fn get(&self, host: HostId) -> Option<&Arc<HostLink>> {
        self.ways.get(&host).map(|way| &way.link)
    }

    /// How a host's event logs are reached, over a connection of their own.
    pub(crate) fn logs(&self, host: HostId) -> Option<LogAccess> {
        Some(match self.ways.get(&host)?.access.clone() {
            Some(access) => LogAccess::WsMan(Box::new(access), self.sockets.clone()),
            None => LogAccess::Local,
        })
    }

    /// How each host was connected to that is not this computer.
    pub(crate) fn asked(&self) -> BTreeMap<HostId, ConnectionInfo> {
        let asked = |access: &HostAccess| ConnectionInfo {
            url: access.endpoint.to_string(),
            tls_verified: access.trust.as_ref().filter(|_| access.endpoint.is_secure()).map(Trust::is_verified),
        };
        self.ways.iter().filter_map(|(host, way)| Some((*host, asked(way.access.as_ref()?)))).collect()
    }
}

#[cfg(test)]
mod tests {
    use wsman_http::{Limits, Login, Scheme};

    use super::*;

    #[test]
    fn a_found_host_is_asked_where_the_configuration_says_else_at_its_name_with_the_same_login() {
        let name = |text| HostName::new(text).unwrap();
        let at = |text| Endpoint::parse(text).unwrap();
        let resolve = BTreeMap::from([(name("hv02.lab.test"), at("http://127.0.0.1:4711/wsman"))]);
        let mut links = Links::new(resolve);
        let login = Login::new(Scheme::Basic, "admin", "secret");
        let endpoint = at("http://hv01.lab.test:8080/wsman");
        links.add(HostId(0), HostAccess { endpoint, login, trust: None, limits: Limits::default(), tap: None });
        links.ask(HostId(1), &name("hv02.lab.test"), HostId(0));
        links.ask(HostId(2), &name("hv03.lab.test"), HostId(0));
        let asked = links.asked();
        assert_eq!(asked[&HostId(1)].url, "http://127.0.0.1:4711/wsman");
        assert_eq!(asked[&HostId(2)].url, "http://hv03.lab.test:8080/wsman");
        assert_eq!(links.remote(HostId(2)).unwrap().login.user(), "admin");
    }

    #[test]
    fn a_host_that_only_another_host_names_is_logged_in_to_by_kerberos_unless_a_scheme_is_named() {
        let name = |text| HostName::new(text).unwrap();
        let at = |text| Endpoint::parse(text).unwrap();
        let mut links = Links::new(BTreeMap::from([(name("hv02.lab.test"), at("https://hv02.lab.test"))]));
        for (like, scheme) in [(0, Scheme::Auto), (1, Scheme::Basic), (2, Scheme::Ntlm), (3, Scheme::Negotiate)] {
            let login = Login::new(scheme, "admin", "secret");
            let access = HostAccess {
                endpoint: at("https://hv01.lab.test"),
                login,
                trust: None,
                limits: Limits::default(),
                tap: None,
            };
            links.add(HostId(like), access);
        }
        for (host, named, like, scheme) in [
            (10, "evil.test", 0, Scheme::Kerberos),
            (11, "hv02.lab.test", 0, Scheme::Auto),
            (12, "hv03.lab.test", 1, Scheme::Basic),
            (13, "hv03.lab.test", 2, Scheme::Ntlm),
            (14, "hv03.lab.test", 3, Scheme::Negotiate),
        ] {
            links.ask(HostId(host), &name(named), HostId(like));
            assert_eq!(links.remote(HostId(host)).unwrap().login.scheme(), scheme, "{named}");
        }
        // A host that a discovered host names is trusted no more than that one.
        links.ask(HostId(20), &name("worse.test"), HostId(10));
        assert_eq!(links.remote(HostId(20)).unwrap().login.scheme(), Scheme::Kerberos);
    }

    #[test]
    fn a_host_that_this_computer_names_is_asked_at_its_name_with_the_login_of_all_hosts() {
        let name = |text| HostName::new(text).unwrap();
        let at = |text| Endpoint::parse(text).unwrap();
        let resolve = BTreeMap::from([(name("hv02.lab.test"), at("http://127.0.0.1:4711/wsman"))]);
        let mut links = Links::new(resolve);
        links.add_local(HostId(0), Duration::ZERO, Duration::ZERO);
        links.ask(HostId(1), &name("hv02.lab.test"), HostId(0));
        assert!(links.get(HostId(1)).is_none(), "without a login for it nobody is asked");
        let login = Login::new(Scheme::Auto, "admin", "secret");
        let endpoint = at("http://localhost");
        links.ask_named_here(HostAccess { endpoint, login, trust: None, limits: Limits::default(), tap: None });
        links.ask(HostId(1), &name("hv02.lab.test"), HostId(0));
        links.ask(HostId(2), &name("hv03.lab.test"), HostId(0));
        links.ask(HostId(3), &name("hv04.lab.test"), HostId(9));
        let asked = links.asked();
        assert_eq!(asked[&HostId(1)].url, "http://127.0.0.1:4711/wsman");
        assert_eq!(asked[&HostId(2)].url, "http://hv03.lab.test:5985/wsman");
        let scheme = |host| links.remote(HostId(host)).map(|access| access.login.scheme());
        assert_eq!((scheme(1), scheme(2), scheme(3)), (Some(Scheme::Auto), Some(Scheme::Kerberos), None));
    }
}
