//! What holds and exceptions cover. An exception that names a VM must stand for one, and a hold must match something: one
//! that does not may be misspelt, and mean any VM.

use std::collections::BTreeSet;
use std::time::Duration;

use reprise_model::{
    Hold, HoldScope, HostName, LegId, Now, Policy, ReplicationSettings, Timestamp, Vm, VmId, VmSelector, folded_name,
};

use super::Controller;
use super::looking::legs_of;
use crate::exchange::Effect;
use crate::host::HostWatch;
use crate::judge::{HoldsCheck, covers};
use crate::leg::{End, Leg, NotSeenEnd, Whereabouts};
use crate::names::Match;
use crate::setup::UnmatchedHolds;
use crate::status::{Ambiguous, Candidate, HoldState, HoldTrouble};

impl Controller {
    /// What the holds of a policy name and is not known to exist.
    pub(super) fn unmatched(policy: &Policy, matched: &[HoldScope]) -> Vec<HoldScope> {
        let scopes = policy.holds.iter().map(|hold| &hold.scope);
        scopes.filter(|scope| **scope != HoldScope::All && !matched.contains(scope)).cloned().collect()
    }

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
        let mut hosts = self
            .setup
            .policy
            .holds
            .iter()
            .filter_map(|hold| match &hold.scope {
                HoldScope::Host(name) => Some(name),
                HoldScope::Vm(_) | HoldScope::All => None,
            })
            .peekable();
        if hosts.peek().is_none() {
            return BTreeSet::new();
        }
        // An end that is not seen is where the other end says it is, whatever the host is called that shows a part of it.
        let named = [
            (&leg.sender, leg.receiver.settings().and_then(ReplicationSettings::primary)),
            (&leg.receiver, leg.sender.settings().and_then(ReplicationSettings::recovery)),
        ];
        let named = named.into_iter().filter(|(end, _)| end.seen().is_none()).filter_map(|(_, name)| {
            let host_name = Some(name?.to_string());
            Some(End::NotSeen(NotSeenEnd { host_name, whereabouts: Whereabouts::NotAsked }))
        });
        let named: Vec<End> = named.collect();
        let covers = |name: &&HostName| {
            [&leg.sender, &leg.receiver].into_iter().chain(&named).any(|end| self.names.stand_for(name, end))
        };
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
        let legs_of = |vm: VmId| legs_of(vm).into_iter().filter_map(|id| Some(&self.legs.get(&id)?.leg));
        let route = |leg: &Leg| {
            let [primary, replica] = [&leg.sender, &leg.receiver].map(|end| end.host_name().map(ToOwned::to_owned));
            (primary, replica)
        };
        let candidate = |vm: &VmId| {
            let name = legs_of(*vm).next()?.vm_name.clone();
            Some(Candidate { vm: *vm, name, routes: legs_of(*vm).map(route).collect() })
        };
        vms.iter().filter_map(candidate).collect()
    }

    /// What a VM is called, if a hold gives a name.
    pub(super) fn vm_names(&self, vm: VmId) -> BTreeSet<String> {
        let is_name = |scope: &HoldScope| matches!(scope, HoldScope::Vm(VmSelector::Name(_)));
        let given = self.setup.policy.holds.iter().any(|hold| is_name(&hold.scope));
        if given { self.inventory.names_of(vm) } else { BTreeSet::new() }
    }

    /// Notes which holds a leg matches.
    pub(super) fn match_holds(&mut self, id: LegId) {
        let Some(watch) = self.legs.get(&id).filter(|_| !self.unmatched.is_empty()) else { return };
        let matched = self.unmatched.extract_if(.., |scope| covers(scope, &watch.leg));
        self.matched.extend(matched);
    }

    /// Notes which holds the VMs of a host match, replicated or not.
    pub(super) fn match_vms<'a>(&mut self, vms: impl Iterator<Item = &'a Vm>) {
        if self.unmatched.is_empty() {
            return;
        }
        for vm in vms {
            let matched = self.unmatched.extract_if(.., |scope| match scope {
                HoldScope::Vm(VmSelector::Id(id)) => *id == vm.id,
                HoldScope::Vm(VmSelector::Name(name)) => folded_name(name) == folded_name(&vm.name),
                HoldScope::Host(_) | HoldScope::All => false,
            });
            self.matched.extend(matched);
        }
    }

    /// Judges all anew if it has changed whether a hold that matches nothing forbids acts.
    pub(super) fn check_holds(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let check = self.holds_now(now.wall);
        if check != self.holds_check {
            self.holds_check = check;
            self.dirty.extend(self.legs.keys().copied());
            self.rejudge(now, effects);
        }
    }

    /// Whether a hold that is in force matches nothing. A host that does not answer may have what it names; one that answers is
    /// waited for. If everything stood still then, a hold on a VM of two hosts that are off for maintenance would keep
    /// every other VM from being repaired after every shutdown: the others are resumed, and event 106 reports the hold.
    fn holds_now(&mut self, wall: Timestamp) -> HoldsCheck {
        if self.unmatched.is_empty() {
            return HoldsCheck::Matched;
        }
        let named = |scope: &HoldScope| match scope {
            HoldScope::Host(name) => matches!(self.names.find(name), Match::Host(_) | Match::Unclear),
            HoldScope::Vm(_) | HoldScope::All => false,
        };
        self.matched.extend(self.unmatched.extract_if(.., |scope| named(scope)));
        let in_force = |scope: &HoldScope| {
            let holds = self.setup.policy.holds.iter().filter(|hold| hold.scope == *scope);
            holds.into_iter().any(|hold| hold.until.is_none_or(|until| wall < until))
        };
        let is_unmatched = self.setup.unmatched_holds == UnmatchedHolds::Stop && self.unmatched.iter().any(in_force);
        if !is_unmatched || self.hosts.values().any(HostWatch::is_missing) {
            HoldsCheck::Matched
        } else if self.hosts.values().all(HostWatch::is_ready) {
            HoldsCheck::Unmatched
        } else {
            HoldsCheck::Unclear
        }
    }

    /// Holds and exceptions of which people should know: those that match nothing, and those that have ended.
    pub fn hold_troubles(&self, now: Now) -> Vec<HoldTrouble> {
        let stops = self.holds_check == HoldsCheck::Unmatched;
        let state = |hold: &Hold| {
            if hold.until.is_some_and(|until| now.wall >= until) {
                Some(HoldState::Ended)
            } else {
                self.unmatched.contains(&hold.scope).then_some(HoldState::Unmatched { stops })
            }
        };
        let trouble = |hold: &Hold| Some(HoldTrouble { state: state(hold)?, hold: hold.clone() });
        self.setup.policy.holds.iter().filter_map(trouble).collect()
    }
}
