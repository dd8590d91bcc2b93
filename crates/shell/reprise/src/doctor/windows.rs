//! Findings about Windows itself: its version, its clock, its services, its tasks.

use reprise_hyperv::examine::{Examination, Services, TaskState, Updates};
use reprise_model::{Problem, ServiceState};

use super::check::Check;
use super::facts::{ClockOffset, HostFacts, LastRun};
use super::finding::{Diagnosis, Level, of_problem};
use crate::render::list;

/// Windows Server's names, by the build.
const NAMES: [(u32, &str); 6] = [
    (9_200, "Windows Server 2012"),
    (9_600, "Windows Server 2012 R2"),
    (BUILD_2016, "Windows Server 2016"),
    (17_763, "Windows Server 2019"),
    (20_348, "Windows Server 2022"),
    (26_100, "Windows Server 2025"),
];
const BUILD_2016: u32 = 14_393;
/// The update that ends suspensions at shutdown, and the revision of Server 2016 with it.
const FIX: &str = "KB4088889";
const FIX_REVISION: u32 = 2_155;

/// From here on, clocks differ so much that somebody should see to it; and that Kerberos refuses logins (its default).
const CLOCK_WARNING_MS: i64 = 60_000;
const CLOCK_ERROR_MS: i64 = 300_000;

pub(super) fn diagnose(facts: &HostFacts, examination: &Examination) -> Vec<Diagnosis> {
    let version = examination.system.as_ref().map(|system| system.system.version.as_str());
    let mut found = vec![windows(version), rights(examination)];
    found.push(services(examination));
    found.extend(fix(version, examination));
    found.push(clock(facts.clock, examination));
    found
}

/// The three numbers of a version.
fn numbers(version: &str) -> Option<(u32, u32, u32)> {
    let mut parts = version.trim().split('.').map(|part| part.parse::<u32>().ok());
    Some((parts.next()??, parts.next()??, parts.next()??))
}

fn windows(version: Result<&str, &Problem>) -> Diagnosis {
    let version = match version {
        Ok(version) => version,
        Err(problem) => return Diagnosis { level: Level::Unknown, ..of_problem(Check::Windows, problem) },
    };
    let build = numbers(version).map(|(_, _, build)| build);
    let name = NAMES.iter().find(|(known, _)| Some(*known) == build).map_or("Windows", |(_, name)| name);
    let what = format!("{name} ({version})");
    match numbers(version) {
        Some((major, minor, _)) if (major, minor) < (6, 2) => {
            let why = "it is older than Server 2012, and has no Hyper-V Replica";
            Diagnosis::new(Check::Windows, Level::Error, what, why)
                .with_remedy("remove this host from the list, or upgrade it to Windows Server 2012 or later")
        }
        Some(_) => Diagnosis::ok(Check::Windows, what, "it has Hyper-V Replica"),
        None => Diagnosis::new(Check::Windows, Level::Unknown, what, "the version is not a version of Windows"),
    }
}

fn rights(examination: &Examination) -> Diagnosis {
    let updates = examination.updates.as_ref();
    let problems = [
        examination.computer.as_ref().err(),
        examination.system.as_ref().err(),
        updates.and_then(|updates| updates.installed.as_ref().err()),
    ];
    match problems.into_iter().flatten().next() {
        Some(problem) => Diagnosis { level: Level::Warning, ..of_problem(Check::WindowsRights, problem) },
        None => Diagnosis::ok(Check::WindowsRights, "the account can read root\\cimv2", "its classes are shown"),
    }
}

