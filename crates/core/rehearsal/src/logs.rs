//! One reading of a host's event logs under way: the real procedure, stopped at a call or a sleep, and how its calls cross
//! the wire. Ports keep what a transport's port promises: no record is skipped for a message that was lost.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cim::event::stepped::{Answer, Asked, SteppedReading, reading};
use cim::event::{Bookmark, EventBatch};
use cim::stepped::Next;
use cim::{CallError, ErrorKind, Reached};
use reprise_lab::{MessageKind, World};
use reprise_model::{HostId, Records};

use crate::shadow::Crossed;
use crate::wire;

/// What a reading ended with.
pub(crate) type Ended = Result<Records, CallError>;

/// Where it stands.
#[derive(Debug)]
pub(crate) enum Waits {
    /// For its own pause to end.
    Sleeps { until: Duration },
    /// A call is on the way to the host.
    Sent { asked: Asked, arrives: Duration },
    /// The host holds it until something comes, or it has been patient enough.
    Held { asked: Asked, until: Duration },
    /// The answer is on its way back.
    Answered { port: usize, answer: Answer, arrives: Duration },
    /// It is done.
    Done(Ended),
}

/// What it meets with when a call arrives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) now: Duration,
    /// How long the answer is on its way.
    pub(crate) way: Duration,
    /// How many records it holds at most.
    pub(crate) most: usize,
}

/// A reading under way.
pub(crate) struct Reading {
    pub(crate) host: HostId,
    began: Duration,
    pub(crate) waits: Waits,
    /// The ports whose subscription the host has.
    open: BTreeSet<usize>,
    /// What came back so far, for the shadow.
    pub(crate) crossed: Crossed,
    /// Whether the host's logs were silent, full or not, when the latest call was answered.
    silent: bool,
    stepped: SteppedReading<Ended>,
}

impl Reading {
    pub(crate) fn new(host: HostId, back: Option<Duration>, now: Duration) -> Self {
        let stepped = reading(move |logs| async move { reprise_hyperv::events::read(&logs, back).await });
        let (waits, crossed) = (Waits::Sleeps { until: now }, Crossed::default());
        Self { host, began: now, waits, open: BTreeSet::new(), crossed, silent: false, stepped }
    }

    /// When it goes on by itself.
    pub(crate) fn due(&self) -> Option<Duration> {
        match &self.waits {
            Waits::Sleeps { until } | Waits::Held { until, .. } => Some(*until),
            Waits::Sent { arrives, .. } | Waits::Answered { arrives, .. } => Some(*arrives),
            Waits::Done(_) => None,
        }
    }

    /// Goes on: with the answer that has arrived, or after its sleep. A call takes `way` to its host.
    pub(crate) fn go_on(&mut self, now: Duration, way: Duration) {
        self.stepped.pass_to(now.saturating_sub(self.began));
        if let Waits::Answered { port, answer, .. } = std::mem::replace(&mut self.waits, Waits::Sleeps { until: now }) {
            self.crossed.take(port, &answer, self.silent);
            self.stepped.answer(answer);
        }
        match self.stepped.step() {
            Some(Next::Call(asked)) => self.waits = Waits::Sent { asked, arrives: now + way },
            Some(Next::WaitUntil(since)) => self.waits = Waits::Sleeps { until: self.began + since },
            Some(Next::Done(ended)) => self.waits = Waits::Done(ended),
            None => {}
        }
    }

    /// A call reaches its host, or what there is of it; or the host has held it long enough.
    pub(crate) fn arrives(&mut self, world: &mut World, place: Option<usize>, arrival: &Arrival) {
        let Arrival { now, way, most } = *arrival;
        let (asked, held) = match std::mem::replace(&mut self.waits, Waits::Sleeps { until: now }) {
            Waits::Sent { asked, .. } => (asked, false),
            Waits::Held { asked, .. } => (asked, true),
            other @ (Waits::Sleeps { .. } | Waits::Answered { .. } | Waits::Done(_)) => {
                self.waits = other;
                return;
            }
        };
        let mut late = Duration::ZERO;
        self.silent = place.is_some_and(|place| world.are_logs_silent(place));
        let port = asked.port;
        let answer = match self.call(world, place, &asked, (held, most), &mut late) {
            Ok(batch) if batch == EventBatch::default() && !held => {
                let until = now + asked.listen.patience;
                self.waits = Waits::Held { asked, until };
                return;
            }
            answer => answer,
        };
        let until = self.began + asked.listen.until;
        self.waits = match (now + late + way).min(until) {
            arrives if arrives == until => {
                let error = CallError::new(ErrorKind::TimedOut, Reached::Yes, "it is not read in time");
                Waits::Answered { port, answer: Err(error), arrives: until }
            }
            arrives => Waits::Answered { port, answer, arrives },
        };
    }

    /// Carries a call out.
    fn call(
        &mut self,
        world: &mut World,
        place: Option<usize>,
        asked: &Asked,
        (held, most): (bool, usize),
        late: &mut Duration,
    ) -> Answer {
        let query = &asked.listen.query;
        let place = place.ok_or_else(|| CallError::new(ErrorKind::Unreachable, Reached::No, "no such host"))?;
        if !self.open.contains(&asked.port) {
            wire::hindered(world, place, MessageKind::Subscribe, late)?;
            for channel in query.channels() {
                world.newest_record(place, channel)?;
            }
            self.open.insert(asked.port);
        }
        if !held {
            let hindered = wire::hindered(world, place, MessageKind::Pull, late);
            if hindered.is_err() {
                self.open.remove(&asked.port);
            }
            hindered?;
        }
        let mut places: BTreeMap<String, u64> = query.channels().iter().map(|name| ((*name).to_owned(), 0)).collect();
        if let Some(bookmark) = &asked.after {
            places.extend(marked(bookmark));
        }
        let most =
            asked.listen.at_most.and_then(|most| usize::try_from(most).ok()).map_or(most, |asked| asked.min(most));
        let (records, dropped) = world.scan_records(place, query, false, &mut places, most);
        if records.is_empty() && dropped == 0 {
            return Ok(EventBatch::default());
        }
        let events = records.into_iter().map(|record| record.xml).collect();
        Ok(EventBatch { events, bookmark: Some(mark(&places)), dropped })
    }
}

fn mark(places: &BTreeMap<String, u64>) -> Bookmark {
    let places: Vec<String> = places.iter().map(|(channel, number)| format!("{channel}={number}")).collect();
    Bookmark::new(places.join(";"))
}

fn marked(bookmark: &Bookmark) -> impl Iterator<Item = (String, u64)> {
    bookmark.as_str().split(';').filter_map(|place| {
        let (channel, number) = place.split_once('=')?;
        Some((channel.to_owned(), number.parse().ok()?))
    })
}
