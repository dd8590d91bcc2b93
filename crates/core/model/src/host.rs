//! Hosts as they describe themselves.

use std::fmt;

use crate::HostTime;

/// A host's name: lower case, full where the host is in a domain. Compared as a whole; [`HostName::label`] is its first
/// part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(String);

/// Maximum length of a `NetBIOS` name in characters (RFC 1001, 14.1: sixteen, the last of which Windows reserves).
const NETBIOS_LENGTH: usize = 15;

impl HostName {
    /// Creates a name from a text in any case; `None` if it is empty.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim().trim_end_matches('.').to_lowercase();
        (!text.is_empty()).then_some(Self(text))
    }

    /// Returns the whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether the name can be part of an address: letters, digits, dots, hyphens and underscores only.
    pub fn is_address_part(&self) -> bool {
        self.0.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
    }

    /// Returns whether both may be names of one host: they or their first labels are equal. Which host a label stands for
    /// depends on which other hosts have it. The first part of an IP address is not a label.
    pub fn is_perhaps(&self, other: &Self) -> bool {
        let is_number = self.label().bytes().all(|b| b.is_ascii_digit());
        self == other || (!is_number && self.label() == other.label())
    }

    /// Returns whether it has only one part, as a short name does.
    pub fn is_label(&self) -> bool {
        self.label() == self.0
    }

    /// Returns whether it is a short form of the full name: its first label, or the fifteen characters that `NetBIOS` keeps of it.
    pub fn abbreviates(&self, full: &Self) -> bool {
        let label = full.label();
        let is_netbios = || self.0.chars().count() == NETBIOS_LENGTH && label.starts_with(self.as_str());
        self.is_label() && !full.is_label() && (self.0 == label || is_netbios())
    }

    /// Returns the part before the first dot.
    pub fn label(&self) -> &str {
        self.0.split('.').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The state of the service `vmms` (`Win32_Service.State`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceState {
    /// Runs; it may still be loading its VMs.
    Running,
    /// Is starting.
    Starting,
    /// Is stopping.
    Stopping,
    /// Is stopped.
    Stopped,
    /// Another word.
    Other(String),
}

/// What a host says of its operating system (`Win32_OperatingSystem`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostSystem {
    /// The version: `6.3.9600` is Server 2012 R2.
    pub version: String,
    /// The host's clock when it answered.
    pub clock: HostTime,
    /// When it booted, by its own clock.
    pub booted: HostTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_name_is_folded_and_never_empty() {
        let name = HostName::new(" HV01.Lab.Test. ").unwrap();
        assert_eq!((name.as_str(), name.label()), ("hv01.lab.test", "hv01"));
        assert_eq!(HostName::new("  "), None);
    }

    #[test]
    fn a_short_name_stands_for_a_full_one_by_its_label_or_by_what_netbios_keeps_of_it() {
        for (short, full, does) in [
            ("HV01", "hv01.lab.test", true),
            ("HV0", "hv01.lab.test", false),
            ("HV01", "hv01", false),
            ("hv01.lab.test", "hv01.lab.test", false),
            ("hypervisor-with", "hypervisor-with-a-long-name.lab.test", true),
            ("hypervisor-wit", "hypervisor-with-a-long-name.lab.test", false),
        ] {
            let name = |text| HostName::new(text).unwrap();
            assert_eq!(name(short).abbreviates(&name(full)), does, "{short} for {full}");
        }
    }
}
