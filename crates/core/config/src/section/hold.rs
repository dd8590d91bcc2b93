//! `[[hold]]`: what is left alone, why, and until when.

use reprise_model::{Hold, HoldScope, Timestamp};
use toml::de::DeValue;

use super::name::{host_name, vm};
use crate::table::{Findings, Table};

pub(crate) fn hold(mut table: Table<'_>, found: &mut Findings<'_>) -> Option<Hold> {
    let vm = table.text("vm", found).map(|(at, text)| {
        let selector = vm(&text).map_err(|why| found.add(at, "hold.vm", why)).ok();
        selector.map(HoldScope::Vm)
    });
    let host = table.text("host", found).map(|(at, text)| {
        let name = host_name(&text).map_err(|why| found.add(at, "hold.host", why)).ok();
        name.map(HoldScope::Host)
    });
    let all = match table.take("all") {
        Some((_, DeValue::Boolean(true))) => Some(Some(HoldScope::All)),
        Some((at, _)) => {
            found.add(at, table.key("all"), "expected true; leave it out unless everything is held");
            None
        }
        None => None,
    };
    let reason = table.text("reason", found).map(|(_, reason)| reason);
    let until = table.text("until", found).and_then(|(at, until)| {
        let time = until.parse::<jiff::Timestamp>().ok();
        if time.is_none() {
            found.add(at, "hold.until", format!("`{until}` is not a time such as 2026-11-30T22:00:00Z"));
        }
        time.map(|time| Timestamp(time.as_millisecond()))
    });
    let mut scopes = [vm, host, all].into_iter().flatten();
    let scope = if let (Some(scope), None) = (scopes.next(), scopes.next()) {
        scope
    } else {
        found.add(table.at, "hold", "give exactly one of vm, host and all = true");
        None
    };
    if reason.is_none() {
        found.add(table.at, "hold.reason", "missing: write down why this is held");
    }
    table.end(found);
    Some(Hold { scope: scope?, reason: reason?, until, only_this_pass: false })
}
