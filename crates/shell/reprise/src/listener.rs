//! A listener on one host's event logs, over the network or on this computer.

use std::time::Duration;

use cim::CallError;
use cim::event::{Bookmark, EventBatch, EventPort, EventQuery};
use reprise_wmi::LocalEvents;
use wsman_http::{Events, Sockets};

use crate::access::HostAccess;

/// How a host's event logs are reached.
#[derive(Clone)]
pub(crate) enum LogAccess {
    /// Over the network, within the socket budget that all hosts share.
    WsMan(Box<HostAccess>, Sockets),
    /// This computer's own.
    Local,
}

impl LogAccess {
    /// A listener that begins with the oldest record. `patience` is how long one call waits for records.
    pub(crate) fn listen(&self, query: EventQuery, patience: Duration) -> Listener {
        match self {
            Self::WsMan(access, sockets) => {
                Listener::WsMan(Box::new(Events::new(access.client(sockets), query, true, patience)))
            }
            Self::Local => Listener::Local(LocalEvents::new(&query, patience)),
        }
    }
}

/// A listener, whatever it listens through.
pub(crate) enum Listener {
    WsMan(Box<Events>),
    Local(LocalEvents),
}

impl Listener {
    /// Listens to something else from now on. A connection is used again; `access` opens what has none.
    pub(crate) fn turned_to(self, access: &LogAccess, query: EventQuery, patience: Duration) -> Self {
        match self {
            Self::WsMan(events) => Self::WsMan(Box::new(events.turned_to(query))),
            Self::Local(_) => access.listen(query, patience),
        }
    }

    /// Sets the maximum number of records per answer.
    pub(crate) fn at_most(self, count: u32) -> Self {
        match self {
            Self::WsMan(events) => Self::WsMan(Box::new(events.at_most(count))),
            Self::Local(events) => Self::Local(events.at_most(count)),
        }
    }

    /// Whether the host has accepted it once: what fails later is a loss and no refusal.
    pub(crate) fn was_taken(&self) -> bool {
        match self {
            Self::WsMan(events) => events.was_taken(),
            Self::Local(events) => events.was_taken(),
        }
    }

    /// Ends it at the host.
    pub(crate) async fn leave(self) {
        match self {
            Self::WsMan(events) => events.leave().await,
            Self::Local(_) => {}
        }
    }
}

impl EventPort for Listener {
    async fn next(&mut self, after: Option<&Bookmark>) -> Result<EventBatch, CallError> {
        match self {
            Self::WsMan(events) => events.next(after).await,
            Self::Local(events) => events.next(after).await,
        }
    }
}
