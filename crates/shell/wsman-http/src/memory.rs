//! How much memory the answers of hosts may take: in one call, from one host, and from all hosts together.
//!
//! A host that sends without end reaches the limit of its call or its own limit. If many hosts do so together, the limit for all
//! refuses the hosts that hold more than their share, and never one that holds less: what one host sends takes nothing from
//! another.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use cim::{CallError, ErrorKind, Hint, Reached};

use crate::gate::locked;

const MIB: usize = 1024 * 1024;
/// Maximum for one call. The rows of a thousand VMs, each with all its properties, take about ten.
const CALL_MAX: usize = 32 * MIB;
/// Maximum for one host: several calls at once, most of them small.
const HOST_MAX: usize = 64 * MIB;
/// Maximum for all hosts, unless each holds less than its share: a hundred hosts that are looked at at the same time need less
/// than half of it.
const ALL_MAX: usize = 256 * MIB;

/// The limits, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Maxima {
    pub(crate) call: usize,
    pub(crate) host: usize,
    pub(crate) all: usize,
}

/// What the answers to a process take. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub(crate) struct Memory(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    maxima: Maxima,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    /// Hosts that hold something.
    by_host: BTreeMap<Arc<str>, usize>,
}

impl Default for Memory {
    fn default() -> Self {
        Self::within(Maxima { call: CALL_MAX, host: HOST_MAX, all: ALL_MAX })
    }
}

impl Memory {
    pub(crate) fn within(maxima: Maxima) -> Self {
        Self(Arc::new(Inner { maxima, taken: Mutex::default() }))
    }

    /// The part of one host, by the address that it is called at.
    pub(crate) fn of(&self, host: &str) -> HostMemory {
        HostMemory { memory: self.clone(), host: host.to_lowercase().into() }
    }
}

/// The part of one host.
#[derive(Clone, Debug)]
pub(crate) struct HostMemory {
    memory: Memory,
    host: Arc<str>,
}

impl HostMemory {
    /// An account of one call or one answer, which holds nothing yet.
    pub(crate) fn account(&self) -> Account {
        Account { of: self.clone(), bytes: 0 }
    }
}

/// What one call or one answer holds. Dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Account {
    of: HostMemory,
    bytes: usize,
}

impl Account {
    /// Adds so many bytes.
    ///
    /// # Errors
    /// Names the limit that they would exceed, and whose it is.
    pub(crate) fn add(&mut self, bytes: usize) -> Result<(), CallError> {
        let Inner { maxima, taken } = &*self.of.memory.0;
        let own = self.bytes.saturating_add(bytes);
        if own > maxima.call {
            return Err(self.refused(Limit::Call, maxima.call));
        }
        let mut taken = locked(taken);
        let host = taken.by_host.get(&self.of.host).copied().unwrap_or_default().saturating_add(bytes);
        if host > maxima.host {
            return Err(self.refused(Limit::Host, maxima.host));
        }
        let all = taken.all.saturating_add(bytes);
        let hosts = taken.by_host.len() + usize::from(!taken.by_host.contains_key(&self.of.host));
        if all > maxima.all && host > maxima.all / hosts.max(1) {
            return Err(self.refused(Limit::All, maxima.all));
        }
        taken.all = all;
        taken.by_host.insert(Arc::clone(&self.of.host), host);
        self.bytes = own;
        Ok(())
    }

    /// Holds so many bytes in all, more or fewer than until now.
    ///
    /// # Errors
    /// As [`Account::add`].
    pub(crate) fn set(&mut self, bytes: usize) -> Result<(), CallError> {
        if let Some(more) = bytes.checked_sub(self.bytes) {
            return self.add(more);
        }
        self.give_back(self.bytes - bytes);
        Ok(())
    }

    fn give_back(&mut self, bytes: usize) {
        let mut taken = locked(&self.of.memory.0.taken);
        taken.all = taken.all.saturating_sub(bytes);
        let left = taken.by_host.get(&self.of.host).copied().unwrap_or_default().saturating_sub(bytes);
        if left == 0 {
            taken.by_host.remove(&self.of.host);
        } else {
            taken.by_host.insert(Arc::clone(&self.of.host), left);
        }
        drop(taken);
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    fn refused(&self, limit: Limit, most: usize) -> CallError {
        let (host, mib) = (&self.of.host, most.div_ceil(MIB));
        let whose = match limit {
            Limit::Call => format!("{host} sent more than the {mib} MiB that the answer to one request may take"),
            Limit::Host => {
                format!("{host} sent more than the {mib} MiB that all answers of one host may take at the same time")
            }
            Limit::All => format!(
                "the answers of all hosts take the {mib} MiB that they may take at the same time, and {host} holds more \
                 than its share"
            ),
        };
        CallError::new(ErrorKind::TooLarge, Reached::Yes, whose).with_hint(Hint::Excess)
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.give_back(self.bytes);
    }
}

/// Which limit is exceeded.
#[derive(Clone, Copy, Debug)]
enum Limit {
    Call,
    Host,
    All,
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAXIMA: Maxima = Maxima { call: 40 * MIB, host: 60 * MIB, all: 100 * MIB };

    #[track_caller]
    fn refused(result: Result<(), CallError>, words: &str) {
        let error = result.unwrap_err();
        assert_eq!((error.kind, error.message.contains(words)), (ErrorKind::TooLarge, true), "{error}");
    }

    #[test]
    fn a_call_and_a_host_have_limits_that_the_error_names() {
        let memory = Memory::within(MAXIMA);
        let host = memory.of("HV01:5985");
        let mut call = host.account();
        assert_eq!(call.add(40 * MIB), Ok(()));
        refused(call.add(1), "hv01:5985 sent more than the 40 MiB that the answer to one request may take");
        let mut other = memory.of("hv01:5985").account();
        refused(other.add(21 * MIB), "hv01:5985 sent more than the 60 MiB that all answers of one host");
        assert_eq!(call.set(MIB), Ok(()), "a call gives back what it no longer needs");
        assert_eq!(other.add(21 * MIB), Ok(()));
        drop((call, other));
        assert_eq!(locked(&memory.0.taken).all, 0);
        assert!(locked(&memory.0.taken).by_host.is_empty());
    }

    #[test]
    fn hosts_that_take_everything_take_nothing_from_one_within_its_share() {
        let memory = Memory::within(MAXIMA);
        let mut greedy: Vec<_> = ["a", "b", "c"].map(|host| memory.of(host).account()).into();
        for account in &mut greedy[..2] {
            assert_eq!(account.add(40 * MIB), Ok(()));
        }
        refused(greedy[2].add(40 * MIB), "c holds more than its share");
        // A quarter for each of four.
        let mut honest = memory.of("honest").account();
        for _ in 0..25 {
            assert_eq!(honest.add(MIB), Ok(()));
        }
        refused(greedy[0].add(1), "a sent more than");
        let mut second = memory.of("b").account();
        refused(second.add(MIB), "b holds more than its share");
    }
}
