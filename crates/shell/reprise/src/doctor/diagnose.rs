//! From facts to findings, without any input or output.

use super::facts::HostFacts;
use super::finding::Diagnosis;
use super::{hyperv, logs, network, windows};

/// The findings about one host, worst first; of one level in the order of the checks.
pub(crate) fn diagnose(facts: &HostFacts) -> Vec<Diagnosis> {
    let mut found = network::diagnose(facts);
    if let Some(examination) = facts.examined() {
        found.extend(windows::diagnose(facts, examination));
        found.extend(hyperv::diagnose(facts, examination));
        found.extend(logs::diagnose(facts));
        found.push(windows::task(facts, examination));
    }
    found.sort_by_key(|diagnosis| (std::cmp::Reverse(diagnosis.level), diagnosis.check));
    found
}
