//! Which keys are down, and who holds them.

use std::collections::{BTreeMap, BTreeSet};

use lunette_sys_uinput::Key;

use crate::ClientId;

/// Keys that are down. One that several clients hold is down until the last lets go.
#[derive(Debug, Default)]
pub(crate) struct Held {
    holders: BTreeMap<Key, BTreeSet<ClientId>>,
}

impl Held {
    /// Whether the key itself goes down by this.
    pub(crate) fn press(&mut self, client: ClientId, key: Key) -> bool {
        let holders = self.holders.entry(key).or_default();
        let first = holders.is_empty();
        holders.insert(client);
        first
    }

    /// Whether the key itself goes up by this. Who does not hold a key cannot let go of it.
    pub(crate) fn let_go(&mut self, client: ClientId, key: Key) -> bool {
        let Some(holders) = self.holders.get_mut(&key) else { return false };
        let last = holders.remove(&client) && holders.is_empty();
        if last {
            self.holders.remove(&key);
        }
        last
    }

    /// The keys that go up when this client lets go of all that it holds, in their order.
    pub(crate) fn let_go_of_all(&mut self, client: ClientId) -> Vec<Key> {
        let keys: Vec<Key> = self.holders.keys().copied().collect();
        keys.into_iter().filter(|key| self.let_go(client, *key)).collect()
    }

    pub(crate) fn is_holding(&self, client: ClientId) -> bool {
        self.holders.values().any(|holders| holders.contains(&client))
    }
}
