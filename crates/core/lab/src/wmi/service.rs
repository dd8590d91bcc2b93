//! Methods of `Msvm_ReplicationService`.

use std::time::Duration;

use cim::{Argument, CallError, DateTime, FromValue, ObjectPath, Output, Properties, Value};

use super::code::{DONE, INVALID_PARAMETER, INVALID_STATE, JOB_STARTED};
use super::method::returned;
use super::virtualization::guid;
use crate::host::Host;
use crate::leg::{At, Vm};
use crate::spec::Os;
use crate::world::World;

/// A resynchronization may be planned so far ahead.
const AHEAD_MAX: Duration = Duration::from_hours(7 * 24);

impl World {
    /// `None` if there is no such method.
    pub(super) fn invoke_service(
        &mut self,
        host: usize,
        method: &str,
        arguments: &[Argument],
    ) -> Option<Result<Output, CallError>> {
        let argument = |name: &str| arguments.iter().find(|a| a.name == *name).map_or(&Value::Nil, |a| &a.value);
        let path = ObjectPath::from_value(argument("ComputerSystem")).ok();
        let named = path.as_ref().and_then(|path| path.key("Name")).unwrap_or_default();
        let held = |vm: &Vm| vm.on(host).is_some() && guid(vm.id).eq_ignore_ascii_case(named);
        let vm = self.vms.iter().position(held);
        let known = |answer: &mut dyn FnMut(usize) -> Output| {
            Some(Ok(vm.map_or_else(|| returned(INVALID_PARAMETER, None), answer)))
        };
        match method.to_ascii_lowercase().as_str() {
            "getsystemcertificates" => Some(Ok(self.certificates(host))),
            "resynchronize" => {
                let starts = argument("StartTime").clone();
                known(&mut |vm| self.ask_for_resync(host, vm, &starts))
            }
            "getreplicationstatistics" => known(&mut |vm| self.statistics_of(host, vm, 0)),
            "getreplicationstatisticsex" if self.spec.os != Os::Server2012 => {
                let relationship = argument("ReplicationRelationship").clone();
                known(&mut |vm| match self.names_slot(vm, &relationship) {
                    Ok(slot) => self.statistics_of(host, vm, slot),
                    Err(code) => returned(code, None),
                })
            }
            _ => None,
        }
    }

    /// The certificates in the computer's own store. The method has no job.
    fn certificates(&self, host: usize) -> Output {
        let own = self.hosts.get(host).map_or(&[][..], |host| &host.installed.certificates);
        let encoded = own.iter().map(|certificate| Value::String(certificate.encoded())).collect();
        let parameters = Properties::new().with("EncodedCertificates", Value::List(encoded));
        Output { parameters: parameters.with("ReturnValue", Value::Uint32(DONE)) }
    }

    /// The leg that the VM sends on this host: on a replica VM its extended one.
    fn ask_for_resync(&mut self, host: usize, index: usize, starts: &Value) -> Output {
        let sending = self.vms.get(index).and_then(|vm| vm.legs.iter().find(|leg| leg.sender.host == host));
        let Some(at) = sending.map(|leg| At { vm: index, kind: leg.kind }).filter(|at| self.may_resync(*at)) else {
            return returned(INVALID_STATE, None);
        };
        let begins = if starts.is_nil() {
            None
        } else {
            let Some(begins) = self.by_clock(host, starts).filter(|at| *at > self.now && *at <= self.now + AHEAD_MAX)
            else {
                return returned(INVALID_PARAMETER, None);
            };
            Some(begins)
        };
        match self.resynchronize(at, begins) {
            Some(job) => returned(JOB_STARTED, Some(guid(job))),
            None => returned(INVALID_STATE, None),
        }
    }

    /// A point in time by a host's own clock, in virtual time.
    fn by_clock(&self, host: usize, value: &Value) -> Option<Duration> {
        let DateTime::Timestamp(time) = DateTime::from_value(value).ok()? else { return None };
        let offset = self.hosts.get(host).map_or(0, Host::clock_offset_s).saturating_mul(1_000_000);
        let micros = time.unix_us().saturating_sub(self.spec.started_us).saturating_sub(offset);
        u64::try_from(micros).ok().map(Duration::from_micros)
    }

    fn statistics_of(&self, host: usize, index: usize, slot: u8) -> Output {
        let object = self.vms.get(index).and_then(|vm| Some((vm, vm.object(host, slot)?)));
        let Some((vm, (leg, sender))) = object else { return returned(INVALID_STATE, None) };
        let embedded = |rows: Vec<cim::Row>| {
            let texts = rows.iter().filter_map(|row| cim::cimxml::write(row).ok());
            Value::List(texts.map(Value::String).collect())
        };
        let mut output = returned(DONE, None);
        output.parameters.set("ReplicationStatistics", embedded(vec![self.statistics(host, vm, leg, sender)]));
        output.parameters.set("ReplicationHealthIssues", embedded(self.issues(leg, sender)));
        output
    }
}
