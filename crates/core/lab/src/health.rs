//! What VMMS counts in a monitoring window, and the health that it makes of it.

use std::time::Duration;

use crate::leg::{At, Leg, Window};
use crate::state;
use crate::world::World;

/// `ReplicationHealth`
pub(crate) const OK: u16 = 1;
pub(crate) const WARNING: u16 = 2;
pub(crate) const CRITICAL: u16 = 3;

/// Windows begin at 09:00 and last twelve hours (`MonitoringStartTime`, `MonitoringInterval`). Unit: seconds.
const WINDOW_BEGINS: i64 = 9 * 3_600;
const WINDOW_LASTS: i64 = 12 * 3_600;
/// A replica that is further behind is a warning.
const BEHIND_MAX: Duration = Duration::from_hours(1);
/// Slower transfers are a warning.
const LATENCY_MAX: Duration = Duration::from_mins(5);

impl World {
    fn window_number(&self) -> i64 {
        let now = i64::try_from(self.now.as_secs()).unwrap_or(i64::MAX);
        (self.spec.started_us / 1_000_000).saturating_add(now).saturating_sub(WINDOW_BEGINS).div_euclid(WINDOW_LASTS)
    }

    /// When the present window began, in virtual time; the start of the lab if that was later.
    pub(crate) fn window_began(&self) -> Duration {
        let began = self.window_number() * WINDOW_LASTS + WINDOW_BEGINS - self.spec.started_us / 1_000_000;
        Duration::from_secs(u64::try_from(began).unwrap_or_default())
    }

    /// A new leg has had one good cycle.
    pub(crate) fn first_window(&self) -> Window {
        Window { number: self.window_number(), ok: 1, ..Window::default() }
    }

    /// A leg's counters of the present window.
    pub(crate) fn window(&self, leg: &Leg) -> Window {
        let number = self.window_number();
        if leg.window.number == number { leg.window } else { Window { number, ..Window::default() } }
    }

    pub(crate) fn tally(&mut self, at: At, note: impl FnOnce(&mut Window)) {
        let Some(mut window) = self.leg(at).map(|(_, leg)| self.window(leg)) else { return };
        note(&mut window);
        if let Some(leg) = self.leg_mut(at) {
            leg.window = window;
        }
    }

    pub(crate) fn health(&self, leg: &Leg, sender: bool) -> u16 {
        match self.health_issues(leg, sender).iter().map(|(severity, _)| *severity).max() {
            Some(severity) => severity,
            None => OK,
        }
    }

    /// What is wrong with one end, each with how bad it is.
    pub(crate) fn health_issues(&self, leg: &Leg, sender: bool) -> Vec<(u16, &'static str)> {
        let end = leg.end(sender);
        let mut issues = Vec::new();
        let mut issue = |bad: bool, severity: u16, text: &'static str| {
            if bad {
                issues.push((severity, text));
            }
        };
        let paused = if sender { WARNING } else { CRITICAL };
        issue(end.state == state::SUSPENDED, paused, "Replication is paused.");
        issue(end.state == state::ERROR, CRITICAL, "Replication is in error. Fix the cause and resume replication.");
        issue(end.state == state::RESYNC_REQUIRED, CRITICAL, "Resynchronization is required.");
        let resyncs = matches!(end.state, state::RESYNCHRONIZING | state::RESYNC_SUSPENDED);
        issue(resyncs, WARNING, "Resynchronization is not finished.");
        let failed_over = matches!(end.state, state::FAILED_OVER | state::COMMITTED);
        issue(failed_over, WARNING, "A failover was begun, and replication was not reversed.");
        issue(end.last_replication.is_none(), WARNING, "Initial replication is not finished.");
        issue(sender && leg.retries > 0, WARNING, "Changes could not be sent, and will be sent again.");
        let window = self.window(leg);
        let cycles = u64::from(window.ok) + u64::from(window.missed);
        issue(
            u64::from(window.missed) * 5 > cycles,
            WARNING,
            "More than 20 percent of the replication cycles were missed.",
        );
        let behind = end.last_replication.is_some_and(|last| self.now.saturating_sub(last) > BEHIND_MAX);
        issue(behind, WARNING, "The replica is more than an hour behind.");
        let slow = window.latency > LATENCY_MAX.saturating_mul(window.ok);
        issue(slow, WARNING, "Replication takes longer than five minutes on average.");
        issues
    }
}
