//! How a Pull waits for events.

use std::cell::RefCell;
use std::time::Duration;

use tokio::time::sleep_until;
use wsman::server::HttpResponse;
use wsman::server::Waiting;

use crate::event_logs::Logs;
use crate::site::{Site, lock};

/// Minimum time between two looks of a waiting Pull at events that the passing of time has written: the world may have
/// something due every millisecond. Events from actions and requests wake it immediately.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Maximum time between two looks: events of classes are found only by looking, at the soonest a second later.
const LOOK_AFTER: Duration = Duration::from_secs(1);

impl Site {
    /// Waits with a Pull, which has been counted, until there is something to deliver or its time is up; `None` if there is
    /// no such host.
    pub(crate) async fn wait(&self, host: usize, waiting: &Waiting) -> Option<HttpResponse> {
        let port = self.host(host)?;
        let mut written = self.written.subscribe();
        loop {
            written.borrow_and_update();
            let (answer, next) = self.with_world(|world| {
                let now = self.began.elapsed();
                let next = world.next_change();
                let world = RefCell::new(world);
                (lock(&port.server).go_on(now, waiting, &mut Logs { world: &world, host }), next)
            });
            if let Some(answer) = answer {
                // "No event in time" is reported as a fault, but is not a failure.
                let timed_out = self.began.elapsed() >= waiting.until;
                lock(&port.counters).fault += u64::from(answer.fault && !timed_out);
                return Some(answer);
            }
            let next = next.map_or(waiting.until, |next| self.real(next));
            let elapsed = self.began.elapsed();
            let look = next.clamp(elapsed + LOOK_EVERY, elapsed + LOOK_AFTER);
            tokio::select! {
                _ = written.changed() => {}
                () = sleep_until(self.began + look.min(waiting.until)) => {}
            }
        }
    }

    /// When a virtual time is reached, since the lab began.
    fn real(&self, at: Duration) -> Duration {
        Duration::try_from_secs_f64(at.as_secs_f64() / self.options.speed).unwrap_or(Duration::MAX / 4)
    }
}
