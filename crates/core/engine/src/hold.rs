//! What the holds of a policy name.

use reprise_model::{HoldScope, Policy};

/// What the holds of a policy name and is not known to exist.
pub(crate) fn scopes(policy: &Policy, matched: &[HoldScope]) -> Vec<HoldScope> {
    let scopes = policy.holds.iter().map(|hold| &hold.scope);
    scopes.filter(|scope| **scope != HoldScope::All && !matched.contains(scope)).cloned().collect()
}
