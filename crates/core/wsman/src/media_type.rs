//! The parameters of a media type (RFC 9110, 8.3.1).

/// The value of a parameter of a media type, without its quotes.
pub(crate) fn parameter<'t>(content_type: &'t str, wanted: &str) -> Option<&'t str> {
    let (_, mut rest) = content_type.split_once(';')?;
    loop {
        let (name, value) = rest.split_once('=')?;
        let value = value.trim_start();
        let (value, behind) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => value.split_at(value.find(';').unwrap_or(value.len())),
        };
        if name.trim_matches([' ', '\t', ';']).eq_ignore_ascii_case(wanted) {
            return Some(value.trim_end());
        }
        rest = behind;
    }
}

/// Returns the charset in the type of a body, if it has one.
pub fn charset(content_type: &str) -> Option<String> {
    parameter(content_type, "charset").map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charset_is_found_in_every_spelling() {
        for text in [
            "application/soap+xml;charset=UTF-16",
            "application/soap+xml; Charset=\"UTF-16\"",
            "application/soap+xml;action=\"a;b=c\"; charset=UTF-16 ;x=y",
        ] {
            assert_eq!(charset(text).as_deref(), Some("UTF-16"), "{text}");
        }
        for text in ["", "application/soap+xml", "charset=UTF-16", "application/soap+xml;type=\"charset=UTF-16\""] {
            assert_eq!(charset(text), None, "{text}");
        }
    }
}
