//! How many files this process may have open: each connection is one of them.

use std::io;

/// The limit on open files that the system sets for this process (`RLIMIT_NOFILE`); nothing if it sets none or it is not known.
#[cfg(unix)]
pub(crate) fn limit() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

/// Windows limits the handles of a process by its memory alone.
#[cfg(not(unix))]
pub(crate) fn limit() -> Option<u64> {
    None
}

/// Describes an error that says that no more files can be opened, with the limit and how to raise it; nothing for any other.
pub(crate) fn exhausted(error: &io::Error) -> Option<String> {
    let code = error.raw_os_error()?;
    if is_limit_of_process(code) {
        return Some(format!("too many open files: {}", advice(limit())));
    }
    is_limit_of_system(code).then(|| {
        "too many open files in the whole system (on Linux, raise the limit with `sysctl fs.file-max=N`)".to_owned()
    })
}

/// The limit, and how to raise it.
pub(crate) fn advice(limit: Option<u64>) -> String {
    limit.map_or_else(
        || "this process may open no more".to_owned(),
        |limit| {
            format!("this process may have {limit} files open (raise the limit with `ulimit -n N`, or LimitNOFILE=N in a systemd unit)")
        },
    )
}

#[cfg(unix)]
fn is_limit_of_process(code: i32) -> bool {
    code == rustix::io::Errno::MFILE.raw_os_error()
}

#[cfg(unix)]
fn is_limit_of_system(code: i32) -> bool {
    code == rustix::io::Errno::NFILE.raw_os_error()
}

/// `WSAEMFILE`.
#[cfg(not(unix))]
fn is_limit_of_process(code: i32) -> bool {
    code == 10_024
}

#[cfg(not(unix))]
fn is_limit_of_system(_code: i32) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn an_error_for_want_of_files_names_the_limit_and_how_to_raise_it() {
        let limit = limit().unwrap().to_string();
        let why = exhausted(&io::Error::from_raw_os_error(24)).unwrap();
        assert!(why.contains(&limit) && why.contains("ulimit -n") && why.contains("LimitNOFILE="), "{why}");
        assert!(exhausted(&io::Error::from_raw_os_error(23)).unwrap().contains("whole system"));
        assert_eq!(exhausted(&io::Error::from(io::ErrorKind::ConnectionRefused)), None);
    }
}
