//! The scheduled task, as the XML that Task Scheduler takes.
//!
//! It does what the support article's task does: at startup, whether or not a user is logged on, with highest privileges. On
//! purpose it differs in three settings, whose defaults would leave VMs unprotected: it has no time limit, and it starts and goes
//! on without mains power.
//!
//! Sources: Task Scheduler reference, "Task Scheduler Schema" (`taskType`, `triggerBaseType`, `bootTriggerType`, `principalType`,
//! `settingsType`). Elements stand in its order, which is binding for triggers.

use std::fmt::Write as _;
use std::time::Duration;

use super::ARGUMENTS;
use super::account::TaskAccount;

/// Task Scheduler's folder.
pub const FOLDER: &str = "Reprise";
/// The task's name in it.
pub const NAME: &str = "Startup";
/// Where the program is, unless it is named.
pub const DEFAULT_PROGRAM: &str = r"C:\Program Files\Reprise\reprise.exe";

/// SYSTEM, in every language.
const SYSTEM_SID: &str = "S-1-5-18";

/// A task that runs the program at startup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartupTask {
    /// The program's path.
    pub program: String,
    /// The account that it runs as.
    pub account: TaskAccount,
    /// How long after startup it begins.
    pub delay: Duration,
}

impl StartupTask {
    /// Whether Task Scheduler would read something else in the program's path: it replaces variables there.
    pub fn has_variable(&self) -> bool {
        self.program.contains('%') || self.program.contains("$(") || self.program.contains('"')
    }

    /// The task. All of its characters are ASCII, and it names no encoding: it can be passed on as any text, and be stored in
    /// UTF-8 or UTF-16.
    pub fn xml(&self) -> String {
        let (user, logon) = match &self.account {
            TaskAccount::System => (SYSTEM_SID, None),
            TaskAccount::Managed(name) | TaskAccount::WithPassword(name) => (name.as_str(), Some("Password")),
            TaskAccount::ThisComputerOnly(name) => (name.as_str(), Some("S4U")),
        };
        let logon = logon.map_or_else(String::new, |kind| format!("      <LogonType>{kind}</LogonType>\n"));
        let seconds = self.delay.as_secs();
        let delay = if seconds == 0 { String::new() } else { format!("      <Delay>PT{seconds}S</Delay>\n") };
        TASK.replace("@FOLDER@", FOLDER)
            .replace("@NAME@", NAME)
            .replace("      @DELAY@\n", &delay)
            .replace("      @LOGON@\n", &logon)
            .replace("@USER@", &escaped(user))
            .replace("@ARGUMENTS@", ARGUMENTS)
            .replace("@COMMAND@", &escaped(&self.command()))
    }

    /// The program as a command line has it: a path with blanks stands in quotes.
    fn command(&self) -> String {
        if self.program.contains(' ') { format!("\"{}\"", self.program) } else { self.program.clone() }
    }
}

const TASK: &str = r#"<?xml version="1.0"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <URI>\@FOLDER@\@NAME@</URI>
    <Author>Reprise</Author>
    <Description>Resumes Hyper-V replication that a shutdown has stopped. Made by "reprise install task".</Description>
  </RegistrationInfo>
  <Triggers>
    <BootTrigger>
      <Enabled>true</Enabled>
      @DELAY@
    </BootTrigger>
  </Triggers>
  <Settings>
    <AllowStartOnDemand>true</AllowStartOnDemand>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <Enabled>true</Enabled>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
  </Settings>
  <Principals>
    <Principal id="Author">
      <UserId>@USER@</UserId>
      @LOGON@
      <RunLevel>HighestAvailable</RunLevel>
    </Principal>
  </Principals>
  <Actions Context="Author">
    <Exec>
      <Command>@COMMAND@</Command>
      <Arguments>@ARGUMENTS@</Arguments>
    </Exec>
  </Actions>
</Task>
"#;

