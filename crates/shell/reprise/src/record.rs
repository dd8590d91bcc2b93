//! Turns the engine's notices into events for a sink, and its progress into a line on the terminal.

use std::time::Duration;

use reprise_engine::{Controller, LegReport, Notice, OrderReport};
use reprise_model::{ActKind, Retry, Timestamp, VmId};
use reprise_platform::event::{self, codes};
use reprise_platform::sink::{Sink, Writer};

use crate::console::{complain, notice};
use crate::driver::{Hearer, Observer};
use crate::journal::{Journal, News};
use crate::render::advice;
use crate::render::error::{self, Error};
use crate::render::hold;
use crate::render::progress::Progress;
use crate::render::sentence;

/// Maximum time to wait for the sink at the end of the program: longer than a disk stalls, shorter than a person waits.
const FINISH_MAX: Duration = Duration::from_secs(5);

/// Writes events to a sink and shows progress.
pub(crate) struct Recorder {
    writer: Writer,
    progress: Progress,
    /// Whether a failure of the sink has been reported. It is reported once: a full disk must not fill the screen too.
    told: bool,
    /// Why the sink failed first, and what to do.
    trouble: Option<(String, &'static str)>,
    /// The VM whose events are counted, with the ids of those and of the events that are about no VM.
    counted: Option<(VmId, Vec<u16>)>,
    /// Where events are remembered besides.
    journal: Option<Journal>,
}

impl Recorder {
    pub(crate) fn new(sink: Sink, progress: Progress) -> Self {
        Self { writer: Writer::start(sink), progress, told: false, trouble: None, counted: None, journal: None }
    }

    /// The same, and its events are remembered.
    pub(crate) fn writing_to(self, journal: Journal) -> Self {
        Self { journal: Some(journal), ..self }
    }

    /// The same, and it counts the events that are about this VM or about none.
    pub(crate) fn counting(self, vm: VmId) -> Self {
        Self { counted: Some((vm, Vec::new())), ..self }
    }

    /// The ids of those events, in order.
    pub(crate) fn counted(&self) -> &[u16] {
        self.counted.as_ref().map_or(&[], |(_, ids)| ids)
    }

    /// Ends the record: waits up to [`FINISH_MAX`] for the sink and reports the events that it has not written. Returns the error
    /// of the sink, if there are any.
    pub(crate) fn end(&mut self) -> Option<Error> {
        self.progress.clear();
        let unwritten = self.writer.finish(FINISH_MAX);
        self.warn();
        let unwritten = unwritten?;
        let late = if unwritten.is_late { ", which did not accept them in time" } else { "" };
        let (events, were) = if unwritten.events == 1 { ("event", "was") } else { ("events", "were") };
        let what = format!("{} {events} {were} not written to {}{late}", unwritten.events, unwritten.place);
        notice(&what);
        let (why, next) = self.trouble.take().unwrap_or_else(|| {
            (
                "it did not accept them in time".to_owned(),
                "check that something reads from it, or name another --event-log",
            )
        });
        let next = next.to_owned();
        Some(Error { what, place: unwritten.place, why, next, code: None, retry: Retry::Later })
    }

    /// Writes that an order was carried out.
    pub(crate) fn tell_order(&mut self, order: &OrderReport, account: &str, reason: Option<&str>) {
        let code = match order.kind {
            ActKind::Pause => &codes::PAUSED_BY_HAND,
            ActKind::Resume => &codes::RESUMED_BY_HAND,
        };
        let event = with_leg(event::LogEntry::new(jiff::Timestamp::now(), code), &order.leg).with("account", account);
        self.write(event.with("reason", reason.unwrap_or("none was given")));
    }

    fn write(&mut self, event: event::LogEntry) {
        if let Some((vm, ids)) = &mut self.counted
            && event.data().get("vm_id").is_none_or(|of| of.as_str() == Some(&vm.to_string()))
        {
            ids.push(event.code().id);
        }
        if let Some(journal) = &self.journal {
            journal.happened(&event);
        }
        self.writer.write(event);
        self.warn();
    }

    /// Writes what people should know of the store.
    pub(crate) fn tell_store(&mut self, news: &News) {
        let entry = |code| event::LogEntry::new(jiff::Timestamp::now(), code);
        self.write(match news {
            News::Lost(error) => entry(&codes::STORE_LOST).with("error", error.to_string()).with("next", error.next()),
            News::Back(missing) => entry(&codes::STORE_BACK).with("missing", *missing),
        });
    }

