//! The numbers of Windows ([`cim::Status`]), which a fault may bear too.

use cim::{Status, StatusClass};

use super::super::{Known, Meaning};

impl From<Status> for Known {
    fn from(status: Status) -> Self {
        Self { code: status.code, name: status.name, meaning: status.class.into() }
    }
}

impl From<StatusClass> for Meaning {
    fn from(class: StatusClass) -> Self {
        match class {
            StatusClass::Denied => Self::Denied,
            StatusClass::NotThere => Self::NotThere,
            StatusClass::Busy => Self::Busy,
            StatusClass::Unavailable => Self::Unavailable,
            StatusClass::Failed => Self::Failed,
            StatusClass::TimedOut => Self::TimedOut,
            StatusClass::AnswerTooLarge => Self::AnswerTooLarge,
            StatusClass::Unsupported => Self::Unsupported,
            StatusClass::Refused => Self::Refused,
        }
    }
}
