//! The classes that hosts show: their properties, types, arrays and keys, from the WMI reference.

mod cimv2;
mod class;
mod derivation;
mod hardware;
mod management;
mod methods;
mod registry;
mod relations;
mod replica_server;
mod settings;
mod task_scheduler;
mod virtualization;

pub use class::{CIMV2, Class, DEFAULT, Property, TASK_SCHEDULER, VIRTUALIZATION};
use class::{R2, W16, W19, array, scalar};
pub use methods::Input;
pub(crate) use methods::Method;

/// Every class.
pub fn classes() -> impl Iterator<Item = &'static Class> {
    let windows = cimv2::CLASSES.iter().chain(hardware::CLASSES);
    let hyperv = virtualization::CLASSES.iter().chain(settings::CLASSES).chain(management::CLASSES);
    let rest = replica_server::CLASSES.iter().chain(relations::CLASSES).chain(task_scheduler::CLASSES);
    windows.chain(hyperv).chain(rest).chain(registry::CLASSES)
}

/// The class of that name in that namespace; both compare without case.
pub fn class(namespace: &str, name: &str) -> Option<&'static Class> {
    classes().find(|c| c.namespace.eq_ignore_ascii_case(namespace) && c.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_a_property_and_no_property_stands_twice() {
        for class in classes() {
            assert!(class.keys.iter().all(|key| class.property(key).is_some()), "{}", class.name);
            let mut names: Vec<_> = class.properties.iter().map(|p| p.name.to_lowercase()).collect();
            assert!(names.is_sorted(), "{}: Windows' order is alphabetical", class.name);
            names.dedup();
            assert_eq!(names.len(), class.properties.len(), "{}", class.name);
        }
    }
}
