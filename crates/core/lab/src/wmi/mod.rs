//! A host's answers to CIM requests.

mod cimv2;
mod code;
mod definition;
mod embedded;
mod hardware;
mod language;
mod method;
mod parameters;
mod registry;
mod relation;
mod replica_server;
mod service;
mod singleton;
mod statistics;
mod summary;
mod system;
mod task_scheduler;
#[cfg(test)]
mod tests;
mod value;
mod virtualization;
mod vm;
mod vm_settings;

use std::time::Duration;

use cim::{CallError, CimTimestamp, DateTime, ErrorKind, Name, ObjectPath, Reached, Reply, Request, Row, Value};

pub use definition::Definition;

use crate::host::Host;
use crate::schema::{self, CIMV2, Class, DEFAULT, TASK_SCHEDULER};
use crate::world::World;
use code::{NO_CLASS, NO_CLASS_IN_QUERY, NO_NAMESPACE, NO_RIGHTS, NOT_FOUND, invalid_query, not_there};

impl World {
    /// Answers one request as the host would. Whether the host can be reached at all is [`World::face`]'s to say.
    ///
    /// # Errors
    /// [`CallError`] with the number that Windows gives.
    pub fn answer(&mut self, host: usize, request: &Request) -> Result<Reply, CallError> {
        let namespace = match request {
            Request::Query { namespace, .. } => namespace,
            Request::Get { path } | Request::Invoke { path, .. } => &path.namespace,
            Request::Related { related } => &related.object.namespace,
        };
        if self.refuses_namespace(host, namespace.as_str()) {
            let text = format!("the WMI service denied access to the namespace {namespace}");
            return Err(CallError::new(ErrorKind::Denied, Reached::Yes, text).with_status(NO_RIGHTS));
        }
        match request {
            Request::Query { namespace, select } => {
                let class = self.find(namespace.as_str(), select.class.as_str(), NO_CLASS_IN_QUERY)?;
                let named = select.properties();
                if let Some(unknown) = named.iter().find(|name| !self.knows(class, name)) {
                    return Err(invalid_query(&format!("{} has no property {unknown}", class.name)));
                }
                let mut rows = self.seen_instances(host, class);
                if named.iter().any(|name| name.is_system()) {
                    let server = self.hosts.get(host).map(crate::host::Host::netbios).unwrap_or_default();
                    for row in &mut rows {
                        system::add(&server, class, row);
                    }
                }
                let selected = rows.iter().filter(|row| select.selects(row)).map(|row| select.project(row));
                let mut selected: Vec<Row> = selected.collect();
                self.spoil(host, &mut selected);
                Ok(Reply::Rows(selected))
            }
            Request::Get { path } => {
                let mut row = self.instance(host, path)?;
                self.spoil(host, std::slice::from_mut(&mut row));
                Ok(Reply::Instance(row))
            }
            Request::Related { related } => self.related(host, related),
            Request::Invoke { path, method, arguments } => {
                // The methods of the registry's provider are static: they are called on the class.
                let target = if *path.namespace.as_str() == *DEFAULT {
                    Row::new(self.find(DEFAULT, path.class.as_str(), NO_CLASS)?.name)
                } else {
                    self.instance(host, path)?
                };
                self.invoke(host, &target, method.as_str(), arguments).map(Reply::Output)
            }
        }
    }

    fn instance(&mut self, host: usize, path: &ObjectPath) -> Result<Row, CallError> {
        let path = &self.whole_path(host, path);
        let class = self.find(path.namespace.as_str(), path.class.as_str(), NO_CLASS)?;
        let known = |name: &Name| class.keys.iter().any(|key| *name == **key);
        if let Some(name) = path.keys.keys().find(|name| !known(name)) {
            let text = format!("{name} is no key of {}", class.name);
            return Err(CallError::new(ErrorKind::Refused, Reached::Yes, text).with_status(2_150_858_843));
        }
        if path.keys.len() < class.keys.len() {
            return Err(not_there(NO_CLASS, &format!("{} takes the keys {}", class.name, class.keys.join(", "))));
        }
        let vm = self.vm_of(path);
        let found = self.seen_instances_of(host, class, vm).into_iter().find(|row| row.path.as_ref() == Some(path));
        found.ok_or_else(|| not_there(NOT_FOUND, "the object was deleted, or the account may not see it"))
    }

