//! The registry's provider in `root\default` (WMI, registry provider, `StdRegProv`): static methods, and no instances.

use super::{Class, DEFAULT};

pub(super) const CLASSES: &[Class] = &[Class { name: "StdRegProv", namespace: DEFAULT, keys: &[], properties: &[] }];
