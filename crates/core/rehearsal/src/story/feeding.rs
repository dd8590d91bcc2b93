//! Feeds a run's controller, carries out what it answers, and has the shadow check both.

use std::collections::VecDeque;

use reprise_engine::goal::{Ending, Goal as _};
use reprise_engine::{AttemptMemory, Command, Effect, Event};
use reprise_model::{Act, HostId};

use super::Story;
use crate::logs::Reading;
use crate::procedure::{Procedure, Waits};
use crate::run::Run;
use crate::scene::once_in;
use crate::shadow::Broken;

/// How often one run dies at most.
const DEATHS_MAX: u32 = 3;

impl Story {
    /// Tells a run's controller something, and carries out what it answers, in that order.
    pub(super) fn feed(&mut self, run: &mut Run, event: Event) -> Result<(), Broken> {
        run.shadow.still_waits(self.now)?;
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            if let Event::Command(Command::Hold(hold)) = &event {
                run.shadow.sees_hold(hold);
            }
            let effects = run.controller.handle(self.clock(), event);
            for effect in &effects {
                if let Effect::Intend(act) = effect {
                    run.shadow.intends(act)?;
                }
            }
            for effect in effects {
                if self.dies_now(run)? {
                    events = VecDeque::from([Event::Tick]);
                    break;
                }
                events.extend(self.carry_out(run, effect)?);
            }
        }
        run.write_down(self.clock())?;
        run.shadow.looks_at_late_hosts(self.now)?;
        match run.pass.end(self.clock(), &run.controller) {
            None => run.shadow.notes_waits(self.now),
            Some(Ending::Refused(ambiguous, _)) => {
                run.shadow.refuses(&ambiguous.name)?;
                self.line(&format!("refused: several VMs are called {}", ambiguous.name));
                run.refused = true;
            }
            Some(Ending::Done(report, notices)) => {
                for notice in &notices {
                    run.shadow.sees_notice(notice, self.now)?;
                }
                for leg in &report.legs {
                    self.line(&format!("{} {:?} {} after {:?}", leg.id, leg.result, leg.reason, leg.after));
                }
                run.report = Some(report);
            }
        }
        Ok(())
    }

    /// Whether a run dies before its next effect; it is begun again at once. What it had sent may still arrive.
    fn dies_now(&mut self, run: &mut Run) -> Result<bool, Broken> {
        if self.calm || !self.scene.dies || run.deaths >= DEATHS_MAX || !once_in(&mut self.chance, 60) {
            return Ok(false);
        }
        self.line("it dies, and is begun again");
        for mut procedure in std::mem::take(&mut run.procedures) {
            if let (Waits::Sent { request, .. }, true) = (&procedure.waits, self.chance.bool()) {
                let request = request.clone();
                self.arrives(run, &mut procedure, request)?;
            }
        }
        run.begin_again(self.clock());
        run.shadow.sees_notice(&reprise_engine::Notice::Started, self.now)?;
        Ok(true)
    }

    /// Carries out one effect. Returns the events that follow from it at once.
    fn carry_out(&mut self, run: &mut Run, effect: Effect) -> Result<Vec<Event>, Broken> {
        match effect {
            Effect::Observe(host) => {
                run.shadow.looks(host, self.now);
                run.procedures.push(Procedure::look(host, self.now));
            }
            Effect::Intend(act) => {
                run.write_down(self.clock())?;
                intent_is_open(run, &act)?;
                return Ok(self.a_person_holds(run, &act).into_iter().chain([Event::Intended(act.id)]).collect());
            }
            Effect::Perform(act) => {
                self.line(&format!("act {} planned on {} in {}", act.id, act.leg, act.expected_state));
                run.shadow.planned(&act, self.clock())?;
                self.a_person_comes_between(&act);
                self.its_host_goes_down(run.place(act.host));
                self.its_job_fails(&act);
                run.procedures.push(Procedure::act(act, self.now));
            }
            Effect::Ask { host, name, .. } => {
                run.shadow.discovers(host, name.as_str(), self.now);
                // A short name is completed by the resolver's own domain.
                let short = || self.names.iter().position(|own| own.split('.').next() == Some(name.as_str()));
                run.places.insert(host, self.world.host_named(name.as_str()).or_else(short));
            }
            Effect::ReadEvents { host, back } => {
                run.shadow.reads_log(host, self.now);
                run.readings.push(Reading::new(host, back, self.now));
            }
            Effect::Tell(notice) => run.shadow.sees_notice(&notice, self.now)?,
            Effect::Settle(act) => run.shadow.settles(act)?,
            Effect::Forget(_) => {}
        }
        Ok(Vec::new())
    }

    /// Has a run's engine judge everything once more: nothing but a look may come of that, since how old one is depends on the
    /// time. Then delivers the last look at a host to it once more, of which nothing at all may come.
    pub(super) fn judge_again(&mut self, number: usize) -> Result<(), Broken> {
        let Some(mut run) = self.runs.remove(&number) else { return Ok(()) };
        self.feed(&mut run, Event::Tick)?;
        if run.report.is_some() || run.refused {
            return self.put_back(number, run);
        }
        let same = Event::PolicyChanged(Box::new(run.controller.policy().clone()));
        for effect in run.controller.handle(self.clock(), same) {
            if !matches!(effect, Effect::Observe(_)) {
                return Err(format!("all judged once more at {:?} has an effect: {effect:?}", self.now));
            }
            self.carry_out(&mut run, effect)?;
        }
        let hosts: Vec<HostId> = run.last_looks.keys().copied().collect();
        let host = self.chance.choice(hosts).filter(|host| run.may_repeat_last_look(*host, self.clock().wall));
        if let Some((host, last)) = host.and_then(|host| Some((host, run.last_looks.get(&host)?.clone()))) {
            run.shadow.receives_again(host, self.clock().wall);
            let looked = Event::Looked { host, started: last.started, observation: last.observation };
            if let Some(effect) = run.controller.handle(self.clock(), looked).first() {
                return Err(format!("the last look at {host:?}, delivered again, has an effect: {effect:?}"));
            }
        }
        self.put_back(number, run)
    }

    /// A run goes on, or is over and has its report checked.
    pub(super) fn put_back(&mut self, number: usize, mut run: Run) -> Result<(), Broken> {
        if let Some(report) = run.report.take() {
            run.shadow.reported(&report, self.clock().wall)?;
            self.reports.insert(number, report);
        } else if !run.refused {
            self.runs.insert(number, run);
        }
        Ok(())
    }
}

/// What is written down with an intent must show it as open.
fn intent_is_open(run: &Run, intended: &Act) -> Result<(), Broken> {
    let attempt = run.remembered.legs.get(&intended.leg).and_then(|memory| Some(&memory.incident.as_ref()?.attempt));
    match attempt {
        Some(AttemptMemory::MayHaveActed { act, only_intended: true, .. }) if *act == intended.id => Ok(()),
        other => Err(format!("act {} is to be written down, and what is remembered says {other:?}", intended.id)),
    }
}
