//! The keys of replication objects.

use reprise_model::{RelationshipId, Slot, VmId};

/// The first part of every key of a replication object; the VM's GUID follows.
const KEY_PREFIX: &str = "Microsoft:";
/// The middle part of every key of a replication object.
const KEY_MIDDLE: &str = "HVR";

/// Reads an `InstanceID` of the form `Microsoft:<guid>\HVR\<0 or 1>`: in any case, the GUID with or without braces.
pub(crate) fn relationship_id(instance_id: &str) -> Option<RelationshipId> {
    let (vm, rest) = instance_key(instance_id)?;
    let slot = match rest? {
        "0" => Slot::Zero,
        "1" => Slot::One,
        _ => return None,
    };
    Some(RelationshipId { vm, slot })
}

/// Reads an `InstanceID` of Server 2012, where a VM has only one: `Microsoft:<guid>\HVR`.
pub(crate) fn relationship_id_2012(instance_id: &str) -> Option<RelationshipId> {
    let (vm, rest) = instance_key(instance_id)?;
    rest.is_none().then_some(RelationshipId { vm, slot: Slot::Zero })
}

/// Returns the VM in a key of a replication object, and what follows the middle part.
fn instance_key(instance_id: &str) -> Option<(VmId, Option<&str>)> {
    let (prefix, key) = instance_id.split_at_checked(KEY_PREFIX.len())?;
    let (vm, rest) = key.split_once('\\')?;
    let (middle, rest) = rest.split_once('\\').map_or((rest, None), |(middle, rest)| (middle, Some(rest)));
    let known = prefix.eq_ignore_ascii_case(KEY_PREFIX) && middle.eq_ignore_ascii_case(KEY_MIDDLE);
    known.then_some((vm.parse().ok()?, rest))
}
