//! The changes of a CIM class, received by subscription if the host accepts one, and otherwise by polling.
//!
//! A subscription alone is not enough: events of classes have no bookmarks. So after every subscription the instances are
//! read, and their differences from the known ones are reported.

mod known;
#[cfg(test)]
mod tests;
mod watch;

use std::time::Duration;

use cim::{CallError, ErrorKind, Reached, Reply, Row};
use tokio::time::Instant;
use wsman::eventing::{Change, ChangeBatch, Delivery, Watcher, is_lost};
use wsman::fault::Meaning;

use self::known::KnownInstances;
pub use self::watch::Watch;
use crate::client::Client;
use crate::line::{KNOWN_BATCHES_MAX, Line, SUBSCRIBES_MAX, heartbeats};

/// Minimum time between two readings; with less, the client would only ever read.
const INTERVAL_LEAST: Duration = Duration::from_millis(100);
/// Time until a refused subscription is requested again: meanwhile a right may have been granted, or a service may have
/// started.
const SUBSCRIBE_AGAIN: Duration = Duration::from_mins(10);
/// How often the instances are read even while a subscription is open: a host that accepts a subscription may still not
/// report everything.
const READ_AGAIN: Duration = Duration::from_mins(5);

/// The changes of one class on one host.
#[derive(Debug)]
pub struct Changes {
    line: Line,
    watch: Watch,
    watcher: Watcher,
    interval: Duration,
    patience: Duration,
    known: KnownInstances,
    /// The instances have been read once.
    has_begun: bool,
    refusal: Option<Refusal>,
    /// When the instances are to be read next.
    read_at: Instant,
    /// They have been read since the subscription began.
    is_settled: bool,
}

/// The host accepts no subscription.
#[derive(Debug)]
struct Refusal {
    why: CallError,
    ask_again_at: Instant,
}

/// The result of one call.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// The changes; empty if nothing has changed.
    pub changes: Vec<Change>,
    /// How they were received.
    pub by: HeardBy,
}

/// How changes are received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeardBy {
    /// The host reports them.
    Subscription,
    /// The client polls the host; a change that is reverted in between is not noticed.
    Polling,
}

/// What one call has tried so far.
#[derive(Debug, Default)]
struct Tries {
    subscribes: u32,
    known_batches: u32,
}

impl Changes {
    /// Creates a listener that logs in as the client does; nothing is sent before the first [`Changes::next`]. The host looks
    /// for changes every `interval`, or is polled that often. `patience` is how long one call waits for a change; a server
    /// holds no request for longer than a minute.
    pub fn new(client: Client, watch: Watch, interval: Duration, patience: Duration) -> Self {
        let interval = interval.max(INTERVAL_LEAST);
        let (namespace, class) = (watch.namespace.clone(), watch.class.clone());
        Self {
            line: Line::new(client, patience),
            watch,
            watcher: Watcher::new(namespace, class, interval, heartbeats(patience)),
            interval,
            patience,
            known: KnownInstances::default(),
            has_begun: false,
            refusal: None,
            read_at: Instant::now(),
            is_settled: false,
        }
    }

