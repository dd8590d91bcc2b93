//! What `Get-VMReplication` returns: every property of every VM, relationship and setting of a host, joined.
//!
//! Three queries for whole classes. The cmdlet follows associations VM by VM, which costs more; the baseline uses the cheaper
//! way.

use std::collections::BTreeMap;

use cim::{CallError, Name, Namespace, Reply, Request, Row, wql};
use wsman_http::Client;

use super::state::{State, shown};

pub(super) const VIRTUALIZATION: &str = "root/virtualization/v2";

/// One relationship of the list.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Listed {
    /// `Name`
    pub(super) name: String,
    /// `PrimaryServer`
    pub(super) primary: String,
    /// `State`
    pub(super) state: State,
}

/// The list, and how many objects the host returned for it.
pub(super) async fn list(client: &Client) -> Result<(Vec<Listed>, usize), CallError> {
    let vms = rows(client, wql::Select::all("Msvm_ComputerSystem")).await?;
    let relationships = rows(client, wql::Select::all("Msvm_ReplicationRelationship")).await?;
    let settings = rows(client, wql::Select::all("Msvm_ReplicationSettingData")).await?;
    let objects = vms.len() + relationships.len() + settings.len();
    Ok((join(&vms, &relationships, &settings), objects))
}

/// Returns the rows of a query in Hyper-V's namespace.
pub(super) async fn rows(client: &Client, select: wql::Select) -> Result<Vec<Row>, CallError> {
    match client.call(Request::Query { namespace: Namespace::new(VIRTUALIZATION), select }).await? {
        Reply::Rows(rows) => Ok(rows),
        Reply::Instance(_) | Reply::Output(_) => Err(CallError::malformed("the host answered with something else")),
    }
}

/// Joins the rows VM by VM, the first relationship before the second, without those that PowerShell calls Disabled.
fn join(vms: &[Row], relationships: &[Row], settings: &[Row]) -> Vec<Listed> {
    let states: BTreeMap<Name, u16> =
        relationships.iter().filter_map(|row| Some((key(row)?, row.get("ReplicationState").ok()?))).collect();
    let primaries: BTreeMap<Name, String> =
        settings.iter().filter_map(|row| Some((key(row)?, primary(row)?))).collect();
    let mut listed = Vec::new();
    for vm in vms {
        let read = (vm.get::<String>("Name"), vm.get::<String>("ElementName"), vm.get::<u16>("ReplicationMode"));
        let (Ok(id), Ok(name), Ok(mode)) = read else { continue };
        for slot in [0, 1] {
            let key = Name::new(format!(r"Microsoft:{id}\HVR\{slot}"));
            let state = states.get(&key).and_then(|number| shown(mode, slot, *number));
            if let (Some(state), Some(primary)) = (state, primaries.get(&key)) {
                listed.push(Listed { name: name.clone(), primary: primary.clone(), state });
            }
        }
    }
    listed
}

fn key(row: &Row) -> Option<Name> {
    row.get::<String>("InstanceID").ok().map(Name::new)
}

/// `PrimaryHostSystem`, or `PrimaryConnectionPoint` if that is empty.
fn primary(row: &Row) -> Option<String> {
    let said = |property: &str| row.get::<String>(property).ok().filter(|text| !text.is_empty());
    said("PrimaryHostSystem").or_else(|| said("PrimaryConnectionPoint"))
}

#[cfg(test)]
mod tests {
    use cim::Value;

    use super::*;

    fn text(value: &str) -> Value {
        Value::Lexical(value.to_owned())
    }

    fn vm(id: &str, name: &str, mode: u16) -> Row {
        let row = Row::new("Msvm_ComputerSystem").with("Name", text(id)).with("ElementName", text(name));
        row.with("ReplicationMode", Value::Uint16(mode))
    }

    fn relationship(key: &str, state: u16) -> Row {
        let row = Row::new("Msvm_ReplicationRelationship").with("InstanceID", text(key));
        row.with("ReplicationState", Value::Uint16(state))
    }

    fn setting(key: &str, host: &str, point: &str) -> Row {
        let row = Row::new("Msvm_ReplicationSettingData").with("InstanceID", text(key));
        row.with("PrimaryHostSystem", text(host)).with("PrimaryConnectionPoint", text(point))
    }

    #[test]
    fn the_host_itself_and_vms_without_replication_are_not_listed() {
        let host = Row::new("Msvm_ComputerSystem").with("Name", text("HV01")).with("ElementName", text("HV01"));
        let vms = [host, vm("A", "one", 1), vm("B", "two", 0)];
        let relationships = [relationship(r"Microsoft:A\HVR\0", 8), relationship(r"Microsoft:B\HVR\0", 0)];
        let settings = [setting(r"Microsoft:A\HVR\0", "hv01.lab.test", "")];
        let expected = Listed { name: "one".to_owned(), primary: "hv01.lab.test".to_owned(), state: State::Error };
        assert_eq!(join(&vms, &relationships, &settings), [expected]);
    }

    #[test]
    fn the_connection_point_stands_in_for_an_empty_primary_host() {
        let relationships = [relationship(r"Microsoft:A\HVR\0", 3)];
        let settings = [setting(r"Microsoft:A\HVR\0", "", "broker")];
        let listed = join(&[vm("A", "one", 2)], &relationships, &settings);
        assert_eq!(listed.first().map(|one| one.primary.as_str()), Some("broker"));
    }
}
