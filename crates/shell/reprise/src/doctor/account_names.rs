//! Names of the accounts and groups that every Windows has, by their security identifiers. They are those of an English Windows.

/// The names (Microsoft, "Well-known SIDs").
const NAMES: [(&str, &str); 25] = [
    ("S-1-1-0", "Everyone"),
    ("S-1-3-0", "the owner"),
    ("S-1-5-2", "accounts that log in over the network"),
    ("S-1-5-3", "tasks (BATCH)"),
    ("S-1-5-4", "users who are logged on at the host (INTERACTIVE)"),
    ("S-1-5-6", "services"),
    ("S-1-5-7", "anonymous"),
    ("S-1-5-11", "Authenticated Users"),
    ("S-1-5-18", "SYSTEM"),
    ("S-1-5-19", "LOCAL SERVICE"),
    ("S-1-5-20", "NETWORK SERVICE"),
    ("S-1-5-33", "WRITE RESTRICTED"),
    ("S-1-5-32-544", "Administrators"),
    ("S-1-5-32-545", "Users"),
    ("S-1-5-32-546", "Guests"),
    ("S-1-5-32-548", "Account Operators"),
    ("S-1-5-32-549", "Server Operators"),
    ("S-1-5-32-550", "Print Operators"),
    ("S-1-5-32-551", "Backup Operators"),
    ("S-1-5-32-556", "Network Configuration Operators"),
    ("S-1-5-32-559", "Performance Log Users"),
    ("S-1-5-32-573", "Event Log Readers"),
    ("S-1-5-32-578", "Hyper-V Administrators"),
    ("S-1-5-32-580", "Remote Management Users"),
    ("DA", "Domain Admins"),
];

/// The name of an account; its identifier if it is none that every Windows has.
pub(super) fn name(identifier: &str) -> String {
    let known = NAMES.iter().find(|(known, _)| *known == identifier);
    known.map_or(identifier, |(_, name)| name).to_owned()
}
