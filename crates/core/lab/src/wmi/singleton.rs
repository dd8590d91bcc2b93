//! Services of which a host has exactly one: some of their keys name them, or none at all.
//!
//! Clients that work against real hosts name them by their class alone.

use cim::ObjectPath;

use crate::host::Host;
use crate::schema::VIRTUALIZATION;
use crate::world::World;

/// Their classes, and the names that tell them apart.
const SERVICES: [(&str, &str); 2] =
    [("Msvm_ReplicationService", "replicasvc"), ("Msvm_VirtualSystemManagementService", "vmms")];

impl World {
    /// The whole path of such a service if the given keys are right, but not all are given. Any other path stays as it is.
    pub(super) fn whole_path(&self, host: usize, path: &ObjectPath) -> ObjectPath {
        let host = self.hosts.get(host);
        let whole = host.filter(|_| path.namespace == VIRTUALIZATION).and_then(|host| service(host, path));
        let is_part_of = |whole: &ObjectPath| path.keys.iter().all(|(name, key)| whole.keys.get(name) == Some(key));
        whole.filter(is_part_of).unwrap_or_else(|| path.clone())
    }
}

/// The service of a path's class; `None` if that class may have several instances.
fn service(host: &Host, path: &ObjectPath) -> Option<ObjectPath> {
    let (class, name) = SERVICES.into_iter().find(|(class, _)| path.class == *class)?;
    let whole = ObjectPath::new(VIRTUALIZATION, class).with("CreationClassName", class).with("Name", name);
    Some(whole.with("SystemCreationClassName", "Msvm_ComputerSystem").with("SystemName", host.netbios()))
}

#[cfg(test)]
mod tests {
    use cim::{ErrorKind, Reply, Request};

    use super::*;
    use crate::{Action, Spec};

    fn lab() -> World {
        World::new(&Spec { vms: 1, ..Spec::default() }).unwrap()
    }

    fn path(class: &str) -> ObjectPath {
        ObjectPath::new("root/virtualization/v2", class)
    }

    #[test]
    fn the_one_service_is_found_by_some_of_its_keys_and_by_none() {
        let mut lab = lab();
        for (class, name) in SERVICES {
            for path in [
                path(class),
                path(&class.to_uppercase()).with("creationclassname", class.to_lowercase()),
                path(class).with("Name", name).with("SystemName", "hv01"),
            ] {
                let Ok(Reply::Instance(row)) = lab.answer(0, &Request::Get { path: path.clone() }) else {
                    panic!("{path}");
                };
                assert_eq!(row.get::<String>("Name").unwrap(), name, "{path}");
                // A method that it does not have is refused after the service has been found.
                let request = Request::Invoke { path, method: "Nothing".into(), arguments: Vec::new() };
                let refused = lab.answer(0, &request).unwrap_err();
                assert!(refused.message.contains("no method Nothing"), "{refused}");
            }
        }
    }

    #[test]
    fn it_is_not_found_by_a_key_that_is_wrong_or_while_it_is_not_there() {
        let mut lab = lab();
        for (class, _) in SERVICES {
            for path in [
                path(class).with("CreationClassName", "Msvm_ComputerSystem"),
                path(class).with("CreationClassName", class).with("Name", "another"),
                path(class).with("Caption", "x"),
                ObjectPath::new("root/cimv2", class),
            ] {
                assert!(lab.answer(0, &Request::Get { path: path.clone() }).is_err(), "{path}");
            }
        }
        lab.carry_out(&Action::VmmsStop { host: "hv01.lab.test".into() }).unwrap();
        for (class, _) in SERVICES {
            let error = lab.answer(0, &Request::Get { path: path(class) }).unwrap_err();
            assert_eq!(error.kind, ErrorKind::NotThere, "{error}");
        }
    }

    #[test]
    fn an_ordinary_instance_needs_all_its_keys() {
        let mut lab = lab();
        let vm = path("Msvm_ComputerSystem").with("CreationClassName", "Msvm_ComputerSystem");
        for path in [vm, path("Msvm_ComputerSystem"), path("Msvm_ReplicationRelationship")] {
            assert!(lab.answer(0, &Request::Get { path: path.clone() }).is_err(), "{path}");
        }
    }
}
