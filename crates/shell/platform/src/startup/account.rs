//! The account that a scheduled task runs as.

use thiserror::Error;

/// An account, and how Task Scheduler logs it in while nobody is logged on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskAccount {
    /// The computer itself: `NT AUTHORITY\SYSTEM`.
    System,
    /// A group managed service account, `DOMAIN\name$`: Windows knows its password.
    Managed(String),
    /// Another account, whose password Task Scheduler keeps.
    WithPassword(String),
    /// Another account without its password: Task Scheduler's log-in has no rights on other computers (S4U).
    ThisComputerOnly(String),
}

/// Why a text names no account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AccountProblem {
    /// It is empty, or has characters that no account has.
    #[error("it is not the name of an account")]
    NotAName,
    /// A managed account without its domain.
    #[error("a managed service account is named with its domain: DOMAIN\\name$")]
    NoDomain,
    /// An account of Windows itself, or a group.
    #[error(
        "it is an account of Windows itself for services, or a group: Task Scheduler logs none of them in as a user"
    )]
    OfWindows,
    /// A password for an account whose password Windows knows.
    #[error("this account needs no password")]
    NeedsNoPassword,
}

impl TaskAccount {
    /// Whether a name is one of Windows' own, which no user bears: those of services (`LocalService`), a group, a virtual account of a
    /// service. Only accounts of a computer or a domain are logged in for a task. (Windows, "Well-known SIDs"; Task Scheduler
    /// reference, `logonType`.)
    fn is_of_windows(domain: Option<&str>, name: &str, account: &str) -> bool {
        const DOMAINS: [&str; 5] = ["NT AUTHORITY", "NT SERVICE", "BUILTIN", "IIS APPPOOL", "NT VIRTUAL MACHINE"];
        const SERVICES: [&str; 4] = ["LocalService", "Local Service", "NetworkService", "Network Service"];
        // Users of a computer or a domain have S-1-5-21, those of Entra ID S-1-12-1.
        let upper = name.to_ascii_uppercase();
        let is_sid = upper.starts_with("S-1-");
        let of_user = upper.starts_with("S-1-5-21-") || upper.starts_with("S-1-12-1-");
        let of_windows = |domain: &str| DOMAINS.iter().any(|own| own.eq_ignore_ascii_case(domain));
        is_sid && !of_user
            || domain.is_some_and(of_windows)
            || SERVICES.iter().any(|own| own.eq_ignore_ascii_case(account))
    }

    /// Parses the name of an account. `has_password` says whether its password is given.
    ///
    /// # Errors
    /// [`AccountProblem`].
    pub fn parse(name: &str, has_password: bool) -> Result<Self, AccountProblem> {
        // MS-SAMR 3.1.1.6 lists them; `\` and `@` stand between account and domain.
        let is_foreign = |c: char| c.is_control() || "\"/[]:;|=,+*?<>".contains(c);
        let name = name.trim();
        let (domain, account) = name.split_once('\\').map_or((None, name), |(domain, account)| (Some(domain), account));
        if account.is_empty() || account.contains('\\') || domain == Some("") || name.contains(is_foreign) {
            return Err(AccountProblem::NotAName);
        }
        let known = ["SYSTEM", "LocalSystem", r"NT AUTHORITY\SYSTEM", "S-1-5-18"];
        let account = match account.strip_suffix('$') {
            _ if known.iter().any(|known| known.eq_ignore_ascii_case(name)) => Self::System,
            _ if Self::is_of_windows(domain, name, account) => return Err(AccountProblem::OfWindows),
            Some("") => return Err(AccountProblem::NotAName),
            Some(_) if domain.is_none() => return Err(AccountProblem::NoDomain),
            Some(_) => Self::Managed(name.to_owned()),
            None if has_password => return Ok(Self::WithPassword(name.to_owned())),
            None => Self::ThisComputerOnly(name.to_owned()),
        };
        let needs_none = !matches!(account, Self::ThisComputerOnly(_));
        if has_password && needs_none { Err(AccountProblem::NeedsNoPassword) } else { Ok(account) }
    }

    /// Its name, as administrators write it.
    pub fn name(&self) -> &str {
        match self {
            Self::System => "SYSTEM",
            Self::Managed(name) | Self::WithPassword(name) | Self::ThisComputerOnly(name) => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_logged_in_as_its_kind_allows() {
        let parse = |name: &str, password| TaskAccount::parse(name, password);
        for name in ["SYSTEM", "system", r"NT AUTHORITY\System", "S-1-5-18", " SYSTEM "] {
            assert_eq!(parse(name, false), Ok(TaskAccount::System), "{name}");
        }
        assert_eq!(parse(r"LAB\repl$", false), Ok(TaskAccount::Managed(r"LAB\repl$".to_owned())));
        assert_eq!(parse(r"LAB\svc", true), Ok(TaskAccount::WithPassword(r"LAB\svc".to_owned())));
        assert_eq!(parse("svc@lab.test", false), Ok(TaskAccount::ThisComputerOnly("svc@lab.test".to_owned())));
        assert_eq!(parse("repl$", false), Err(AccountProblem::NoDomain));
        for (name, password) in [(r"LAB\repl$", true), ("SYSTEM", true)] {
            assert_eq!(parse(name, password), Err(AccountProblem::NeedsNoPassword), "{name}");
        }
        for name in [
            "LocalService",
            "local service",
            r"NT AUTHORITY\LocalService",
            r"NT AUTHORITY\NETWORK SERVICE",
            "NetworkService",
            "S-1-5-19",
            "s-1-5-20",
            "S-1-5-32-544",
            r"NT SERVICE\reprise",
            r"BUILTIN\Administrators",
        ] {
            for password in [false, true] {
                assert_eq!(parse(name, password), Err(AccountProblem::OfWindows), "{name}");
            }
        }
        let sid = "S-1-5-21-1-2-3-1001";
        assert_eq!(parse(sid, false), Ok(TaskAccount::ThisComputerOnly(sid.to_owned())));
        for name in ["", " ", "\\", r"LAB\", r"\svc", r"a\b\c", "a\nb", "a<b", "a\"b", "LAB\\$", "$"] {
            assert_eq!(parse(name, false), Err(AccountProblem::NotAName), "{name}");
        }
    }
}
