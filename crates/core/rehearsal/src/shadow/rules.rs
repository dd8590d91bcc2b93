//! The rules for acts, read a second time: when one is allowed.

use std::time::Duration;

use reprise_engine::Side;
use reprise_model::{
    Act, Hold, HoldScope, HostName, InitialPolicy, LegId, LegKind, Now, PausedRule, PeerUnseen, Timestamp, VmId,
    VmSelector,
};

use super::broken::Broken;
use super::log;
use super::names::{Names, means};
use super::shown::{End, Ends};
use super::state::Shadow;
use super::watched::Watched;

/// No act rests on an older look.
pub(super) const AGE_MAX: Duration = Duration::from_mins(1);

/// How old the look at the other end may be, which nobody reads again before the act: ten seconds, or twice what it took.
pub(super) fn peer_age_max(took: Duration) -> Duration {
    (2 * took).clamp(Duration::from_secs(10), AGE_MAX)
}

/// Whether one of the holds covers a leg with these ends now. An end that is not seen is where the other says it is.
/// If the other does not say, and a host shows something of the VM that cannot be read, it is there (`unread_on`).
/// `called` is what any host calls its VM, and `known` are the names of the hosts that are known.
pub(crate) fn held<'a>(
    holds: &[Hold],
    leg: LegId,
    (sides, unread_on): ([Option<&End>; 2], &[String]),
    called: &[&str],
    known: &(impl Iterator<Item = &'a Names> + Clone),
    wall: Timestamp,
) -> bool {
    let [sender, receiver] = sides;
    let settings = |end: Option<&End>| end.and_then(|end| end.settings.clone());
    let or_unread = |name: Option<String>| name.map_or_else(|| unread_on.to_vec(), |name| vec![name]);
    let elsewhere = match (sender, receiver) {
        (Some(_), None) => or_unread(settings(sender).and_then(|settings| settings.recovery)),
        (None, Some(_)) => or_unread(settings(receiver).and_then(|settings| settings.primary)),
        (Some(_), Some(_)) | (None, None) => Vec::new(),
    };
    let ends: Vec<&End> = sides.into_iter().flatten().collect();
    let own = ends.iter().flat_map(|end| std::iter::once(end.host_name.clone()).chain(end.says_now.clone()));
    let hosts: Vec<String> = own.chain(elsewhere).collect();
    let on = |name: &HostName| hosts.iter().any(|own| means(name.as_str(), own, known.clone()));
    let covers = |scope: &HoldScope| match scope {
        HoldScope::All => true,
        HoldScope::Host(name) => on(name),
        HoldScope::Vm(VmSelector::Id(id)) => leg.vm == *id,
        HoldScope::Vm(VmSelector::Name(name)) => called.iter().any(|own| own.to_lowercase() == name.to_lowercase()),
    };
    holds.iter().any(|hold| hold.until.is_none_or(|until| wall < until) && covers(&hold.scope))
}

/// What stands at one end that forbids every act.
pub(crate) fn obstacle(end: &End, side: Side) -> Option<String> {
    let foreign = end.settings.as_ref().is_some_and(|settings| settings.foreign);
    match (end.state, side) {
        (4..=6 | 12..=15 | 17.., _) => Some(format!("an end is at {}", end.state)),
        (7 | 16, Side::Receiver) => Some(format!("the receiver is at {}", end.state)),
        _ if end.mode == 3 => Some("an end is a test replica".to_owned()),
        _ if foreign => Some("another program replicates it".to_owned()),
        _ if end.mode > 4 => Some(format!("an end's VM has the mode {}", end.mode)),
        _ if side == Side::Receiver && !end.off => Some(format!("the replica's power state is {}", end.power)),
        _ => None,
    }
}

