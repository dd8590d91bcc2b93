//! Events of the event logs by subscription, for both sides: a client subscribes, pulls and unsubscribes; a server keeps
//! what was subscribed to (WS-Eventing, DSP0226 section 10, MS-WSMV 3.1.4.1.30). CIM classes can be subscribed to as well
//! ([`Indication`]).
//!
//! Pull is the only delivery mode; requests for a connection back to the client are refused. A client starts with [`Listener`] for
//! event logs and with [`Watcher`] for the instances of a class; servers reach `source` through [`crate::server::Server`].

mod change;
mod dialogue;
mod indication;
mod listener;
mod read;
mod source;
mod watcher;
mod write;

use std::time::Duration;

use cim::event::{Bookmark, EventQuery};

pub use change::{Change, What};
pub use dialogue::{Delivery, is_lost};
pub use indication::Indication;
pub(crate) use indication::{Looked, looked};
pub use listener::{Listener, is_about_the_bookmark};
pub(crate) use read::{read as read_operation, read_of_class, response as read_response};
pub use source::{EventLogs, LogRecord, Positions, Scanned};
pub(crate) use source::{Pulled, Sources};
pub use watcher::{ChangeBatch, Watcher};
pub(crate) use write::{bookmark_header, bookmark_list, header_parts, request_body, response_body};

/// The resource of all event logs of a host.
pub const EVENT_LOG: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/EventLog";
/// The dialect of Windows' own queries.
pub(crate) const EVENT_QUERY: &str = "http://schemas.microsoft.com/win/2004/08/events/eventquery";
/// Delivery over a connection back to the subscriber: WS-Eventing's own, which is also the default, and DSP0226's (10.2.9).
/// Windows supports all of them.
pub(crate) const MODES_BACK: [&str; 3] = [
    "http://schemas.xmlsoap.org/ws/2004/08/eventing/DeliveryModes/Push",
    "http://schemas.dmtf.org/wbem/wsman/1/wsman/PushWithAck",
    "http://schemas.dmtf.org/wbem/wsman/1/wsman/Events",
];
/// The action of one event.
pub(crate) const EVENT: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman/Event";
/// The bookmark that stands before everything (DSP0226 10.2.6).
pub(crate) const EARLIEST: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman/bookmark/earliest";

/// The actions' URIs.
pub(crate) mod action {
    pub(crate) const SUBSCRIBE: &str = "http://schemas.xmlsoap.org/ws/2004/08/eventing/Subscribe";
    pub(crate) const UNSUBSCRIBE: &str = "http://schemas.xmlsoap.org/ws/2004/08/eventing/Unsubscribe";
    pub(crate) const RENEW: &str = "http://schemas.xmlsoap.org/ws/2004/08/eventing/Renew";
}

/// One request about events.
#[derive(Clone, Debug, PartialEq)]
pub enum Eventing {
    /// Subscribe to event logs.
    Subscribe(Box<Subscribe>),
    /// Subscribe to a CIM class.
    Indications(Box<Indications>),
    /// The next events.
    Pull {
        /// The URI of what was subscribed to.
        resource: String,
        /// The newest context of the subscription.
        context: String,
        /// Maximum number of events wanted; one if absent.
        max_elements: Option<u32>,
        /// The options of the subscription, repeated, if any are named.
        options: Option<SubscriptionOptions>,
    },
    /// Unsubscribe.
    Unsubscribe {
        /// The URI by which its manager is reached.
        resource: String,
        /// The subscription, as its manager's reference names it.
        identifier: String,
    },
}

/// A subscription to event logs.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscribe {
    /// Which records of which logs.
    pub query: EventQuery,
    /// From where.
    pub from: StartAt,
    /// The heartbeat interval; the server also drops a subscription without a Pull for this long.
    pub heartbeats: Option<Duration>,
    /// How long it lasts; without end if absent.
    pub expires: Option<Duration>,
    /// Whether answers name the place behind their last event.
    pub send_bookmarks: bool,
    /// What a record looks like.
    pub content: Content,
    /// Whether a log that is not there or may not be read is left out rather than a fault.
    pub ignore_channel_errors: bool,
}

/// What a subscription to event logs says in its header (MS-WSMV 2.2.4.1, `OptionSet`). Each Pull says it again, as
/// other clients do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubscriptionOptions {
    /// What a record looks like.
    pub content: Content,
    /// Whether it begins with what is in the logs.
    pub existing: bool,
    /// Whether a log that is not there or may not be read is left out rather than a fault.
    pub ignore_channel_errors: bool,
}

impl Subscribe {
    pub(crate) fn options(&self) -> SubscriptionOptions {
        SubscriptionOptions {
            content: self.content,
            existing: self.from == StartAt::Existing,
            ignore_channel_errors: self.ignore_channel_errors,
        }
    }
}

/// A subscription to a CIM class. It has no bookmarks: changes while there is no subscription are lost.
#[derive(Clone, Debug, PartialEq)]
pub struct Indications {
    /// Which events.
    pub(crate) indication: Indication,
    /// As of event logs.
    pub(crate) heartbeats: Option<Duration>,
    /// As of event logs.
    pub(crate) expires: Option<Duration>,
}

/// Where a subscription begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartAt {
    /// With records from now on.
    New,
    /// With the records in the logs, then new ones.
    Existing,
    /// With the records after a bookmark, then new ones.
    After(Bookmark),
}

/// What a record looks like (MS-WSMV 2.2.4.1, option `ContentFormat`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// As it is recorded, without words in any language.
    Raw,
    /// With its text in the host's language too.
    RenderedText,
}

/// One answer about events. `E` is an event: its XML, or what it says.
#[derive(Clone, Debug, PartialEq)]
pub enum EventingResponse<E = String> {
    /// To Subscribe.
    Subscribed {
        /// The subscription's name.
        identifier: String,
        /// The context of the first Pull.
        context: String,
        /// How long it lasts; without end if absent.
        expires: Option<Duration>,
        /// The resource that was subscribed to.
        resource: String,
    },
    /// To Pull.
    Events {
        /// In the order in which they came.
        events: Vec<E>,
        /// How many the server reports as lost.
        dropped: u64,
        /// The next context; `None` if the subscription is over.
        context: Option<String>,
        /// The place behind the last event.
        bookmark: Option<Bookmark>,
    },
    /// There are no events; a heartbeat of the server (DSP0226 10.2.5).
    Heartbeat,
    /// The server has ended the subscription (WS-Eventing, SubscriptionEnd): the last part of its status, and why.
    Ended {
        /// `SourceShuttingDown`, `DeliveryFailure` or `SourceCancelling`.
        status: String,
        /// The reason in words, if given.
        reason: String,
    },
    /// To Unsubscribe.
    Unsubscribed,
}

impl Eventing {
    /// The URI of what it is about.
    pub(crate) fn resource(&self) -> String {
        match self {
            Self::Indications(wish) => wish.indication.resource.uri(),
            Self::Subscribe(_) => EVENT_LOG.to_owned(),
            Self::Pull { resource, .. } | Self::Unsubscribe { resource, .. } => resource.clone(),
        }
    }

    /// The action's URI.
    pub(crate) fn action(&self) -> &'static str {
        match self {
            Self::Subscribe(_) | Self::Indications(_) => action::SUBSCRIBE,
            Self::Pull { .. } => crate::message::action::PULL,
            Self::Unsubscribe { .. } => action::UNSUBSCRIBE,
        }
    }
}