fn services(examination: &Examination) -> Diagnosis {
    let Services { vmms, sees_any } = match &examination.services {
        Ok(services) => services,
        Err(problem) => return Diagnosis { level: Level::Unknown, ..of_problem(Check::Services, problem) },
    };
    let answers = matches!(examination.service, Ok(Some(_)));
    let Some(vmms) = vmms else {
        if answers {
            let why = "Hyper-V answers; over the network, only administrators can see services";
            return Diagnosis::ok(Check::Services, "the service vmms runs", why);
        }
        if !sees_any {
            let why = "the account cannot see services: over the network, only administrators can";
            let remedy = "see it on the host: `Get-Service vmms`";
            return Diagnosis::new(
                Check::Services,
                Level::Unknown,
                "it is not known whether the service vmms runs",
                why,
            )
            .with_remedy(remedy);
        }
        let why = "other services are seen, and this one is part of the Hyper-V role";
        let remedy = "on the host: `Install-WindowsFeature Hyper-V -IncludeManagementTools -Restart`";
        return Diagnosis::new(Check::Services, Level::Error, "the host has no service vmms", why).with_remedy(remedy);
    };
    let state = match &vmms.state {
        ServiceState::Running if vmms.start_mode.eq_ignore_ascii_case("Auto") || vmms.start_mode.is_empty() => {
            return Diagnosis::ok(Check::Services, "the service vmms runs", "it starts with the computer");
        }
        ServiceState::Running => {
            let what = format!("the service vmms runs, but its start type is {}", vmms.start_mode);
            let why = "after a restart of the host, nothing replicates until somebody starts it";
            let remedy = "on the host: `Set-Service vmms -StartupType Automatic`";
            return Diagnosis::new(Check::Services, Level::Warning, what, why).with_remedy(remedy);
        }
        ServiceState::Starting => "is starting",
        ServiceState::Stopping => "is stopping",
        ServiceState::Stopped => "is stopped",
        ServiceState::Other(word) => word,
    };
    let why = "without it nothing replicates, and Hyper-V answers no requests";
    let remedy = "on the host: `Start-Service vmms`";
    let what = format!("the service vmms {state}");
    Diagnosis::new(Check::Services, Level::Error, what, why).with_remedy(remedy)
}

/// Whether shutdowns suspend replication on this Windows (support article on suspended replication: 2012, 2012 R2, and 2016
/// without its update).
fn fix(version: Result<&str, &Problem>, examination: &Examination) -> Option<Diagnosis> {
    let unknown = |why: &str| {
        let what = "it is not known whether shutdowns suspend replication here";
        Diagnosis::new(Check::ShutdownFix, Level::Unknown, what, why)
    };
    let Some((major, minor, build)) = version.ok().and_then(numbers) else {
        return Some(unknown("the version of Windows could not be read"));
    };
    if (major, minor) < (6, 2) {
        return None;
    }
    if major == 6 {
        let why =
            "Windows Server 2012 and 2012 R2 have no update against it; Reprise resumes what a shutdown suspended";
        let what = "a shutdown of this host may suspend replication";
        if examination.task == Ok(Some(TaskState::Enabled)) {
            return Some(Diagnosis::ok(Check::ShutdownFix, format!("{what}, and its task repairs that"), why));
        }
        let remedy = "have this host managed by another computer that runs Reprise, or on the host, in an elevated prompt: \
                      `reprise.exe install task`";
        return Some(Diagnosis::new(Check::ShutdownFix, Level::Warning, what, why).with_remedy(remedy));
    }
    if build != BUILD_2016 {
        let what = "shutdowns do not suspend replication on this version of Windows";
        return Some(Diagnosis::ok(Check::ShutdownFix, what, "only Server 2012, 2012 R2 and 2016 are affected"));
    }
    let Some(Updates { installed, vmms }) = &examination.updates else {
        return Some(unknown("the updates were not read"));
    };
    let is_listed = installed.iter().flatten().any(|number| number.eq_ignore_ascii_case(FIX));
    if is_listed {
        let what = format!("{FIX} is installed, so shutdowns do not suspend replication");
        return Some(Diagnosis::ok(Check::ShutdownFix, what, "it is in the list of updates"));
    }
    let remedy =
        "install the latest cumulative update for Windows Server 2016 on the host: `sconfig`, or Windows Update";
    match vmms.as_deref().map(|version| version.rsplit('.').next().and_then(|part| part.parse::<u32>().ok())) {
        Ok(Some(revision)) if revision >= FIX_REVISION => {
            let what = format!("an update with {FIX} is installed, so shutdowns do not suspend replication");
            let why = format!("vmms.exe has revision {revision}; {FIX} brought {FIX_REVISION}");
            Some(Diagnosis::ok(Check::ShutdownFix, what, why))
        }
        Ok(Some(revision)) if installed.is_ok() => {
            let what = format!("{FIX} is not installed: a shutdown of this host may suspend replication");
            let why = format!(
                "it is not in the list of updates, and vmms.exe has revision {revision}, before {FIX_REVISION}"
            );
            Some(Diagnosis::new(Check::ShutdownFix, Level::Warning, what, why).with_remedy(remedy))
        }
        Ok(_) => Some(unknown("the updates or the revision of vmms.exe could not be read").with_remedy(remedy)),
        Err(problem) => Some(unknown(&problem.why).with_remedy(remedy)),
    }
}

