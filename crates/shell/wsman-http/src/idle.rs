//! Idle connections of all clients, by age.

use std::collections::BTreeMap;

use tokio::time::Instant;

/// Connections (`C`) that are kept, each of one client.
#[derive(Debug)]
pub(crate) struct Idle<C> {
    /// By the order in which they became idle.
    kept: BTreeMap<u64, Kept<C>>,
    /// The same, by client.
    of_client: BTreeMap<u64, Vec<u64>>,
    count: u64,
}

#[derive(Debug)]
struct Kept<C> {
    client: u64,
    since: Instant,
    connection: C,
}

impl<C> Default for Idle<C> {
    fn default() -> Self {
        Self { kept: BTreeMap::new(), of_client: BTreeMap::new(), count: 0 }
    }
}

impl<C> Idle<C> {
    pub(crate) fn put(&mut self, client: u64, connection: C, since: Instant) {
        self.count += 1;
        self.kept.insert(self.count, Kept { client, since, connection });
        self.of_client.entry(client).or_default().push(self.count);
    }

    /// Takes the connection of a client that was used last: the others age, and a client's load decides how many it keeps.
    pub(crate) fn take(&mut self, client: u64) -> Option<C> {
        let number = *self.of_client.get(&client)?.last()?;
        self.remove(number)
    }

    /// Takes the connection that has been idle for longest.
    pub(crate) fn take_oldest(&mut self) -> Option<C> {
        let (number, _) = self.kept.first_key_value()?;
        self.remove(*number)
    }

    /// Takes the connections that became idle at `before` or earlier.
    pub(crate) fn take_older(&mut self, before: Instant) -> Vec<C> {
        let mut taken = Vec::new();
        while self.oldest().is_some_and(|since| since <= before) {
            taken.extend(self.take_oldest());
        }
        taken
    }

    /// Takes all connections of a client.
    pub(crate) fn take_all(&mut self, client: u64) -> Vec<C> {
        let numbers = self.of_client.remove(&client).unwrap_or_default();
        numbers.into_iter().filter_map(|number| self.kept.remove(&number)).map(|kept| kept.connection).collect()
    }

    /// Since when the oldest one has been idle.
    pub(crate) fn oldest(&self) -> Option<Instant> {
        self.kept.first_key_value().map(|(_, kept)| kept.since)
    }

    fn remove(&mut self, number: u64) -> Option<C> {
        let kept = self.kept.remove(&number)?;
        if let Some(own) = self.of_client.get_mut(&kept.client) {
            own.retain(|other| *other != number);
            if own.is_empty() {
                self.of_client.remove(&kept.client);
            }
        }
        Some(kept.connection)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_client_gets_its_newest_and_the_oldest_of_all_go_first() {
        let began = Instant::now();
        let at = |s| began + Duration::from_secs(s);
        let mut idle = Idle::default();
        for (client, connection, since) in [(1, 'a', 0), (2, 'b', 1), (1, 'c', 2), (2, 'd', 3), (3, 'e', 4)] {
            idle.put(client, connection, at(since));
        }
        assert_eq!((idle.take(1), idle.oldest()), (Some('c'), Some(at(0))));
        assert_eq!(idle.take(4), None);
        assert_eq!(idle.take_older(at(1)), ['a', 'b']);
        assert_eq!((idle.take(1), idle.take_oldest()), (None, Some('d')));
        idle.put(3, 'f', at(5));
        assert_eq!(idle.take_all(3), ['e', 'f']);
        assert!(idle.kept.is_empty() && idle.of_client.is_empty(), "{idle:?}");
    }
}
