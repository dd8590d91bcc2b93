//! Which names of users can log in by NTLM.
//!
//! The user's name goes into the key of an NTLM login in upper case (MS-NLMP 3.3.2, `NTOWFv2`). Windows maps each letter to one
//! letter by a table of its own; the login library maps by Unicode, where `ß` becomes `SS` and `ı` becomes `I`. Where the two
//! differ, each login is refused as if the password were wrong, and may lock the account. So only letters are accepted that
//! both map alike: those without an upper case, and the alphabets that have not changed since Windows' table was made.

/// The first character of a user's name whose upper case is not certain to be the same here and on Windows. `user` is `NAME`,
/// `DOMAIN\NAME` or `NAME@REALM`; the domain is used as it is written.
pub(super) fn uncertain(user: &str) -> Option<char> {
    let name = user.rsplit_once('\\').map_or(user, |(_, name)| name);
    name.chars().find(|letter| !is_certain(*letter))
}

fn is_certain(letter: char) -> bool {
    let mut upper = letter.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) if one == letter => true,
        (Some(one), None) => is_of_a_settled_alphabet(letter) && is_of_a_settled_alphabet(one),
        _ => false,
    }
}

/// Letters with an upper case that Windows has mapped to it ever since. U+00B5, U+0131 and U+017F are signs and variants that
/// Unicode maps into other alphabets and Windows leaves alone.
fn is_of_a_settled_alphabet(letter: char) -> bool {
    match letter {
        '\u{b5}' | '\u{131}' | '\u{17f}' => false,
        'A'..='Z' | 'a'..='z' => true,
        // Latin-1 and Latin Extended-A; Greek with accents; Cyrillic with its extensions; Armenian.
        '\u{c0}'..='\u{17e}' | '\u{386}'..='\u{3ce}' | '\u{400}'..='\u{481}' | '\u{490}'..='\u{4bf}' => true,
        '\u{531}'..='\u{556}' | '\u{561}'..='\u{586}' => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_whose_upper_case_is_one_letter_everywhere_are_certain() {
        for user in [
            "LAB\\svc-reprise",
            "müller",
            "ÿves@lab.test",
            "łukasz",
            "νίκος",
            "Дмитрий",
            "ёлка",
            "İlker",
            "ilker",
            "管理者",
            "ユーザー",
            "مدير",
            "STRAẞE",
            "GROß\\svc",
        ] {
            assert_eq!(uncertain(user), None, "{user}");
        }
    }

    #[test]
    fn letters_that_windows_maps_otherwise_or_not_at_all_are_not() {
        for (user, letter) in [
            ("LAB\\groß", 'ß'),
            ("groß@lab.test", 'ß'),
            ("ılker", 'ı'),
            ("\u{17f}vc", '\u{17f}'),
            ("\u{b5}svc", '\u{b5}'),
            ("ﬁn", 'ﬁ'),
            ("ΐ", 'ΐ'),
            ("გიორგი", 'გ'),
            ("ǆ", 'ǆ'),
            ("𐐨", '𐐨'),
        ] {
            assert_eq!(uncertain(user), Some(letter), "{user}");
        }
    }
}
