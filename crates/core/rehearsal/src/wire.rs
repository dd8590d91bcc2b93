//! What becomes of one request on its way to a host and back.

use std::time::Duration;

use cim::{CallError, ErrorKind, ObjectPath, Reached, Reply, Request};
use reprise_lab::{Attack, Break, Face, Message, MessageKind, World};

/// The timeout for a connection that nobody answers.
const SWALLOWED: Duration = Duration::from_secs(5);

/// `ERROR_WSMAN_QUOTA_MAX_OPERATIONS_USER`, and such.
const QUOTA: u32 = 2_150_859_174;

/// `RPC_S_SERVER_UNAVAILABLE`
pub(crate) const RPC_SERVER_UNAVAILABLE: u32 = 0x8007_06BA;
/// `WBEM_E_PROVIDER_LOAD_FAILURE`
pub(crate) const PROVIDER_LOAD_FAILURE: u32 = 0x8004_1013;

/// The outcome of a request.
#[derive(Debug)]
pub(crate) struct Met {
    /// How often the host carried it out, whether or not its answer arrives.
    pub(crate) times: usize,
    /// What the caller gets.
    pub(crate) answer: Result<Reply, CallError>,
    /// How much later than usual.
    pub(crate) late: Duration,
}

impl Met {
    fn nobody(error: CallError, late: Duration) -> Self {
        Self { times: 0, answer: Err(error), late }
    }
}

/// Failures of WMI and of what stands behind it, as a transport reports them: only where the number says that nobody was
/// called did a method not begin.
fn failed(code: u32, operation: MessageKind) -> CallError {
    let reached = match (operation, code) {
        (MessageKind::Invoke, RPC_SERVER_UNAVAILABLE | PROVIDER_LOAD_FAILURE) => Reached::No,
        (MessageKind::Invoke, _) => Reached::Perhaps,
        (MessageKind::Get | MessageKind::Enumerate | MessageKind::Pull | MessageKind::Subscribe, _) => Reached::Yes,
    };
    CallError::new(ErrorKind::Busy, reached, "it failed behind the service").with_status(code)
}

fn message(request: &Request) -> (MessageKind, Option<&ObjectPath>) {
    match request {
        Request::Get { path } => (MessageKind::Get, Some(path)),
        Request::Query { .. } | Request::Related { .. } => (MessageKind::Enumerate, None),
        Request::Invoke { path, .. } => (MessageKind::Invoke, Some(path)),
    }
}

/// Applies faults to one message of a subscription. A lost message can be requested again.
pub(crate) fn hindered(
    world: &mut World,
    host: usize,
    operation: MessageKind,
    late: &mut Duration,
) -> Result<(), CallError> {
    let error = |kind, reached, why: &str| Err(CallError::new(kind, reached, why));
    match world.face(host) {
        Face::Refuse => return error(ErrorKind::Unreachable, Reached::No, "refused"),
        Face::Swallow => {
            *late += SWALLOWED;
            return error(ErrorKind::TimedOut, Reached::No, "no answer");
        }
        Face::Open => {}
    }
    if world.strike_login(host) {
        return error(ErrorKind::Denied, Reached::No, "the login was refused");
    }
    let strike = world.strike_message(host, Message { operation: Some(operation), path: None });
    *late += strike.delay;
    match strike.how {
        None => Ok(()),
        Some(Break::Busy) => Err(CallError::new(ErrorKind::Busy, Reached::Yes, "over a quota").with_status(QUOTA)),
        Some(Break::Fails { code, .. }) => Err(failed(code, operation)),
        Some(Break::Unsupported) => error(ErrorKind::Unsupported, Reached::Yes, "not supported"),
        Some(Break::Garbage | Break::Empty) => Err(CallError::malformed("not XML")),
        Some(Break::Attack(attack)) => {
            let (error, waited) = attacked(attack);
            *late += waited;
            Err(error)
        }
        Some(Break::DropBefore | Break::Reset | Break::DropAfter | Break::HalfClose) => {
            error(ErrorKind::Unreachable, Reached::Perhaps, "the connection was lost")
        }
    }
}

/// What a client makes of an attack, and how long it takes.
fn attacked(attack: Attack) -> (CallError, Duration) {
    let error = |kind, why: &str| CallError::new(kind, Reached::Perhaps, why);
    match attack {
        Attack::Attributes | Attack::Siblings => (error(ErrorKind::Malformed, "too many attributes"), Duration::ZERO),
        Attack::Nested | Attack::Rows | Attack::Pieces | Attack::Announcements => {
            (error(ErrorKind::TooLarge, "too much"), Duration::ZERO)
        }
        Attack::Drip => (error(ErrorKind::TimedOut, "no answer"), SWALLOWED),
    }
}

/// Lets a request arrive at a host, with whatever strikes it. `again` sends it twice if its answer is lost.
pub(crate) fn exchange(world: &mut World, host: Option<usize>, request: &Request, again: bool) -> Met {
    let error = |kind, reached, why: &str| CallError::new(kind, reached, why);
    let Some(host) = host else {
        return Met::nobody(error(ErrorKind::Unreachable, Reached::No, "no such host"), Duration::ZERO);
    };
    match world.face(host) {
        Face::Refuse => return Met::nobody(error(ErrorKind::Unreachable, Reached::No, "refused"), Duration::ZERO),
        Face::Swallow => return Met::nobody(error(ErrorKind::TimedOut, Reached::No, "no answer"), SWALLOWED),
        Face::Open => {}
    }
    if world.strike_login(host) {
        return Met::nobody(error(ErrorKind::Denied, Reached::No, "the login was refused"), Duration::ZERO);
    }
    let (operation, path) = message(request);
    let strike = world.strike_message(host, Message { operation: Some(operation), path });
    let late = strike.delay;
    let lost = error(ErrorKind::Unreachable, Reached::Perhaps, "the connection was lost");
    let answer = match strike.how {
        None => world.answer(host, request),
        Some(Break::Busy) => {
            let busy = error(ErrorKind::Busy, Reached::Yes, "over a quota").with_status(QUOTA);
            return Met::nobody(busy, late);
        }
        Some(Break::Fails { code, done }) => {
            if done {
                let _lost = world.answer(host, request);
            }
            return Met { times: usize::from(done), answer: Err(failed(code, operation)), late };
        }
        Some(Break::DropBefore | Break::Reset) => return Met::nobody(lost, late),
        Some(Break::Attack(attack)) => {
            let (error, waited) = attacked(attack);
            return Met::nobody(error, late + waited);
        }
        Some(how) => {
            let _lost = world.answer(host, request);
            if again {
                return Met { times: 2, answer: world.answer(host, request), late };
            }
            Err(if matches!(how, Break::Garbage | Break::Empty) { CallError::malformed("not XML") } else { lost })
        }
    };
    Met { times: 1, answer, late }
}
