//! What `doctor` shows of hosts: the document for programs, and the page for people.

use serde::Serialize;

use super::label::{printable, printable_name};
use super::terminal::{Terminal, Tone};
use super::{count, paragraph};
use crate::doctor::{Diagnosis, Level};

/// Width of the column of levels.
const INDENT: usize = 10;

/// The findings about one host.
pub(crate) struct Examined {
    pub(crate) name: String,
    /// `None` for this computer.
    pub(crate) url: Option<String>,
    /// Whether it could be asked.
    pub(crate) asked: bool,
    /// Worst first.
    pub(crate) found: Vec<Diagnosis>,
}

/// The whole document. The order of fields is the order of keys.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    version: u32,
    outcome: &'static str,
    hosts: Vec<Host<'a>>,
}

#[derive(Serialize)]
struct Host<'a> {
    name: &'a str,
    url: Option<&'a str>,
    findings: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct Finding<'a> {
    id: &'static str,
    level: &'static str,
    what: &'a str,
    why: &'a str,
    remedy: Option<&'a str>,
}

/// The worst that was found. What could not be found out counts as a warning: it may be anything.
pub(crate) fn outcome(hosts: &[Examined]) -> Level {
    let worst = hosts.iter().flat_map(|host| &host.found).map(|diagnosis| diagnosis.level).max();
    match worst {
        None | Some(Level::Ok) => Level::Ok,
        Some(Level::Unknown | Level::Warning) => Level::Warning,
        Some(Level::Error) => Level::Error,
    }
}

/// The document of `doctor`.
pub(crate) fn document(hosts: &[Examined]) -> Document<'_> {
    fn finding(diagnosis: &Diagnosis) -> Finding<'_> {
        Finding {
            id: diagnosis.check.id(),
            level: diagnosis.level.word(),
            what: &diagnosis.what,
            why: &diagnosis.why,
            remedy: diagnosis.remedy.as_deref(),
        }
    }
    fn host(host: &Examined) -> Host<'_> {
        Host { name: &host.name, url: host.url.as_deref(), findings: host.found.iter().map(finding).collect() }
    }
    Document { version: 1, outcome: outcome(hosts).word(), hosts: hosts.iter().map(host).collect() }
}

/// The page for people.
pub(crate) fn text(hosts: &[Examined], terminal: &Terminal) -> String {
    let mut text = String::new();
    for host in hosts {
        let url = host.url.as_ref().map_or_else(String::new, |url| format!(" ({})", printable(url)));
        let head = format!("{}{url}: {}", printable_name(&host.name), counts(&host.found.iter().collect::<Vec<_>>()));
        text.push_str(&paragraph("", &head, 2, terminal.width));
        for diagnosis in &host.found {
            text.push_str(&of_one(diagnosis, terminal));
        }
        text.push('\n');
    }
    text.push_str(&paragraph("", &last_line(hosts), 2, terminal.width));
    text
}

fn of_one(diagnosis: &Diagnosis, terminal: &Terminal) -> String {
    let word = format!("  {:8}", diagnosis.level.word());
    let line = |head: &str, words: &str| paragraph(head, &printable(words), INDENT, terminal.width);
    let first = line(&word, &diagnosis.what);
    let painted = terminal.paint(tone(diagnosis.level), &word).to_string();
    let mut text = first.replacen(&word, &painted, 1);
    if diagnosis.level == Level::Ok {
        return text;
    }
    text.push_str(&line(&" ".repeat(INDENT), &format!("why: {}", diagnosis.why)));
    if let Some(remedy) = &diagnosis.remedy {
        text.push_str(&line(&" ".repeat(INDENT), &format!("next: {remedy}")));
    }
    text
}

fn tone(level: Level) -> Tone {
    match level {
        Level::Error => Tone::Bad,
        Level::Warning | Level::Unknown => Tone::Doubtful,
        Level::Ok => Tone::Good,
    }
}

/// "1 error, 2 warnings, 12 ok"
fn counts(found: &[&Diagnosis]) -> String {
    let of = |level: Level| found.iter().filter(|diagnosis| diagnosis.level == level).count();
    let named = |level: Level, thing: &str| match of(level) {
        0 => None,
        number => Some(count(number, thing)),
    };
    let plain = |level: Level| match of(level) {
        0 => None,
        number => Some(format!("{number} {}", level.word())),
    };
    let parts =
        [named(Level::Error, "error"), named(Level::Warning, "warning"), plain(Level::Unknown), plain(Level::Ok)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn last_line(hosts: &[Examined]) -> String {
    let silent: Vec<String> = hosts.iter().filter(|host| !host.asked).map(|host| printable_name(&host.name)).collect();
    let silent =
        if silent.is_empty() { String::new() } else { format!(" Could not be asked: {}.", super::list(&silent)) };
    let all: Vec<&Diagnosis> = hosts.iter().flat_map(|host| &host.found).collect();
    format!("{} examined: {}.{silent}", count(hosts.len(), "host"), counts(&all))
}
