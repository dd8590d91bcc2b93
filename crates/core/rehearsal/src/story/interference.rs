//! People and hosts that come between an act's decision and its end: the script hardly ever hits those moments.

use std::time::Duration;

use reprise_engine::{Command, Event};
use reprise_lab::{Action, Fault, FaultScope, InFlight, JobFault, Kind, LegEnd, Start};
use reprise_model::{Act, Hold, HoldScope, ReplicationState, VmSelector};

use super::Story;
use crate::run::Run;
use crate::scene::once_in;
use crate::trouble::Trouble;
use crate::trouble::people;

/// Hyper-V's code for a failure without a cause, and all with which a job fails at its end: that, in use, in an invalid state.
const FAILED: u32 = 32_768;
const FAILS_LATE: [u32; 3] = [FAILED, 32_774, 32_775];

impl Story {
    /// While an act is being written down, a person now and then says that its VM is to be left alone.
    pub(super) fn a_person_holds(&mut self, run: &mut Run, act: &Act) -> Option<Event> {
        if self.calm || run.deaths > 0 || self.scene.dies || !once_in(&mut self.chance, 40) {
            return None;
        }
        let scope = HoldScope::Vm(VmSelector::Id(act.leg.vm));
        let hold = Hold { scope, reason: "at once".to_owned(), until: None, only_this_pass: false };
        self.line(&format!("a hold on {} while act {} is intended", act.leg.vm, act.id));
        run.holds.push(hold.clone());
        // Runs that begin later know of it too.
        self.holds.push(hold.clone());
        Some(Event::Command(Command::Hold(hold)))
    }

    /// While there is trouble, a person now and then does something to a VM between the look that an act rests on and
    /// the act itself. The script hardly ever hits that moment.
    pub(super) fn a_person_comes_between(&mut self, act: &Act) {
        if self.calm || !once_in(&mut self.chance, 10) {
            return;
        }
        let vm = act.leg.vm.to_string();
        let (leg, side) = (Kind::Simple, LegEnd::Sender);
        if self.chance.bool() && act.expected_state == ReplicationState::Error {
            self.happens(&Action::Resume { vm: vm.clone(), leg, side });
            self.happens(&Action::Pause { vm, leg, side });
        } else if let Some(whose) = self.people.iter().find(|whose| whose.id == act.leg.vm).cloned() {
            let operator_action = people::operator_action(&mut self.chance, &whose, &self.names);
            let soon = Duration::from_millis(self.chance.u64(0..200));
            self.script.add(self.now + soon, Trouble::Happens(operator_action));
        }
    }

    /// While there is trouble, the job of an act on a pause now and then fails at its end: a look that comes before shows the
    /// leg resumed, and proves nothing.
    pub(super) fn its_job_fails(&mut self, act: &Act) {
        if self.calm || act.expected_state != ReplicationState::Suspended || !once_in(&mut self.chance, 6) {
            return;
        }
        let fault = Fault::Job(JobFault::Fail { code: self.chance.choice(FAILS_LATE).unwrap_or(FAILED) });
        self.line(&format!("the job of act {} is to fail", act.id));
        let scope = FaultScope { host: None, vm: Some(act.leg.vm.to_string()) };
        // A VM that is gone has no job that could fail.
        let _done = self.world.add_fault(fault, &scope, Some(1));
    }

    /// While there is trouble, the host of an act now and then goes down under it, once or twice in a row: its leg's incident
    /// is open all the time.
    pub(super) fn its_host_goes_down(&mut self, place: Option<usize>) {
        let Some(host) = place.and_then(|place| self.names.get(place)).filter(|_| !self.calm).cloned() else { return };
        if !once_in(&mut self.chance, 40) {
            return;
        }
        let mut at = self.now;
        for _ in 0..self.chance.u8(1..=2) {
            let in_flight =
                self.chance.choice([InFlight::All, InFlight::None, InFlight::Real]).unwrap_or(InFlight::Real);
            at += Duration::from_millis(self.chance.u64(0..4_000));
            self.script.add(at, Trouble::Happens(Action::Shutdown { host: host.clone(), in_flight }));
            at += Duration::from_millis(self.chance.u64(500..8_000));
            self.script.add(at, Trouble::Happens(Action::Boot { host: host.clone(), vmms: Start::default() }));
            at += Duration::from_millis(self.chance.u64(0..12_000));
        }
    }
}
