//! How event logs are read: what is complete, and what is not.

use std::collections::VecDeque;
use std::time::Duration;

use cim::event::stepped::{Answer, Asked, reading};
use cim::event::{Bookmark, EventBatch};
use cim::stepped::Next;
use cim::{CallError, ErrorKind, Reached};
use reprise_model::{Coverage, Gap, HostTime, Records};

use super::events::{VM, xml};
use crate::events::{READING_MAX, RECORDS_MAX, VMMS_LOGS, read};

const VMMS: &str = "Microsoft-Windows-Hyper-V-VMMS";

/// A record of that number, written at that second.
fn numbered(xml: &str, number: u64, second: u32) -> String {
    let number = format!("<EventRecordID>{number}</EventRecordID>");
    xml.replace("<EventRecordID>1</EventRecordID>", &number).replace("00:00:01.5Z", &format!("00:00:{second:02}Z"))
}

/// The oldest record of a log: statistics.
fn oldest() -> String {
    numbered(&xml(VMMS, 29_174, &[]), 7, 1)
}

fn fatal(second: u32) -> String {
    numbered(&xml(VMMS, 32_086, &[("VmId", VM)]), 20, second)
}

fn system(id: u32, second: u32) -> String {
    numbered(&xml("EventLog", id, &[]), 30, second).replace(VMMS_LOGS[0], "System")
}

#[expect(clippy::unnecessary_wraps, reason = "answers are what scripts are made of")]
fn batch(events: &[String]) -> Answer {
    Ok(EventBatch { events: events.to_vec(), bookmark: Some(Bookmark::new("there")), dropped: 0 })
}

#[expect(clippy::unnecessary_wraps, reason = "answers are what scripts are made of")]
fn quiet() -> Answer {
    Ok(EventBatch::default())
}

fn error(kind: ErrorKind) -> Answer {
    Err(CallError::new(kind, Reached::Yes, "no"))
}

/// Returns the result of a reading with these replies, followed by silence, and its requests. Silence takes as long as the wait
/// for it.
fn drive(answers: Vec<Answer>) -> (Result<Records, CallError>, Vec<Asked>) {
    let mut answers = VecDeque::from(answers);
    let (mut now, mut asked) = (Duration::ZERO, Vec::new());
    let mut stepped = reading(|logs| async move { read(&logs, Some(Duration::from_mins(5))).await });
    loop {
        match stepped.step() {
            Some(Next::Call(call)) => {
                let answer = answers.pop_front().unwrap_or_else(quiet);
                if answer.as_ref().is_ok_and(|batch| *batch == EventBatch::default()) {
                    now += call.listen.patience;
                }
                let in_time = now < call.listen.until;
                asked.push(call);
                stepped.answer(if in_time { answer } else { error(ErrorKind::TimedOut) });
            }
            Some(Next::WaitUntil(until)) => now = until,
            Some(Next::Done(read)) => return (read, asked),
            None => panic!("it is answered, and waits"),
        }
        stepped.pass_to(now);
        assert!(now <= READING_MAX, "{now:?}");
    }
}

/// Returns how many records of VMMS arrived, and how much of its log that is.
fn vmms(answers: Vec<Answer>) -> (usize, Coverage) {
    let records = drive(answers).0.unwrap();
    (records.vmms.found().len(), records.vmms.coverage())
}

const SINCE_OLDEST: Coverage = Coverage::Since(HostTime(1_000));

#[test]
fn a_log_is_whole_from_its_oldest_record_on_once_that_has_come_again_and_then_nothing_more() {
    let (read, asked) = drive(vec![batch(&[oldest()]), batch(&[oldest(), fatal(5), system(6006, 6)])]);
    let records = read.unwrap();
    assert_eq!((records.vmms.found().len(), records.vmms.coverage()), (1, SINCE_OLDEST));
    let system = (records.system.found().len(), records.system.coverage());
    assert_eq!(system, (1, Coverage::Since(HostTime(6_000))), "how far that log reaches back was not requested");
    let asked: Vec<_> = asked.iter().map(|call| (call.port, call.listen.at_most, call.after.is_some())).collect();
    assert_eq!(asked, [(0, Some(1), false), (1, None, false), (1, None, true)]);
}

