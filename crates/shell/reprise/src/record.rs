//! From what the engine says to what an event log holds, and to the progress line.

use std::time::Duration;

use reprise_engine::Engine;
use reprise_model::{Event, LegInfo, Timestamp};
use reprise_platform::event::{self, codes};
use reprise_platform::sink::{Sink, Writer};

use crate::console::{complain, notice};
use crate::driver::Watcher;
use crate::render::progress::Progress;

/// How long the end of the program waits for the sink. Longer than a disk stalls, shorter than a person waits.
const FINISH_MAX: Duration = Duration::from_secs(5);

/// Writes events to a sink and shows progress.
pub(crate) struct Recorder {
    writer: Writer,
    progress: Progress,
    /// A sink that fails is told about once: a full disk must not fill the screen too.
    told: bool,
}

impl Recorder {
    pub(crate) fn new(sink: Sink, progress: Progress) -> Self {
        Self { writer: Writer::start(sink), progress, told: false }
    }

    /// The pass is over: waits a moment for the sink, and reports what it has not written.
    pub(crate) fn end(&mut self) {
        self.progress.clear();
        let unwritten = self.writer.finish(FINISH_MAX);
        self.tell();
        let Some(unwritten) = unwritten else { return };
        let late = if unwritten.is_late { ", which did not take them in time" } else { "" };
        let (events, were) = if unwritten.events == 1 { ("event", "was") } else { ("events", "were") };
        notice(&format!("{} {events} {were} not written to {}{late}", unwritten.events, unwritten.place));
    }

    fn write(&mut self, event: event::Event) {
        self.writer.write(event);
        self.tell();
    }

    fn tell(&mut self) {
        let Some(error) = self.writer.trouble() else { return };
        if !std::mem::replace(&mut self.told, true) {
            let source = std::error::Error::source(&error).map_or_else(String::new, ToString::to_string);
            complain(&format!("{error}\n  why:  {source}\n  next: {}", error.advice()));
        }
    }
}

impl Watcher for Recorder {
    fn record(&mut self, now: Timestamp, event: &Event) {
        let time = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default();
        for event in records(time, event) {
            self.write(event);
        }
    }

    fn progress(&mut self, engine: &Engine) {
        self.progress.show(engine);
    }
}

/// The records of one event: one, but for a resume without evidence, which has two.
fn records(time: jiff::Timestamp, event: &Event) -> Vec<event::Event> {
    let plain = |code| event::Event::new(time, code);
    match event {
        Event::Started => vec![plain(&codes::STARTING)],
        Event::HostNotReady { host, problem } => {
            vec![plain(&codes::NOT_READY).with("host", host.as_str()).with("error", problem.to_string())]
        }
        Event::HostReady { host, seconds } => {
            vec![plain(&codes::READY).with("host", host.as_str()).with("seconds", *seconds)]
        }
        Event::ResumeFailed { leg, cause, primary_read } => {
            let code = if *primary_read { &codes::RESUME_FAILED } else { &codes::READ_FAILED };
            vec![with_leg(plain(code), leg).with("error", cause.as_str())]
        }
        Event::Resumed { leg, without_evidence } => {
            let mut records = vec![with_leg(plain(&codes::RESUMED), leg)];
            if *without_evidence {
                records.push(with_leg(plain(&codes::RESUMED_WITHOUT_EVIDENCE), leg));
            }
            records
        }
        Event::NeedsPerson { leg, why } => {
            vec![with_leg(plain(&codes::NEEDS_PERSON), leg).with("detail", why.as_str())]
        }
        Event::NotOurs { count } => vec![plain(&codes::NOT_OURS).with("count", *count)],
        Event::Finished { summary } => vec![plain(&codes::FINISHED).with("summary", summary.as_str())],
    }
}

fn with_leg(event: event::Event, leg: &LegInfo) -> event::Event {
    event
        .with("host", leg.primary.as_str())
        .with("vm", leg.vm.as_str())
        .with("vm_id", leg.id.vm.to_string())
        .with("leg", leg.id.kind.to_string())
        .with("primary", leg.primary.as_str())
}
