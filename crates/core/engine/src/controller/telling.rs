//! Notices to people, each as soon as it is true and once for as long as it stays true; and the status at any time.

use std::time::Duration;

use reprise_model::{HoldScope, HostId, LegId, Now, Reason, ReplicationSettings, VmSelector};

use super::Controller;
use crate::exchange::Effect;
use crate::host::{HostWatch, Kind, Phase};
use crate::judge::{Judgement, Verdict, covers};
use crate::leg::{End, NotSeenEnd, SeenEnd, Side, Whereabouts};
use crate::notice::Notice;
use crate::report::{self, Around, RunKind};
use crate::status::{HoldState, HoldTrouble, HostReport, HostTrouble, LegReport, LegResult, Lost, NotReady};
use crate::watch::LegWatch;

impl Controller {
    /// How a leg stands.
    pub fn leg(&self, id: LegId) -> Option<LegReport> {
        self.legs.get(&id).map(|watch| self.report_of(watch, false))
    }

    /// How every leg stands that was seen from either end, by VM and kind.
    pub fn legs(&self) -> impl Iterator<Item = LegReport> {
        self.legs.values().map(|watch| self.report_of(watch, false))
    }

    /// How every leg stands for a caller that is `interrupted`: it ends now, whatever is not settled yet.
    pub fn legs_at_the_end(&self, interrupted: bool) -> impl Iterator<Item = LegReport> {
        self.legs.values().map(move |watch| self.report_of(watch, interrupted))
    }

    /// How every leg stands while it all goes on.
    pub fn legs_meanwhile(&self) -> impl Iterator<Item = LegReport> {
        let run = RunKind { dry_run: self.setup.dry_run, interrupted: false, goes_on: true };
        self.legs.values().map(move |watch| self.report_as(watch, run))
    }

    fn run_kind(&self, interrupted: bool) -> RunKind {
        RunKind { dry_run: self.setup.dry_run, interrupted, goes_on: false }
    }

    /// How every asked host stands, by handle.
    pub fn hosts(&self) -> impl Iterator<Item = HostReport> {
        self.hosts_at_the_end(false)
    }

    /// How every asked host stands for a caller that is `interrupted`: one for which it still waits has not failed.
    pub fn hosts_at_the_end(&self, interrupted: bool) -> impl Iterator<Item = HostReport> {
        self.hosts.values().map(move |host| {
            let twin = self.unlike_twin_of(host);
            let twin = twin.map(|other| HostTrouble::UnlikeTwin { other: other.asked.label.clone() });
            let same_name =
                || self.namesake_of(host).map(|other| HostTrouble::SameName { other: other.asked.label.clone() });
            let report = report::host(host);
            let own = report.trouble.map(|own| if interrupted && host.is_waiting() { own.interrupted() } else { own });
            HostReport { trouble: twin.or_else(same_name).or(own), ..report }
        })
    }

    /// Another machine that has the name of this host, which was the first to have it.
    fn namesake_of(&self, host: &HostWatch) -> Option<&HostWatch> {
        let is_namesake = |other: &&HostWatch| {
            other.duplicate_of.as_ref().is_some_and(|own| own.kind == Kind::Another && own.host == host.asked.id)
        };
        self.hosts.values().find(is_namesake)
    }

    /// The host of which another counts as a second address, or that counts as one of another, if the two show other VMs.
    fn unlike_twin_of(&self, host: &HostWatch) -> Option<&HostWatch> {
        let twin_of = |host: &HostWatch| {
            host.duplicate_of.as_ref().filter(|twin| twin.kind == Kind::SecondAddress).map(|twin| twin.host)
        };
        let first = twin_of(host).and_then(|first| self.host(first));
        let second = || self.hosts.values().find(|other| twin_of(other) == Some(host.asked.id));
        first.or_else(second).filter(|other| !host.shows_the_same_as(other))
    }

    /// A leg judged now from all that is known of it, with what that rests on.
    pub fn judgement(&self, id: LegId, now: Now) -> Option<Judgement> {
        let watch = self.legs.get(&id)?;
        Some(Judgement::of(&watch.leg, &watch.memory, &self.setup.policy, now.mono, now.wall))
    }

    /// The end of a leg that sends, if its host shows it.
    pub fn sender(&self, id: LegId) -> Option<&SeenEnd> {
        self.legs.get(&id)?.leg.sender.seen()
    }

    /// How old the latest good look at a host is.
    pub fn age_of(&self, host: HostId, now: Now) -> Option<Duration> {
        self.inventory.looked(host).map(|looked| now.mono.since(looked))
    }

    /// Whether a leg is one of the VM that a person names.
    pub fn is_of(&self, id: LegId, vm: &VmSelector) -> bool {
        self.legs.get(&id).is_some_and(|watch| covers(&HoldScope::Vm(vm.clone()), &watch.leg))
    }

