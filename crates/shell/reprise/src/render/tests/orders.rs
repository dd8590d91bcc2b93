//! What `pause` and `resume` say.

use reprise_engine::{OrderEnd, OrderReport, Side};
use reprise_model::ActKind;

use super::*;
use crate::render::order;

fn ordered(kind: ActKind, end: OrderEnd) -> OrderReport {
    let leg = leg(1, LegResult::Left, ReplicationState::Suspended);
    OrderReport { kind, end, leg, elapsed: Duration::from_millis(321) }
}

fn page(report: &OrderReport) -> Option<String> {
    order::text(report, &Terminal::of_width(80))
}

#[test]
fn a_pause_says_what_ends_it_within_eighty_columns_by_a_command_that_a_shell_takes_as_it_is() {
    let mut paused = ordered(ActKind::Pause, OrderEnd::Done);
    let text = page(&paused).unwrap();
    assert!(text.contains("`reprise resume vm-001`") && text.starts_with("vm-001 (hv01.lab.test → hv02.lab.test): "));
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    paused.leg.id.kind = LegKind::Extended;
    assert!(page(&paused).unwrap().contains("`reprise resume vm-001 --extended`"));
    for name in ["sql 'prod' $x", "a;b", "ß"] {
        paused.leg.vm = name.to_owned();
        let text = page(&paused).unwrap();
        assert!(text.contains(&format!("`reprise resume {} --extended`", paused.leg.id.vm)), "{text}");
    }
}

#[test]
fn what_was_not_done_is_an_error_with_its_place_its_cause_and_what_to_do() {
    let why = "the VM is in use".to_owned();
    let refusal = Refusal { code: Some(32_774), why, advice: "wait until the backup has ended", transient: true };
    let failed = |side| ordered(ActKind::Pause, OrderEnd::Failed(side, Failure::Refused(refusal.clone())));
    for (side, host) in [(Side::Sender, "hv01.lab.test"), (Side::Receiver, "hv02.lab.test")] {
        let error = order::error(&failed(side)).unwrap();
        assert_eq!(error.what, "cannot pause replication of VM vm-001");
        assert_eq!((error.place.as_str(), error.why.as_str()), (host, "the VM is in use"));
        assert_eq!((error.next.as_str(), error.code.as_deref()), ("wait until the backup has ended", Some("32774")));
        assert_eq!(page(&failed(side)), None);
    }
    let held = ordered(ActKind::Resume, OrderEnd::Refused(Reason::Held));
    let error = order::error(&held).unwrap();
    assert_eq!(error.why, "a hold in the configuration applies to this VM");
    assert_eq!(error.next, Reason::Held.advice());
}
