//! The server's side: what is subscribed to, and what of it has been delivered. No I/O: a Pull that has nothing to
//! deliver yet waits outside, with a ticket.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use cim::event::{Bookmark, EventQuery};
use cim::wql::Select;
use cim::{CallError, ErrorKind, Namespace, Reached, Row};

use super::{
    Content, EVENT_LOG, Eventing, EventingResponse, Indication, Indications, Looked, StartAt, Subscribe, bookmark_list,
    looked,
};
use crate::fault::{SoapFault, code};
use crate::provider::INVALID_QUERY;

/// Maximum number of subscriptions open at once: as many as one user may have operations.
const SUBSCRIPTIONS_MAX: usize = 1_500;
/// A subscription without heartbeats ends if nobody pulls for this long (`EnumerationTimeoutms`).
const UNPULLED_MAX: Duration = Duration::from_mins(4);
/// Maximum number of ended subscriptions whose reason is kept.
const ENDED_MAX: usize = 256;
/// Maximum number of records that are taken out of the logs at once.
const SCAN_MAX: usize = 1_000;
/// A waiting Pull may be answered this much late before it counts as lost.
const LATENESS: Duration = Duration::from_secs(5);
/// Maximum wait of a Pull (`MaxTimeoutms`).
const PULL_MAX: Duration = Duration::from_mins(1);

/// How far each log has been read: its name, and the number of the last record.
pub type Positions = BTreeMap<String, u64>;

/// One record as it is delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRecord {
    /// Its log, in the host's spelling.
    pub channel: String,
    /// Its number there.
    pub number: u64,
    /// The `Event` element.
    pub xml: String,
}

/// What was found in the logs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    /// In the order in which they were recorded.
    pub records: Vec<LogRecord>,
    /// How many were overwritten before they could be read.
    pub dropped: u64,
}

/// The event logs behind a server, and what else can be subscribed to.
pub trait EventLogs {
    /// A log's name as the host spells it, and the number of its newest record (0 for an empty log).
    ///
    /// # Errors
    /// `NotThere` for no such log, `Denied` without rights.
    fn newest(&mut self, channel: &str) -> Result<(String, u64), CallError>;

    /// The next records behind these places that the query selects, at most so many. Moves the places past what was
    /// looked at, selected or not.
    ///
    /// # Errors
    /// As for `newest`.
    fn scan(
        &mut self,
        query: &EventQuery,
        content: Content,
        after: &mut Positions,
        most: usize,
    ) -> Result<Scanned, CallError>;

    /// Every instance of a class as it is now, and the time by the host's clock, in 100 ns since 1601: what events of CIM
    /// classes are found by.
    ///
    /// # Errors
    /// `NotThere` for no such class, `Unsupported` if nothing but event logs can be subscribed to.
    fn instances(&mut self, _namespace: &Namespace, _select: &Select) -> Result<(Vec<Row>, u64), CallError> {
        let message = "there are no subscriptions to CIM classes";
        Err(CallError::new(ErrorKind::Unsupported, Reached::Yes, message))
    }
}

/// One subscription.
#[derive(Debug)]
pub(crate) struct Subscription {
    identifier: String,
    source: Source,
    heartbeats: Option<Duration>,
    ends: Option<Duration>,
    found: VecDeque<LogRecord>,
    dropped: u64,
    /// When the last Pull came or was answered.
    pulled: Duration,
    /// Until when a Pull waits.
    waits: Option<Duration>,
}

/// Where a subscription's events come from.
#[derive(Debug)]
enum Source {
    Logs {
        query: EventQuery,
        content: Content,
        send_bookmarks: bool,
        /// How far the logs were looked through.
        scanned: Positions,
        /// How far events were delivered.
        delivered: Positions,
    },
    Class {
        indication: Indication,
        /// What the last look showed, and when it was.
        known: Looked,
        at: Duration,
    },
}

/// All subscriptions of a server, by the context that is pulled from next.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    open: BTreeMap<String, Subscription>,
    ended: VecDeque<(String, u32)>,
}

/// What came of a Pull.
pub(crate) enum Pulled {
    Answer(EventingResponse),
    /// Nothing to deliver; until when it may wait, and whether a sign of life is due then.
    Wait {
        until: Duration,
        beats: bool,
    },
}

impl Sources {
    /// Forgets everything, as a host does that restarts.
    pub(crate) fn clear(&mut self) {
        self.open.clear();
        self.ended.clear();
    }

