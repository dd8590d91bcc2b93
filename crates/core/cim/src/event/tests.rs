//! Records as Windows writes them, and the conditions by which they are selected.

use std::time::Duration;

use proptest::prelude::*;

use super::condition::{Comparison, Expression, Literal, Operand, Path, Step};
use super::*;
use crate::{CimTimestamp, DateTime};

/// A failed operation of VMMS: values with names.
const NAMED: &str = r#"<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><Provider Name="Microsoft-Windows-Hyper-V-VMMS" Guid="{6066f867-7ca1-4418-85fd-36e3f9c0600c}"/><EventID>32022</EventID><Version>0</Version><Level>2</Level><Task>0</Task><Opcode>0</Opcode><Keywords>0x8000000000000000</Keywords><TimeCreated SystemTime="2026-01-31T10:00:00.260130900Z"/><EventRecordID>214592</EventRecordID><Correlation/><Execution ProcessID="4324" ThreadID="760"/><Channel>Microsoft-Windows-Hyper-V-VMMS-Admin</Channel><Computer>hv01.lab.test</Computer><Security UserID="S-1-5-18"/></System><UserData><VmlEventLog xmlns="http://www.microsoft.com/Windows/Virtualization/Events"><VmName>sql &amp; co</VmName><VmId>A1A699FE-9A97-4591-9C43-F9E1104985BA</VmId><ErrorMessage>%%2147500036</ErrorMessage><ErrorCode>0x80004004</ErrorCode></VmlEventLog></UserData></Event>"#;

/// The start of a log: qualifiers, and data without names.
const CLASSIC: &str = r#"<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><Provider Name="EventLog"/><EventID Qualifiers="32768">6005</EventID><Level>4</Level><Task>0</Task><Keywords>0x80000000000000</Keywords><TimeCreated SystemTime="2026-01-31T10:00:05Z"/><EventRecordID>7</EventRecordID><Channel>System</Channel><Computer>hv01.lab.test</Computer><Security/></System><EventData><Data>one</Data><Data Name="two">2</Data><Binary>E607</Binary></EventData></Event>"#;

fn at(text: &str) -> CimTimestamp {
    let Ok(DateTime::Timestamp(at)) = DateTime::parse(text) else { panic!("{text} is no time") };
    at
}

fn now() -> CimTimestamp {
    at("2026-01-31T10:01:00Z")
}

#[test]
fn a_record_is_read_with_the_values_that_its_provider_named() {
    let record = Record::parse(NAMED).unwrap();
    assert_eq!((record.id, record.level, record.number), (32022, 2, 214_592));
    assert_eq!(
        (record.provider.as_str(), record.computer.as_str()),
        ("Microsoft-Windows-Hyper-V-VMMS", "hv01.lab.test")
    );
    assert_eq!(record.channel, "Microsoft-Windows-Hyper-V-VMMS-Admin");
    assert_eq!(record.time, at("2026-01-31T10:00:00.260130Z"));
    assert_eq!(record.value("vmname"), Some("sql & co"));
    assert_eq!(record.value("ErrorCode"), Some("0x80004004"));
    let classic = Record::parse(CLASSIC).unwrap();
    assert_eq!((classic.id, classic.data.len()), (6005, 2), "{:?}", classic.data);
    assert_eq!(classic.data[0], (String::new(), "one".to_owned()));
    assert_eq!(classic.value("two"), Some("2"));
}

#[test]
fn a_control_character_in_a_name_does_not_cost_the_record() {
    let record = Record::parse(&NAMED.replace("sql &amp; co", "sql&#x1B;[31m")).unwrap();
    assert_eq!((record.id, record.value("VmName")), (32_022, Some("sql\u{fffd}[31m")));
}

