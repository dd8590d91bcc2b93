//! When a failed act is tried again: the only place where retries are decided.

use std::time::Duration;

/// Maximum acts per leg in one pass. With the waits below they span more than the default `--retry-for`.
pub(crate) const ATTEMPTS_MAX: u32 = 6;
/// Maximum acts on a leg whose receiver's host is not queried: the receiver may refuse for a reason that we cannot see.
pub(crate) const ATTEMPTS_MAX_UNSEEN: u32 = 3;
/// Maximum number of times that a leg may be found changed between look and act before it is reported as such.
pub(crate) const STALES_MAX: u32 = 5;

/// A controller that never stops retrying tries once so often what has used up its tries.
pub(crate) const REST: Duration = Duration::from_hours(1);

/// First wait; doubled each time.
const WAIT_FIRST: Duration = Duration::from_secs(1);
/// Maximum wait.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// Wait where the receiver's host is not asked.
const WAIT_UNSEEN: Duration = Duration::from_secs(20);

/// How long to wait after the `attempts`-th act failed, with up to a quarter of jitter so that hosts do not fall into
/// step.
pub(crate) fn wait(attempts: u32, receiver_asked: bool, chance: &mut fastrand::Rng) -> Duration {
    let doubled = WAIT_FIRST.saturating_mul(1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX));
    let base = if receiver_asked { doubled.min(WAIT_MAX) } else { WAIT_UNSEEN };
    base + base.mul_f64(chance.f64() / 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit_and_carry_some_jitter() {
        let mut chance = fastrand::Rng::with_seed(7);
        for (attempts, least) in [(1, 1), (2, 2), (3, 4), (6, 30), (40, 30)] {
            let waited = wait(attempts, true, &mut chance);
            let least = Duration::from_secs(least);
            assert!(waited >= least && waited <= least.mul_f64(1.25), "{attempts}: {waited:?}");
        }
        assert!(wait(1, false, &mut chance) >= WAIT_UNSEEN);
    }
}
