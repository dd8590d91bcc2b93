//! How a Pull of events waits for what comes.

use std::cell::RefCell;
use std::time::Duration;

use tokio::time::sleep_until;
use wsman::server::Answer;
use wsman::server::Waiting;

use crate::event_logs::Logs;
use crate::site::{Site, lock};

/// A waiting Pull looks at what the passing of time has written at most so often: the world may have something due every
/// millisecond. What commands and requests write wakes it at once.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// And after so long at the latest: events of classes are found by looking again, a second later at the soonest.
const LOOK_AFTER: Duration = Duration::from_secs(1);

impl Site {
    /// Waits with a Pull, which has been counted, until there is something to deliver or its time is up; `None` if there is
    /// no such host.
    pub(crate) async fn wait(&self, host: usize, waiting: &Waiting) -> Option<Answer> {
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
                // That nothing has come in time is told as a fault, and is none.
                let in_vain = self.began.elapsed() >= waiting.until;
                lock(&port.counters).fault += u64::from(answer.fault && !in_vain);
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
