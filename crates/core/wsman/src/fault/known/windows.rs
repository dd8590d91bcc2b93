//! The numbers of Windows ([`cim::Status`]), which a fault may bear too.

use cim::{Failure, Status};

use super::super::{Known, Meaning};

impl From<Status> for Known {
    fn from(status: Status) -> Self {
        Self { code: status.code, name: status.name, meaning: status.failure.into() }
    }
}

impl From<Failure> for Meaning {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Denied => Self::Denied,
            Failure::NotThere => Self::NotThere,
            Failure::Busy => Self::Busy,
            Failure::Unavailable => Self::Unavailable,
            Failure::Failed => Self::Failed,
            Failure::TimedOut => Self::TimedOut,
            Failure::AnswerTooLarge => Self::AnswerTooLarge,
            Failure::Unsupported => Self::Unsupported,
            Failure::Refused => Self::Refused,
        }
    }
}
