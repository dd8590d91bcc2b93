//! Names of classes, properties, methods and keys: kept as written, compared without case.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A CIM name. Two names are equal if they differ in ASCII case only (DSP0004, "Naming Conventions").
///
/// The rows of an answer share theirs: a clone costs no memory.
#[derive(Clone)]
pub struct Name(Arc<str>);

impl Name {
    /// Takes a name as it is written.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is a system property of WMI (`__SERVER`, `__CLASS`, …), which `SELECT *` does not return over
    /// WS-Management.
    pub fn is_system(&self) -> bool {
        self.0.starts_with("__")
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl Eq for Name {}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        let differs = |pair: &(u8, u8)| pair.0 != pair.1;
        let folded = |(a, b): (u8, u8)| (a.to_ascii_lowercase(), b.to_ascii_lowercase());
        let mut pairs = self.0.bytes().zip(other.0.bytes()).filter(differs).map(folded);
        pairs.find(differs).map_or_else(|| self.0.len().cmp(&other.0.len()), |(a, b)| a.cmp(&b))
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.0.bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
