//! The words, codes and numbers for what has no data of its own.

use reprise_engine::{Beginning, LegResult, Side};
use reprise_model::{Ended, ProblemKind, Reason, ReplicationState};
use serde::{Deserialize, Serialize};

/// The words for a type whose variants hold nothing: the variants' names in snake case.
macro_rules! words {
    ($($word:ident for $type:ty: $($variant:ident)*;)*) => {$(
        #[derive(Clone, Copy, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(super) enum $word { $($variant,)* }

        impl From<$type> for $word {
            fn from(value: $type) -> Self {
                match value { $(<$type>::$variant => Self::$variant,)* }
            }
        }

        impl From<$word> for $type {
            fn from(word: $word) -> Self {
                match word { $($word::$variant => Self::$variant,)* }
            }
        }
    )*};
}

words! {
    BeginningWord for Beginning: Unseen Watched Certain;
    SideWord for Side: Sender Receiver;
    ResultWord for LegResult: Failed Interrupted NeedsPerson Stale Waiting Skipped Left Resumed Healthy;
    EndedWord for Ended: AtOnce ByJob;
    KindWord for ProblemKind:
        Unreachable Untrusted Denied NotThere Busy TimedOut Refused Malformed TooLarge Unsupported;
}

/// A state, as WMI's number.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct StateNumber(u16);

impl From<ReplicationState> for StateNumber {
    fn from(state: ReplicationState) -> Self {
        Self(state.number())
    }
}

impl From<StateNumber> for ReplicationState {
    fn from(StateNumber(number): StateNumber) -> Self {
        Self::from_number(number)
    }
}

/// A reason, as its code.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub(super) struct ReasonCode(pub(super) Reason);

impl From<ReasonCode> for &'static str {
    fn from(ReasonCode(reason): ReasonCode) -> Self {
        reason.code()
    }
}

impl TryFrom<String> for ReasonCode {
    type Error = String;

    fn try_from(code: String) -> Result<Self, Self::Error> {
        let known = Reason::ALL.iter().copied().find(|reason| reason.code() == code);
        known.map(Self).ok_or_else(|| format!("unknown reason `{code}`"))
    }
}