    /// Ends subscriptions that have had no Pull for too long, or that have expired.
    pub(crate) fn expire(&mut self, now: Duration) {
        let fate = |subscription: &Subscription| {
            let idle = now.saturating_sub(subscription.pulled);
            let waits = subscription.waits.is_some_and(|until| now <= until.saturating_add(LATENESS));
            if subscription.ends.is_some_and(|ends| now >= ends) {
                Some(code::SUBSCRIPTION_CLOSED)
            } else if !waits && subscription.heartbeats.is_some_and(|every| idle > every) {
                Some(code::NOT_PULLED)
            } else {
                (!waits && idle > UNPULLED_MAX).then_some(code::INVALID_CONTEXT)
            }
        };
        let over: Vec<(String, u32)> =
            self.open.iter().filter_map(|(context, sub)| Some((context.clone(), fate(sub)?))).collect();
        for (context, why) in over {
            self.open.remove(&context);
            self.remember(context, why);
        }
    }

    fn remember(&mut self, context: String, why: u32) {
        if self.ended.len() >= ENDED_MAX {
            self.ended.pop_front();
        }
        self.ended.push_back((context, why));
    }

    pub(crate) fn subscribe(
        &mut self,
        now: Duration,
        wish: &Eventing,
        mut new_id: impl FnMut() -> String,
        logs: &mut dyn EventLogs,
    ) -> Result<EventingResponse, SoapFault> {
        if self.open.len() >= SUBSCRIPTIONS_MAX {
            return Err(SoapFault::new(code::QUOTA, "too many subscriptions are open"));
        }
        let (source, heartbeats, expires, resource) = match wish {
            Eventing::Subscribe(wish) => {
                let places = begin(wish, logs)?;
                let source = Source::Logs {
                    query: wish.query.clone(),
                    content: wish.content,
                    send_bookmarks: wish.send_bookmarks,
                    scanned: places.clone(),
                    delivered: places,
                };
                (source, wish.heartbeats, wish.expires, EVENT_LOG.to_owned())
            }
            Eventing::Indications(wish) => {
                let Indications { indication, heartbeats, expires } = wish.as_ref();
                check(indication, logs)?;
                let (known, _) = look(indication, logs)?;
                let resource = indication.resource.uri();
                (Source::Class { indication: indication.clone(), known, at: now }, *heartbeats, *expires, resource)
            }
            Eventing::Pull { .. } | Eventing::Unsubscribe { .. } => {
                return Err(SoapFault::new(code::INTERNAL, "that begins no subscription"));
            }
        };
        let (identifier, context) = (new_id(), new_id());
        let subscription = Subscription {
            identifier: identifier.clone(),
            source,
            heartbeats,
            ends: expires.map(|lasts| now.saturating_add(lasts)),
            found: VecDeque::new(),
            dropped: 0,
            pulled: now,
            waits: None,
        };
        self.open.insert(context.clone(), subscription);
        Ok(EventingResponse::Subscribed { identifier, context, expires, resource })
    }

    /// Whether a context is one of a subscription, open or ended: a Pull of events looks like any other.
    pub(crate) fn knows(&self, context: &str) -> bool {
        self.open.contains_key(context) || self.ended.iter().any(|(known, _)| known == context)
    }

    /// Begins a Pull. `patience` is how long the client lets it wait; `room` is how many bytes its events may take.
    pub(crate) fn pull(
        &mut self,
        now: Duration,
        asked: (&str, Option<u32>, Option<Duration>),
        room: usize,
        new_id: impl FnMut() -> String,
        logs: &mut dyn EventLogs,
    ) -> Result<Pulled, SoapFault> {
        let (context, most, patience) = asked;
        let subscription = self.open.get_mut(context).ok_or_else(|| gone(&self.ended, context))?;
        if subscription.waits.is_some_and(|until| now < until) {
            return Err(SoapFault::new(code::PULL_UNDER_WAY, "a Pull on this context is under way"));
        }
        subscription.pulled = now;
        if let Some(answer) = self.deliver(now, (context, most), room, new_id, logs)? {
            return Ok(Pulled::Answer(answer));
        }
        let patience = patience.unwrap_or(PULL_MAX).min(PULL_MAX);
        let Some(subscription) = self.open.get_mut(context) else { return Err(gone(&self.ended, context)) };
        // Whichever comes first: the sign of life, or the end of the time that the client gives.
        let beats = subscription.heartbeats.is_some_and(|every| every <= patience);
        let until = now.saturating_add(subscription.heartbeats.map_or(patience, |every| every.min(patience)));
        subscription.waits = Some(until);
        Ok(Pulled::Wait { until, beats })
    }

