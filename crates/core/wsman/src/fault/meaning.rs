//! What a fault says of the operation that it answers: what failed, and whether a method may have been carried out.

use cim::{ErrorKind, Reached};

/// A code that a fault may bear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The number, as an HRESULT.
    pub code: u32,
    /// Its name in Windows' headers; those of WS-Management without `ERROR_`.
    pub name: &'static str,
    /// What it says.
    pub meaning: Meaning,
}

impl Known {
    pub(super) const fn new(code: u32, name: &'static str, meaning: Meaning) -> Self {
        Self { code, name, meaning }
    }
}

/// What a fault says of the operation that it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Meaning {
    /// Access or login refused.
    Denied,
    /// No such instance, class, namespace or log.
    NotThere,
    /// Too much at once: a quota is used up, or what is asked for is in use.
    Busy,
    /// What would answer is not there yet or not any more.
    Unavailable,
    /// Something behind the service failed while it worked.
    Failed,
    /// It took longer than it was given.
    TimedOut,
    /// Nothing has come yet; the same context is to be pulled again.
    PullAgain,
    /// The enumeration is not there any more; a new one is the cure.
    ContextLost,
    /// The subscription is not there any more; a new one is the cure.
    SubscriptionLost,
    /// The service has another authorization for this user; the next login is a new one.
    LoginAnew,
    /// The request, or the size of answer that it asks for, is more than the service takes.
    RequestTooLarge,
    /// The answer is larger than may be sent.
    AnswerTooLarge,
    /// The operation was carried out, and its result is larger than may be sent.
    Unreportable,
    /// The result has a form that the service cannot send.
    Unsendable,
    /// The service cannot do this at all.
    Unsupported,
    /// The service understood the request and said no.
    Refused,
    /// A code of the client library, of its configuration or of the remote shell, that no service is to answer with.
    Unexpected,
}

impl Meaning {
    /// Every meaning.
    pub const ALL: [Self; 17] = [
        Self::Denied,
        Self::NotThere,
        Self::Busy,
        Self::Unavailable,
        Self::Failed,
        Self::TimedOut,
        Self::PullAgain,
        Self::ContextLost,
        Self::SubscriptionLost,
        Self::LoginAnew,
        Self::RequestTooLarge,
        Self::AnswerTooLarge,
        Self::Unreportable,
        Self::Unsendable,
        Self::Unsupported,
        Self::Refused,
        Self::Unexpected,
    ];

    /// The class of failure, for a read and for an Invoke alike.
    pub fn kind(self) -> ErrorKind {
        match self {
            Self::Denied => ErrorKind::Denied,
            Self::NotThere => ErrorKind::NotThere,
            Self::Busy
            | Self::Unavailable
            | Self::Failed
            | Self::ContextLost
            | Self::SubscriptionLost
            | Self::LoginAnew => ErrorKind::Busy,
            Self::TimedOut | Self::PullAgain => ErrorKind::TimedOut,
            Self::RequestTooLarge | Self::AnswerTooLarge | Self::Unreportable => ErrorKind::TooLarge,
            Self::Unsupported => ErrorKind::Unsupported,
            Self::Unsendable | Self::Refused | Self::Unexpected => ErrorKind::Refused,
        }
    }

    /// Whether an Invoke that is answered so may have been carried out. What does not say that the method was not
    /// reached leaves it open: reading first costs little, and an act that is done twice may cost much.
    pub fn reached(self) -> Reached {
        match self {
            Self::Denied
            | Self::NotThere
            | Self::Busy
            | Self::Unavailable
            | Self::LoginAnew
            | Self::RequestTooLarge
            | Self::Unsupported => Reached::No,
            Self::Failed
            | Self::TimedOut
            | Self::PullAgain
            | Self::ContextLost
            | Self::SubscriptionLost
            | Self::AnswerTooLarge
            | Self::Unreportable
            | Self::Unsendable
            | Self::Unexpected => Reached::Perhaps,
            Self::Refused => Reached::Yes,
        }
    }

    /// It in words, for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Denied => "access or login is refused",
            Self::NotThere => "there is no such instance, class, namespace or log",
            Self::Busy => "a quota is used up, or the resource is in use",
            Self::Unavailable => "the service or the provider is not running yet, or no longer",
            Self::Failed => "a provider or a service behind it failed while it worked",
            Self::TimedOut => "the operation took longer than it was given",
            Self::PullAgain => "nothing has come yet; the same context is pulled again",
            Self::ContextLost => "the enumeration is gone; a new one is begun",
            Self::SubscriptionLost => "the subscription is gone; a new one is begun",
            Self::LoginAnew => "the user's authorization has changed; the next request logs in again",
            Self::RequestTooLarge => "the request, or the envelope size that it asks for, is too large",
            Self::AnswerTooLarge => "the answer is too large to be sent",
            Self::Unreportable => "the operation was carried out, and its result is too large to be sent",
            Self::Unsendable => "the result has a form that cannot be sent",
            Self::Unsupported => "the service or the provider cannot do this",
            Self::Refused => "the request is not valid, or the service refuses it",
            Self::Unexpected => {
                "from the client library, its configuration or the remote shell; no answer to such a request"
            }
        }
    }

    /// What a subcode says, where there is no code. It knows less: a limit may be the request's or the answer's.
    pub(super) fn of_subcode(local: &str) -> Self {
        match local {
            "AccessDenied" => Self::Denied,
            "DestinationUnreachable" | "CannotProcessFilter" => Self::NotThere,
            "QuotaLimit" | "Concurrency" => Self::Busy,
            "EndpointUnavailable" => Self::Unavailable,
            "InternalError" => Self::Failed,
            "TimedOut" => Self::TimedOut,
            "InvalidEnumerationContext" => Self::ContextLost,
            "EncodingLimit" => Self::AnswerTooLarge,
            "ActionNotSupported" | "UnsupportedFeature" => Self::Unsupported,
            _ => Self::Refused,
        }
    }
}
