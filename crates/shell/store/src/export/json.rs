//! Rows as lines of JSON.

use serde_json::{Map, Value};

use super::time::written;
use crate::record::Cell;
use crate::store::Exported;

pub(super) fn write_row(text: &mut String, table: Exported, columns: &[&str], row: &[Cell]) {
    let mut object = Map::new();
    object.insert("table".to_owned(), Value::from(name(table)));
    for (column, cell) in columns.iter().zip(row) {
        object.insert((*column).to_owned(), value(cell));
    }
    text.push_str(&Value::Object(object).to_string());
    text.push('\n');
}

fn name(table: Exported) -> &'static str {
    match table {
        Exported::Decisions => "decisions",
        Exported::Acts => "acts",
        Exported::Events => "events",
        Exported::Incidents => "incidents",
        Exported::Members => "members",
        Exported::Holds => "holds",
    }
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Number(number) => Value::from(*number),
        Cell::Time(at) => Value::from(written(*at)),
        Cell::Text(text) => Value::from(text.as_str()),
        Cell::Json(text) => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str())),
    }
}

#[cfg(test)]
mod tests {
    use reprise_model::Timestamp;

    use super::*;

    #[test]
    fn json_within_a_row_stays_json_and_what_is_none_becomes_a_text() {
        let mut text = String::new();
        let columns = ["at", "vm", "number", "facts", "data"];
        let row = [
            Cell::Time(Timestamp(0)),
            Cell::Null,
            Cell::Number(-1),
            Cell::Json("[{\"fact\":\"state\"}]".to_owned()),
            Cell::Json("{\"torn".to_owned()),
        ];
        write_row(&mut text, Exported::Decisions, &columns, &row);
        assert_eq!(
            text,
            "{\"table\":\"decisions\",\"at\":\"1970-01-01T00:00:00.000Z\",\"vm\":null,\"number\":-1,\
             \"facts\":[{\"fact\":\"state\"}],\"data\":\"{\\\"torn\"}\n"
        );
    }
}