    /// Goes on with a Pull that waits: `None` if there is still nothing, and it may wait on.
    pub(crate) fn go_on(
        &mut self,
        now: Duration,
        waiting: (&str, Option<u32>, Duration, bool),
        room: usize,
        new_id: impl FnMut() -> String,
        logs: &mut dyn EventLogs,
    ) -> Option<Result<EventingResponse, SoapFault>> {
        let (context, most, until, beats) = waiting;
        match self.deliver(now, (context, most), room, new_id, logs) {
            Ok(Some(answer)) => return Some(Ok(answer)),
            Ok(None) if now < until => return None,
            Ok(None) => {}
            Err(fault) => return Some(Err(fault)),
        }
        if let Some(subscription) = self.open.get_mut(context) {
            subscription.waits = None;
            subscription.pulled = now;
        }
        if beats {
            // A sign of life. The context is good for the next Pull.
            let context = Some(context.to_owned());
            return Some(Ok(EventingResponse::Events { events: Vec::new(), dropped: 0, context, bookmark: None }));
        }
        Some(Err(SoapFault::new(code::TIMED_OUT, "no event has come within the time of the operation")))
    }

    /// What there is to deliver; `None` for nothing.
    fn deliver(
        &mut self,
        now: Duration,
        (context, most): (&str, Option<u32>),
        room: usize,
        mut new_id: impl FnMut() -> String,
        logs: &mut dyn EventLogs,
    ) -> Result<Option<EventingResponse>, SoapFault> {
        let Some(subscription) = self.open.get_mut(context) else { return Err(gone(&self.ended, context)) };
        subscription.fill(now, logs)?;
        let (events, last) = subscription.take(most, room)?;
        let dropped = std::mem::take(&mut subscription.dropped);
        if last.is_none() && dropped == 0 {
            return Ok(None);
        }
        let bookmark = last.and_then(|last| subscription.bookmark(&last));
        (subscription.pulled, subscription.waits) = (now, None);
        // The context changes in every answer that delivers something.
        let next = new_id();
        if let Some(subscription) = self.open.remove(context) {
            self.open.insert(next.clone(), subscription);
        }
        Ok(Some(EventingResponse::Events { events, dropped, context: Some(next), bookmark }))
    }

    pub(crate) fn unsubscribe(&mut self, identifier: &str) -> Result<EventingResponse, SoapFault> {
        let context =
            self.open.iter().find(|(_, sub)| sub.identifier == identifier).map(|(context, _)| context.clone());
        let context =
            context.ok_or_else(|| SoapFault::new(code::SUBSCRIPTION_CLOSED, "there is no such subscription"))?;
        self.open.remove(&context);
        self.remember(context, code::SUBSCRIPTION_CLOSED);
        Ok(EventingResponse::Unsubscribed)
    }
}

impl Subscription {
    /// Takes more records out of the logs if none is held.
    fn fill(&mut self, now: Duration, logs: &mut dyn EventLogs) -> Result<(), SoapFault> {
        if !self.found.is_empty() {
            return Ok(());
        }
        match &mut self.source {
            Source::Logs { query, content, scanned, .. } => {
                let new = logs.scan(query, *content, scanned, SCAN_MAX).map_err(|error| SoapFault::of(&error))?;
                self.dropped = self.dropped.saturating_add(new.dropped);
                self.found.extend(new.records);
            }
            Source::Class { indication, known, at } if now.saturating_sub(*at) >= indication.within => {
                let (seen, time) = look(indication, logs)?;
                let events = indication.between(known, &seen, time);
                self.found.extend(events.into_iter().map(|xml| LogRecord { channel: String::new(), number: 0, xml }));
                (*known, *at) = (seen, now);
            }
            Source::Class { .. } => {}
        }
        Ok(())
    }

