//! A host's answers to CIM requests.

mod cimv2;
mod embedded;
mod hardware;
mod method;
mod relation;
mod replica_server;
mod service;
mod singleton;
mod statistics;
mod summary;
#[cfg(test)]
mod tests;
mod virtualization;
mod vm;
mod vm_settings;

use std::time::Duration;

use cim::{CallError, DateTime, ErrorKind, ObjectPath, Reached, Reply, Request, Row, Timestamp, Value};

use crate::schema::{self, CIMV2, Class};
use crate::spec::Os;
use crate::world::World;

/// No such class, asked for by its URI.
const NO_CLASS: u32 = 2_150_858_752;
/// No such class, in a query.
const NO_CLASS_IN_QUERY: u32 = 2_150_858_778;
/// `WBEM_E_NOT_FOUND`
const NOT_FOUND: u32 = 0x8004_1002;
/// `WBEM_E_INVALID_NAMESPACE`
const NO_NAMESPACE: u32 = 0x8004_100E;
/// `WBEM_E_INVALID_METHOD`
const NO_METHOD: u32 = 0x8004_102E;

/// Classes that came with Server 2012 R2.
const NEWER_THAN_2012: [&str; 3] =
    ["Msvm_ReplicationProvider", "Msvm_ReplicationRelationship", "Msvm_SystemReplicationRelationship"];

/// Properties that came with Server 2012 R2.
const NEW_IN_2012_R2: [&str; 12] = [
    "AdditionalSettings",
    "BootSourceOrder",
    "EnhancedSessionModeState",
    "LowMmioGapSize",
    "NetworkBootPreferredProtocol",
    "PauseAfterBootFailure",
    "ReplicationHealthEx",
    "ReplicationInterval",
    "ReplicationProvider",
    "ReplicationProviderId",
    "ReplicationStateEx",
    "SecureBootEnabled",
];

fn not_there(status: u32, what: &str) -> CallError {
    CallError::new(ErrorKind::NotThere, Reached::Yes, what).with_status(status)
}

impl World {
    /// Answers one request as the host would. Whether the host can be reached at all is [`World::face`]'s to say.
    ///
    /// # Errors
    /// [`CallError`] with the number that Windows gives.
    pub fn answer(&mut self, host: usize, request: &Request) -> Result<Reply, CallError> {
        match request {
            Request::Query { namespace, select } => {
                let class = self.find(namespace.as_str(), select.class.as_str(), NO_CLASS_IN_QUERY)?;
                let rows = self.seen_instances(host, class);
                let selected = rows.iter().filter(|row| select.selects(row)).map(|row| select.project(row));
                let mut selected: Vec<Row> = selected.collect();
                self.spoil(host, &mut selected);
                Ok(Reply::Rows(selected))
            }
            Request::Get { path } => {
                let mut row = without_system_properties(self.instance(host, path)?);
                self.spoil(host, std::slice::from_mut(&mut row));
                Ok(Reply::Instance(row))
            }
            Request::Related { related } => self.related(host, related),
            Request::Invoke { path, method, arguments } => {
                let target = self.instance(host, path)?;
                self.invoke(host, &target, method.as_str(), arguments).map(Reply::Output)
            }
        }
    }

    fn instance(&mut self, host: usize, path: &ObjectPath) -> Result<Row, CallError> {
        let path = &self.whole_path(host, path);
        let class = self.find(path.namespace.as_str(), path.class.as_str(), NO_CLASS)?;
        let known = |name: &cim::Name| class.keys.iter().any(|key| *name == **key);
        if let Some(name) = path.keys.keys().find(|name| !known(name)) {
            let text = format!("{name} is no key of {}", class.name);
            return Err(CallError::new(ErrorKind::Refused, Reached::Yes, text).with_status(2_150_858_843));
        }
        if path.keys.len() < class.keys.len() {
            let text = format!("{} takes the keys {}", class.name, class.keys.join(", "));
            return Err(CallError::new(ErrorKind::Refused, Reached::Yes, text).with_status(2_150_858_842));
        }
        let found = self.seen_instances(host, class).into_iter().find(|row| row.path.as_ref() == Some(path));
        found.ok_or_else(|| not_there(NOT_FOUND, "the object was deleted, or the account may not see it"))
    }

    /// Every instance of a class that the account sees now.
    fn seen_instances(&mut self, host: usize, class: &Class) -> Vec<Row> {
        if self.denies(host, class) {
            return Vec::new();
        }
        let mut rows = self.instances(host, class);
        self.hide_jobs(class, &mut rows);
        rows
    }

    /// The class of that name, if this Windows has it.
    fn find(&self, namespace: &str, name: &str, status: u32) -> Result<&'static Class, CallError> {
        if !schema::classes().any(|class| class.namespace.eq_ignore_ascii_case(namespace)) {
            return Err(not_there(NO_NAMESPACE, &format!("there is no namespace {namespace}")));
        }
        let class = schema::class(namespace, name).filter(|class| self.has(class));
        class.ok_or_else(|| not_there(status, &format!("there is no class {name}")))
    }

    /// Whether this Windows has a class. Server 2012 keeps replication with the VM.
    fn has(&self, class: &Class) -> bool {
        self.spec.os != Os::Server2012 || !NEWER_THAN_2012.contains(&class.name)
    }

    /// Every instance of a class that the host shows now.
    fn instances(&self, host: usize, class: &Class) -> Vec<Row> {
        if class.is_association() {
            return self.associations(host, class);
        }
        if class.namespace == CIMV2 {
            return self.windows(host, class);
        }
        let mut rows = self.hyperv(host, class);
        if self.spec.os == Os::Server2012 {
            for row in &mut rows {
                let all = std::mem::take(&mut row.properties);
                row.properties =
                    all.into_iter().filter(|(name, _)| !NEW_IN_2012_R2.iter().any(|new| *name == **new)).collect();
            }
        }
        rows
    }

    /// Now by a host's own clock.
    pub fn host_time(&self, host: usize) -> Timestamp {
        self.time_at(host, self.now())
    }

    /// A point in virtual time by a host's own clock.
    fn clock(&self, host: usize, at: Duration) -> Value {
        Value::DateTime(DateTime::Timestamp(self.time_at(host, at)))
    }

    fn time_at(&self, host: usize, at: Duration) -> Timestamp {
        let offset = self.hosts.get(host).map_or(0, |h| h.clock_offset_s.saturating_mul(1_000_000));
        let micros = i64::try_from(at.as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_unix_us(self.spec.started_us.saturating_add(micros).saturating_add(offset))
    }
}

fn without_system_properties(mut row: Row) -> Row {
    row.properties = row.properties.into_iter().filter(|(name, _)| !name.is_system()).collect();
    row
}

fn never() -> Value {
    Value::DateTime(DateTime::Timestamp(Timestamp::from_filetime(0)))
}

fn text(value: impl Into<String>) -> Value {
    Value::String(value.into())
}
