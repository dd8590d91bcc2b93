//! Rows as comma-separated values (RFC 4180).

use super::time::written;
use crate::record::Cell;

pub(super) fn write_headings(text: &mut String, columns: &[&str]) {
    text.push_str(&columns.join(","));
    text.push_str("\r\n");
}

pub(super) fn write_row(text: &mut String, row: &[Cell]) {
    for (number, cell) in row.iter().enumerate() {
        if number > 0 {
            text.push(',');
        }
        match cell {
            Cell::Null => {}
            Cell::Number(number) => text.push_str(&number.to_string()),
            Cell::Time(at) => text.push_str(&written(*at)),
            Cell::Text(field) | Cell::Json(field) => write_field(text, field),
        }
    }
    text.push_str("\r\n");
}

/// Names come from hosts. A spreadsheet would compute a field that begins like a formula, so such a field begins with an
/// apostrophe instead. A text that is present is quoted, so that an empty one differs from none.
fn write_field(text: &mut String, field: &str) {
    text.push('"');
    if field.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        text.push('\'');
    }
    text.push_str(&field.replace('"', "\"\""));
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(row: &[Cell]) -> String {
        let mut text = String::new();
        write_row(&mut text, row);
        text
    }

    #[test]
    fn quotes_are_doubled_and_no_text_differs_from_an_empty_one() {
        assert_eq!(line(&[Cell::text("a \"b\", c\n"), Cell::text(""), Cell::Null]), "\"a \"\"b\"\", c\n\",\"\",\r\n");
    }

    #[test]
    fn a_name_that_looks_like_a_formula_is_no_formula() {
        for name in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"] {
            assert_eq!(line(&[Cell::text(name)]), format!("\"'{name}\"\r\n"));
        }
        assert_eq!(line(&[Cell::Number(-1)]), "-1\r\n");
    }
}
