//! Hosts that lie: what they answer is changed on its way. `SECURITY.md` says what may follow from which lie.

use cim::{CallError, Reply, Request, Row, Value};
use reprise_model::VmId;

/// A false statement of a host.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Lie {
    /// It says another host's name, by its first label and domain.
    Name { label: String, domain: String },
    /// It shows one VM under the GUID of another host's.
    Guid { own: VmId, other: VmId },
    /// All its replicas replicate, and their VMs are off, whatever they do.
    Receiver,
    /// It says of all its relationships that this host is their peer, on both sides.
    Peer(String),
}

/// One host and its lie.
#[derive(Clone, Debug)]
pub(crate) struct Liar {
    /// Its place in the site.
    pub(crate) place: usize,
    pub(crate) lie: Lie,
}

impl Liar {
    /// Changes what a host answers to a request.
    pub(crate) fn changes_answer(&self, request: &Request, answer: &mut Result<Reply, CallError>) {
        let (Request::Query { select, .. }, Ok(Reply::Rows(rows))) = (request, answer) else { return };
        if let Lie::Guid { other, .. } = self.lie
            && rows.iter().any(|row| speaks_of(row, other))
        {
            // It has that VM itself, and two VMs with one GUID are no lie that anybody would trust.
            return;
        }
        for row in rows {
            self.changes(select.class.as_str(), row);
        }
    }

    fn changes(&self, class: &str, row: &mut Row) {
        let text = |text: &str| Value::String(text.to_owned());
        match (&self.lie, class) {
            (Lie::Name { label, domain }, "Win32_ComputerSystem") => {
                row.properties.set("DNSHostName", text(label));
                row.properties.set("Domain", text(domain));
            }
            (Lie::Guid { own, other }, _) if class.starts_with("Msvm_") => renames(row, *own, *other),
            (Lie::Receiver, "Msvm_ComputerSystem") if row.get::<u16>("ReplicationMode").is_ok_and(|mode| mode != 1) => {
                row.properties.set("EnabledState", Value::Uint16(3));
                replicates(row);
            }
            (Lie::Receiver, "Msvm_ReplicationRelationship") => replicates(row),
            (Lie::Peer(name), "Msvm_ReplicationSettingData") => {
                for property in
                    ["PrimaryHostSystem", "PrimaryConnectionPoint", "RecoveryHostSystem", "RecoveryConnectionPoint"]
                {
                    if row.properties.contains(property) {
                        row.properties.set(property, text(name));
                    }
                }
            }
            (Lie::Name { .. } | Lie::Guid { .. } | Lie::Receiver | Lie::Peer(_), _) => {}
        }
    }
}

fn replicates(row: &mut Row) {
    if row.get::<u16>("ReplicationState").is_ok_and(|state| state > 3) {
        row.properties.set("ReplicationState", Value::Uint16(3));
    }
}

fn speaks_of(row: &Row, vm: VmId) -> bool {
    let vm = vm.to_string().to_uppercase();
    row.properties.iter().any(|(_, value)| matches!(value, Value::String(text) if text.to_uppercase().contains(&vm)))
}

/// Every GUID of the one becomes the other's.
fn renames(row: &mut Row, own: VmId, other: VmId) {
    let (own, other) = (own.to_string().to_uppercase(), other.to_string().to_uppercase());
    let mut texts = Vec::new();
    for (name, value) in row.properties.iter() {
        if let Value::String(text) = value
            && text.to_uppercase().contains(&own)
        {
            texts.push((name.clone(), text.to_uppercase()));
        }
    }
    for (name, text) in texts {
        let changed = text.replace(&own, &other).replace("MICROSOFT:", "Microsoft:");
        row.properties.set(name, Value::String(changed));
    }
}
