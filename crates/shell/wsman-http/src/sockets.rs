//! The connections of a process: how many may be open, which are kept while idle, and what their answers may take.
//!
//! Clients that share one [`Sockets`] stay within one budget, whatever the number of hosts. When it is used up, the connection
//! that has been idle for longest makes room, whichever client it belongs to; if none is idle, a new connection waits for its turn. A
//! connection that was idle for [`IDLE_MAX`] is closed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use cim::{CallError, ErrorKind, Reached};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::budget::{Budget, Permit};
use crate::connection::Connection;
use crate::files;
use crate::gate::locked;
use crate::idle::Idle;
use crate::memory::Memory;
use crate::parsers::Parsers;

/// A connection that was idle for this long is closed. Looks a second apart keep theirs, and so do looks 30 s apart, even if one of
/// them is late or left out: a new connection costs a login. It is shorter than the 120 s after which Windows closes an idle
/// connection itself (HTTP.sys, `ConnectionTimeout`), so that a request rarely meets a connection that is being closed.
const IDLE_MAX: Duration = Duration::from_secs(75);

/// The connections of a process. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Sockets(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    budget: Budget,
    memory: Memory,
    parsers: Parsers,
    idle_max: Duration,
    clients: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    idle: Idle<Connection>,
    /// The number of connections that wait for their turn. While there are any, none is kept idle.
    waiting: usize,
    /// A task closes what has been idle for too long.
    expiring: bool,
}

impl Default for Sockets {
    /// As many as this process may have: most of its limit on open files, where the system sets one.
    fn default() -> Self {
        Self::new(Budget::within(files::limit()), IDLE_MAX)
    }
}

impl Sockets {
    /// At most this many connections.
    pub fn at_most(connections: usize) -> Self {
        Self::new(Budget::of(connections, connections), IDLE_MAX)
    }

    pub(crate) fn new(budget: Budget, idle_max: Duration) -> Self {
        let (memory, parsers) = (Memory::default(), Parsers::default());
        Self(Arc::new(Inner { budget, memory, parsers, idle_max, clients: AtomicU64::new(0), state: Mutex::default() }))
    }

    /// The connections of a process whose answers may take this much.
    #[cfg(test)]
    pub(crate) fn with_memory(memory: Memory) -> Self {
        let (budget, parsers) = (Budget::of(64, 64), Parsers::default());
        let (clients, state) = (AtomicU64::new(0), Mutex::default());
        Self(Arc::new(Inner { budget, memory, parsers, idle_max: IDLE_MAX, clients, state }))
    }

    /// The memory that answers may take.
    pub(crate) fn memory(&self) -> &Memory {
        &self.0.memory
    }

    /// Where large answers are parsed.
    pub(crate) fn parsers(&self) -> &Parsers {
        &self.0.parsers
    }

    /// The part of one client.
    pub(crate) fn share(&self) -> Share {
        Share { sockets: self.clone(), client: self.0.clients.fetch_add(1, Ordering::Relaxed) }
    }

    /// Waits for a place among the open connections, until then.
    async fn open_place(&self, until: Instant) -> Option<Permit> {
        let inner = &self.0;
        loop {
            if let Ok(permit) = Arc::clone(&inner.budget.open).try_acquire_owned() {
                return Some(permit.into());
            }
            let oldest = {
                let mut state = locked(&inner.state);
                let oldest = state.idle.take_oldest();
                state.waiting += usize::from(oldest.is_none());
                oldest
            };
            if oldest.is_none() {
                let _waiting = Waiting(inner);
                let turn = timeout_at(until, Arc::clone(&inner.budget.open).acquire_owned()).await;
                return turn.ok()?.ok().map(Permit::from);
            }
            // Closing it makes room, for this connection or for one that waited before it.
        }
    }
}

/// Somebody who waits for a turn.
struct Waiting<'i>(&'i Inner);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = locked(&self.0.state);
        state.waiting = state.waiting.saturating_sub(1);
    }
}

/// One client's part of the connections. Dropping it closes those that it keeps.
#[derive(Debug)]
pub(crate) struct Share {
    sockets: Sockets,
    client: u64,
}

/// Leave to open a connection: its place, and a place among those that are being opened.
pub(crate) struct Leave {
    pub(crate) permit: Permit,
    pub(crate) opening: OwnedSemaphorePermit,
}

impl Share {
    /// Waits for leave to open a connection to `at`, for at most `patience`.
    pub(crate) async fn leave(&self, at: &str, patience: Duration) -> Result<Leave, CallError> {
        let until = Instant::now() + patience;
        let budget = &self.sockets.0.budget;
        let late = || {
            let (most, advice) = (budget.connections, files::advice(budget.files));
            let seconds = patience.as_secs_f32();
            let message = format!(
                "{at} was not asked: for {seconds} s none of the {most} connections that may be open at once became free; {advice}"
            );
            CallError::new(ErrorKind::TimedOut, Reached::No, message)
        };
        let opening = timeout_at(until, Arc::clone(&budget.opening).acquire_owned()).await;
        let opening = opening.ok().and_then(Result::ok).ok_or_else(late)?;
        let permit = self.sockets.open_place(until).await.ok_or_else(late)?;
        Ok(Leave { permit, opening })
    }

    /// Takes the connection that this client used last.
    pub(crate) fn take(&self) -> Option<Connection> {
        locked(&self.sockets.0.state).idle.take(self.client)
    }

    /// Keeps a connection for later, unless another client waits for room.
    pub(crate) fn keep(&self, connection: Connection) {
        let inner = &self.sockets.0;
        let expires = {
            let mut state = locked(&inner.state);
            if state.waiting > 0 {
                return;
            }
            state.idle.put(self.client, connection, Instant::now());
            std::mem::replace(&mut state.expiring, true)
        };
        if !expires {
            // Not under the lock: a runtime that is shutting down drops the task at once.
            tokio::spawn(expire(Expiring(Arc::downgrade(inner))));
        }
    }

    /// Closes the connections that this client keeps.
    pub(crate) fn close_all(&self) {
        let closed = locked(&self.sockets.0.state).idle.take_all(self.client);
        drop(closed);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.close_all();
    }
}

/// The task that closes idle connections. It ends with the last of them, and may end with its runtime.
struct Expiring(Weak<Inner>);

impl Drop for Expiring {
    fn drop(&mut self) {
        if let Some(inner) = self.0.upgrade() {
            locked(&inner.state).expiring = false;
        }
    }
}

/// Closes connections that have been idle for too long, until none is idle.
async fn expire(guard: Expiring) {
    loop {
        let next = {
            let Some(inner) = guard.0.upgrade() else { return };
            let mut state = locked(&inner.state);
            let expired = Instant::now().checked_sub(inner.idle_max).map(|before| state.idle.take_older(before));
            let next = state.idle.oldest().map(|since| since + inner.idle_max);
            state.expiring = next.is_some();
            drop(state);
            drop(expired);
            next
        };
        let Some(next) = next else { return };
        sleep_until(next).await;
    }
}