/// Text within an element, in ASCII.
fn escaped(text: &str) -> String {
    let mut made = String::new();
    for c in text.chars() {
        match c {
            '&' => made.push_str("&amp;"),
            '<' => made.push_str("&lt;"),
            '>' => made.push_str("&gt;"),
            ' '..='~' => made.push(c),
            _ => write!(made, "&#{};", u32::from(c)).expect("writing to a text cannot fail"),
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The elements that hold others, each with what the schema lets stand in it, in its order. Triggers are a sequence; the
    /// others may stand in any order, and stand in this one.
    const SCHEMA: &[(&str, &[&str])] = &[
        ("Task", &["RegistrationInfo", "Triggers", "Settings", "Data", "Principals", "Actions"]),
        (
            "RegistrationInfo",
            &["URI", "SecurityDescriptor", "Source", "Date", "Author", "Version", "Description", "Documentation"],
        ),
        ("Triggers", &["BootTrigger"]),
        ("BootTrigger", &["Enabled", "StartBoundary", "EndBoundary", "Repetition", "ExecutionTimeLimit", "Delay"]),
        (
            "Settings",
            &[
                "AllowStartOnDemand",
                "RestartOnFailure",
                "MultipleInstancesPolicy",
                "DisallowStartIfOnBatteries",
                "StopIfGoingOnBatteries",
                "AllowHardTerminate",
                "StartWhenAvailable",
                "NetworkProfileName",
                "RunOnlyIfNetworkAvailable",
                "WakeToRun",
                "Enabled",
                "Hidden",
                "DeleteExpiredTaskAfter",
                "IdleSettings",
                "NetworkSettings",
                "ExecutionTimeLimit",
                "Priority",
                "RunOnlyIfIdle",
            ],
        ),
        ("Principals", &["Principal"]),
        ("Principal", &["UserId", "LogonType", "GroupId", "DisplayName", "RunLevel"]),
        ("Actions", &["Exec"]),
        ("Exec", &["Command", "Arguments", "WorkingDirectory"]),
    ];

    /// Element by element: the path of each that holds text, and the text. Panics at what is not well-formed.
    fn read(xml: &str) -> Vec<(String, String)> {
        let (mut open, mut found): (Vec<String>, _) = (Vec::new(), Vec::new());
        let body = xml.strip_prefix("<?xml version=\"1.0\"?>\n").expect("a declaration without an encoding");
        let mut parts = body.split('<');
        assert_eq!(parts.next(), Some(""));
        for part in parts {
            let (tag, text) = part.split_once('>').unwrap();
            assert!(!text.contains('>'), "{text}");
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop().as_deref(), Some(name));
                assert_eq!(text.trim(), "");
                continue;
            }
            open.push(tag.split(' ').next().unwrap().to_owned());
            if !text.trim().is_empty() {
                found.push((open.join("/"), text.to_owned()));
            }
        }
        assert!(open.is_empty(), "{open:?}");
        found
    }

    /// The children of each element that holds others.
    fn children(xml: &str) -> Vec<(String, Vec<String>)> {
        let mut found: Vec<(String, Vec<String>)> = Vec::new();
        for (path, _) in read(xml) {
            let names: Vec<&str> = path.split('/').collect();
            for pair in names.windows(2) {
                let at = found.iter().position(|(parent, _)| parent == pair[0]).unwrap_or_else(|| {
                    found.push((pair[0].to_owned(), Vec::new()));
                    found.len() - 1
                });
                if !found[at].1.contains(&pair[1].to_owned()) {
                    found[at].1.push(pair[1].to_owned());
                }
            }
        }
        found
    }

    fn task(program: &str, account: &str, password: bool, seconds: u64) -> StartupTask {
        let account = TaskAccount::parse(account, password).unwrap();
        StartupTask { program: program.to_owned(), account, delay: Duration::from_secs(seconds) }
    }

    fn value(xml: &str, path: &str) -> Option<String> {
        read(xml).into_iter().find(|(found, _)| found == path).map(|(_, text)| text)
    }

    #[test]
    fn s12_the_task_starts_at_startup_whether_or_not_somebody_is_logged_on_with_highest_privileges() {
        let xml = task(DEFAULT_PROGRAM, "SYSTEM", false, 0).xml();
        for (path, expected) in [
            ("Task/RegistrationInfo/URI", Some(r"\Reprise\Startup")),
            ("Task/Triggers/BootTrigger/Enabled", Some("true")),
            ("Task/Triggers/BootTrigger/Delay", None),
            ("Task/Principals/Principal/UserId", Some("S-1-5-18")),
            // SYSTEM is never logged on: a kind of logon would be refused.
            ("Task/Principals/Principal/LogonType", None),
            ("Task/Principals/Principal/RunLevel", Some("HighestAvailable")),
            ("Task/Settings/Enabled", Some("true")),
            ("Task/Settings/AllowStartOnDemand", Some("true")),
            ("Task/Settings/MultipleInstancesPolicy", Some("IgnoreNew")),
            ("Task/Settings/DisallowStartIfOnBatteries", Some("false")),
            ("Task/Settings/StopIfGoingOnBatteries", Some("false")),
            ("Task/Settings/ExecutionTimeLimit", Some("PT0S")),
            ("Task/Actions/Exec/Command", Some(r#""C:\Program Files\Reprise\reprise.exe""#)),
            ("Task/Actions/Exec/Arguments", Some("run --retry-for 30m")),
        ] {
            assert_eq!(value(&xml, path).as_deref(), expected, "{path}");
        }
        assert!(xml.contains(r#"<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">"#));
        assert!(xml.contains(r#"<Principal id="Author">"#) && xml.contains(r#"<Actions Context="Author">"#));
    }

    #[test]
    fn s12_the_chosen_account_is_logged_in_as_its_kind_allows() {
        for (account, password, logon) in
            [(r"LAB\repl$", false, "Password"), (r"LAB\svc", true, "Password"), (r"LAB\svc", false, "S4U")]
        {
            let xml = task(DEFAULT_PROGRAM, account, password, 0).xml();
            assert_eq!(value(&xml, "Task/Principals/Principal/UserId").as_deref(), Some(account));
            assert_eq!(value(&xml, "Task/Principals/Principal/LogonType").as_deref(), Some(logon), "{account}");
            assert_eq!(value(&xml, "Task/Principals/Principal/RunLevel").as_deref(), Some("HighestAvailable"));
        }
    }

    #[test]
    fn the_elements_stand_in_the_order_of_the_schema_and_no_other_is_there() {
        let full = task(DEFAULT_PROGRAM, r"LAB\repl$", false, 90).xml();
        assert_eq!(value(&full, "Task/Triggers/BootTrigger/Delay").as_deref(), Some("PT90S"));
        for (parent, found) in children(&full) {
            let (_, allowed) = SCHEMA.iter().find(|(name, _)| *name == parent).unwrap_or_else(|| panic!("{parent}"));
            let places: Vec<usize> = found
                .iter()
                .map(|child| {
                    allowed.iter().position(|name| name == child).unwrap_or_else(|| panic!("{parent}: {child}"))
                })
                .collect();
            assert!(places.is_sorted(), "{parent}: {found:?}");
        }
    }

    #[test]
    fn a_path_without_blanks_has_no_quotes_and_every_character_arrives() {
        let xml = task(r"D:\R&D\<東京>\reprise.exe", r"LAB\Dürr", false, 0).xml();
        assert!(xml.is_ascii(), "{xml}");
        let command = value(&xml, "Task/Actions/Exec/Command").unwrap();
        assert_eq!(command, r"D:\R&amp;D\&lt;&#26481;&#20140;&gt;\reprise.exe");
        assert_eq!(value(&xml, "Task/Principals/Principal/UserId").as_deref(), Some(r"LAB\D&#252;rr"));
        // What an administrator's path says is no placeholder of ours.
        let odd = task(r"D:\@USER@\reprise.exe", "SYSTEM", false, 0).xml();
        assert_eq!(value(&odd, "Task/Actions/Exec/Command").as_deref(), Some(r"D:\@USER@\reprise.exe"));
        for (path, has) in [(r"C:\%TEMP%\r.exe", true), (r"C:\$(Arg0)\r.exe", true), (r"C:\a b\r.exe", false)] {
            assert_eq!(task(path, "SYSTEM", false, 0).has_variable(), has, "{path}");
        }
    }
}
