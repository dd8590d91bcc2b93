//! One procedure under way: a look or an act, stopped at a message or a sleep.

use std::time::Duration;

use cim::stepped::{Next, Stepped};
use cim::{CallError, Reply, Request};
use reprise_model::{Act, HostId, Observation, Outcome};

use crate::shadow::Shown;

/// What a procedure is for.
#[derive(Clone, Debug)]
pub(crate) enum Purpose {
    Look,
    Act(Act),
}

/// What it ended with.
#[derive(Debug)]
pub(crate) enum Ended {
    Look(Box<Observation>),
    Act(Outcome),
}

/// Where it stands.
#[derive(Debug)]
pub(crate) enum Waits {
    /// For its own pause to end.
    Sleeps { until: Duration },
    /// Its request is on the way to the host.
    Sent { request: Request, arrives: Duration },
    /// The answer to a request is on its way back.
    Answered { request: Request, answer: Result<Reply, CallError>, arrives: Duration },
    /// It is done.
    Done(Ended),
}

/// A procedure under way.
pub(crate) struct Procedure {
    pub(crate) host: HostId,
    pub(crate) purpose: Purpose,
    pub(crate) began: Duration,
    pub(crate) waits: Waits,
    /// What came back to it so far, for the shadow.
    pub(crate) shown: Shown,
    /// How often its host had booted when the latest request arrived.
    pub(crate) boots: u32,
    stepped: Stepped<Ended>,
}

impl Procedure {
    pub(crate) fn look(host: HostId, now: Duration) -> Self {
        let stepped = Stepped::new(|port| async move { Ended::Look(Box::new(reprise_hyperv::observe(&port).await)) });
        Self::new(host, Purpose::Look, now, stepped)
    }

    pub(crate) fn act(act: Act, now: Duration) -> Self {
        let own = act.clone();
        let stepped = Stepped::new(|port| async move { Ended::Act(reprise_hyperv::perform(&port, &own).await) });
        Self::new(act.host, Purpose::Act(act), now, stepped)
    }

    fn new(host: HostId, purpose: Purpose, now: Duration, stepped: Stepped<Ended>) -> Self {
        let waits = Waits::Sleeps { until: now };
        Self { host, purpose, began: now, waits, shown: Shown::default(), boots: 0, stepped }
    }

    /// When it goes on by itself.
    pub(crate) fn due(&self) -> Option<Duration> {
        match &self.waits {
            Waits::Sleeps { until } => Some(*until),
            Waits::Sent { arrives, .. } | Waits::Answered { arrives, .. } => Some(*arrives),
            Waits::Done(_) => None,
        }
    }

    /// Goes on: with the answer that has arrived, or after its sleep. A new request takes `way` to its host.
    pub(crate) fn go_on(&mut self, now: Duration, way: Duration) {
        self.stepped.pass_to(now.saturating_sub(self.began));
        let waited = std::mem::replace(&mut self.waits, Waits::Sleeps { until: now });
        if let Waits::Answered { answer, .. } = waited {
            self.stepped.answer(answer);
        }
        match self.stepped.step() {
            Some(Next::Call(request)) => self.waits = Waits::Sent { request, arrives: now + way },
            Some(Next::WaitUntil(since)) => self.waits = Waits::Sleeps { until: self.began + since },
            Some(Next::Done(ended)) => self.waits = Waits::Done(ended),
            None => {}
        }
    }
}
