//! The end of a story: everything is switched on and left alone. A leg that still does not replicate then needs a reason in
//! the true state of the site.

use std::collections::BTreeMap;
use std::time::Duration;

use reprise_engine::goal::Report;
use reprise_engine::{HostReport, LegReport, LegResult, Side};
use reprise_lab::{Action, FaultScope, Management, Start, World};
use reprise_model::{Hold, InitialPolicy, LegId, PausedRule, Reason, Timestamp};

use crate::scene::Scene;
use crate::shadow::{Broken, End, Ends, Names, Shown, bearer, held, is_decided_first, obstacle, receiver};

/// Every kind of fault that a story puts into the site.
const FAULTS: [&str; 23] = [
    "deny",
    "deny_events",
    "slow_log",
    "garbled_record",
    "lost_record",
    "login",
    "slow",
    "busy",
    "busy_vm",
    "wmi",
    "drop_before",
    "reset",
    "drop_after",
    "half_close",
    "garbage",
    "empty",
    "job_hang",
    "job_gone",
    "job_fail",
    "flip_back",
    "unreadable",
    "unsupported",
    "attack",
];

/// The classes that together show a host's complete state.
const CLASSES: [(&str, &str); 5] = [
    ("root/cimv2", "Win32_ComputerSystem"),
    ("root/cimv2", "Win32_OperatingSystem"),
    ("root/virtualization/v2", "Msvm_ComputerSystem"),
    ("root/virtualization/v2", "Msvm_ReplicationRelationship"),
    ("root/virtualization/v2", "Msvm_ReplicationSettingData"),
];

/// A host that shows no replicated VM may be loading them for so long after a boot (`docs/reasons.md`, `sender_not_found`).
const LOADS_WITHIN: Duration = Duration::from_mins(10);

/// Fixes everything: faults, paths, power, VMMS.
pub(crate) fn restore(world: &mut World, names: &[String]) {
    for fault in FAULTS {
        // A fault that is not there cannot be removed.
        let _none = world.remove_faults(fault, None, &FaultScope::default());
    }
    for host in names.iter().cloned() {
        for action in [
            Action::Management { host: host.clone(), mode: Management::Up },
            Action::Boot { host: host.clone(), vmms: Start::default() },
            Action::VmmsStart { host: host.clone(), vmms: Start::default() },
        ] {
            // What is on needs no boot.
            let _was_on = world.carry_out(&action);
        }
        for b in names.iter().filter(|name| **name != host).cloned() {
            let heal = Action::HealLink { a: host.clone(), b, delay: Some(Duration::ZERO) };
            let _known = world.carry_out(&heal);
        }
    }
}

/// Every end as it truly is, by the place of its host.
pub(crate) fn truth(world: &mut World) -> BTreeMap<usize, Ends> {
    let mut truth = BTreeMap::new();
    for host in 0..world.host_count() {
        let mut shown = Shown::default();
        for (namespace, class) in CLASSES {
            let select = cim::wql::Select::all(class);
            let request = cim::Request::Query { namespace: namespace.into(), select };
            if let Ok(cim::Reply::Rows(rows)) = world.answer(host, &request) {
                shown.take(class, &rows, 0);
            }
        }
        truth.insert(host, shown.ends(world.now()));
    }
    truth
}

/// Compares a run's report with the truth.
pub(crate) struct FinalCheck<'a> {
    pub(crate) scene: &'a Scene,
    pub(crate) asked: &'a [usize],
    pub(crate) truth: &'a BTreeMap<usize, Ends>,
    pub(crate) holds: &'a [Hold],
    /// What each of the site's hosts is called.
    pub(crate) names: &'a BTreeMap<usize, Names>,
    pub(crate) wall: Timestamp,
    /// How long each had been up when the run began.
    pub(crate) up_for: &'a BTreeMap<usize, Duration>,
}