#[test]
fn what_is_no_record_is_told_with_what_it_lacks() {
    for (from, to, lacks) in [
        ("<EventID>32022</EventID>", "", "EventID"),
        ("32022", "99999999999", "EventID"),
        (r#"SystemTime="2026"#, r#"SystemTime="yes"#, "TimeCreated"),
        ("214592", "first", "EventRecordID"),
        ("System>", "Another>", "System"),
    ] {
        assert_eq!(Record::parse(&NAMED.replace(from, to)), Err(RecordError::Lacks(lacks)), "{from}");
    }
    assert!(matches!(Record::parse("<!DOCTYPE x []><Event/>"), Err(RecordError::Xml(_))));
}

#[test]
fn conditions_that_people_write_select_what_they_say() {
    for (condition, named, classic) in [
        ("*", true, true),
        ("*[System[(EventID=32022 or EventID=6005)]]", true, true),
        ("*[System[(EventID=32022) and (Level=1  or Level=2)]]", true, false),
        ("*[System[Provider[@Name='EventLog']]]", false, true),
        ("*[System/Provider/@Name=\"EventLog\"]", false, true),
        ("*[System[TimeCreated[timediff(@SystemTime) <= 58000]]]", false, true),
        ("*[System[TimeCreated[timediff(@SystemTime) > 58000]]]", true, false),
        ("*[System[TimeCreated[@SystemTime>='2026-01-31T10:00:04.000Z']]]", false, true),
        ("*[UserData[VmlEventLog[VmId='A1A699FE-9A97-4591-9C43-F9E1104985BA']]]", true, false),
        ("*[UserData/*/VmName]", true, false),
        ("*[EventData[Data[@Name='two']='2']]", false, true),
        ("*[EventData[Data='one' and Binary]]", false, true),
        ("*[System[EventRecordID &gt; 7]]", true, false),
        ("Event[System[EventID!=6005]]", true, false),
    ] {
        let condition: EventCondition = condition.replace("&gt;", ">").parse().unwrap();
        assert_eq!((condition.holds(NAMED, now()), condition.holds(CLASSIC, now())), (named, classic), "{condition}");
    }
}

#[test]
fn conditions_that_are_none_are_refused_at_the_place() {
    for (text, place) in [
        ("", 0),
        ("System", 0),
        ("*[System", 8),
        ("*[System]]", 9),
        ("*[EventID=]", 10),
        ("*[EventID='x]", 11),
        ("*[timediff(SystemTime) < 1]", 11),
        ("*[timediff(@SystemTime)]", 23),
        ("*[band(Keywords,1)]", 6),
        ("*[1=1]", 2),
        ("*[..]", 2),
        ("*[System/.]", 9),
    ] {
        assert_eq!(text.parse::<EventCondition>().unwrap_err().at, place, "{text}");
    }
    let deep = format!("*[{}a{}]", "(".repeat(40), ")".repeat(40));
    assert_eq!(deep.parse::<EventCondition>().unwrap_err().expected, "less nesting");
    assert!(format!("*[a='{}']", "x".repeat(20_000)).parse::<EventCondition>().is_err());
}

#[test]
fn a_query_is_built_of_ids_and_an_age_and_leaves_out_what_is_suppressed() {
    let recent = EventCondition::recent(&[32022, 32086], Duration::from_secs(59));
    assert_eq!(
        recent.to_string(),
        "*[System[(EventID=32022 or EventID=32086) and TimeCreated[timediff(@SystemTime) <= 59000]]]"
    );
    assert!(!recent.holds(NAMED, now()), "it is a minute old");
    let one = EventCondition::number(214_592);
    assert_eq!(one.to_string(), "*[System[EventRecordID=214592]]");
    assert!(one.holds(NAMED, now()) && !one.holds(CLASSIC, now()));
    assert!(EventCondition::recent(&[], Duration::from_mins(1)).holds(NAMED, now()));
    assert!(EventCondition::ids(&[32022]).holds(NAMED, now()) && !EventCondition::ids(&[32086]).holds(NAMED, now()));
    let text = r#"<QueryList> <Query Id="0" Path="system"><Select> * </Select><Select Path="Other &amp; one">*</Select>
        <Suppress>*[System[EventID=6005]]</Suppress></Query></QueryList>"#;
    let query = EventQuery::read(text).unwrap();
    assert_eq!(query.channels(), ["system", "Other & one"]);
    assert!(query.selects("SYSTEM", NAMED, now()) && query.selects("Other & one", NAMED, now()));
    assert!(!query.selects("System", CLASSIC, now()) && !query.selects("Security", NAMED, now()));
    assert_eq!(EventQuery::read(&query.write()), Ok(query));
}

#[test]
fn more_ids_than_one_selection_takes_are_asked_for_in_several() {
    let ids: Vec<u32> = (32_000..32_045).collect();
    let query = EventQuery::new(EventSelect::recent("A", &ids, Duration::from_mins(1)));
    assert_eq!(EventQuery::read(&query.write()).as_ref(), Ok(&query));
    let sizes: Vec<usize> = query.selects.iter().map(|select| select.condition.comparisons()).collect();
    assert_eq!((sizes, query.channels()), (vec![20, 20, 5], vec!["A"]));
    assert!(query.selects("a", NAMED, now()) && !query.selects("b", NAMED, now()));
    let one = EventSelect::recent("A", &[], Duration::from_mins(1));
    assert_eq!(
        one,
        [EventSelect { channel: "A".to_owned(), condition: EventCondition::recent(&[], Duration::from_mins(1)) }]
    );
}

/// 22 ids with an age beside them were accepted by hosts, 23 refused.
#[test]
fn a_selection_that_compares_too_much_is_refused_as_by_a_host() {
    let read = |condition: &EventCondition| {
        let select = EventSelect { channel: "A".to_owned(), condition: condition.clone() };
        EventQuery::read(&EventQuery::new(vec![select]).write())
    };
    for (ids, accepted) in [(22, true), (23, false)] {
        let ids: Vec<u32> = (0..ids).collect();
        for condition in [EventCondition::ids(&ids), EventCondition::recent(&ids, Duration::from_mins(1))] {
            assert_eq!(read(&condition).is_ok(), accepted, "{} ids", ids.len());
        }
    }
    let within: EventCondition =
        format!("*[System[Provider[{}]]]", vec!["@Name='x'"; 23].join(" or ")).parse().unwrap();
    assert!(read(&within).is_err());
}

#[test]
fn queries_of_another_schema_are_refused() {
    for text in [
        "<QueryList/>",
        "<List><Query><Select Path='a'>*</Select></Query></List>",
        "<QueryList><Query><Select>*</Select></Query></QueryList>",
        "<QueryList><Query><Take Path='a'>*</Take></Query></QueryList>",
        "<QueryList><Select Path='a'>*</Select></QueryList>",
        "<QueryList><Query><Suppress Path='a'>*</Suppress></Query></QueryList>",
    ] {
        assert!(matches!(EventQuery::read(text), Err(QueryError::Schema(_))), "{text}");
    }
    let many = format!("<QueryList><Query>{}</Query></QueryList>", "<Select Path='a'>*</Select>".repeat(23));
    assert!(EventQuery::read(&many).is_err());
    assert!(matches!(
        EventQuery::read("<QueryList><Query><Select Path='a'>no</Select></Query></QueryList>"),
        Err(QueryError::Condition(_))
    ));
}

fn path(inner: impl Strategy<Value = Expression> + Clone + 'static) -> impl Strategy<Value = Path> {
    let name = || "[A-Z][A-Za-z]{0,6}";
    let step = (prop_oneof![3 => name(), 1 => "[*]"], proptest::option::of(inner))
        .prop_map(|(name, only)| Step { name, only: only.map(Box::new) });
    (proptest::collection::vec(step, 0..3), proptest::option::of(name()))
        .prop_filter("a path leads somewhere", |(steps, attribute)| !steps.is_empty() || attribute.is_some())
        .prop_map(|(steps, attribute)| Path { steps, attribute })
}

fn expression() -> impl Strategy<Value = Expression> {
    let literal = || prop_oneof![any::<i64>().prop_map(Literal::Number), "[ a-z'<&]{0,6}".prop_map(Literal::Text)];
    let how = || {
        use Comparison as C;
        proptest::sample::select(vec![C::Equal, C::Unequal, C::Less, C::AtMost, C::Greater, C::AtLeast])
    };
    let age = ("[A-Z][a-z]{0,6}", how(), literal()).prop_map(|(a, h, l)| Expression::Compare(Operand::Age(a), h, l));
    age.prop_recursive(3, 16, 3, move |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Expression::And(Box::new(a), Box::new(b))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Expression::Or(Box::new(a), Box::new(b))),
            path(inner.clone()).prop_map(Expression::Exists),
            (path(inner), how(), literal()).prop_map(|(p, h, l)| Expression::Compare(Operand::Path(p), h, l)),
        ]
    })
}

proptest! {
    #[test]
    fn a_condition_survives_its_text_and_its_query(expression in proptest::option::of(expression())) {
        let condition = EventCondition(expression);
        prop_assert_eq!(condition.to_string().parse::<EventCondition>().unwrap(), condition.clone());
        let query = EventQuery::new(vec![EventSelect { channel: "A/b".to_owned(), condition }]);
        prop_assert_eq!(EventQuery::read(&query.write()).unwrap(), query);
    }

    #[test]
    fn no_text_panics(text in "[*a-z@'=<>()\\[\\]/ 0-9\"-]{0,60}") {
        let _condition = text.parse::<EventCondition>();
        let _record = Record::parse(&text);
        let _query = EventQuery::read(&text);
    }
}
