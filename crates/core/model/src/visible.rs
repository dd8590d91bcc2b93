//! Names as people see and write them: what is invisible in a name, and when two names are the same to a reader.

/// Stands in printed names for a character that cannot be shown.
pub const HIDDEN: char = char::REPLACEMENT_CHARACTER;
/// Stands in printed names for a blank at an end, which a table would hide.
pub const END_BLANK: char = '␣';

/// Returns whether a character occupies no space of its own, or changes how its neighbours are displayed: controls, format and
/// direction characters, fillers, and characters without an assignment that are to be ignored (Unicode's categories Cc, Cf, Zl
/// and Zp, and `Default_Ignorable_Code_Point`). Joiners and variation selectors are among them; in some scripts and emoji they
/// are part of a visible character.
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}' | '\u{891}' | '\u{8e2}'
            | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Returns whether a character joins its neighbours or chooses the form of the one before it.
pub fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Returns the form of a name by which names are compared: lower case, without blanks at its ends and without invisible
/// characters, all blanks alike. The marks that stand for such characters in print count as them, so a name that was copied
/// from a table is the same name.
pub fn folded_name(name: &str) -> String {
    let shown = name.chars().filter(|c| !is_invisible(*c) && *c != HIDDEN);
    let shown: String = shown.map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    shown.trim_matches([' ', END_BLANK]).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_the_same_are_the_same() {
        for name in
            ["sql-01", " sql-01", "SQL-01 ", "sql\u{200b}-01", "sql-01\u{feff}", "\u{202e}sql-01", "sql\u{fffd}-01␣"]
        {
            assert_eq!(folded_name(name), "sql-01", "{name:?}");
        }
        assert_eq!(folded_name("sql\u{a0}01"), folded_name("sql 01"));
        for (one, other) in [("sql-01", "sql-0l"), ("sql 01", "sql01"), ("a␣b", "ab")] {
            assert_ne!(folded_name(one), folded_name(other));
        }
        assert_eq!(folded_name("\u{3164}\u{200b} "), "");
    }
}
