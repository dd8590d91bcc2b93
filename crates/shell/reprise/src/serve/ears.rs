//! Hears what happens on hosts: one listener on the event log of each host that answers. What it hears says only that a look is
//! worth while; hosts are looked at at intervals too, so that nothing depends on it.

use std::collections::BTreeMap;
use std::time::Duration;

use cim::ErrorKind;
use cim::event::EventPort as _;
use reprise_engine::Controller;
use reprise_hyperv::events::{VMMS_LOGS, of_vmms_and_system};
use reprise_model::HostId;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::links::Links;
use crate::listener::{Listener, LogAccess};

/// Maximum number of hosts that are listened to, each over a connection of its own: looks need some as well. The others are only
/// looked at.
const HOSTS_MAX: usize = 256;
/// Maximum number of hosts of which something was heard and not taken in. A host that finds no room is looked at at the interval.
const HEARD_MAX: usize = 1_024;
/// How long one request waits for events; less than the minute that a host allows.
const PATIENCE: Duration = Duration::from_secs(30);
/// What happened before is of no interest.
const BACK: Duration = Duration::ZERO;
/// If a host answers sooner than this that there are no events, the next request waits this long.
const HASTY: Duration = Duration::from_secs(1);
/// First and maximum wait before a host is listened to again that was lost or has refused.
const AGAIN: (Duration, Duration) = (Duration::from_secs(2), Duration::from_mins(5));

/// The listeners.
pub(super) struct Ears {
    listening: BTreeMap<HostId, JoinHandle<()>>,
    say: mpsc::Sender<HostId>,
    heard: mpsc::Receiver<HostId>,
}

impl Ears {
    pub(super) fn new() -> Self {
        let (say, heard) = mpsc::channel(HEARD_MAX);
        Self { listening: BTreeMap::new(), say, heard }
    }

    /// Listens to the hosts that are asked and have answered, and to no others.
    pub(super) fn follow(&mut self, controller: &Controller, links: &Links) {
        self.listening.retain(|host, listener| {
            let is_asked = links.get(*host).is_some();
            if !is_asked {
                listener.abort();
            }
            is_asked
        });
        for host in controller.ready_hosts() {
            if self.listening.len() >= HOSTS_MAX {
                return;
            }
            if let std::collections::btree_map::Entry::Vacant(place) = self.listening.entry(host)
                && let Some(access) = links.logs(host)
            {
                place.insert(links.workers().spawn(listen(host, access, self.say.clone())));
            }
        }
    }

    /// The next host of which something reaches us. May be dropped while it waits.
    pub(super) async fn next(&mut self) -> HostId {
        match self.heard.recv().await {
            Some(host) => host,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Ears {
    fn drop(&mut self) {
        self.listening.values().for_each(JoinHandle::abort);
    }
}

/// Listens to one host for as long as it is asked.
async fn listen(host: HostId, access: LogAccess, say: mpsc::Sender<HostId>) {
    let mut pause = AGAIN.0;
    loop {
        for log in VMMS_LOGS {
            let mut listener = access.listen(of_vmms_and_system(log, Some(BACK)), PATIENCE);
            let error = hear(host, &mut listener, &say).await;
            if listener.was_taken() {
                // The host may have gone down.
                pause = AGAIN.0;
                tell(host, &say);
            }
            tracing::debug!(host = host.0, log, %error, "cannot follow the event log");
            // There is no log of this name; there may be one of the next.
            if error.kind != ErrorKind::NotThere {
                break;
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(AGAIN.1);
    }
}

/// Tells of every batch of records, until the host is lost.
async fn hear(host: HostId, listener: &mut Listener, say: &mpsc::Sender<HostId>) -> cim::CallError {
    let mut bookmark = None;
    let mut is_new = true;
    loop {
        let asked = Instant::now();
        let batch = match listener.next(bookmark.as_ref()).await {
            Ok(batch) => batch,
            Err(error) => return error,
        };
        // That it answers is news too.
        if !batch.events.is_empty() || batch.dropped > 0 || std::mem::take(&mut is_new) {
            tell(host, say);
        } else if asked.elapsed() < HASTY {
            tokio::time::sleep(HASTY).await;
        }
        bookmark = batch.bookmark;
    }
}

fn tell(host: HostId, say: &mpsc::Sender<HostId>) {
    let _full_or_ended = say.try_send(host);
}
