//! From what the engine says to what an event log holds, and to the progress line.

use reprise_engine::Engine;
use reprise_model::{Event, LegInfo, Timestamp};
use reprise_platform::event::{self, codes};
use reprise_platform::sink::Sink;

use crate::console::complain;
use crate::driver::Watcher;
use crate::render::progress::Progress;

/// Writes events to a sink and shows progress.
pub(crate) struct Recorder {
    sink: Sink,
    progress: Progress,
    /// A sink that fails is told about once: a full disk must not fill the screen too.
    told: bool,
}

impl Recorder {
    pub(crate) fn new(sink: Sink, progress: Progress) -> Self {
        Self { sink, progress, told: false }
    }

    /// The pass is over.
    pub(crate) fn end(&self) {
        self.progress.clear();
    }

    fn write(&mut self, event: &event::Event) {
        let Err(error) = self.sink.write(event) else { return };
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
            self.write(&event);
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