/// Whether a person has to decide on the replica at an extended leg's own sender first.
pub(crate) fn is_decided_first(shown: &Ends, leg: LegId) -> bool {
    // Who changes the VM's mode there decides nothing.
    let simple = |side: Side| (LegId { kind: LegKind::Simple, ..leg }, side);
    let own = [Side::Receiver, Side::Sender].into_iter().filter_map(|side| shown.seen.get(&simple(side)));
    let stands = |end: &End| matches!(end.state, 4..=6 | 12..=14 | 17 | 19 | 20 | 22..);
    let here = leg.kind == LegKind::Extended;
    here && (shown.unread.contains(&leg.vm) || own.into_iter().any(stands))
}

impl Shadow {
    /// What the hosts call a leg's VM.
    pub(super) fn called(&self, leg: LegId) -> Vec<&str> {
        self.hosts.values().flat_map(|ends| ends.called(leg)).collect()
    }

    /// What the hosts are called that show something of a VM that cannot be read.
    pub(super) fn unread_on(&self, vm: VmId) -> Vec<String> {
        let hosts = self.hosts.iter().filter(|(_, ends)| ends.unread.contains(&vm));
        hosts.filter_map(|(host, _)| self.names.get(host)?.first().cloned()).collect()
    }

    /// Whether the engine may plan this act now, for all that it has received.
    pub(super) fn allows(&self, act: &Act, now: Now) -> Result<(), Broken> {
        let leg = act.leg;
        let against = |what: String| Err(format!("an act on {leg} although {what}"));
        if self.orders.dry_run {
            return against("nothing was to be done".to_owned());
        }
        if self.ends(leg, Side::Sender).count() > 1 {
            return against("two hosts say that they send it".to_owned());
        }
        let sides = [(Side::Sender, self.sender(leg)), (Side::Receiver, self.receiver(leg))];
        let ends: Vec<&End> = sides.iter().filter_map(|(_, end)| Some(end.as_ref()?.1)).collect();
        let judged = [self.sender(leg), self.receiver(leg)].map(|end| Some(end?.1));
        let unread_on = self.unread_on(leg.vm);
        if held(&self.orders.policy.holds, leg, (judged, &unread_on), &self.called(leg), &self.names.values(), now.wall)
        {
            return against("a hold covers it".to_owned());
        }
        for (side, (host, end)) in sides.iter().filter_map(|(side, end)| Some((*side, (*end)?))) {
            if let Some(what) = obstacle(end, side) {
                return against(what);
            }
            // A host that takes a minute to answer has nothing newer to say: its look's age counts from when it came back.
            let received = self.received_at.get(&host).map(|received| received.mono.0).unwrap_or_default();
            let took = received.saturating_sub(end.looked);
            let most = if host == act.host { AGE_MAX } else { peer_age_max(took) };
            if now.mono.0.saturating_sub(received) > most {
                return against(format!("{side:?} was last seen at {:?}", end.looked));
            }
            let unseen = |earlier: &&Watched| {
                let same = earlier.act.leg == leg && earlier.act.host == host;
                same && earlier.is_after(end.looked)
            };
            if let Some(earlier) = self.acts.values().find(unseen) {
                return against(format!("nobody has looked since act {}", earlier.act.id));
            }
        }
        let sends = self.sender(leg).and_then(|(host, _)| self.hosts.get(&host));
        if sends.is_some_and(|shown| is_decided_first(shown, leg)) {
            return against("its primary server is failed over to".to_owned());
        }
        if ends.iter().all(|end| end.settings.is_none()) {
            return against("nobody says who replicates it".to_owned());
        }
        let own = sides.iter().find(|(_, end)| end.is_some_and(|(host, _)| host == act.host));
        let Some((side, Some((_, end)))) = own else { return against("its host shows no end of it".to_owned()) };
        let expected = act.expected_state.number();
        if end.state != expected || end.mode != act.expected_mode.number() {
            return against(format!("it expects {expected}, and {} was seen last", end.state));
        }
        match side {
            Side::Sender => self.peer_is_known(act, end)?,
            Side::Receiver if expected != 8 => return against("the receiver has not stopped by itself".to_owned()),
            Side::Receiver if !log::gave_up(&self.records_of(act, end)) => {
                return against("nothing proves that the receiver stopped".to_owned());
            }
            Side::Receiver => return Ok(()),
        }
        self.has_a_reason(act, end)
    }