    /// The known instances with their watched properties; none before the first [`Changes::next`].
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.known.rows()
    }

    /// Why the host is polled, if it is: how it refused the subscription.
    pub fn refusal(&self) -> Option<&CallError> {
        self.refusal.as_ref().map(|refusal| &refusal.why)
    }

    /// Returns the next changes. The first call returns without changes once the instances have been read. A later call waits
    /// until something changes, and returns without changes if nothing does in time. No change is reported twice. Changes made
    /// while the connection or the subscription was lost are reported by the call that restores them; if one instance changed
    /// several times meanwhile, only its last state is seen. Dropping this future loses nothing: the next call reads again.
    ///
    /// An instance that is no longer shown counts as deleted. Note that a service that stops shows none.
    ///
    /// # Errors
    /// [`CallError`] says what failed. The next call continues from the known instances.
    pub async fn next(&mut self) -> Result<Changed, CallError> {
        if self.line.was_cut() {
            self.line.hang_up();
            self.watcher.forget();
        }
        let until = Instant::now() + self.patience;
        let mut tries = Tries::default();
        loop {
            if let Some(changes) = self.step(until, &mut tries).await? {
                let by = if self.refusal.is_some() { HeardBy::Polling } else { HeardBy::Subscription };
                return Ok(Changed { changes, by });
            }
        }
    }

    /// Ends the subscription at the server, if there is one. Without this it expires by itself.
    pub async fn leave(self) {
        let Self { line, mut watcher, .. } = self;
        line.leave(|settings, id| watcher.leave(settings, id)).await;
    }

    /// One message, or one wait. `None` says that there is more to do.
    async fn step(&mut self, until: Instant, tries: &mut Tries) -> Result<Option<Vec<Change>>, CallError> {
        self.refusal.take_if(|refusal| refusal.ask_again_at <= Instant::now());
        if self.refusal.is_none() && !self.watcher.is_open() {
            tries.subscribes += 1;
            return self.subscribe().await.map(|()| None);
        }
        if self.read_at <= Instant::now() {
            return self.read().await;
        }
        if self.refusal.is_none() {
            return self.pull(tries).await;
        }
        tokio::time::sleep_until(self.read_at.min(until)).await;
        Ok((self.read_at > until).then(Vec::new))
    }

    async fn subscribe(&mut self) -> Result<(), CallError> {
        match self.exchange().await {
            Ok(_) => {
                (self.read_at, self.is_settled) = (Instant::now(), false);
                Ok(())
            }
            Err(error) if refuses(&error) => {
                self.poll(error);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    async fn pull(&mut self, tries: &mut Tries) -> Result<Option<Vec<Change>>, CallError> {
        match self.exchange().await {
            Ok(Delivery::Events(batch)) => {
                let changes = self.hear(batch);
                tries.known_batches += u32::from(changes.is_empty());
                if tries.known_batches > KNOWN_BATCHES_MAX {
                    self.poll(CallError::malformed("the server sends the same events again and again"));
                }
                Ok((!changes.is_empty()).then_some(changes))
            }
            Ok(Delivery::Nothing | Delivery::Opened) => Ok(Some(Vec::new())),
            Err(error) if is_lost(&error) || error.kind == ErrorKind::Unreachable => {
                tracing::debug!(%error, "a subscription is lost");
                if tries.subscribes >= SUBSCRIBES_MAX { Err(error) } else { Ok(None) }
            }
            Err(error) if refuses(&error) => {
                self.poll(error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// What of a batch is new.
    fn hear(&mut self, batch: ChangeBatch) -> Vec<Change> {
        if batch.dropped > 0 {
            self.read_at = Instant::now();
        }
        let mut news = Vec::new();
        for change in batch.changes {
            match self.known.hear(&self.watch, change) {
                Ok(new) => news.extend(new),
                // The reading that is due now finds the rest.
                Err(error) => {
                    self.poll(error);
                    return news;
                }
            }
        }
        news
    }

    /// Reads the instances and compares them with what is known.
    async fn read(&mut self) -> Result<Option<Vec<Change>>, CallError> {
        let rows = match self.line.ask(self.watch.request()).await? {
            Reply::Rows(rows) => rows,
            Reply::Instance(_) | Reply::Output(_) => {
                return Err(CallError::malformed("the reply isn't a query result"));
            }
        };
        let news = self.known.read(&self.watch, rows)?;
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        let news = if is_first { Vec::new() } else { news };
        // What is read may be newer than the host's own last look. If it changes back before the next look, no event tells
        // of it: so what was new is read again once the host has looked.
        let is_certain = std::mem::replace(&mut self.is_settled, true) && news.is_empty();
        let pause = match (&self.refusal, is_certain) {
            (Some(_), _) => self.interval,
            (None, false) => self.watcher.within() * 2,
            (None, true) => READ_AGAIN,
        };
        self.read_at = Instant::now() + pause;
        Ok((is_first || !news.is_empty()).then_some(news))
    }

    /// Goes on without a subscription.
    fn poll(&mut self, why: CallError) {
        tracing::debug!(error = %why, "a subscription is refused");
        self.watcher.forget();
        let now = Instant::now();
        (self.refusal, self.read_at) = (Some(Refusal { why, ask_again_at: now + SUBSCRIBE_AGAIN }), now);
    }

    async fn exchange(&mut self) -> Result<Delivery<ChangeBatch>, CallError> {
        let (settings, id) = self.line.next_message();
        let message = self.watcher.message(&settings, &id);
        match self.line.send(&message).await {
            Ok(text) => self.watcher.take(&text),
            Err(error) => self.watcher.failed(error),
        }
    }
}

/// Whether the host has answered and does not do this, in whichever words; what it does not do now alone is another thing.
/// A provider that fails at it is taken for one that cannot: it is asked again in time, and until then there is polling.
fn refuses(error: &CallError) -> bool {
    let fails = error.status.is_some_and(|status| Meaning::of(status) == Meaning::Failed);
    let for_good = match error.kind {
        ErrorKind::Denied
        | ErrorKind::NotThere
        | ErrorKind::Refused
        | ErrorKind::Malformed
        | ErrorKind::TooLarge
        | ErrorKind::Unsupported => true,
        ErrorKind::Unreachable | ErrorKind::Untrusted | ErrorKind::Busy | ErrorKind::TimedOut => false,
    };
    (for_good || fails) && error.reached == Reached::Yes
}
