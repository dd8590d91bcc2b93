//! WQL as it is written, read and evaluated.

use proptest::prelude::*;

use super::*;
use crate::Name;
use crate::{Row, Value};

fn vm() -> Row {
    Row::new("Msvm_ComputerSystem")
        .with("Name", Value::String("6F0C2A51-0000".into()))
        .with("ElementName", Value::String("it's [a] \\ \"VM\"".into()))
        .with("ReplicationMode", Value::Uint16(1))
        .with("InstallDate", Value::Nil)
        .with("Started", Value::Boolean(true))
        .with("__SERVER", Value::String("HV01".into()))
        .with("Host", Value::String("hv01".into()))
        .with("Processes", Value::Uint32(12))
        .with("Count", Value::Lexical("12".into()))
        .with("Booted", Value::DateTime(crate::DateTime::parse("20260131100000.000000+000").unwrap()))
        .with("Seen", Value::DateTime(crate::DateTime::parse("20260131100000.000000-060").unwrap()))
}

fn holds(condition: &str) -> bool {
    parse(&format!("SELECT * FROM X WHERE {condition}")).unwrap().selects(&vm())
}

#[test]
fn conditions_are_evaluated_as_wmi_does() {
    for condition in [
        "Name = '6f0c2a51-0000'",
        "ReplicationMode = 1",
        "ReplicationMode = '1'",
        "ReplicationMode <> 0",
        "ReplicationMode != 2",
        "ReplicationMode < 2 AND ReplicationMode > 0",
        "InstallDate IS NULL",
        "NOT InstallDate IS NOT NULL",
        "InstallDate = NULL",
        "Started = TRUE",
        "__server = \"hv01\"",
        "Name LIKE '6F%'",
        "Name LIKE '_F0C[0-3]A51%'",
        "Name LIKE '[^a-e]%'",
        "(ReplicationMode = 5 OR Started = true) AND NOT (Name = 'x')",
        "ElementName = 'it\\'s [a] \\\\ \"VM\"'",
        "ReplicationMode = 0 OR ReplicationMode = 1 AND Started = TRUE",
        "Name <> __SERVER",
        "Host = __SERVER",
        "ReplicationMode < Processes",
        "Processes = '12' AND Count = Processes",
        "Booted < Seen",
        "'hv01' = __SERVER",
        "2 > ReplicationMode",
        "12 <= Processes",
    ] {
        assert!(holds(condition), "{condition}");
    }
    for condition in [
        "Name = __SERVER",
        "Host <> __SERVER",
        "InstallDate = InstallDate",
        "InstallDate <> Name",
        "Booted >= Seen",
        "ReplicationMode > 2",
        "2 < ReplicationMode",
        "InstallDate = 'x'",
        "InstallDate <> 'x'",
        "Nothing = 1",
        "Name LIKE '6f'",
        "Started = FALSE",
        "ReplicationMode >= 2",
    ] {
        assert!(!holds(condition), "{condition}");
    }
}

#[test]
fn a_query_names_the_properties_that_it_needs() {
    let query = "SELECT a, b FROM X WHERE (c = 1 OR NOT d LIKE 'x') AND e IS NULL AND f <> __SERVER AND 'x' = g";
    let select = parse(query).unwrap();
    let names: Vec<&str> = select.properties().into_iter().map(Name::as_str).collect();
    assert_eq!(names, ["a", "b", "c", "d", "e", "f", "__SERVER", "g"]);
    assert!(parse("SELECT * FROM X").unwrap().properties().is_empty());
}

#[test]
fn a_column_list_returns_just_those_columns() {
    let row = parse("select name, replicationmode, nothing from Msvm_ComputerSystem").unwrap().project(&vm());
    assert_eq!(row.properties.len(), 3);
    assert!(row.properties.value("Nothing").is_nil());
    assert!(!parse("SELECT * FROM X").unwrap().project(&vm()).properties.contains("__SERVER"));
}

#[test]
fn what_is_not_wql_is_refused_with_its_place() {
    for text in [
        "",
        "SELECT",
        "SELECT FROM X",
        "SELECT * X",
        "SELECT * FROM X WHERE",
        "SELECT * FROM X WHERE a",
        "SELECT * FROM X WHERE a = 'b",
        "SELECT * FROM X WHERE (a = 1",
        "SELECT * FROM X; DROP",
        "SELECT * FROM X WHERE a LIKE 1",
        "SELECT * FROM X WHERE a < NULL",
        "SELECT * FROM X WHERE a = 1x",
        "SELECT * FROM X WHERE 1 = 1",
        "SELECT * FROM X WHERE 1 LIKE a",
        "SELECT * FROM X WHERE 1 IS NULL",
        "SELECT * FROM X WHERE a = b c",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
    assert_eq!(parse("SELECT * X").unwrap_err().at, 9);
    let deep = format!("SELECT * FROM X WHERE {}a = 1{}", "(".repeat(500), ")".repeat(500));
    assert_eq!(parse(&deep).unwrap_err().problem, "it is nested too deeply");
}

#[test]
fn a_name_that_looks_like_a_query_stays_a_name() {
    let hostile = "x' OR 'a' = 'a";
    let select = Select::all("X").filter(Condition::equals("ElementName", hostile));
    assert_eq!(parse(&select.to_string()), Ok(select.clone()));
    assert!(!select.selects(&vm()));
}

#[test]
fn a_long_like_pattern_costs_no_more_than_its_length() {
    let pattern = "%a".repeat(500);
    let row = Row::new("X").with("T", Value::String("b".repeat(5_000)));
    assert!(!Select::all("X").filter(Condition::Like { property: "T".into(), pattern }).selects(&row));
}

fn condition() -> impl Strategy<Value = Condition> {
    let name = "[A-Z_][a-z]{3,8}x".prop_map(Name::new);
    let literal = prop_oneof![
        "[^\u{0}]{0,12}".prop_map(Literal::Text),
        any::<i64>().prop_map(Literal::Integer),
        any::<bool>().prop_map(Literal::Boolean),
    ];
    let operator = prop_oneof![
        Just(Operator::Equal),
        Just(Operator::NotEqual),
        Just(Operator::Less),
        Just(Operator::Greater),
        Just(Operator::LessOrEqual),
        Just(Operator::GreaterOrEqual)
    ];
    let leaf = prop_oneof![
        (name.clone(), operator, literal)
            .prop_map(|(property, operator, literal)| { Condition::Compare { property, operator, literal } }),
        (name.clone(), "[^\u{0}]{0,12}").prop_map(|(property, pattern)| Condition::Like { property, pattern }),
        (name.clone(), Just(Operator::NotEqual), name.clone())
            .prop_map(|(property, operator, other)| { Condition::CompareProperties { property, operator, other } }),
        name.prop_map(|property| Condition::IsNull { property }),
    ];
    leaf.prop_recursive(4, 16, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a.and(b)),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a.or(b)),
            inner.prop_map(|a| Condition::Not(Box::new(a))),
        ]
    })
}

proptest! {
    #[test]
    fn a_query_survives_its_text(condition in condition()) {
        let select = Select::columns("Msvm_X", &["A", "B"]).filter(condition);
        prop_assert_eq!(parse(&select.to_string()), Ok(select));
    }

    #[test]
    fn no_text_panics(text in "(SELECT|select)? ?[*a-z'\"()=<>! \\\\%_-]{0,60}") {
        let _read = parse(&text);
    }
}
