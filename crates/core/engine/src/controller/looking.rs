//! Looks: what a host's answer changes, and who is looked at when.

use reprise_model::{HostId, LegId, LegKind, MonoTime, Now, Observation, Seen, VmId};

use super::{Controller, NOBODY};
use crate::exchange::Effect;
use crate::host::{HostWatch, Phase, Rumour, Turn, Wanted, visible};
use crate::inventory::HostLook;
use crate::leg::{End, NotSeenEnd, Side, Whereabouts};

impl Controller {
    pub(super) fn looked(
        &mut self,
        now: Now,
        id: HostId,
        started: MonoTime,
        seen: Observation,
        effects: &mut Vec<Effect>,
    ) {
        self.looking.remove(&id);
        let Some(host) = self.hosts.get_mut(&id) else { return };
        let renamed = seen.name.seen().is_some_and(|name| host.name.as_ref() != Some(host.in_full(name)));
        let silent = self.names.silent();
        if renamed {
            self.names.remove(host);
            // Legs that wait for the host of its old name wait for another one now, or for none.
            self.reconsider_open_ended(id);
        }
        let Some(host) = self.hosts.get_mut(&id) else { return };
        let was_silent = host.is_silent();
        let turn = host.looked(now, started, &seen);
        let falls_silent = !was_silent && host.is_silent();
        let name = host.display_name();
        let mut turn = self.weigh_refusal(now, id, turn);
        self.note_phase(id);
        if renamed && self.renamed(now, id, silent) {
            // What it showed while it counted as another host says nothing of its own.
            let anew = self.hosts.get_mut(&id).map(|host| host.is_its_own_again(now.mono, started, &seen));
            turn = self.weigh_refusal(now, id, anew.unwrap_or(turn));
            self.note_phase(id);
        }
        self.tell_host(id, effects);
        self.reconsider_refused(effects);
        if renamed || turn != Turn::None || falls_silent {
            self.dirty.extend(self.inventory.shown_by(id).flat_map(legs_of));
        }
        if renamed || turn != Turn::None {
            self.reconsider_open_ended(id);
        }
        let is_second = self.host(id).is_none_or(|host| host.duplicate_of.is_some());
        if is_second || visible(&seen).is_err() {
            return;
        }
        let times = seen.system.seen().map(|system| (system.clock, system.booted));
        let Seen::Seen(replication) = seen.replication else { return };
        self.match_vms(replication.vms.values());
        // One that is taken in again is no newer for that.
        let told = self.inventory.told(id, started).unwrap_or(now.mono);
        let look = HostLook::new(id, (started, told), name, times, replication);
        for vm in self.inventory.update(id, look) {
            self.dirty.extend(legs_of(vm));
        }
    }

    /// A host has said who it is, and it is another than was known. `silent` is who counted until then for those that had
    /// not said it. Returns whether it counted as another host, and is its own again.
    fn renamed(&mut self, now: Now, id: HostId, silent: Option<HostId>) -> bool {
        let is_second = |host: &HostWatch| host.duplicate_of.is_some();
        let was_second = self.host(id).is_some_and(is_second);
        self.mark_duplicate(now, id);
        self.names.extend(self.hosts.get(&id));
        self.reconsider_names(now, id);
        if self.names.silent() != silent {
            // Legs that wait for a host without a name wait for a different host from now on.
            self.dirty.extend(self.open_ended.iter().flat_map(|(_, legs)| legs.iter().copied()));
        }
        // Whom a first label stands for depends on all that bear it.
        let name = self.hosts.get(&id).and_then(|host| host.name.as_ref());
        for host in name.into_iter().flat_map(|name| self.names.with_label(name)).filter(|host| *host != id) {
            self.dirty.extend(self.inventory.shown_by(host).flat_map(legs_of));
        }
        was_second && !self.host(id).is_some_and(is_second)
    }

    /// Hosts whose time is up count as late.
    pub(super) fn find_late_hosts(&mut self, now: Now, effects: &mut Vec<Effect>) {
        self.refresh_schedules();
        for id in self.deadlines.due(now.mono) {
            let is_named = self.is_named(id);
            let Some(host) = self.hosts.get_mut(&id) else { continue };
            host.time_is_up(now.mono, is_named);
            self.note_phase(id);
            self.tell_host(id, effects);
            self.dirty.extend(self.inventory.shown_by(id).flat_map(legs_of));
            self.reconsider_open_ended(id);
        }
    }

    /// Whether a leg should have an end on this host, and it does not show it.
    fn is_named(&self, id: HostId) -> bool {
        let names = self.host(id).into_iter().flat_map(HostWatch::known_names);
        let legs = names.flat_map(|name| self.open_ended.legs_of(name.label()));
        legs.filter_map(|leg| self.legs.get(&leg)).any(|watch| {
            [&watch.leg.sender, &watch.leg.receiver].into_iter().any(|end| match end {
                End::NotSeen(end) => end.whereabouts == Whereabouts::NotYet { host: Some(id) },
                End::Seen(_) => false,
            })
        })
    }

