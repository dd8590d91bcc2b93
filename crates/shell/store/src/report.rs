//! How long each VM was not protected, and what was done: computed from the members of incidents and from acts.

use std::collections::BTreeMap;
use std::time::Duration;

use reprise_model::{Timestamp, VmId};

use crate::record::{StoredAct, StoredIncident};

/// A report on the time between two times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnprotectedReport {
    /// From then on.
    pub from: Timestamp,
    /// Until then.
    pub until: Timestamp,
    /// The VMs that were not protected for some time, or that were acted on, in the order of their ids.
    pub vms: Vec<VmReport>,
}

/// What there is to report of one VM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VmReport {
    /// The VM.
    pub vm: VmId,
    /// How long at least one of its legs was not protected.
    pub unprotected: Duration,
    /// The same for each cause, in the order of causes. Causes may overlap, so this may add up to more.
    pub causes: Vec<Unprotected>,
    /// What was done.
    pub acts: Vec<Tally>,
}

/// How long one cause left a VM unprotected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unprotected {
    /// The cause, as a code.
    pub cause: String,
    /// How long.
    pub time: Duration,
}

/// How often the same was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The kind of act.
    pub kind: String,
    /// Who asked for it.
    pub by: String,
    /// How it ended; `None` if that is not known.
    pub outcome: Option<String>,
    /// How often.
    pub count: usize,
}

/// From when until when, in milliseconds.
type Span = (i64, i64);

/// What is collected of one VM.
#[derive(Default)]
struct Collected {
    causes: BTreeMap<String, Vec<Span>>,
    acts: BTreeMap<(String, String, Option<String>), usize>,
}

/// Computes the report from everything that touches the time in question.
pub(crate) fn report(
    (from, until): (Timestamp, Timestamp),
    incidents: &[StoredIncident],
    acts: &[StoredAct],
) -> UnprotectedReport {
    let mut vms: BTreeMap<VmId, Collected> = BTreeMap::new();
    for incident in incidents {
        for member in &incident.members {
            let left = member.left.or(incident.closed).unwrap_or(until).min(until);
            let span = (member.joined.max(from).0, left.0);
            if span.0 < span.1 {
                let causes = &mut vms.entry(member.leg.vm).or_default().causes;
                causes.entry(incident.cause.clone()).or_default().push(span);
            }
        }
    }
    for act in acts.iter().filter(|act| (from..until).contains(&act.at)) {
        let outcome = act.settled.as_ref().map(|settled| settled.outcome.clone());
        let kind = (act.kind.clone(), act.by.clone(), outcome);
        *vms.entry(act.leg.vm).or_default().acts.entry(kind).or_default() += 1;
    }
    let vms = vms.into_iter().map(|(vm, collected)| collected.of(vm)).collect();
    UnprotectedReport { from, until, vms }
}

impl Collected {
    fn of(self, vm: VmId) -> VmReport {
        let all = self.causes.values().flatten().copied().collect();
        let causes = self.causes.into_iter().map(|(cause, spans)| Unprotected { cause, time: covered(spans) });
        let acts = self.acts.into_iter().map(|((kind, by, outcome), count)| Tally { kind, by, outcome, count });
        VmReport { vm, unprotected: covered(all), causes: causes.collect(), acts: acts.collect() }
    }
}

/// How much time some spans cover together, however they overlap.
fn covered(mut spans: Vec<Span>) -> Duration {
    spans.sort_unstable();
    let mut covered = 0_u64;
    let mut reached = i64::MIN;
    for (from, until) in spans {
        covered = covered.saturating_add(u64::try_from(until.saturating_sub(from.max(reached))).unwrap_or(0));
        reached = reached.max(until);
    }
    Duration::from_millis(covered)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reprise_model::{ActId, LegId, LegKind};
    use uuid::Uuid;

    use super::*;
    use crate::record::{IncidentId, Member, Settlement};

    fn leg(vm: u128, kind: LegKind) -> LegId {
        LegId { vm: VmId::new(Uuid::from_u128(vm)), kind }
    }

    fn incident(cause: &str, closed: Option<i64>, members: &[(LegId, i64, Option<i64>)]) -> StoredIncident {
        let member = |&(leg, joined, left): &(LegId, i64, Option<i64>)| Member {
            leg,
            joined: Timestamp(joined),
            left: left.map(Timestamp),
        };
        StoredIncident {
            id: IncidentId(1),
            cause: cause.to_owned(),
            opened: Timestamp(0),
            closed: closed.map(Timestamp),
            members: members.iter().map(member).collect(),
        }
    }

    #[test]
    fn a_vm_with_two_legs_down_at_once_is_unprotected_once() {
        let (simple, extended) = (leg(1, LegKind::Simple), leg(1, LegKind::Extended));
        let incidents = [
            incident("host_restarted", None, &[(simple, 100, Some(400))]),
            incident("link_down", Some(600), &[(extended, 300, None)]),
        ];
        let report = report((Timestamp(200), Timestamp(1_000)), &incidents, &[]);
        let [vm] = report.vms.as_slice() else { panic!("{report:?}") };
        assert_eq!(vm.unprotected, Duration::from_millis(400));
        let causes: Vec<_> = vm.causes.iter().map(|cause| (cause.cause.as_str(), cause.time.as_millis())).collect();
        assert_eq!(causes, [("host_restarted", 200), ("link_down", 300)]);
    }

    #[test]
    fn what_lasts_is_counted_until_the_end_of_the_report_and_what_is_outside_is_not() {
        let incidents = [
            incident("lasts", None, &[(leg(1, LegKind::Simple), 700, None)]),
            incident("before", None, &[(leg(2, LegKind::Simple), 0, Some(200))]),
            incident("after", None, &[(leg(3, LegKind::Simple), 1_000, None)]),
        ];
        let report = report((Timestamp(200), Timestamp(1_000)), &incidents, &[]);
        assert_eq!(report.vms.len(), 1);
        assert_eq!(report.vms[0].unprotected, Duration::from_millis(300));
    }

    #[test]
    fn acts_are_counted_by_what_who_and_how_they_ended() {
        let act = |number, by: &str, outcome: Option<&str>| StoredAct {
            id: ActId { epoch: 1, number },
            at: Timestamp(500),
            leg: leg(1, LegKind::Simple),
            host: "hv01".to_owned(),
            kind: "resume".to_owned(),
            by: by.to_owned(),
            reason: "stopped_by_error".to_owned(),
            settled: outcome.map(|outcome| Settlement {
                at: Timestamp(600),
                outcome: outcome.to_owned(),
                detail: None,
            }),
        };
        let acts = [
            act(1, "policy", Some("ended")),
            act(2, "policy", Some("ended")),
            act(3, "policy", None),
            act(4, "LAB\\anna", Some("ended")),
        ];
        let report = report((Timestamp(200), Timestamp(1_000)), &[], &acts);
        let counts: Vec<_> =
            report.vms[0].acts.iter().map(|tally| (tally.by.as_str(), tally.outcome.is_some(), tally.count)).collect();
        assert_eq!(counts, [("LAB\\anna", true, 1), ("policy", false, 1), ("policy", true, 2)]);
    }

    proptest! {
        #[test]
        fn spans_cover_as_many_milliseconds_as_are_in_one_of_them(
            spans in proptest::collection::vec((0_i64..60, 0_i64..60), 0..8)
        ) {
            let counted = (0..60).filter(|at| spans.iter().any(|(from, until)| (from..until).contains(&at))).count();
            prop_assert_eq!(covered(spans).as_millis(), u128::try_from(counted).unwrap());
        }
    }
}