#[test]
fn the_oldest_record_is_asked_for_again_beside_what_decides_something() {
    let (_, asked) = drive(vec![batch(&[oldest()])]);
    let first = &asked[0].listen.query.write();
    assert!(first.contains(r#"Path="Microsoft-Windows-Hyper-V-VMMS-Admin">*</Select>"#), "{first}");
    let second = &asked[1].listen.query.write();
    for part in ["EventID=32086", "EventID=6006", "timediff(@SystemTime)", "*[System[EventRecordID=7]]"] {
        assert!(second.contains(part), "{part}: {second}");
    }
}

#[test]
fn a_log_that_says_that_nothing_has_come_before_its_oldest_record_has_not_begun() {
    let slow = vec![quiet(), quiet(), batch(&[oldest()]), quiet(), quiet(), batch(&[oldest(), fatal(5)])];
    assert_eq!(vmms(slow), (1, SINCE_OLDEST));
    let never = vec![batch(&[oldest()]), quiet(), quiet(), quiet(), quiet()];
    assert_eq!(vmms(never), (0, Coverage::Partial(Gap::NoEnd)));
    let never_again = vec![batch(&[fatal(5)]), quiet(), quiet(), quiet(), quiet()];
    assert_eq!(vmms(never_again), (1, Coverage::Partial(Gap::NoEnd)), "the oldest record decides something itself");
    let lost = Ok(EventBatch { events: vec![fatal(5)], dropped: 1, ..EventBatch::default() });
    assert_eq!(vmms(vec![lost]), (1, Coverage::Partial(Gap::NoEnd)), "others may be lost before it");
    assert_eq!(vmms(vec![batch(&[fatal(5)]), batch(&[fatal(5)])]).0, 1, "once");
    assert_eq!(vmms(vec![]), (0, Coverage::Partial(Gap::NoEnd)));
    let empty = vec![quiet(), quiet(), quiet(), quiet(), batch(&[fatal(5)])];
    assert_eq!(vmms(empty), (1, Coverage::Partial(Gap::NoBeginning)), "it is unknown how far back it reaches");
}

#[test]
fn what_was_lost_or_cannot_be_read_may_be_anything() {
    let lost = || Ok(EventBatch { dropped: 3, ..EventBatch::default() });
    let after = |more: Answer| vmms(vec![batch(&[oldest()]), batch(&[oldest(), fatal(5)]), more, batch(&[fatal(6)])]);
    assert_eq!(after(lost()), (2, Coverage::Partial(Gap::Dropped)));
    let unclear = xml(VMMS, 32_022, &[("VmId", VM), ("ErrorCode", "many")]);
    for garbled in ["<Event/>".to_owned(), "no XML".to_owned(), unclear] {
        assert_eq!(after(batch(std::slice::from_ref(&garbled))), (2, Coverage::Partial(Gap::Unreadable)), "{garbled}");
    }
    let of_no_interest = numbered(&xml("Somebody", 32_022, &[]), 9, 9);
    assert_eq!(after(batch(&[of_no_interest])), (2, SINCE_OLDEST));
    let first = vec![batch(&["<Event/>".to_owned()]), batch(&[fatal(5)])];
    assert_eq!(vmms(first), (1, Coverage::Partial(Gap::NoBeginning)));
}

#[test]
fn a_reading_that_breaks_off_keeps_what_came_and_one_that_never_began_is_none() {
    let begun = |last| vec![batch(&[oldest()]), batch(&[oldest(), fatal(5)]), last];
    assert_eq!(vmms(begun(error(ErrorKind::Denied))), (1, Coverage::Partial(Gap::NoEnd)));
    assert_eq!(vmms(begun(error(ErrorKind::Busy))), (1, SINCE_OLDEST), "it is retried once");
    let busy = || (0..20).map(|_| error(ErrorKind::Busy));
    assert_eq!(
        vmms(begun(error(ErrorKind::Busy)).into_iter().chain(busy()).collect()).1,
        Coverage::Partial(Gap::NoEnd)
    );
    assert_eq!(drive(busy().collect()).0.unwrap_err().kind, ErrorKind::Busy);
    assert_eq!(drive(vec![error(ErrorKind::Denied)]).0.unwrap_err().kind, ErrorKind::Denied);
}

#[test]
fn the_other_name_of_the_log_is_tried_where_the_first_is_not_there_and_numbers_are_not_insisted_on() {
    let (read, asked) = drive(vec![error(ErrorKind::NotThere), batch(&[oldest()]), batch(&[oldest()])]);
    assert_eq!(read.unwrap().vmms.coverage(), SINCE_OLDEST);
    assert_eq!(asked[1].listen.query.channels(), [VMMS_LOGS[1]]);
    let neither = drive(vec![error(ErrorKind::NotThere), error(ErrorKind::NotThere)]);
    assert_eq!(neither.0.unwrap_err().kind, ErrorKind::NotThere);
    let (read, asked) = drive(vec![batch(&[oldest()]), error(ErrorKind::Refused), batch(&[fatal(5)])]);
    assert_eq!(read.unwrap().vmms.coverage(), Coverage::Partial(Gap::NoBeginning));
    assert!(!asked[2].listen.query.write().contains("EventRecordID"));
}

#[test]
fn of_more_records_than_are_kept_the_newest_stay_and_the_log_is_whole_since_the_first_of_them() {
    let many: Vec<String> = (0..RECORDS_MAX + 2).map(|n| fatal(if n < 2 { 2 } else { 5 })).collect();
    let (count, coverage) = vmms(vec![batch(&[oldest()]), batch(&[&[oldest()], many.as_slice()].concat())]);
    assert_eq!((count, coverage), (RECORDS_MAX, Coverage::Since(HostTime(2_001))));
}
