//! What a host's own WMI gives besides answers to requests: connections to namespaces, and the definitions of classes.

use cim::{CallError, ErrorKind, Namespace, Reached};

use super::code::{NO_CLASS, NO_NAMESPACE, NO_RIGHTS, not_there};
use crate::schema::{self, Class, Input, Method, Property};
use crate::spec::Os;
use crate::world::World;

/// A class as the Windows of the hosts defines it.
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    /// The class, with what any Windows has.
    pub class: &'static Class,
    os: Os,
}

impl Definition {
    /// The properties, in Windows' order.
    pub fn properties(self) -> impl Iterator<Item = &'static Property> {
        self.class.properties.iter().filter(move |property| property.is_in(self.os))
    }

    /// The methods, each with its name and its inputs.
    pub fn methods(self) -> impl Iterator<Item = (&'static str, &'static [Input])> {
        Method::of(self.class.name, self.os).map(|method| (method.name, method.inputs))
    }
}

impl World {
    /// Connects the account to a namespace.
    ///
    /// # Errors
    /// [`CallError`] if there is no such namespace, or the account has no rights there.
    pub fn connect(&mut self, host: usize, namespace: &Namespace) -> Result<(), CallError> {
        if !schema::classes().any(|class| *namespace == *class.namespace) {
            return Err(not_there(NO_NAMESPACE, &format!("there is no namespace {namespace}")));
        }
        if self.refuses_namespace(host, namespace.as_str()) {
            let text = format!("WMI denied access to the namespace {namespace}");
            return Err(CallError::new(ErrorKind::Denied, Reached::Yes, text).with_status(NO_RIGHTS));
        }
        Ok(())
    }

    /// The definition of a class, which every account sees.
    ///
    /// # Errors
    /// [`CallError`] if there is no such namespace or class.
    pub fn definition(&self, namespace: &Namespace, class: &str) -> Result<Definition, CallError> {
        self.find(namespace.as_str(), class, NO_CLASS).map(|class| Definition { class, os: self.spec.os })
    }

    /// The name that WMI gives a host in the paths of its objects.
    pub fn server_name(&self, host: usize) -> String {
        self.hosts.get(host).map(crate::host::Host::netbios).unwrap_or_default()
    }

    /// Whether a host is switched on, whatever its management network does.
    pub fn runs(&self, host: usize) -> bool {
        self.is_on(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Fault, FaultScope, RightsOn};
    use crate::spec::Spec;

    #[test]
    fn a_namespace_is_connected_to_by_who_has_rights_and_a_class_has_what_its_windows_has() {
        let mut world = World::new(&Spec::default()).unwrap();
        let hyperv = Namespace::new("ROOT/Virtualization/V2");
        assert_eq!(world.connect(0, &hyperv), Ok(()));
        let missing = world.connect(0, &Namespace::new("root/MSCluster")).unwrap_err();
        assert_eq!((missing.kind, missing.status), (ErrorKind::NotThere, Some(NO_NAMESPACE)));
        world.add_fault(Fault::Rights(RightsOn::HyperV), &FaultScope::default(), None).unwrap();
        assert_eq!(world.connect(0, &hyperv).unwrap_err().kind, ErrorKind::Denied);
        let class = |os| {
            let world = World::new(&Spec { os, ..Spec::default() }).unwrap();
            let definition = world.definition(&hyperv, "msvm_computersystem").unwrap();
            (definition.properties().count(), definition.methods().map(|(name, _)| name).collect::<Vec<_>>())
        };
        let (old, new) = (class(Os::Server2012), class(Os::Server2019));
        assert!(old.0 < new.0 && old.1.len() + 1 == new.1.len(), "{old:?} {new:?}");
        assert!(new.1.contains(&"RequestReplicationStateChangeEx"));
        assert_eq!(world.definition(&hyperv, "Msvm_None").unwrap_err().kind, ErrorKind::NotThere);
    }
}