    fn report_of(&self, watch: &LegWatch, interrupted: bool) -> LegReport {
        self.report_as(watch, self.run_kind(interrupted))
    }

    fn report_as(&self, watch: &LegWatch, run: RunKind) -> LegReport {
        let second = watch.leg.second_primary.and_then(|second| self.second_primary(second, watch.leg.id));
        let around = Around {
            waits_for: self.waits_for(watch),
            lost: self.lost(watch),
            second_primary: second,
            other_primary: self.other_primary(watch),
        };
        report::leg(watch, run, around)
    }

    /// A second host that holds a VM as primary, and whether the VM runs there.
    fn second_primary(&self, host: HostId, leg: LegId) -> Option<(String, bool)> {
        let name = self.host(host)?.display_name();
        let second = self.inventory.sender_on(host, leg, &self.names);
        Some((name, second.is_some_and(|end| end.vm.enabled.is_on() == Some(true))))
    }

    /// The host that a leg's replica names as its primary, if another one shows it.
    fn other_primary(&self, watch: &LegWatch) -> Option<String> {
        watch.leg.sender.seen()?;
        let named = watch.leg.receiver.settings().and_then(ReplicationSettings::primary)?;
        (!self.names.stand_for(named, &watch.leg.sender)).then(|| named.to_string())
    }

    /// The host that shows one of a leg's ends and has stopped answering, the one that was acted on first.
    fn lost(&self, watch: &LegWatch) -> Option<(String, Lost)> {
        let ends = [&watch.leg.sender, &watch.leg.receiver].into_iter().filter_map(End::shown_by);
        let hosts = watch.acted_on().into_iter().chain(ends).filter_map(|host| self.host(host));
        hosts.filter(|host| host.is_ready()).find_map(|host| Some((host.display_name(), host.lost.clone()?)))
    }

    /// Why a host is not ready for which a leg waits.
    fn waits_for(&self, watch: &LegWatch) -> Option<NotReady> {
        [&watch.leg.sender, &watch.leg.receiver].into_iter().find_map(|end| {
            let host = match end {
                End::Seen(end) => Some(end.host),
                End::NotSeen(NotSeenEnd { whereabouts: Whereabouts::NotYet { host }, .. }) => *host,
                End::NotSeen(_) => None,
            };
            let host = self.host(host?)?;
            (!host.is_ready()).then(|| host.why_not_ready())
        })
    }

    /// Tells that a host is ready, or late.
    pub(super) fn tell_host(&mut self, id: HostId, effects: &mut Vec<Effect>) {
        let Some(host) = self.hosts.get_mut(&id) else { return };
        let notice = match &host.phase {
            // A second address of a host is reported with the first.
            Phase::Ready { .. } if host.duplicate_of.is_some() => return,
            Phase::Ready { after } if !std::mem::replace(&mut host.told.ready, true) => {
                Notice::HostReady { host: host.display_name(), seconds: after.as_secs() }
            }
            Phase::Late(_) if !is_told_of_another(host) && !std::mem::replace(&mut host.told.not_ready, true) => {
                Notice::HostNotReady(Box::new(report::host(host)))
            }
            Phase::Ready { .. } | Phase::Late(_) | Phase::Waiting => return,
        };
        effects.push(Effect::Tell(notice));
    }

    /// Tells that our act on an end is proved.
    pub(super) fn tell_proved(&mut self, id: LegId, side: Side, effects: &mut Vec<Effect>) {
        let Some(report) = self.leg(id) else { return };
        if side == Side::Receiver {
            effects.push(Effect::Tell(Notice::ReplicaResumed(Box::new(report.clone()))));
        }
        // A repair of the replica that is all that the leg lacked has resumed the leg; a sender that runs while its replica
        // needs a person has not.
        if report.result == LegResult::Resumed {
            self.tell_resumed(id, report, effects);
        }
    }

    /// Tells that a leg is resumed, once for each incident.
    fn tell_resumed(&mut self, id: LegId, report: LegReport, effects: &mut Vec<Effect>) {
        let Some(watch) = self.legs.get_mut(&id) else { return };
        // Notices about an incident end with it.
        if watch.incident.is_some() {
            watch.told.insert(LegResult::Resumed);
        }
        let is_over =
            watch.resumed_in().zip(watch.closed.as_deref()).is_some_and(|(own, over)| std::ptr::eq(own, over));
        let incident = if is_over { watch.closed.as_mut() } else { watch.incident.as_mut() };
        if incident.is_some_and(|incident| !std::mem::replace(&mut incident.reported, true)) {
            effects.push(Effect::Tell(Notice::Resumed(Box::new(report))));
        }
    }

