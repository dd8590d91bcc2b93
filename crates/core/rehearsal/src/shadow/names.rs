//! Which host a name means and which end receives, by the contract's rule for names (section 1) and the design's for
//! receivers (section 9): full name first, then the first label if one host alone bears it.

use std::collections::BTreeSet;

use super::shown::End;

/// All names of one host.
pub(crate) type Names = BTreeSet<String>;

fn label(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// The only one, or none.
fn single<T>(mut all: impl Iterator<Item = T>) -> Option<T> {
    all.next().filter(|_| all.next().is_none())
}

/// Which of the hosts bears a name.
pub(crate) fn bearer<'a, K: Copy>(hosts: impl Iterator<Item = (K, &'a Names)> + Clone, name: &str) -> Option<K> {
    let name = name.to_lowercase();
    let full = hosts.clone().find(|(_, names)| names.contains(&name));
    let by_label = || single(hosts.filter(|(_, names)| names.iter().any(|own| label(own) == label(&name))));
    full.or_else(by_label).map(|(host, _)| host)
}

/// How many hosts bear the first label of a name.
pub(super) fn bearers<'a, K: Copy>(hosts: impl Iterator<Item = (K, &'a Names)>, name: &str) -> usize {
    let name = name.to_lowercase();
    hosts.filter(|(_, names)| names.iter().any(|own| label(own) == label(&name))).count()
}

/// Whether a person's word for a host means the one that an end calls so. Where it is not certain, it does: what it means is
/// left alone.
pub(super) fn means<'a>(word: &str, called: &str, hosts: impl Iterator<Item = &'a Names> + Clone) -> bool {
    let (word, called) = (word.to_lowercase(), called.to_lowercase());
    let numbered = hosts.clone().enumerate();
    let host = bearer(numbered.clone(), &called);
    let bare = |name: &str| label(name) == name;
    let alike = label(&word) == label(&called);
    let alone = hosts.filter(|names| names.iter().any(|own| label(own) == label(&word))).count() <= 1;
    word == called
        || host.is_some() && host == bearer(numbered, &word)
        || alike && (bare(&word) || bare(&called) || alone)
}

/// Which of the receivers of a leg is the one that its sender means. `sends` is the sender's host.
pub(crate) fn receiver<'a, K: Copy + PartialEq + 'a>(
    sender: Option<(K, &End)>,
    receivers: &[(K, &'a End)],
    hosts: &(impl Iterator<Item = (K, &'a Names)> + Clone),
) -> Option<(K, &'a End)> {
    let Some((sends, sender)) = sender else { return receivers.first().copied() };
    let named = |end: &End| end.settings.as_ref().and_then(|settings| settings.recovery.clone());
    let Some(wanted) = named(sender) else {
        let primary = |end: &End| end.settings.as_ref().and_then(|settings| settings.primary.clone());
        let ours = |end: &End| primary(end).and_then(|name| bearer(hosts.clone(), &name)) == Some(sends);
        return single(receivers.iter().copied().filter(|(_, end)| ours(end)));
    };
    // One that has not said its name may bear it, so that a first label alone does not tell.
    let full = |names: &Names| names.contains(&wanted.to_lowercase());
    let is_certain = hosts.clone().any(|(_, names)| full(names)) || !hosts.clone().any(|(_, names)| names.is_empty());
    if let Some(host) = bearer(hosts.clone(), &wanted).filter(|_| is_certain) {
        return receivers.iter().copied().find(|(on, _)| *on == host);
    }
    if bearers(hosts.clone(), &wanted) > 1 {
        return None;
    }
    let like = |name: &str| label(&name.to_lowercase()) == label(&wanted.to_lowercase());
    // One that says another full name is a stranger then, whatever its first label: what it shows lifts no veto.
    let may_be = |(on, end): &(K, &End)| {
        let is_nameless = hosts.clone().any(|(host, names)| host == *on && names.is_empty());
        is_nameless && named(end).is_some_and(|own| like(&own))
    };
    single(receivers.iter().copied().filter(may_be))
}