fn clock(offset: Option<ClockOffset>, examination: &Examination) -> Diagnosis {
    let Some(ClockOffset { ahead_ms, doubt_ms }) = offset else {
        let why = examination.system.as_ref().err().map_or("the host did not show it", |problem| problem.why.as_str());
        return Diagnosis::new(Check::Clock, Level::Unknown, "the host's clock is not known", why);
    };
    // What the answer's way may explain is no difference.
    let off = ahead_ms.saturating_abs().saturating_sub(doubt_ms).max(0);
    let direction = if ahead_ms < 0 { "behind" } else { "ahead of" };
    let seconds = ahead_ms.saturating_abs() / 1_000;
    if off < CLOCK_WARNING_MS {
        return Diagnosis::ok(
            Check::Clock,
            "the host's clock agrees with ours",
            format!("it is {seconds} s {direction} it"),
        );
    }
    let what = format!("the host's clock is {seconds} s {direction} ours");
    let remedy = "on the host: `w32tm /resync /rediscover`; if ours is wrong, set it";
    let (level, why) = if off >= CLOCK_ERROR_MS {
        (Level::Error, "Kerberos refuses logins between clocks that differ by five minutes")
    } else {
        (Level::Warning, "records of different hosts cannot be compared, and at five minutes Kerberos refuses logins")
    };
    Diagnosis::new(Check::Clock, level, what, why).with_remedy(remedy)
}

/// The task that runs Reprise at each start.
pub(super) fn task(facts: &HostFacts, examination: &Examination) -> Diagnosis {
    let install = "in an elevated prompt on the host: `reprise.exe install task`";
    let state = match &examination.task {
        Ok(state) => state,
        Err(problem) => {
            let what = "it is not known whether the task of Reprise is registered";
            return Diagnosis::new(Check::Task, Level::Unknown, what, problem.why.as_str());
        }
    };
    let here = facts.way.is_none();
    let (level, what, why, remedy) = match (state, facts.last_run) {
        (None, _) if here => (
            Level::Warning,
            "the task of Reprise is not registered",
            "nothing runs Reprise when this computer starts",
            install,
        ),
        (None, _) => {
            let why = "a host that another computer manages needs none; an account without rights does not see it";
            return Diagnosis::ok(Check::Task, "no task of Reprise is seen", why);
        }
        (Some(TaskState::Disabled), _) => {
            let enable = "on the host: `schtasks /change /tn Reprise\\Startup /enable`";
            (Level::Warning, "the task of Reprise is disabled", "nothing runs Reprise when the host starts", enable)
        }
        (Some(TaskState::Enabled | TaskState::Other(_)), Some(LastRun::Ended(code))) if code != 0 => {
            let what = format!("the last run of the task of Reprise ended with code {code}");
            let why = "0 to 3 are exit codes of `reprise run`; anything else is Task Scheduler's";
            let remedy = "see the events of `Hyper-V Replica script` in the System log, or run it: `schtasks /run /tn Reprise\\Startup`";
            return Diagnosis::new(Check::Task, Level::Warning, what, why).with_remedy(remedy);
        }
        (Some(TaskState::Enabled), last) => {
            let why = match last {
                Some(LastRun::Ended(_)) => "its last run ended well",
                Some(LastRun::Running) => "it runs now",
                Some(LastRun::Never) => "it has not run yet",
                None => "how its last run ended can only be seen on the host",
            };
            return Diagnosis::ok(Check::Task, "the task of Reprise is registered and enabled", why);
        }
        (Some(TaskState::Other(number)), _) => {
            let what = format!("the task of Reprise is in the unknown state {number}");
            return Diagnosis::new(Check::Task, Level::Unknown, what, "Task Scheduler has no such state");
        }
    };
    Diagnosis::new(Check::Task, level, what, why).with_remedy(remedy)
}

/// The names of what is missing, for a sentence.
pub(super) fn names(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    list(&names)
}
