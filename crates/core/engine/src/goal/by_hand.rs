//! The goal of `pause` and `resume`: one order is carried out, or its time is up.

use std::time::Duration;

use reprise_model::{LegId, MonoTime, Now};

use super::Goal;
use crate::controller::Controller;
use crate::notice::Notice;
use crate::status::OrderReport;

/// One order for one leg.
#[derive(Clone, Copy, Debug)]
pub struct ByHand {
    leg: LegId,
    ends_at: MonoTime,
    stopped: bool,
}

impl ByHand {
    /// The goal that the order for this leg is over, at the latest after `limit`.
    pub fn new(leg: LegId, now: Now, limit: Duration) -> Self {
        Self { leg, ends_at: now.mono + limit, stopped: false }
    }
}

impl Goal for ByHand {
    /// `None` if the leg is not known any more.
    type End = Option<OrderReport>;

    fn ends_at(&self) -> MonoTime {
        self.ends_at
    }

    fn stop(&mut self) {
        self.stopped = true;
    }

    fn end(&self, now: Now, controller: &Controller) -> Option<Self::End> {
        let is_over = self.stopped || now.mono >= self.ends_at || controller.is_order_over(self.leg);
        is_over.then(|| controller.order_report(now, self.leg, self.stopped))
    }

    fn notices(_: &Self::End) -> &[Notice] {
        &[]
    }
}
