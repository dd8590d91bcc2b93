//! What holds and exceptions cover. An exception that names a VM must stand for one.

use std::collections::BTreeSet;
use std::time::Duration;

use reprise_model::{HoldScope, HostName, LegId, Now, Timestamp, VmId, VmSelector};

use super::Controller;
use crate::judge::covers;
use crate::leg::Leg;
use crate::status::{Ambiguous, Candidate};

impl Controller {
    /// Judges all anew when a hold has ended, and notes when the next one does.
    pub(super) fn end_holds(&mut self, now: Now) {
        if self.hold_ends.is_some_and(|at| now.mono >= at) {
            self.judge_all_anew();
        }
        let left = |until: Timestamp| u64::try_from(until.0.saturating_sub(now.wall.0)).ok().filter(|left| *left > 0);
        let ends = self.setup.policy.holds.iter().filter_map(|hold| hold.until).filter_map(left);
        self.hold_ends = ends.min().map(|left| now.mono + Duration::from_millis(left));
    }

    /// Notes which exceptions of this pass cover a leg.
    pub(super) fn note_exceptions(&mut self, id: LegId) {
        if self.setup.policy.holds.is_empty() {
            return;
        }
        let Some(watch) = self.legs.get(&id) else { return };
        let exceptions = self.setup.policy.holds.iter().enumerate().filter(|(_, hold)| hold.only_this_pass);
        for (index, hold) in exceptions {
            if covers(&hold.scope, &watch.leg) {
                self.excepted.entry(index).or_default().insert(id.vm);
            }
        }
    }

    /// Those of the hosts that holds name at which a leg has an end.
    pub(super) fn held_hosts(&self, leg: &Leg) -> BTreeSet<HostName> {
        let hosts = self.setup.policy.holds.iter().filter_map(|hold| match &hold.scope {
            HoldScope::Host(name) => Some(name),
            HoldScope::Vm(_) | HoldScope::All => None,
        });
        let covers =
            |name: &&HostName| [&leg.sender, &leg.receiver].into_iter().any(|end| self.names.stand_for(name, end));
        hosts.filter(covers).cloned().collect()
    }

    /// An exception whose name stands for several VMs: which of them was meant only a person can tell.
    pub(crate) fn ambiguous(&self) -> Option<Ambiguous> {
        let several = self.excepted.iter().filter(|(_, vms)| vms.len() > 1);
        let named = several.filter_map(|(index, vms)| match &self.setup.policy.holds.get(*index)?.scope {
            HoldScope::Vm(VmSelector::Name(name)) => Some((name.clone(), vms)),
            HoldScope::Vm(VmSelector::Id(_)) | HoldScope::Host(_) | HoldScope::All => None,
        });
        named.map(|(name, vms)| Ambiguous { candidates: self.candidates(vms), name }).next()
    }

    fn candidates(&self, vms: &BTreeSet<VmId>) -> Vec<Candidate> {
        let leg_of = |vm: &VmId| self.legs.values().find(|watch| watch.leg.id.vm == *vm);
        let candidate = |vm: &VmId| {
            let leg = &leg_of(vm)?.leg;
            Some(Candidate {
                vm: *vm,
                name: leg.vm_name.clone(),
                primary: leg.sender.host_name().map(ToOwned::to_owned),
            })
        };
        vms.iter().filter_map(candidate).collect()
    }

    /// The exceptions of this pass that cover nothing which was seen: perhaps misspelt.
    pub(crate) fn unmatched(&self) -> Vec<String> {
        let exceptions = self.setup.policy.holds.iter().enumerate().filter(|(_, hold)| hold.only_this_pass);
        let unmatched = exceptions.filter(|(index, _)| !self.excepted.contains_key(index));
        let text = |scope: &HoldScope| match scope {
            HoldScope::Vm(VmSelector::Name(name)) => name.clone(),
            HoldScope::Vm(VmSelector::Id(id)) => id.to_string(),
            HoldScope::Host(name) => name.to_string(),
            HoldScope::All => "all".to_owned(),
        };
        unmatched.map(|(_, hold)| text(&hold.scope)).collect()
    }
}