    /// Every instance of a class that the account sees now.
    fn seen_instances(&mut self, host: usize, class: &Class) -> Vec<Row> {
        self.seen_instances_of(host, class, None)
    }

    /// The same where one of this VM is sought, if of any: a thousand VMs need not be described to find one.
    fn seen_instances_of(&mut self, host: usize, class: &Class, vm: Option<usize>) -> Vec<Row> {
        if self.denies(host, class) {
            return Vec::new();
        }
        let mut rows = self.instances_of(host, class, vm);
        self.hide_jobs(class, &mut rows);
        rows
    }

    /// The class of that name, if this Windows has it.
    fn find(&self, namespace: &str, name: &str, status: u32) -> Result<&'static Class, CallError> {
        if !schema::classes().any(|class| class.namespace.eq_ignore_ascii_case(namespace)) {
            return Err(not_there(NO_NAMESPACE, &format!("there is no namespace {namespace}")));
        }
        let class = schema::class(namespace, name).filter(|class| class.is_in(self.spec.os));
        class.ok_or_else(|| not_there(status, &format!("there is no class {name}")))
    }

    /// Whether instances of a class have a property, on this Windows.
    fn knows(&self, class: &Class, name: &Name) -> bool {
        let own = || class.property(name.as_str()).is_some_and(|property| property.is_in(self.spec.os));
        if name.is_system() { system::has(name.as_str()) } else { own() }
    }

    /// Every instance of a class that the host shows now.
    fn instances(&self, host: usize, class: &Class) -> Vec<Row> {
        self.instances_of(host, class, None)
    }

    /// The same; where the rows of a class are each of one VM, only those of this one, if one is given.
    fn instances_of(&self, host: usize, class: &Class, vm: Option<usize>) -> Vec<Row> {
        let mut rows = if class.is_association() {
            self.associations(host, class)
        } else if class.namespace == CIMV2 {
            self.windows(host, class)
        } else if class.namespace == DEFAULT {
            Vec::new()
        } else if class.namespace == TASK_SCHEDULER {
            self.hosts.get(host).map_or_else(Vec::new, |host| task_scheduler::tasks(host, class))
        } else {
            self.hyperv(host, class, vm)
        };
        self.leave_out_others(class, &mut rows);
        language::translate(self.spec.language, &mut rows);
        rows
    }

    /// Takes out the properties that other versions of Windows have.
    fn leave_out_others(&self, class: &Class, rows: &mut [Row]) {
        let others: Vec<_> = class.properties.iter().filter(|property| !property.is_in(self.spec.os)).collect();
        if others.is_empty() {
            return;
        }
        for row in rows {
            let all = std::mem::take(&mut row.properties);
            let own = |name: &Name| !others.iter().any(|other| *name == *other.name);
            row.properties = all.into_iter().filter(|(name, _)| own(name)).collect();
        }
    }

    /// Now by a host's own clock.
    pub fn host_time(&self, host: usize) -> CimTimestamp {
        self.time_at(host, self.now())
    }

    /// A point in virtual time by a host's own clock.
    fn clock(&self, host: usize, at: Duration) -> Value {
        Value::DateTime(DateTime::Timestamp(self.time_at(host, at)))
    }

    /// When a host booted, by its own clock: Windows moves that time with the clock when it is set.
    fn boot_time(&self, host: &Host) -> CimTimestamp {
        let booted = self.time_by(host.clock_offset_s(), host.booted).unix_us();
        let before = i64::try_from(host.up_before.as_micros()).unwrap_or(i64::MAX);
        CimTimestamp::from_unix_us(booted.saturating_sub(before))
    }

    /// A time as Windows itself writes it, in the local time of the hosts. Hyper-V writes its own in UTC.
    fn local(&self, time: CimTimestamp) -> Value {
        Value::DateTime(DateTime::Timestamp(time.with_offset_minutes(self.spec.language.minutes_ahead())))
    }

    /// What a host's clock showed then.
    fn time_at(&self, host: usize, at: Duration) -> CimTimestamp {
        self.time_by(self.hosts.get(host).map_or(0, |host| host.clock_offset_s_at(at)), at)
    }

    fn time_by(&self, offset_s: i64, at: Duration) -> CimTimestamp {
        let offset = offset_s.saturating_mul(1_000_000);
        let micros = i64::try_from(at.as_micros()).unwrap_or(i64::MAX);
        CimTimestamp::from_unix_us(self.spec.started_us.saturating_add(micros).saturating_add(offset))
    }
}
