//! Identities: of hosts, VMs, legs, replication objects and acts.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// A handle for a host, valid while the program runs. The permanent identity of a host is its [`HostKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(pub u32);

/// Identifies a VM by its GUID. The display name is only a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VmId(Uuid);

impl VmId {
    /// Creates the id from the GUID.
    pub fn new(guid: Uuid) -> Self {
        Self(guid)
    }

    /// Returns the GUID.
    pub fn guid(self) -> Uuid {
        self.0
    }
}

impl FromStr for VmId {
    type Err = uuid::Error;
    /// Reads a GUID in any case, with or without braces.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::try_parse(text.trim()).map(Self)
    }
}

impl fmt::Display for VmId {
    /// Writes the GUID in lower case, without braces.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.as_hyphenated())
    }
}

/// The kind of a leg: one of a VM's two possible replications.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LegKind {
    /// From the primary server to the replica server.
    Simple,
    /// From the replica server to the extended replica server.
    Extended,
}

impl LegKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Simple, Self::Extended];

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.to_string() == name)
    }
}

impl fmt::Display for LegKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Simple => "simple",
            Self::Extended => "extended",
        })
    }
}

/// Identifies a leg: one replication relationship with both ends, a sender and a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegId {
    /// The VM.
    pub vm: VmId,
    /// The kind of leg.
    pub kind: LegKind,
}

impl fmt::Display for LegId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.vm, self.kind)
    }
}

/// The last part of a replication object's `InstanceID`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// `\0`: on the primary VM, on the replica VM, and on the extended replica VM.
    Zero,
    /// `\1`: on a replica VM that is itself replicated further.
    One,
}

/// One replication object on one host (`Msvm_ReplicationRelationship`). A leg has two, one at each end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelationshipId {
    /// The VM.
    pub vm: VmId,
    /// Which one of the VM's objects.
    pub slot: Slot,
}

/// Identifies an act. Ids are unique within an installation, across restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActId {
    /// How often the controller has been restored from stored state.
    pub epoch: u64,
    /// Its number since then.
    pub number: u64,
}

impl fmt::Display for ActId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch, self.number)
    }
}

/// The permanent identity of a host, across restarts and changes of the configuration: its configured name, else its own name,
/// else its address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostKey(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vm_id_is_written_in_lower_case_whatever_it_was_read_from() {
        for text in ["4708A0F4-C902-429B-A1E0-D4AB0893E452", "{4708a0f4-c902-429b-a1e0-d4ab0893e452}"] {
            let id: VmId = text.parse().unwrap();
            assert_eq!(id.to_string(), "4708a0f4-c902-429b-a1e0-d4ab0893e452");
        }
        assert!("vm-001".parse::<VmId>().is_err());
    }
}
