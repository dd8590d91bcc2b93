//! Findings about the event logs: whether the account can read them, and who may.

use reprise_hyperv::events::{SYSTEM_LOG, VMMS_LOGS};
use reprise_hyperv::examine::{ClassReading, EVENT_LOG_READERS, ListFrom, LogAccess, with_readers};
use reprise_model::Problem;
use reprise_platform::shell::Shell;

use super::account_names::name;
use super::check::Check;
use super::facts::HostFacts;
use super::finding::{Diagnosis, Level};

/// Maximum number of accounts that are named. Windows' own lists have eight.
const NAMES_MAX: usize = 30;

/// One log.
struct Log<'f> {
    check: Check,
    words: &'static str,
    name: &'static str,
    access: Option<&'f ClassReading<LogAccess>>,
}

/// Whether the account can read the event logs, and who may.
pub(super) fn diagnose(facts: &HostFacts) -> Vec<Diagnosis> {
    let access = facts.log_access.as_ref();
    let [vmms_log, _] = VMMS_LOGS;
    let vmms = Log {
        check: Check::VmmsLog,
        words: "VMMS's event log",
        name: vmms_log,
        access: access.map(|access| &access.vmms),
    };
    let system = Log {
        check: Check::SystemLog,
        words: "the System log",
        name: SYSTEM_LOG,
        access: access.map(|access| &access.system),
    };
    let logs = [(vmms, &facts.vmms_log), (system, &facts.system_log)];
    logs.into_iter().filter_map(|(log, read)| Some(finding(facts, &log, read.as_ref()?))).collect()
}

fn finding(facts: &HostFacts, log: &Log<'_>, read: &Result<(), Problem>) -> Diagnosis {
    let who = who(log.access);
    let words = log.words;
    match read {
        Ok(()) => {
            Diagnosis::ok(log.check, format!("the account can read {words}"), format!("it gave its records; {who}"))
        }
        Err(problem) => {
            let why = format!("{}; without it, Reprise has no evidence of what suspended a VM; {who}", problem.why);
            let is_there = facts.way.is_some() && problem.remedy.is_about_rights();
            let remedy = if is_there { grant(facts, log) } else { problem.advice().to_owned() };
            Diagnosis::new(log.check, Level::Warning, format!("the account cannot read {words}"), why)
                .with_remedy(remedy)
        }
    }
}

/// Who may read a log, in words. What could not be read is not known.
fn who(access: Option<&ClassReading<LogAccess>>) -> String {
    let access = match access {
        Some(Ok(access)) => access,
        Some(Err(problem)) => return format!("who may read it is not known: {}", problem.why),
        None => return "who may read it is not known".to_owned(),
    };
    let from = match access.from {
        ListFrom::Default => "Windows' default",
        ListFrom::Log(_) => "its access list",
        ListFrom::Policy => "Group Policy",
    };
    let readers = match access.list.readers.as_slice() {
        [] => format!("{from} names no account that may read it"),
        readers => format!("by {from}, these may read it: {}", names(readers)),
    };
    match access.list.refused.as_slice() {
        [] => readers,
        refused => format!("{readers}; and these are refused: {}", names(refused)),
    }
}

/// The names of accounts. Each matters, so the list is not shortened as others are; a host may send any number of them.
fn names(identifiers: &[String]) -> String {
    let names: Vec<String> = identifiers.iter().take(NAMES_MAX).map(|identifier| name(identifier)).collect();
    let names = names.join(", ");
    match identifiers.len().saturating_sub(NAMES_MAX) {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

/// How the account comes to read a log: as a member of the group, which must be in the log's list.
fn grant(facts: &HostFacts, log: &Log<'_>) -> String {
    let join = format!(
        "on the host: `net localgroup \"Event Log Readers\" {} /add`; where Windows is not in English, `Get-CimInstance Win32_Group -Filter \
         \"SID='{EVENT_LOG_READERS}'\"` shows the group's name",
        facts.account()
    );
    let Some(Ok(LogAccess { from, list })) = log.access else { return join };
    let has_group = |of: &[String]| of.iter().any(|identifier| identifier == EVENT_LOG_READERS);
    if has_group(&list.readers) {
        return join;
    }
    let (log, entry) = (log.name, format!("`(A;;0x1;;;{EVENT_LOG_READERS})`"));
    let set = format!("`wevtutil gl {log}` shows it, `wevtutil sl {log} /ca:LIST` sets it");
    let instead = match from {
        ListFrom::Policy => format!(
            "append {entry} to it in Group Policy: Administrative Templates, Windows Components, Event Log Service, Configure log access"
        ),
        ListFrom::Default | ListFrom::Log(_) if has_group(&list.refused) => {
            format!("on the host take the entry that refuses them out of it: {set}")
        }
        ListFrom::Log(text) => match with_readers(text) {
            Some(with) => {
                format!("on the host: `wevtutil sl {log} {}`", Shell::Windows.word(&format!("/ca:{with}")))
            }
            None => format!("on the host append {entry} to it: {set}"),
        },
        ListFrom::Default => format!("on the host append {entry} to it: {set}"),
    };
    format!("{join}; and since the log's access list leaves them out, {instead}")
}
