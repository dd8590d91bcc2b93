//! One act, as the wire shows it.

use std::time::Duration;

use reprise_model::Act;

use super::shown::End;

/// Replication that an act is not known to have started counts if it still runs this much later.
pub(super) const DOUBT: Duration = Duration::from_secs(3);

/// One act.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is seen by itself, in any order")]
pub(super) struct Watched {
    pub(super) act: Act,
    pub(super) on_receiver: bool,
    /// The state that its Get returned.
    pub(super) read: Option<u16>,
    /// It did not find its object.
    pub(super) gone: bool,
    pub(super) sent: bool,
    /// The host refused, at once or by its job.
    pub(super) refused: bool,
    /// It ended without an answer, so that only the host knows whether it was asked.
    pub(super) unanswered: bool,
    /// The job that the host's answer named.
    pub(super) job: Option<String>,
    /// Answers to looks at that job that did not show it, since the last that did.
    pub(super) misses: u32,
    /// When an answer said that the host did it: at once, or by a job that ended well.
    pub(super) done_at: Option<Duration>,
    /// When it ended.
    pub(super) ended: Option<Duration>,
    /// Whether that stands in what the run has written down.
    pub(super) end_written: bool,
    /// The run died before it had written down that it had ended, and has not seen its leg since.
    pub(super) cut_off: bool,
    /// Whether the end ran in the first look that began after that.
    pub(super) ran_after: Option<bool>,
    /// It was on the replica's side, and the sender was stopped too when it was planned, or in a look that began after it had
    /// ended: it is not all that the leg lacked.
    pub(super) sender_stood: bool,
    /// Whether any look that began after that, in this life of the run or in a later one, showed its end.
    pub(super) shown: bool,
    /// When the first such look came back, in this life.
    pub(super) shown_at: Option<Duration>,
    /// That look showed the end running, and nothing that the run remembers says that the act has done it: whether it goes on
    /// running takes a second look.
    pub(super) doubted: bool,
    /// A death has taken its outcome from the run.
    pub(super) outcome_lost: bool,
    /// Whether any look that began after that showed an end of its leg, on whatever host, in any life of the run.
    pub(super) seen_since: bool,
}

impl Watched {
    /// An act that is about to be carried out, on the receiver's end or the sender's.
    pub(super) fn new(act: Act, on_receiver: bool) -> Self {
        Self {
            act,
            on_receiver,
            read: None,
            gone: false,
            sent: false,
            refused: false,
            unanswered: false,
            job: None,
            misses: 0,
            done_at: None,
            ended: None,
            end_written: false,
            cut_off: false,
            ran_after: None,
            sender_stood: false,
            shown: false,
            shown_at: None,
            doubted: false,
            outcome_lost: false,
            seen_since: false,
        }
    }

    /// Whether an end runs as it should after this act: a resynchronization that it continued goes on.
    pub(super) fn brings_to(&self, end: &End) -> bool {
        let resyncs = end.state == 10 && self.act.expected_state.number() == 11;
        end.state == 3 || end.state == 2 && end.last.is_none() || resyncs
    }

    /// Whether it may have resumed its end: it reached its host, and that did not refuse.
    pub(super) fn may_have_resumed(&self) -> bool {
        self.sent && !self.refused
    }

    pub(super) fn ended_well(&self) -> bool {
        self.ended.is_some() && self.done_at.is_some()
    }

    /// Whether a look that began then cannot show what came of it.
    pub(super) fn is_after(&self, looked: Duration) -> bool {
        self.ended.is_none_or(|ended| looked < ended)
    }
}