    /// Takes events from the front while they fit, and the log of the last; at least one, or a fault if not even one
    /// does.
    fn take(&mut self, most: Option<u32>, room: usize) -> Result<(Vec<String>, Option<String>), SoapFault> {
        let most = most.and_then(|n| usize::try_from(n).ok()).unwrap_or(1);
        let (mut left, mut events, mut last) = (room, Vec::new(), None);
        while events.len() < most {
            match self.found.front() {
                Some(record) if record.xml.len() <= left => left -= record.xml.len(),
                Some(_) if events.is_empty() => {
                    let fault = SoapFault::new(code::ENCODING_LIMIT, "one event is larger than MaxEnvelopeSize");
                    return Err(fault.with_detail("MaxEnvelopeSizeExceeded"));
                }
                Some(_) | None => break,
            }
            let Some(record) = self.found.pop_front() else { break };
            if let Source::Logs { delivered, .. } = &mut self.source {
                delivered.insert(record.channel.clone(), record.number);
            }
            events.push(record.xml);
            last = Some(record.channel);
        }
        Ok((events, last))
    }

    /// The place behind the last event, if it is wanted and there are places.
    fn bookmark(&self, last: &str) -> Option<Bookmark> {
        match &self.source {
            Source::Logs { send_bookmarks: true, delivered, .. } => {
                Some(bookmark_list(delivered.iter().map(|(channel, number)| (channel.as_str(), *number)), last))
            }
            Source::Logs { send_bookmarks: false, .. } | Source::Class { .. } => None,
        }
    }
}

/// A condition on what the class does not have fails when the subscription is asked for, and not only when it is looked at.
fn check(indication: &Indication, logs: &mut dyn EventLogs) -> Result<(), SoapFault> {
    let Some(select) = indication.conditional() else { return Ok(()) };
    // What is looked at has none of these, so the condition would never hold. A real host has them.
    if let Some(system) = select.properties().into_iter().find(|name| name.is_system()) {
        return Err(SoapFault::new(code::EVENT_FILTER, format!("events are not chosen by {system} here")));
    }
    match logs.instances(&indication.resource.namespace, &select) {
        Err(error) if error.status == Some(INVALID_QUERY) => Err(SoapFault::new(code::EVENT_FILTER, error.message)),
        // Anything else is met again by the first look.
        Ok(_) | Err(_) => Ok(()),
    }
}

fn look(indication: &Indication, logs: &mut dyn EventLogs) -> Result<(Looked, u64), SoapFault> {
    let rows = logs.instances(&indication.resource.namespace, &indication.select());
    rows.map(|(rows, time)| (looked(rows), time)).map_err(|error| SoapFault::of(&error))
}

fn gone(ended: &VecDeque<(String, u32)>, context: &str) -> SoapFault {
    let why = ended.iter().rev().find(|(known, _)| known == context).map_or(code::INVALID_CONTEXT, |(_, why)| *why);
    SoapFault::new(why, "the subscription is unknown, or has ended")
}

/// The places from which a subscription begins.
fn begin(wish: &Subscribe, logs: &mut dyn EventLogs) -> Result<Positions, SoapFault> {
    let mut newest = Positions::new();
    for channel in wish.query.channels() {
        match logs.newest(channel) {
            Ok((name, number)) => {
                newest.insert(name, number);
            }
            Err(_) if wish.ignore_channel_errors => {}
            Err(error) => return Err(SoapFault::of(&error)),
        }
    }
    match &wish.from {
        StartAt::New => Ok(newest),
        StartAt::Existing => Ok(newest.into_keys().map(|name| (name, 0)).collect()),
        StartAt::After(bookmark) => {
            let marked = marked(bookmark)?;
            let place = |(name, newest): (String, u64)| {
                let at = marked.iter().find(|(own, _)| own.eq_ignore_ascii_case(&name)).map_or(0, |(_, at)| *at);
                if at > newest {
                    let reason = format!("record {at} of {name} is not there any more");
                    return Err(SoapFault::new(code::EXPIRED_BOOKMARK, reason));
                }
                Ok((name, at))
            };
            newest.into_iter().map(place).collect()
        }
    }
}

/// The places that a bookmark names.
fn marked(bookmark: &Bookmark) -> Result<Vec<(String, u64)>, SoapFault> {
    let invalid = || SoapFault::new(code::INVALID_BOOKMARK, "the bookmark cannot be read");
    let document = crate::xml::parse(bookmark.as_str()).map_err(|_| invalid())?;
    let marks = crate::xml::elements(document.root_element()).map(|mark| {
        let number = mark.attribute("RecordId").and_then(|number| number.trim().parse().ok());
        Some((mark.attribute("Channel")?.to_owned(), number?))
    });
    marks.collect::<Option<_>>().ok_or_else(invalid)
}
