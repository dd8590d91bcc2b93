//! What `doctor` checks. The ids are stable: scripts match them.

macro_rules! checks {
    ($($variant:ident = $id:literal, $of:literal, $levels:literal;)*) => {
        /// One thing that is checked.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Check {
            $(#[doc = $of] $variant,)*
        }

        impl Check {
            /// Every check, in the order in which they depend on each other.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its id, which never changes.
            pub(crate) fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// What is checked.
            pub(crate) fn of(self) -> &'static str {
                match self { $(Self::$variant => $of,)* }
            }

            /// What each level means.
            pub(crate) fn levels(self) -> &'static str {
                match self { $(Self::$variant => $levels,)* }
            }
        }
    };
}

checks! {
    Name = "name", "The host's name resolves to addresses.",
        "error: it does not, so nothing else is checked";
    Port = "port", "A TCP connection to the port of WinRM is accepted, at each of the first addresses.",
        "warning: some addresses do not accept it; error: none does, so nothing else is checked";
    Certificate = "tls", "Over https://, the certificate of WinRM is trusted.",
        "warning: it is not verified, as requested; error: it is not trusted";
    WinRm = "winrm", "The service at the address is WinRM, and offers a login that is safe to use.",
        "warning: it offers neither Negotiate nor Kerberos; error: something else answers";
    Login = "login", "The account can log in, and by which scheme.",
        "warning: a better scheme was not possible; unknown: nobody could tell; error: the login was refused";
    LocalWmi = "local_wmi", "The WMI of this computer answers.",
        "error: it does not";
    Windows = "windows", "The version of Windows has Hyper-V Replica.",
        "unknown: it could not be read; error: it is older than Server 2012";
    WindowsRights = "rights_windows", "The account can read the classes in `root\\cimv2`.",
        "warning: it cannot, so the clock, the version or the services are not known";
    Services = "vmms", "The service vmms runs, and starts with the computer.",
        "warning: it does not start by itself; unknown: the account cannot see services; error: it does not run, or there is none";
    HyperVRights = "rights_hyperv", "The account can read each class in `root\\virtualization\\v2` that Reprise uses. Missing \
         rights look like empty results, so rows that are always there are looked for.",
        "unknown: VMMS does not run, so nothing can be seen; error: a class cannot be read, or rows are missing that every host has";
    ShutdownFix = "shutdown_fix", "Windows has the update that keeps shutdowns from suspending replication (KB4088889 for \
         Server 2016).",
        "warning: it is not installed, or there is none for this version; unknown: it could not be found out";
    Clock = "clock", "The host's clock agrees with that of the computer that runs `doctor`.",
        "warning: they differ by more than a minute; unknown: it could not be read; error: by five minutes or more, so \
         that Kerberos refuses logins";
    Listener = "replication_service", "The replication service reports no trouble, such as a listener that does not work.",
        "unknown: it could not be read; error: it reports trouble";
    ReplicaServer = "replica_server", "The host is enabled as a replica server if it receives replication.",
        "unknown: it could not be read; error: it receives replication and is not enabled";
    Authorization = "authorization", "A replica server accepts replication from at least one primary server.",
        "warning: no entry is seen; unknown: it could not be read";
    ReplicationCertificate = "certificate", "The certificates that replication uses are there, valid, and for servers and clients.",
        "warning: one expires within 30 days; unknown: they could not be read; error: one is missing, expired or not usable";
    VmmsLog = "events_vmms", "The account can read VMMS's event log, where the evidence for a pause is; and who else may, by the log's access list.",
        "warning: it cannot";
    SystemLog = "events_system", "The account can read the System log, where the evidence for a shutdown is; and who else may, by the log's access list.",
        "warning: it cannot";
    Task = "task", "The task that `reprise install task` makes is registered and enabled, and how its last run ended.",
        "warning: it is disabled, or its last run failed; unknown: it could not be read; on hosts that another computer \
         manages none is needed";
}

/// What the page says of recordings.
const RECORDINGS: &str = "
## Recordings

`reprise doctor --record FILE` also writes down what the hosts were asked and what they answered, for somebody who is to find out what is \
wrong, or who wants to know how a real host answers. The file is new, and only its owner may read it; one that is there is never \
replaced. It has one JSON object a line: the first names the version of the format, and each other one a host by its number \
and

- `offers`: the names of the login schemes that WinRM offers,
- `request`, `status` and `reply`: a message of WS-Management and its answer, both as XML, or
- `call` and `rows`, `instance` or `output`: a call of this computer's own WMI, and
- `error` in place of an answer: `kind` and `code`.

Before anything is written, what identifies an installation is replaced: names of hosts, domains, users and VMs, addresses, \
security identifiers, GUIDs, certificates and their thumbprints. The same text has the same stand-in in the whole file, so a host's \
full and short name still belong together (`name-1.name-2.name-3` and `name-1`). It works by what may stay: words of the protocol, names \
of classes, properties and logs, states, numbers of up to ten digits, times, versions and numbers of updates. A text with any \
other word loses all of its words, and the texts of errors always do. What cannot be read, or has a part of a host's name or \
of the user even so, is left out (`left_out` says how long it was). Headers of HTTP, and so logins, are never written. \
Numbers, times and the set-up stay, so read the file before you give it to others.
";

/// The page of documentation.
pub(crate) fn markdown() -> String {
    use std::fmt::Write as _;
    let mut page = String::from(
        "# What `doctor` checks\n\n`reprise doctor` looks at hosts, and at the way to them, and changes nothing. Each finding has a level \
         (`ok`, `warning`, `error`, or `unknown` if it could not be found out), what was found, why it matters, and a remedy. \
         `id` in `doctor --json` is one of these; it may occur more than once for a host. A check that a host has no use for, \
         or that an earlier error makes impossible, has no finding. This page is generated from the program's own table.\n\n\
         | id | what is checked | levels other than ok |\n| --- | --- | --- |\n",
    );
    for check in Check::ALL {
        let _infallible = writeln!(page, "| `{}` | {} | {} |", check.id(), check.of(), check.levels());
    }
    page.push_str(RECORDINGS);
    page
}
