//! What is written down of acts: each is intended once before it is carried out, and settled once when it is known what came
//! of it, over every restart. And how often a leg may be tried.

use std::ops::RangeInclusive;

use reprise_model::{Act, ActId, LegId};

use super::broken::Broken;
use super::journal::{ATTEMPTS_MAX, Budget, Intent, Journal};
use super::shown::End;
use super::state::Shadow;

/// Most acts that found another state than they expected, which do not count as tries.
const STALES_MAX: u32 = 5;

impl Shadow {
    /// The engine intends an act, and wants that written down.
    pub(crate) fn intends(&mut self, act: &Act) -> Result<(), Broken> {
        let (leg, life) = (act.leg, self.deaths);
        let data = self.sender(leg).and_then(|(_, end)| end.last);
        let intent = Intent { leg, life, written: false, performed: false, settled: None, settled_written: None };
        if self.journal.intents.insert(act.id, intent).is_some() {
            return Err(format!("act {} is intended twice", act.id));
        }
        let budget = self.journal.budgets.entry(leg).or_default();
        if budget.tries == 0 {
            budget.data = data;
        }
        budget.tries += 1;
        if budget.tries > ATTEMPTS_MAX {
            return Err(format!("{} acts on {leg} since it stopped", budget.tries));
        }
        Ok(())
    }

    /// The run writes down what it knows: from here it begins again.
    pub(crate) fn writes_down(&mut self) {
        self.beginnings_written.clone_from(&self.beginnings);
        for watched in self.acts.values_mut() {
            // A death ends an act for the run alone; its job may go on until its leg is seen again. From then on a further death
            // makes it no younger, if the run has written down that it saw the leg.
            watched.end_written |= watched.ended.is_some() && !watched.cut_off;
        }
        let paused = self.pauses.iter().filter(|(_, pause)| pause.is_paused());
        self.bounds_written = paused.map(|(end, pause)| (*end, pause.clone())).collect();
        for intent in self.journal.intents.values_mut() {
            intent.written = true;
            intent.settled_written = intent.settled;
        }
        self.journal.budgets_written.clone_from(&self.journal.budgets);
    }

    /// An act is carried out: it was intended in this life, and nobody has said yet what came of it.
    pub(super) fn performs(&mut self, id: ActId) -> Result<(), Broken> {
        let life = self.deaths;
        match self.journal.intents.get_mut(&id) {
            Some(intent) if intent.written && intent.settled.is_none() && intent.life == life => {
                if std::mem::replace(&mut intent.performed, true) {
                    return Err(format!("act {id} is carried out twice"));
                }
                Ok(())
            }
            found => Err(format!("act {id} is carried out, and of its intent is known: {found:?}")),
        }
    }

    /// It is known what came of an act, or it was taken back before it was carried out: then it was no try.
    pub(crate) fn settles(&mut self, id: ActId) -> Result<(), Broken> {
        let life = self.deaths;
        let ends = self.acts.get(&id).is_none_or(|watched| watched.ended.is_some());
        match self.journal.intents.get_mut(&id) {
            Some(intent) if intent.settled != Some(life) && ends => {
                intent.settled = Some(life);
                let withdrawn = !intent.performed && intent.life == life;
                let leg = intent.leg;
                if withdrawn && let Some(budget) = self.journal.budgets.get_mut(&leg) {
                    budget.tries = budget.tries.saturating_sub(1);
                }
                if let Some(end) = self.sender(leg).map(|(_, end)| end.clone()) {
                    self.confirms(leg, &end);
                }
                Ok(())
            }
            found => Err(format!("act {id} is settled, and of it is known: {found:?}, ended: {ends}")),
        }
    }

    /// An act found its end changed: that is no try.
    pub(super) fn is_stale(&mut self, leg: LegId) -> Result<(), Broken> {
        let Some(budget) = self.journal.budgets.get_mut(&leg) else { return Ok(()) };
        budget.tries = budget.tries.saturating_sub(1);
        budget.stales += 1;
        if budget.stales > STALES_MAX {
            return Err(format!("{leg} was found changed {} times, and is acted on", budget.stales));
        }
        Ok(())
    }

    /// The run has died: what was not written down never was.
    pub(super) fn forgets_unwritten(&mut self) {
        let Journal { intents, budgets, budgets_written } = &mut self.journal;
        intents.retain(|_, intent| intent.written);
        for intent in intents.values_mut() {
            intent.settled = intent.settled_written;
        }
        budgets.clone_from(budgets_written);
    }

    /// A sender is seen: if it runs and newer data has arrived since the first try, what was tried is over.
    pub(super) fn confirms(&mut self, leg: LegId, end: &End) {
        let over = |budget: &Budget| end.state == 3 && end.last > budget.data;
        let open = |intent: &Intent| intent.leg == leg && intent.settled.is_none();
        if self.journal.budgets.get(&leg).is_some_and(over) && !self.journal.intents.values().any(open) {
            self.journal.budgets.remove(&leg);
        }
    }

    /// How often a leg was tried since it stopped, if it is not over: without those that found it changed, and with them.
    pub(super) fn tries(&self, leg: LegId) -> Option<RangeInclusive<u32>> {
        self.journal.budgets.get(&leg).map(|budget| budget.tries..=budget.tries + budget.stales)
    }

    /// How often it was ever intended to act on a leg.
    pub(super) fn intents(&self, leg: LegId) -> usize {
        self.journal.intents.values().filter(|intent| intent.leg == leg).count()
    }

    /// Whether an act on a leg was intended before the run died of which nobody knows whether it was ever asked for.
    pub(super) fn may_not_have_been_asked(&self, leg: LegId) -> bool {
        let is_earlier = |id: ActId| self.journal.intents.get(&id).is_some_and(|intent| intent.life < self.deaths);
        self.open_intents(leg).any(is_earlier)
    }

    /// Acts on a leg that are written down as open.
    pub(super) fn open_intents(&self, leg: LegId) -> impl Iterator<Item = ActId> {
        let open = move |intent: &Intent| intent.leg == leg && intent.written && intent.settled.is_none();
        self.journal.intents.iter().filter(move |(_, intent)| open(intent)).map(|(id, _)| *id)
    }
}
