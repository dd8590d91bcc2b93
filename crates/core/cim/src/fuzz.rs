//! The bodies of fuzz targets: any text that can be read can also be written, and then reads back the same.

use crate::event::{EventCondition, EventQuery, Record};
use crate::{CimTimestamp, Namespace, ObjectPath, Value, cimxml, wql};

/// The target `cim_xml`: embedded instances.
///
/// # Panics
/// If what must hold does not: that is a find.
pub fn cim_xml(bytes: &[u8]) {
    let Ok(row) = str::from_utf8(bytes).map_err(drop).and_then(|text| cimxml::read(text).map_err(drop)) else { return };
    // What was read holds text, numbers and dates: all of that can be written. NULL is what is not written.
    let Ok(text) = cimxml::write(&row) else { return };
    let again = cimxml::read(&text);
    assert_eq!(again.as_ref().map(cimxml::write), Ok(Ok(text)));
}

/// The target `wql`: queries, evaluated too.
///
/// # Panics
/// If what must hold does not: that is a find.
pub fn wql(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let namespace = Namespace::from("root/virtualization/v2");
    let Ok(query) = wql::Query::parse(text, &namespace) else { return };
    let written = match &query {
        wql::Query::Select(select) => select.to_string(),
        wql::Query::Related(related) => related.to_string(),
    };
    assert_eq!(wql::Query::parse(&written, &namespace).as_ref(), Ok(&query), "{written}");
    let mut row = crate::Row::new("Msvm_ReplicationRelationship");
    row.properties.set("Name", Value::String("vm-001".to_owned()));
    row.properties.set("ReplicationState", Value::Uint16(8));
    row.properties.set("Description", Value::List(vec![Value::Nil, Value::Lexical("5".to_owned())]));
    match query {
        wql::Query::Select(select) => drop((select.selects(&row), select.project(&row))),
        wql::Query::Related(related) => drop((related.touches(&row), related.far_ends(&row).count())),
    }
}

/// The target `object_path`.
///
/// # Panics
/// If what must hold does not: that is a find.
pub fn object_path(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(path) = ObjectPath::parse(text) else { return };
    let written = path.to_string();
    assert_eq!(ObjectPath::parse(&written).as_ref(), Ok(&path), "{written}");
}

/// The target `event_xml`: records, and the queries that choose among them.
///
/// # Panics
/// If what must hold does not: that is a find.
pub fn event_xml(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(record) = Record::parse(text) {
        assert!(record.value("VmId").is_none_or(|value| value.len() <= text.len()));
    }
    // A condition on one line, and a record behind it.
    let (condition, record) = text.split_once('\n').unwrap_or((text, ""));
    if let Ok(condition) = condition.parse::<EventCondition>() {
        let written = condition.to_string();
        assert_eq!(written.parse::<EventCondition>().as_ref(), Ok(&condition), "{written}");
        let _held = condition.holds(record, CimTimestamp::from_unix_us(0));
    }
    if let Ok(query) = EventQuery::read(text) {
        let written = query.write();
        assert_eq!(EventQuery::read(&written).as_ref(), Ok(&query), "{written}");
        let _selected = query.selects("System", record, CimTimestamp::from_unix_us(0));
    }
}

#[cfg(test)]
#[path = "../../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replay;

    #[test]
    fn every_kept_input_passes_its_target() {
        replay(&[
            ("cim_xml", super::cim_xml),
            ("wql", super::wql),
            ("object_path", super::object_path),
            ("event_xml", super::event_xml),
        ]);
    }
}
