//! Where a new desktop goes.

use crate::fleet::Fleet;
use crate::{HostName, HostState};

/// There is no host for another desktop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoRoom {
    /// No host at all.
    #[error("no host answers")]
    Nobody,
    /// The host that was asked for is not known.
    #[error("there is no host {0}")]
    Unknown(HostName),
    /// Hosts answer, and each is full or being emptied.
    #[error("no host has room: each is full, or takes no new desktops")]
    Full,
}

impl Fleet {
    /// The host for a new desktop: of those that take one, the one with most free memory, then the least busy.
    ///
    /// # Errors
    /// When there is none.
    pub fn place(&self, asked: Option<&HostName>) -> Result<HostName, NoRoom> {
        if let Some(name) = asked {
            return self.hosts.contains_key(name).then(|| name.clone()).ok_or_else(|| NoRoom::Unknown(name.clone()));
        }
        let here = || self.hosts.iter().filter(|(_, host)| host.state == HostState::Here);
        let free = here().filter(|(name, host)| {
            !host.draining && (host.facts.max_desktops == 0 || self.promised(name) < host.facts.max_desktops)
        });
        let best = free.max_by(|(_, one), (_, other)| {
            let memory = |facts: &crate::HostFacts| facts.memory_available_mib.unwrap_or(0);
            let load = |facts: &crate::HostFacts| facts.load.unwrap_or(0.0) / facts.cpus.max(1) as f64;
            let by_memory = memory(&one.facts).cmp(&memory(&other.facts));
            by_memory.then_with(|| load(&other.facts).total_cmp(&load(&one.facts)))
        });
        match best {
            Some((name, _)) => Ok(name.clone()),
            None if here().next().is_some() => Err(NoRoom::Full),
            // One that was not asked yet may be well: what is wanted of it waits.
            None => self.hosts.keys().next().cloned().ok_or(NoRoom::Nobody),
        }
    }
}
