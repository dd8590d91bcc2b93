//! Every kind of act, carried out by the real procedure against a simulated host, from each state in which it may start.

use std::time::Duration;

use cim::Request;
use cim::stepped::{Next, Stepped};
use reprise_lab::{Action, Fault, FaultScope, JobFault, Kind, LegEnd, Os, Setting, Spec, World};
use reprise_model::{
    Act, ActId, ActKind, Ended, HostId, LegId, LegKind, Observation, Outcome, ReplicationObject, ReplicationState as S,
};

const VM: &str = "vm-001";
const ALL: [Os; 5] = [Os::Server2012, Os::Server2012R2, Os::Server2016, Os::Server2019, Os::Server2022];

/// A site with one VM whose primary is on the first host.
struct Site {
    lab: World,
    asked: usize,
}

impl Site {
    fn new(os: Os) -> Self {
        let lab = World::new(&Spec { vms: 1, os, ..Spec::default() }).unwrap();
        Self { lab, asked: 0 }
    }

    /// Runs a procedure to its end, on the lab's own clock.
    fn run<T>(&mut self, mut stepped: Stepped<T>) -> T {
        let began = self.lab.now();
        for _ in 0..1_000 {
            match stepped.step() {
                Some(Next::Call(request)) => {
                    self.asked += usize::from(matches!(request, Request::Invoke { .. }));
                    stepped.answer(self.lab.answer(0, &request));
                }
                Some(Next::WaitUntil(at)) => {
                    self.lab.advance(began + at);
                    stepped.pass_to(at);
                }
                Some(Next::Done(done)) => return done,
                None => break,
            }
        }
        panic!("the procedure does not end");
    }

    fn look(&mut self) -> Observation {
        self.run(Stepped::new(|port| async move { reprise_hyperv::observe(&port).await }))
    }

    /// The sender's object.
    fn object(&mut self) -> ReplicationObject {
        let seen = self.look();
        let replication = seen.replication.seen().expect("replication is seen");
        replication.objects.values().next().expect("the VM is replicated").clone()
    }

    /// The act of that kind, decided on what the host shows now.
    fn decide(&mut self, kind: ActKind) -> Act {
        let seen = self.look();
        let replication = seen.replication.seen().expect("replication is seen");
        let object = replication.objects.values().next().expect("the VM is replicated");
        let vm = &replication.vms[&object.id.vm];
        Act {
            id: ActId { epoch: 0, number: 1 },
            leg: LegId { vm: vm.id, kind: LegKind::Simple },
            host: HostId(0),
            kind,
            vm_key: vm.key.clone(),
            kept: object.kept.clone(),
            expected_state: object.state,
            expected_mode: vm.mode,
        }
    }

    fn perform(&mut self, act: Act) -> Outcome {
        self.run(Stepped::new(|port| async move { reprise_hyperv::perform(&port, &act).await }))
    }

    /// Puts the sender into a state that no other way leads to.
    fn put(&mut self, state: S) {
        let what = Setting::State(state.number());
        self.lab
            .carry_out(&Action::Set { vm: VM.into(), leg: Kind::Simple, side: LegEnd::Sender, settings: vec![what] })
            .unwrap();
    }
}

/// Every kind on every Windows.
fn everywhere() -> impl Iterator<Item = (Os, ActKind)> {
    ALL.into_iter().flat_map(|os| ActKind::ALL.map(|kind| (os, kind)))
}

#[test]
fn each_kind_arrives_from_every_state_of_its_row() {
    for (os, kind) in everywhere() {
        for step in kind.row().steps {
            let mut site = Site::new(os);
            site.put(step.from);
            let act = site.decide(kind);
            assert_eq!(act.expected_state, step.from, "{os:?} {kind:?}");
            assert_eq!(site.perform(act), Outcome::Ended(Ended::ByJob), "{os:?} {kind:?} from {}", step.from);
            let state = site.object().state;
            assert!(step.to.contains(&state), "{os:?} {kind:?} from {}: {state}", step.from);
            assert_eq!(site.asked, 1);
        }
    }
}

#[test]
fn what_is_paused_stays_so_until_it_is_resumed() {
    for os in ALL {
        let mut site = Site::new(os);
        let pause = site.decide(ActKind::Pause);
        site.perform(pause);
        let before = site.object();
        site.lab.advance(site.lab.now() + Duration::from_hours(2));
        let after = site.object();
        assert_eq!((after.state, after.last_replication), (S::Suspended, before.last_replication), "{os:?}");
        let resume = site.decide(ActKind::Resume);
        site.perform(resume);
        site.lab.advance(site.lab.now() + Duration::from_hours(1));
        let resumed = site.object();
        assert_eq!(resumed.state, S::Replicating, "{os:?}");
        assert!(resumed.last_replication > after.last_replication, "{os:?}: data flows again");
    }
}

#[test]
fn what_has_changed_meanwhile_is_left_alone_and_what_does_not_fit_is_refused() {
    for (os, kind) in everywhere() {
        let first = kind.row().steps.first().unwrap().from;
        let mut site = Site::new(os);
        site.put(first);
        let act = site.decide(kind);
        site.put(S::FailbackInProgress);
        assert_eq!(site.perform(act), Outcome::Stale { found: "FailbackInProgress".to_owned() }, "{os:?} {kind:?}");
        assert_eq!(site.asked, 0);
        let unfit = site.decide(kind);
        let refused = site.perform(unfit);
        assert!(matches!(&refused, Outcome::Refused(no) if no.code == Some(32_775)), "{os:?} {kind:?}: {refused:?}");
        assert_eq!((site.asked, site.object().state), (1, S::FailbackInProgress));
    }
}

#[test]
fn a_job_that_fails_or_is_not_listed_is_reported_so_for_each_kind() {
    for (os, kind) in everywhere() {
        let first = kind.row().steps.first().unwrap().from;
        let mut site = Site::new(os);
        site.put(first);
        site.lab.add_fault(Fault::Job(JobFault::Fail { code: 32_778 }), &FaultScope::default(), Some(1)).unwrap();
        let act = site.decide(kind);
        let failed = site.perform(act.clone());
        assert!(matches!(&failed, Outcome::Refused(no) if no.code == Some(32_778)), "{os:?} {kind:?}: {failed:?}");
        assert_eq!(site.object().state, first);
        site.lab.add_fault(Fault::Job(JobFault::Gone), &FaultScope::default(), Some(1)).unwrap();
        let gone = site.perform(act);
        assert!(
            matches!(&gone, Outcome::Unknown(problem) if problem.what.ends_with(kind.row().what)),
            "{os:?} {kind:?}: {gone:?}"
        );
    }
}