    /// Tells what came of a leg that is settled, if people should know and do not yet.
    pub(super) fn tell_leg(&mut self, id: LegId, effects: &mut Vec<Effect>) {
        let dry_run = self.setup.dry_run;
        let Some(watch) = self.legs.get_mut(&id).filter(|watch| watch.is_settled(dry_run)) else { return };
        let (result, _) = report::result(watch, RunKind { dry_run, ..RunKind::default() });
        if result == LegResult::Healthy && watch.incident.is_none() {
            // Whatever was told of it is over.
            watch.told.clear();
        }
        // Its replica was repaired first, or was well only later, and the leg runs since.
        let is_untold = watch.resumed_in().is_some_and(|incident| !incident.reported);
        if result == LegResult::Resumed && is_untold {
            if let Some(report) = self.leg(id) {
                self.tell_resumed(id, report, effects);
            }
            return;
        }
        // A late host may still come: who only lacks a host has not failed before nobody waits any more.
        let lacks_host = match watch.verdict {
            Verdict::Fail(reason) => reason.is_for_lack_of_a_host(),
            Verdict::Healthy { .. }
            | Verdict::Leave(_)
            | Verdict::NeedsPerson(_)
            | Verdict::NotOurs
            | Verdict::Wait(_)
            | Verdict::Resume { .. }
            | Verdict::Stale(_) => false,
        };
        let is_worth_it = matches!(result, LegResult::Failed | LegResult::NeedsPerson) && !lacks_host;
        if dry_run || !is_worth_it || watch.told.contains(&result) {
            return;
        }
        // What a host shows that is not ready yet may be a part of it.
        let hosts: Vec<HostId> =
            [&watch.leg.sender, &watch.leg.receiver].into_iter().filter_map(End::shown_by).collect();
        if hosts.iter().any(|host| self.waiting.contains(host)) {
            return;
        }
        let Some(notice) = self.leg(id).and_then(notice_of) else { return };
        if let Some(watch) = self.legs.get_mut(&id) {
            watch.told.insert(result);
        }
        effects.push(Effect::Tell(notice));
    }

    /// Notices about legs that have not been given yet because something is still awaited. For a caller that stops waiting;
    /// `interrupted` says that its time was not up.
    pub fn untold(&self, interrupted: bool) -> Vec<Notice> {
        if self.setup.dry_run {
            return Vec::new();
        }
        let run = self.run_kind(interrupted);
        let untold = self.legs.values().filter(|watch| !watch.told.contains(&report::result(watch, run).0));
        untold.filter_map(|watch| notice_of(self.report_of(watch, interrupted))).collect()
    }

    /// The same for hosts that are not ready yet.
    pub fn untold_hosts(&self) -> Vec<Notice> {
        let waiting = self.waiting.iter().filter_map(|id| self.host(*id));
        let untold = waiting.filter(|host| !host.told.not_ready && !is_told_of_another(host));
        untold.map(|host| Notice::HostNotReady(Box::new(report::host(host)))).collect()
    }

    /// Notices about what is in doubt: which host a host is, whether it shows all its VMs, and what a hold means. Until nobody
    /// waits any more that may change.
    pub fn doubts(&self, now: Now) -> Vec<Notice> {
        if self.setup.dry_run {
            return Vec::new();
        }
        let unclear = |host: &HostReport| host.trouble.as_ref().is_some_and(HostTrouble::is_about_who);
        let hosts = self.hosts().filter_map(|host| match (unclear(&host), &host.empty) {
            (true, _) => Some(Notice::HostUnclear(Box::new(host))),
            (false, Some(_)) => Some(Notice::HostMayLoad(Box::new(host))),
            (false, None) => None,
        });
        let is_unmatched = |trouble: &HoldTrouble| matches!(trouble.state, HoldState::Unmatched { .. });
        hosts.chain(self.hold_troubles(now).into_iter().filter(is_unmatched).map(Notice::HoldUnmatched)).collect()
    }
}

/// Whether what is to be said of a host is said of the one whose name it says.
fn is_told_of_another(host: &HostWatch) -> bool {
    matches!(host.kind(), Some(Kind::SecondAddress | Kind::Another))
}

/// What people should know of a leg, if it is anything.
fn notice_of(leg: LegReport) -> Option<Notice> {
    match leg.result {
        LegResult::Failed => Some(Notice::ResumeFailed(Box::new(leg))),
        LegResult::NeedsPerson => Some(Notice::NeedsPerson(Box::new(leg))),
        LegResult::Interrupted if leg.reason == Reason::ResumeNotSeen => Some(Notice::ResumeNotSeen(Box::new(leg))),
        // A resume is reported when our act is proved, and legs that were not reached are only counted.
        LegResult::Interrupted
        | LegResult::Resumed
        | LegResult::Healthy
        | LegResult::Left
        | LegResult::Waiting
        | LegResult::Stale
        | LegResult::Skipped => None,
    }
}