impl FinalCheck<'_> {
    /// Checks what a report says about every leg, now that nothing goes wrong any more.
    pub(crate) fn check(&self, report: &Report) -> Result<(), Broken> {
        let is_wrong = |host: &&HostReport| (!host.ready || host.trouble.is_some()) && !self.may_load(&host.name);
        if let Some(host) = report.hosts.iter().find(is_wrong) {
            return Err(format!("in the calm {} is not ready: {:?}", host.name, host.trouble));
        }
        for place in self.asked {
            for (leg, side) in self.truth.get(place).into_iter().flat_map(|ends| ends.seen.keys()) {
                if !report.legs.iter().any(|reported| reported.id == *leg) {
                    return Err(format!("in the calm {leg} is not reported, and a host shows its {side:?}"));
                }
            }
        }
        for leg in &report.legs {
            if !self.may_be_left(leg) {
                let ends = self.truth.values().flat_map(|ends| &ends.seen).filter(|(key, _)| key.0 == leg.id);
                let what = format!("{} {:?}: {} {:?}", leg.id, leg.result, leg.reason, leg.trouble);
                let ends: Vec<String> = ends
                    .map(|((_, side), end)| format!("{side:?} {} mode {} power {}", end.state, end.mode, end.power))
                    .collect();
                return Err(format!("left behind in the calm: {what}; in truth: {}", ends.join(", ")));
            }
        }
        Ok(())
    }

    /// Whether nobody can tell that a host has nothing to show: it shows nothing, and has booted a short while ago.
    fn may_load(&self, name: &str) -> bool {
        let place = self.names.iter().find(|(_, names)| names.contains(name)).map(|(place, _)| *place);
        let shows =
            |place: &usize| self.truth.get(place).is_some_and(|ends| !ends.seen.is_empty() || !ends.unread.is_empty());
        place.is_some_and(|place| !shows(&place) && self.up_for.get(&place).is_some_and(|up| *up < LOADS_WITHIN))
    }

    fn ends(&self, leg: LegId, side: Side) -> Vec<(usize, &End)> {
        let shown = self.truth.iter().filter_map(|(host, ends)| Some((*host, ends.seen.get(&(leg, side))?)));
        shown.collect()
    }

    /// Whether the truth allows what is said of a leg.
    fn may_be_left(&self, leg: &LegReport) -> bool {
        let (senders, receivers) = (self.ends(leg.id, Side::Sender), self.ends(leg.id, Side::Receiver));
        match leg.result {
            LegResult::Healthy | LegResult::Resumed => return true,
            LegResult::Skipped => return !senders.iter().any(|(host, _)| self.asked.contains(host)),
            LegResult::Failed
            | LegResult::Interrupted
            | LegResult::NeedsPerson
            | LegResult::Stale
            | LegResult::Waiting
            | LegResult::Left => {}
        }
        let [(sends, sender)] = senders.as_slice() else { return true };
        let known = self.names.iter().map(|(host, names)| (*host, names));
        let names = |end: &End| end.settings.as_ref().and_then(|settings| settings.primary.clone());
        let misnamed = |end: &End| names(end).and_then(|name| bearer(known.clone(), &name)) != Some(*sends);
        // It is looked for where its receiver says that it is; one of a cluster that is not asked is not found (design, section 3).
        let clustered = |end: &End| end.settings.as_ref().is_some_and(|settings| settings.clustered);
        let not_found = |end: &End| leg.reason == Reason::ClusteredOwnerNotFound && clustered(end);
        if !self.asked.contains(sends) && receivers.iter().any(|(_, end)| misnamed(end) || not_found(end)) {
            return true;
        }
        let nameless = sender.settings.as_ref().is_none_or(|settings| settings.recovery.is_none());
        // A replica on a host that the sender does not name is a leftover. A sender whose receiver is not seen is left.
        let receivers: Vec<_> = receiver(Some((*sends, *sender)), &receivers, &known).into_iter().collect();
        let ends = [Some(*sender), receivers.first().map(|(_, end)| *end)];
        let called: Vec<&str> = self.truth.values().flat_map(|ends| ends.called(leg.id)).collect();
        let unknown = |(host, _): &(usize, &End)| nameless && !self.asked.contains(host);
        let forbidden = obstacle(sender, Side::Sender).is_some()
            || receivers.iter().any(unknown)
            || self.truth.get(sends).is_some_and(|shown| is_decided_first(shown, leg.id))
            || receivers.iter().any(|(_, end)| obstacle(end, Side::Receiver).is_some())
            // No sender keeps sending to what does not receive; Server 2012 shows Error at the first cycle.
            || !receivers.iter().any(|(_, end)| matches!(end.state, 2 | 3))
            || held(self.holds, leg.id, (ends, &[]), &called, &self.names.values(), self.wall);
        let paused = &self.scene.policy.paused;
        let initial = sender.last.is_none() && paused.initial == InitialPolicy::Leave;
        // What was on its way may have arrived since it was looked at.
        let in_progress = leg.after.is_some_and(|after| matches!(after.number(), 2 | 10));
        match sender.state {
            _ if forbidden || leg.result == LegResult::Left && in_progress => true,
            1 | 2 | 9 | 10 | 11 | 16 => true,
            7 => paused.at_boot != PausedRule::Resume || initial,
            8 => leg.result == LegResult::Waiting && self.scene.reads_events,
            3 => {
                matches!(leg.reason, Reason::NotMoving)
                    || leg.result == LegResult::Waiting
                    || receivers.iter().any(|(_, end)| end.state == 8)
            }
            _ => false,
        }
    }
}
