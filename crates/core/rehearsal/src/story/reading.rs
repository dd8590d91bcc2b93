//! Event logs being read: one step of a reading, and what the engine and the shadow receive from it.

use std::time::Duration;

use reprise_engine::Event;
use reprise_model::{Evidence, HostId, HostTime, Records, VmmsEvent, VmmsEventKind};

use super::truth::Clock;
use super::{Sabotage, Story};
use crate::logs::{Arrival, Reading, Waits};
use crate::run::Run;
use crate::shadow::{Broken, Logs};

/// Most records in one answer.
const BATCH_MAX: usize = 20;
/// The longest way of a message of a reading in the calm.
const CALM_WAY: Duration = Duration::from_millis(60);
/// How long ago an invented shutdown was. Unit: milliseconds.
const INVENTED: i64 = 20_000;

impl Story {
    /// A reading goes on: its call arrives at the host, or its answer comes back.
    pub(super) fn read_on(&mut self, run: &mut Run, mut reading: Reading) -> Result<(), Broken> {
        // In the calm a reading comes to its end: of two runs over one host that judge by logs of unlike wholeness one resumes
        // what the other has left, which is right and looks left behind.
        let way = if self.calm { self.way().min(CALM_WAY) } else { self.way() };
        match reading.waits {
            Waits::Sent { .. } | Waits::Held { .. } => {
                let arrival = Arrival { now: self.now, way, most: self.chance.usize(1..=BATCH_MAX) };
                reading.arrives(&mut self.world, run.place(reading.host), &arrival);
            }
            Waits::Sleeps { .. } | Waits::Answered { .. } | Waits::Done(_) => reading.go_on(self.now, way),
        }
        let Waits::Done(ended) = reading.waits else {
            run.readings.push(reading);
            return Ok(());
        };
        let host = reading.host;
        let what = match &ended {
            Ok(records) => format!("vmms {:?} system {:?}", records.vmms.coverage(), records.system.coverage()),
            Err(error) => format!("not: {error}"),
        };
        self.line(&format!("the log of {host:?} is read: {what}"));
        let truth = self.truth(run.place(host));
        run.shadow.log_read(host, ended.is_ok(), reading.crossed, truth);
        let evidence = self.sabotaged(run, host, ended.map_or(Evidence::NotReadable, Evidence::Readable));
        self.feed(run, Event::EventsRead { host, evidence })
    }

    /// Keeps what a host's logs hold now, whatever may become of them.
    pub(super) fn keep_truth(&mut self, place: Option<usize>) {
        let Some(place) = place else { return };
        if let Some(host) = self.world.view().hosts.get(place) {
            self.truths.entry(place).or_default().take(host);
        }
    }

    /// What a host's logs have held until now, by its clock.
    fn truth(&mut self, place: Option<usize>) -> Logs {
        self.keep_truth(place);
        let clock = self.clock_of(place);
        place.and_then(|place| self.truths.get(&place)).map(|truth| truth.logs(&clock)).unwrap_or_default()
    }

    fn clock_of(&self, place: Option<usize>) -> Clock {
        let settings = place.and_then(|place| self.clocks.get(&place)).cloned().unwrap_or_default();
        Clock { started_us: self.scene.spec.started_us, settings }
    }

    /// The evidence that the engine receives instead, if a fault is built in.
    fn sabotaged(&self, run: &Run, host: HostId, evidence: Evidence) -> Evidence {
        let records = match (self.sabotage, evidence) {
            (Some(Sabotage::WholeLogs | Sabotage::InventedShutdown), Evidence::Readable(records)) => records,
            (Some(Sabotage::WholeLogs | Sabotage::InventedShutdown), _) => Records::default(),
            (_, evidence) => return evidence,
        };
        let (mut vmms, system) = (records.vmms.found().to_vec(), records.system.found().to_vec());
        if self.sabotage == Some(Sabotage::InventedShutdown) {
            let now = self.clock_of(run.place(host)).at(self.now);
            let kinds = [VmmsEventKind::NonRecoverable, VmmsEventKind::SendFailed { code: 0x8000_4004 }];
            let invented = |vm| kinds.map(|kind| VmmsEvent { vm, at: HostTime(now.0 - INVENTED), kind });
            vmms.extend(self.people.iter().flat_map(|whose| invented(whose.id)));
        }
        Evidence::Readable(Records::whole(vmms, system))
    }
}
