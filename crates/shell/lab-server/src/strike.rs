//! Answers, with the faults that strike them on the way to the client.

use std::time::Duration;

use reprise_lab::{Attack, Break, FaultShape, Message, MessageKind};
use wsman::fault::{SoapFault, code};
use wsman::server::{HttpResponse, Outline, RequestKind, Served, Waiting, asked};

use crate::attack;
use crate::site::{HostState, Site, lock};

/// Time between two bytes of an answer that drips.
const DRIP: Duration = Duration::from_secs(1);

/// The part of an answer that the client gets.
pub(crate) enum Sent {
    /// All of it.
    Whole(HttpResponse),
    /// All of it, once there is one: a Pull of events waits.
    Waits(Waiting),
    /// Its first half, and then the connection ends.
    Half(HttpResponse),
    /// Something that is not XML.
    Garbage,
    /// No body.
    Empty,
    /// A body without an end, in pieces of one byte, each so long after the one before.
    Endless(Duration),
    /// Announcements of an answer that never comes.
    Announcements,
    /// Nothing: the connection is closed.
    Closed,
    /// Nothing: the connection is reset.
    Reset,
}

/// What the client gets, and how late.
pub(crate) struct Delayed {
    pub(crate) sent: Sent,
    pub(crate) delay: Duration,
}

fn operation(kind: RequestKind) -> Option<MessageKind> {
    match kind {
        RequestKind::Get => Some(MessageKind::Get),
        RequestKind::Enumerate => Some(MessageKind::Enumerate),
        RequestKind::Pull => Some(MessageKind::Pull),
        RequestKind::Invoke => Some(MessageKind::Invoke),
        RequestKind::Subscribe => Some(MessageKind::Subscribe),
        RequestKind::Identify | RequestKind::Release | RequestKind::Unsubscribe | RequestKind::Other => None,
    }
}

impl Site {
    /// Whether a valid login to a host is refused anyway.
    pub(crate) fn refuses_login(&self, host: usize) -> bool {
        self.with_world(|world| world.strike_login(host))
    }

    /// Answers one message, with what strikes it on its way; `None` if there is no such host.
    pub(crate) fn exchange(&self, host: usize, body: &[u8], charset: Option<&str>) -> Option<Delayed> {
        let port = self.host(host)?;
        let (may_strike, shape) = self.with_world(|world| (world.has_faults(), world.fault_shape(host)));
        lock(&port.server).shape_faults(match shape {
            FaultShape::Wsman => wsman::server::DetailShape::Wsman,
            FaultShape::Wmi => wsman::server::DetailShape::Wmi,
        });
        if !may_strike {
            return Some(Delayed { sent: whole(self.act(host, port, body, charset)), delay: Duration::ZERO });
        }
        let message = asked(body, charset);
        let about = Message { operation: operation(message.kind), path: message.path.as_ref() };
        let strike = self.with_world(|world| world.strike_message(host, about));
        let act = || self.act(host, port, body, charset);
        let sent = match strike.how {
            None => whole(act()),
            Some(Break::Busy) => refuse(port, &message, &over_quota()),
            Some(Break::Unsupported) => refuse(port, &message, &unsupported()),
            Some(Break::Fails { code, done: false }) => refuse(port, &message, &failed(code)),
            Some(Break::Fails { code, done: true }) => {
                let fault = lock(&port.server).refuse(&message, &failed(code));
                acted(&act(), Sent::Whole(fault))
            }
            Some(Break::DropBefore) => unanswered(port, &message, Sent::Closed),
            Some(Break::Reset) => unanswered(port, &message, Sent::Reset),
            Some(Break::HalfClose) => match act() {
                Served::Answer(answer) => Sent::Half(answer),
                Served::Later(_) => Sent::Closed,
            },
            Some(Break::DropAfter) => acted(&act(), Sent::Closed),
            Some(Break::Garbage) => acted(&act(), Sent::Garbage),
            Some(Break::Empty) => acted(&act(), Sent::Empty),
            Some(Break::Attack(attack)) => attacked(port, &message, attack),
        };
        if let Sent::Whole(answer) | Sent::Half(answer) = &sent
            && answer.fault
        {
            self.with_world(|world| world.shaped_a_fault(host));
        }
        Some(Delayed { sent, delay: strike.delay })
    }
}

/// What a host that attacks sends.
fn attacked(port: &HostState, message: &Outline, attack: Attack) -> Sent {
    lock(&port.counters).count(message.kind, false);
    let body = match attack {
        Attack::Pieces => return Sent::Endless(Duration::ZERO),
        Attack::Drip => return Sent::Endless(DRIP),
        Attack::Announcements => return Sent::Announcements,
        Attack::Rows => attack::rows(message.kind),
        Attack::Attributes => attack::attributes(),
        Attack::Nested => attack::nested(),
        Attack::Siblings => attack::siblings(),
    };
    Sent::Whole(HttpResponse { status: 200, body, kind: message.kind, fault: false })
}

/// The quota of one user's concurrent operations is used up (`MaxConcurrentOperationsPerUser`).
fn over_quota() -> SoapFault {
    let words = "This user has exceeded the allowed number of concurrent operations. Close existing operations for this \
                 user, or raise the quota for this user.";
    SoapFault::new(code::QUOTA, words)
}

/// WMI, or what stands behind it, has failed; all that is known is the number.
fn failed(code: u32) -> SoapFault {
    SoapFault::new(code, format!("The WS-Management service cannot process the request. The error is {code:#010x}."))
}

/// A feature of WS-Management that this service does not have.
fn unsupported() -> SoapFault {
    SoapFault::new(code::UNSUPPORTED_FEATURE, "The service does not support the requested feature.")
}

/// The host answers with a fault and does nothing.
fn refuse(port: &HostState, message: &Outline, fault: &SoapFault) -> Sent {
    let answer = lock(&port.server).refuse(message, fault);
    lock(&port.counters).count(answer.kind, answer.fault);
    Sent::Whole(answer)
}

fn whole(served: Served) -> Sent {
    match served {
        Served::Answer(answer) => Sent::Whole(answer),
        Served::Later(waiting) => Sent::Waits(waiting),
    }
}

/// The host has acted, and its answer is not what arrives.
fn acted(_lost: &Served, sent: Sent) -> Sent {
    sent
}

/// The host was asked, and that is all.
fn unanswered(port: &HostState, message: &Outline, sent: Sent) -> Sent {
    lock(&port.counters).count(message.kind, false);
    sent
}