    /// The receiver was seen, or nobody was to ask its host, or policy does not wait for it.
    fn peer_is_known(&self, act: &Act, sender: &End) -> Result<(), Broken> {
        if self.receiver(act.leg).is_some() {
            return Ok(());
        }
        let named = sender.settings.as_ref().and_then(|settings| settings.recovery.as_deref());
        let Some(named) = named else {
            return Err(format!("an act on {} although nobody says who receives it", act.leg));
        };
        if self.is_asked(named) && self.orders.policy.peer_unseen == PeerUnseen::Wait {
            let receivers: Vec<_> = self.ends(act.leg, Side::Receiver).map(|(host, _)| host).collect();
            let who = format!("of {:?}, shown by {receivers:?}", self.names);
            return Err(format!(
                "an act on {} although its receiver {named:?} was asked and is not seen: {who}",
                act.leg
            ));
        }
        Ok(())
    }

    /// What its own host's log says of an end.
    fn records_of(&self, act: &Act, end: &End) -> Vec<reprise_model::VmmsEvent> {
        self.logs.get(&act.host).map(|log| log.of(act.leg.vm, end.last)).unwrap_or_default()
    }

    /// The sender's state, the policy and the events give a reason to resume it.
    fn has_a_reason(&self, act: &Act, sender: &End) -> Result<(), Broken> {
        let leg = act.leg;
        let without = |what: &str| Err(format!("an act on {leg} at {} without a reason: {what}", sender.state));
        let since = self.since.get(&(leg, Side::Sender, act.host)).map(|(_, since)| *since).unwrap_or_default();
        if self.orders.reads_events && self.logs.get(&act.host).is_none_or(|log| log.asked < since) {
            return without("its host's log was not read since it stopped");
        }
        let readable = self.logs.get(&act.host).is_some_and(|log| log.readable);
        let records = self.records_of(act, sender);
        let proof = self.logs.get(&act.host).zip(self.pauses.get(&(leg, act.host)));
        let by_shutdown = proof.is_some_and(|(log, pause)| log.shutdown_did_it(leg.vm, pause, sender.last));
        let policy = &self.orders.policy.paused;
        let rules = self.rules_for_pause(leg, act.host);
        let any = |rule: PausedRule| rules.contains(&rule);
        match sender.state {
            8 if log::vmms_retries(&records, sender.clock) => without("VMMS retries by itself"),
            7 if sender.last.is_none() && policy.initial == InitialPolicy::Leave && !by_shutdown => {
                without("it is an initial replication that is paused")
            }
            7 if any(PausedRule::Resume) || any(PausedRule::Evidence) && by_shutdown => Ok(()),
            7 if self.is_unseen(leg, act.host) => without("policy leaves what was paused at the first look"),
            7 => without("the pause began while we watched, and policy leaves it"),
            11 if !readable || !by_shutdown => without("nothing proves that a shutdown paused it"),
            11 if self.resyncs_elsewhere(act) => without("another VM of its host resynchronizes"),
            8 | 11 => Ok(()),
            _ => without("nothing is resumed from there"),
        }
    }

    fn resyncs_elsewhere(&self, act: &Act) -> bool {
        let shown = self.hosts.get(&act.host);
        let other =
            |((leg, side), end): (&(LegId, Side), &End)| *leg != act.leg && *side == Side::Sender && end.state == 10;
        let acting = |watched: &Watched| {
            let same_host = watched.act.host == act.host && watched.act.leg != act.leg;
            same_host && watched.ended.is_none() && watched.act.expected_state.number() == 11
        };
        shown.is_some_and(|ends| ends.seen.iter().any(other)) || self.acts.values().any(acting)
    }
}
