//! Words of commands that advice shows: written so that the shell into which a person pastes them takes each as one word.

/// The shells that a command may be pasted into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    /// A shell of Unix.
    Unix,
    /// PowerShell or the command prompt. A word that both take in the same form has that form; otherwise it is for PowerShell.
    Windows,
}

impl Shell {
    /// The shell of the system that this runs on.
    pub const HERE: Self = if cfg!(windows) { Self::Windows } else { Self::Unix };

    /// A text as one word of a command.
    pub fn word(self, text: &str) -> String {
        if is_plain(text) {
            return text.to_owned();
        }
        match self {
            Self::Unix if is_inert(text, "/:@%+,") => text.to_owned(),
            Self::Unix => format!("'{}'", text.replace('\'', r"'\''")),
            // Names of computers' own accounts end in a dollar sign.
            Self::Windows if is_inert(text.strip_suffix('$').unwrap_or(text), r"/\:") => text.to_owned(),
            Self::Windows if !text.contains(['"', '“', '”', '„', '$', '`', '%', '!', '^']) => {
                format!("\"{text}\"")
            }
            Self::Windows => format!("'{}'", doubled(text)),
        }
    }
}

/// Whether every shell takes a text as one word, and no program takes it for a flag.
pub fn is_plain(text: &str) -> bool {
    is_inert(text, "")
}

/// Whether a text has only characters that mean nothing to a shell, these included.
fn is_inert(text: &str, more: &str) -> bool {
    let means_nothing = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c) || more.contains(c);
    text.chars().all(means_nothing) && text.starts_with(|c: char| c.is_ascii_alphanumeric() || "_./\\".contains(c))
}

/// PowerShell takes typographic quotation marks for plain ones.
fn doubled(text: &str) -> String {
    let mut written = String::new();
    for c in text.chars() {
        written.extend(std::iter::repeat_n(c, if "'‘’‚‛".contains(c) { 2 } else { 1 }));
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_take_apart_is_quoted_and_the_rest_is_left_as_it_is() {
        for (text, unix, windows) in [
            ("sql-01.prod_2", "sql-01.prod_2", "sql-01.prod_2"),
            ("/etc/reprise.toml", "/etc/reprise.toml", "/etc/reprise.toml"),
            (r"C:\Reprise\a.toml", r"'C:\Reprise\a.toml'", r"C:\Reprise\a.toml"),
            (r"LAB\repl$", r"'LAB\repl$'", r"LAB\repl$"),
            ("svc@lab.test", "svc@lab.test", "\"svc@lab.test\""),
            ("", "''", "\"\""),
            ("-rf", "'-rf'", "\"-rf\""),
            ("a b", "'a b'", "\"a b\""),
            ("a;b", "'a;b'", "\"a;b\""),
            ("it's", r"'it'\''s'", "\"it's\""),
            ("100%", "100%", "'100%'"),
            ("$x’s", "'$x’s'", "'$x’’s'"),
            (r#"it's "my" vm $x"#, r#"'it'\''s "my" vm $x'"#, r#"'it''s "my" vm $x'"#),
        ] {
            let words = (Shell::Unix.word(text), Shell::Windows.word(text));
            assert_eq!((words.0.as_str(), words.1.as_str()), (unix, windows), "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_of_unix_takes_each_word_as_the_text_that_it_stands_for() {
        let texts =
            ["a", "", "a b", "it's", r#"it's "my" vm $x"#, "`id`", "$(id)", r"a\b", "*", "~", "#", "!a", "a\nb", "ß"];
        let words: Vec<String> = texts.iter().map(|text| Shell::Unix.word(text)).collect();
        let command = format!("printf '<%s>' {}", words.join(" "));
        let ran = std::process::Command::new("sh").args(["-c", &command]).output().unwrap();
        assert_eq!(String::from_utf8(ran.stdout).unwrap(), format!("<{}>", texts.join("><")));
    }
}
