//! Setting up a replica server, installing updates, registering a task.

use std::time::Duration;

use cim::CimTimestamp;

use super::{Done, not_now};
use crate::certificate::Certificate;
use crate::installed::ReplicaServerSettings;
use crate::world::World;

/// How long before its end a certificate was made.
const VALID_FOR: Duration = Duration::from_hours(366 * 24);
/// Maximum days by which a certificate's end may lie ahead or behind.
const DAYS_MAX: i32 = 3_650;
const DAY_US: i64 = 86_400_000_000;

impl World {
    /// Sets up the replica server of a host.
    pub(super) fn set_up_server(&mut self, host: usize, settings: &ReplicaServerSettings) -> Done {
        let now = self.host_time(host).unix_us();
        let Some(host) = self.hosts.get_mut(host) else { return Ok(()) };
        let installed = &mut host.installed;
        if let Some(days) = settings.certificate_days {
            if !(-DAYS_MAX..=DAYS_MAX).contains(&days) {
                return not_now(format!("a certificate ends within {DAYS_MAX} days"));
            }
            let until = now.saturating_add(i64::from(days).saturating_mul(DAY_US));
            let from = until.saturating_sub(i64::try_from(VALID_FOR.as_micros()).unwrap_or(i64::MAX));
            let number = u8::try_from(installed.certificates.len() % 0x7f).unwrap_or_default();
            let [from, until] = [from, until].map(CimTimestamp::from_unix_us);
            installed.certificates.push(Certificate::new(number + 1, &host.name, from, until));
        }
        let server = &mut installed.server;
        server.enabled = settings.enabled.unwrap_or(server.enabled);
        server.authentication = settings.authentication.unwrap_or(server.authentication);
        server.authorizes = settings.authorizes.unwrap_or(server.authorizes);
        server.listens = settings.listens.unwrap_or(server.listens);
        Ok(())
    }

    /// Installs updates on a host in place of those that it has.
    pub(super) fn install(&mut self, host: usize, updates: &[String], revision: Option<u32>) {
        if let Some(host) = self.hosts.get_mut(host) {
            host.installed.updates = updates.to_vec();
            host.installed.revision = revision.unwrap_or(host.installed.revision);
        }
    }

    /// Sets a text in a host's registry, or removes it.
    pub(super) fn register(&mut self, host: usize, key: &str, name: &str, data: Option<&str>) {
        let Some(host) = self.hosts.get_mut(host) else { return };
        let place = (key.to_lowercase(), name.to_lowercase());
        match data {
            Some(data) => host.installed.registry.insert(place, data.to_owned()),
            None => host.installed.registry.remove(&place),
        };
    }

    /// Registers Reprise's task on a host, or removes it.
    pub(super) fn set_task(&mut self, host: usize, state: Option<u32>) {
        if let Some(host) = self.hosts.get_mut(host) {
            host.installed.task = state;
        }
    }
}
