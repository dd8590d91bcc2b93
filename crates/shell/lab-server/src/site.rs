//! What all parts of a running lab share: the world, its clock, the counters, and the behavior of each host's port.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reprise_lab::{Action, ActionError, Face, World};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use wsman::server::{RequestKind, Served, Server};

use crate::count::Counters;
use crate::entrance::Entrances;
use crate::event_logs::Logs;
use crate::options::LabOptions;

/// Maximum wait for a port to follow its host: opening and closing a listener takes microseconds.
const SETTLE_MAX: Duration = Duration::from_secs(10);

/// `MaxEnvelopeSizekb` of current Windows, in bytes.
pub(crate) const ENVELOPE_MAX: usize = 500 * 1024;

/// One running lab.
pub(crate) struct Site {
    pub(crate) options: LabOptions,
    pub(crate) entrances: Entrances,
    pub(crate) began: Instant,
    /// How many records all hosts together have written, for waiting Pulls.
    pub(crate) written: watch::Sender<u64>,
    // Held for the length of one request or action, never across an await.
    world: Mutex<World>,
    hosts: Vec<HostState>,
}

/// One host's side of the network.
pub(crate) struct HostState {
    address: HostAddress,
    pub(crate) server: Mutex<Server>,
    pub(crate) counters: Mutex<Counters>,
    /// Maximum size of a message, in bytes, before it is sealed.
    envelope_max: AtomicUsize,
    /// When the host was started that the service's state belongs to.
    booted: Mutex<Duration>,
    port: Port,
}

/// The site's end of a host's port: where it is, how it is to behave, and how it does.
pub(crate) struct Port {
    pub(crate) address: SocketAddr,
    pub(crate) wanted: watch::Sender<Face>,
    pub(crate) actual: watch::Receiver<Face>,
}

/// The address of a simulated host, and the login.
#[derive(Clone, Debug)]
pub struct HostAddress {
    /// The host's name.
    pub name: String,
    /// The address of its WS-Management service.
    pub url: String,
    /// The user.
    pub user: String,
    /// The user's password.
    pub password: String,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Site {
    /// The site of these hosts, each with its name and its port.
    pub(crate) fn new(
        world: World,
        options: LabOptions,
        entrances: Entrances,
        hosts: impl IntoIterator<Item = (String, Port)>,
    ) -> Arc<Self> {
        let version = format!("OS: {} SP: 0.0 Stack: 3.0", world.os_version());
        let profiles = options.schemes.profiles(options.tls);
        let host = |(name, port): (String, Port)| HostState {
            server: Mutex::new(
                Server::new(&name, &version)
                    .with_profiles(profiles.clone())
                    .with_fragments(options.fragments)
                    .with_language(world.language()),
            ),
            address: HostAddress {
                url: format!("{}://{}/wsman", entrances.url_scheme(), port.address),
                user: options.user.clone(),
                password: options.password_at(&name),
                name,
            },
            counters: Mutex::new(Counters::default()),
            envelope_max: AtomicUsize::new(ENVELOPE_MAX),
            booted: Mutex::new(Duration::ZERO),
            port,
        };
        let hosts = hosts.into_iter().map(host).collect();
        let (began, written) = (Instant::now(), watch::Sender::new(0));
        Arc::new(Self { options, entrances, began, written, world: Mutex::new(world), hosts })
    }

    pub(crate) fn addresses(&self) -> Vec<HostAddress> {
        self.hosts.iter().map(|host| host.address.clone()).collect()
    }

    /// Does something with the world as it is now.
    pub(crate) fn with_world<R>(&self, f: impl FnOnce(&mut World) -> R) -> R {
        let mut world = lock(&self.world);
        world.advance(self.began.elapsed().mul_f64(self.options.speed));
        let done = f(&mut world);
        self.tell_written(world.records_written());
        done
    }

    /// Wakes waiting Pulls if something was written since their last look.
    fn tell_written(&self, count: u64) {
        self.written.send_if_modified(|known| std::mem::replace(known, count) != count);
    }

    pub(crate) fn host(&self, host: usize) -> Option<&HostState> {
        self.hosts.get(host)
    }

    /// Processes one WS-Management message and answers it; a Pull of events may have to wait.
    pub(crate) fn act(&self, host: usize, port: &HostState, body: &[u8], charset: Option<&str>) -> Served {
        let served = self.with_world(|world| {
            let now = self.began.elapsed();
            let mut server = lock(&port.server);
            // A host that restarts loses its enumerations and subscriptions.
            let booted = world.booted(host);
            if std::mem::replace(&mut *lock(&port.booted), booted) != booted {
                server.restart();
            }
            // Both callbacks need the world, one after the other.
            let world = RefCell::new(world);
            let ask = &mut |request| world.borrow_mut().answer(host, &request);
            server.serve(now, body, charset, ask, &mut Logs { world: &world, host })
        });
        match &served {
            Served::Answer(answer) => lock(&port.counters).count(answer.kind, answer.fault),
            Served::Later(_) => lock(&port.counters).count(RequestKind::Pull, false),
        }
        served
    }

    /// Answers a client that has not logged in, if its request is Identify.
    pub(crate) fn answer_unknown(
        &self,
        host: usize,
        body: &[u8],
        charset: Option<&str>,
    ) -> Option<wsman::server::HttpResponse> {
        let port = self.hosts.get(host)?;
        let answer = lock(&port.server).handle_unknown(body, charset)?;
        lock(&port.counters).count(answer.kind, answer.fault);
        Some(answer)
    }

    /// Maximum size of a request to a host, in bytes, before it is sealed.
    pub(crate) fn envelope_max(&self, host: usize) -> usize {
        self.hosts.get(host).map_or(ENVELOPE_MAX, |host| host.envelope_max.load(Ordering::Relaxed))
    }

    /// Sets `MaxEnvelopeSizekb` of the host with this name; false if there is none.
    pub(crate) fn limit_envelopes(&self, name: &str, bytes: usize) -> bool {
        let Some(host) = self.hosts.iter().find(|host| host.address.name.eq_ignore_ascii_case(name)) else {
            return false;
        };
        host.envelope_max.store(bytes, Ordering::Relaxed);
        lock(&host.server).limit_envelopes(bytes);
        true
    }

    pub(crate) fn count_unauthorized(&self, host: usize) {
        if let Some(port) = self.hosts.get(host) {
            lock(&port.counters).unauthorized += 1;
        }
    }

    pub(crate) fn counters(&self) -> Vec<Counters> {
        self.hosts.iter().map(|host| *lock(&host.counters)).collect()
    }

    pub(crate) fn reset_counters(&self) {
        for host in &self.hosts {
            *lock(&host.counters) = Counters::default();
        }
    }

    /// Carries out an action; returns when its effect can be seen on every port.
    pub(crate) async fn carry_out(&self, action: &Action) -> Result<(), ActionError> {
        self.with_world(|world| world.carry_out(action))?;
        self.settle().await;
        Ok(())
    }

    /// Sets the behavior of every port, and waits until it takes effect.
    pub(crate) async fn settle(&self) {
        for (index, host) in self.hosts.iter().enumerate() {
            let face = self.with_world(|world| world.face(index));
            host.port.wanted.send_replace(face);
            let mut actual = host.port.actual.clone();
            if timeout(SETTLE_MAX, actual.wait_for(|now| *now == face)).await.is_err() {
                tracing::error!(host = %host.address.name, "a port does not follow its host");
            }
        }
    }
}