    /// What became of a host matters to the legs that should have an end there. While a host has no name of its own, it
    /// may be any of them.
    pub(super) fn reconsider_open_ended(&mut self, id: HostId) {
        let Some(host) = self.hosts.get(&id) else { return };
        self.dirty.extend(self.open_ended.legs_of(NOBODY));
        if host.known_names().next().is_none() {
            self.dirty.extend(self.open_ended.iter().flat_map(|(_, legs)| legs.iter().copied()));
        }
        self.dirty.extend(host.known_names().flat_map(|name| self.open_ended.legs_of(name.label())));
    }

    /// Something has happened on a host that a look may show.
    pub(super) fn heard_of_host(&mut self, id: HostId) {
        if let Some(host) = self.hosts.get_mut(&id) {
            host.rumour = Rumour::New;
            self.touched.insert(id);
        }
    }

    /// Notes which hosts must be looked at again for this leg.
    pub(super) fn want_looks(&mut self, now: Now, id: LegId) {
        let Some(watch) = self.legs.get(&id) else { return };
        let (mut wanted, mut wakes) = (Vec::new(), Vec::new());
        if watch.awaits_look() {
            let retry_until = self.setup.patience.retry_until;
            wakes.push(watch.incident.as_ref().and_then(|incident| incident.look_by(retry_until)));
            match watch.attempt().fresh_after() {
                Some((_, after)) if after > now.mono => wakes.push(Some(after)),
                Some(_) | None => wanted.extend(watch.acted_on()),
            }
        }
        if let Some((host, until)) = watch.unexplained_refusal(now.mono) {
            wanted.push(host);
            wakes.push(Some(until));
        }
        match watch.confirming_look(now.mono) {
            Some(at) if at > now.mono => wakes.extend([Some(at), watch.confirm_by]),
            Some(_) => wanted.extend(watch.end(Side::Sender).map(|end| end.host)),
            None => {}
        }
        for end in [&watch.leg.sender, &watch.leg.receiver] {
            if let End::NotSeen(NotSeenEnd { whereabouts: Whereabouts::NotLoaded { host }, .. }) = end {
                // Once it has been up for long, a person must look.
                wakes.push(self.host(*host).and_then(|host| host.loading.until()));
            }
            if let End::NotSeen(NotSeenEnd { whereabouts: Whereabouts::NotYet { host: Some(host) }, .. }) = end
                && self.unsettled.contains(&id)
                && let Some(host) = self.host(*host)
            {
                wanted.push(host.asked.id);
                wakes.push(Some(host.timeout_at(&self.setup.patience)));
            }
        }
        for host in wanted {
            self.want_look(id, host);
        }
        for wake in wakes {
            self.wake_at(now, id, wake);
        }
    }

    /// Notes that a leg wants a fresh look at a host.
    pub(super) fn want_look(&mut self, leg: LegId, host: HostId) {
        self.look_wanted.add(leg, host);
        self.touched.insert(host);
    }

    /// Notes that a leg wants one before it is acted on.
    pub(super) fn want_look_before_act(&mut self, leg: LegId, host: HostId) {
        self.look_before_act.add(leg, host);
        self.want_look(leg, host);
    }

    fn wanted(&self, host: &HostWatch) -> Wanted {
        let id = &host.asked.id;
        match (self.look_before_act.has(id), self.look_wanted.has(id) || host.rumour == Rumour::New) {
            (true, _) => Wanted::BeforeActs,
            (false, true) => Wanted::Sometime,
            (false, false) => Wanted::ByNobody,
        }
    }

    fn wants_look(&self, host: &HostWatch) -> bool {
        match host.phase {
            Phase::Waiting | Phase::Late(_) => true,
            Phase::Ready { .. } => self.queue.is_busy(host.asked.id) || self.wanted(host) != Wanted::ByNobody,
        }
    }

    /// When a host is looked at next: if somebody wants that, or now and then.
    pub(super) fn next_look(&self, host: &HostWatch) -> Option<MonoTime> {
        if !self.wants_look(host) {
            return self.setup.reread_every.and_then(|every| host.reread_at(every));
        }
        let id = host.asked.id;
        let busy_until = self.queue.busy_until(id).filter(|_| host.is_ready());
        host.next_look(busy_until, self.wanted(host))
    }

    /// Begins the looks that are due, the longest overdue first, as far as there is room for them.
    pub(super) fn plan_looks(&mut self, now: Now, effects: &mut Vec<Effect>) {
        self.refresh_schedules();
        let room = self.setup.looks_at_once.get().saturating_sub(self.looking.len());
        for id in self.looks.due(now.mono).into_iter().take(room) {
            if let Some(host) = self.hosts.get_mut(&id) {
                host.look_begins(now.mono);
                self.touched.insert(id);
                self.looking.insert(id);
                effects.push(Effect::Observe(id));
            }
        }
    }

    /// Brings the times of the touched hosts up to date.
    pub(super) fn refresh_schedules(&mut self) {
        for id in std::mem::take(&mut self.touched) {
            let Some(host) = self.hosts.get(&id) else {
                self.deadlines.set(id, None);
                self.looks.set(id, None);
                continue;
            };
            let look = self.next_look(host);
            self.deadlines.set(id, host.deadline(&self.setup.patience));
            self.looks.set(id, look);
        }
    }
}

pub(super) fn legs_of(vm: VmId) -> [LegId; 2] {
    [LegKind::Simple, LegKind::Extended].map(|kind| LegId { vm, kind })
}