    fn warn(&mut self) {
        let Some(error) = self.writer.trouble() else { return };
        if !std::mem::replace(&mut self.told, true) {
            let source = std::error::Error::source(&error).map_or_else(String::new, ToString::to_string);
            complain(&format!("{error}\n  why:  {source}\n  next: {}", error.advice()));
            self.trouble = Some((source, error.advice()));
        }
    }
}

impl Hearer for Recorder {
    fn tell(&mut self, now: Timestamp, notice: &Notice) {
        let time = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default();
        for event in events(time, notice) {
            self.write(event);
        }
    }
}

impl Observer for Recorder {
    fn progress(&mut self, controller: &Controller) {
        self.progress.show(controller);
    }
}

/// The events of one notice. Every notice has one, except a resume without evidence, which has two.
fn events(time: jiff::Timestamp, notice: &Notice) -> Vec<event::LogEntry> {
    let plain = |code| event::LogEntry::new(time, code);
    match notice {
        Notice::Started => vec![plain(&codes::STARTING)],
        Notice::HostNotReady(host) => {
            vec![with_error(plain(&codes::NOT_READY).with("host", host.name.as_str()), error::of_host(host))]
        }
        Notice::HostUnclear(host) => {
            vec![with_error(plain(&codes::HOST_UNCLEAR).with("host", host.name.as_str()), error::of_host(host))]
        }
        Notice::HostMayLoad(host) => {
            vec![with_error(plain(&codes::HOST_MAY_LOAD).with("host", host.name.as_str()), error::hidden_by(host))]
        }
        Notice::HoldUnmatched(trouble) => {
            let event = plain(&codes::HOLD_UNMATCHED).with("hold", hold::called(&trouble.hold));
            vec![with_error(event, Some(hold::of_hold(trouble, hold::Of::Run)))]
        }
        Notice::HostReady { host, seconds } => {
            vec![plain(&codes::READY).with("host", host.as_str()).with("seconds", *seconds)]
        }
        Notice::ResumeFailed(leg) => {
            let code = if leg.before.is_some() { &codes::RESUME_FAILED } else { &codes::READ_FAILED };
            let event = with_leg(plain(code), leg);
            vec![match error::of_leg(leg) {
                Some(error) => event.with("error", cause(&error)).with("next", error.next),
                None => event.with("error", leg.reason.meaning()).with("next", leg.reason.advice()),
            }]
        }
        Notice::Resumed(leg) => {
            let mut events = vec![with_leg(plain(&codes::RESUMED), leg)];
            if leg.without_evidence {
                events.push(with_leg(plain(&codes::RESUMED_WITHOUT_EVIDENCE), leg));
            }
            events
        }
        Notice::ReplicaResumed(leg) => {
            let replica = leg.replica.as_deref().unwrap_or("an unknown host");
            vec![with_leg(plain(&codes::REPLICA_RESUMED), leg).with("replica", replica)]
        }
        Notice::NeedsPerson(leg) => {
            let event = with_leg(plain(&codes::NEEDS_PERSON), leg).with("detail", sentence::detail(leg));
            vec![event.with("next", advice::of_leg(leg).unwrap_or_default())]
        }
        Notice::ResumeNotSeen(leg) => {
            vec![with_leg(plain(&codes::RESUME_NOT_SEEN), leg).with("next", leg.reason.advice())]
        }
        Notice::Interrupted { not_seen, not_reached } => {
            vec![plain(&codes::INTERRUPTED).with("not_seen", *not_seen).with("not_reached", *not_reached)]
        }
        Notice::NotOurs { count } => vec![plain(&codes::NOT_OURS).with("count", *count)],
        Notice::Finished(sums) => vec![plain(&codes::FINISHED).with("summary", sentence::summary(sums))],
    }
}

fn with_error(event: event::LogEntry, error: Option<Error>) -> event::LogEntry {
    match error {
        Some(error) => event.with("error", cause(&error)).with("next", error.next),
        None => event,
    }
}

/// Why something failed, with the host's own number.
fn cause(error: &Error) -> String {
    match &error.code {
        Some(code) => format!("{} ({code})", error.why),
        None => error.why.clone(),
    }
}

fn with_leg(event: event::LogEntry, leg: &LegReport) -> event::LogEntry {
    let primary = leg.primary.as_deref().unwrap_or("an unknown host");
    event
        .with("host", primary)
        .with("vm", leg.vm.as_str())
        .with("vm_id", leg.id.vm.to_string())
        .with("leg", leg.id.kind.to_string())
        .with("primary", primary)
        .with("reason", leg.reason.code())
}
