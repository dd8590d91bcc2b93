//! The account that this process runs as.

/// Its name as administrators write it: `LAB\\svc` on Windows; on Linux the name that belongs to its number in `/etc/passwd`,
/// else `uid 1000`.
pub fn this_account() -> String {
    #[cfg(windows)]
    return crate::windows::account_name();
    #[cfg(not(windows))]
    of_process(std::path::Path::new("/proc/self"), std::path::Path::new(ACCOUNTS))
}

/// The name that belongs to an account's number in `/etc/passwd`, else `uid 1000`.
#[cfg(not(windows))]
pub fn account_of(uid: u32) -> String {
    named(uid, std::path::Path::new(ACCOUNTS))
}

/// The file of accounts.
#[cfg(not(windows))]
const ACCOUNTS: &str = "/etc/passwd";

/// The owner of a process's folder, by its name in a file of accounts.
#[cfg(not(windows))]
fn of_process(process: &std::path::Path, accounts: &std::path::Path) -> String {
    use std::os::unix::fs::MetadataExt as _;
    let Ok(process) = std::fs::metadata(process) else { return "this account".to_owned() };
    named(process.uid(), accounts)
}

/// The name of a number in a file of accounts.
#[cfg(not(windows))]
fn named(uid: u32, accounts: &std::path::Path) -> String {
    let uid = uid.to_string();
    let accounts = crate::file::read_text(accounts).unwrap_or_default();
    let named = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    };
    accounts.lines().find_map(named).unwrap_or_else(|| format!("uid {uid}"))
}

#[cfg(all(test, not(windows)))]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn an_account_has_its_name_and_one_without_a_name_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let uid = std::fs::metadata(folder.path()).unwrap().uid();
        let accounts = folder.path().join("passwd");
        std::fs::write(&accounts, format!("other:x:{}:0::/:\nanna:x:{uid}:0::/:\nbroken\n", uid + 1)).unwrap();
        assert_eq!(of_process(folder.path(), &accounts), "anna");
        assert_eq!(of_process(folder.path(), &folder.path().join("none")), format!("uid {uid}"));
        assert!(!this_account().is_empty());
    }
}
