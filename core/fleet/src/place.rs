//! Where a new desktop goes.
//!
//! ```text
//!   host ─▶ does it answer, and is it not drained? ─▶ desktops, scanouts, memory, processors ─▶ Room ─▶ the largest wins
//!                              └─ no ──────────────────────────────┴─ none left ─▶ Unfit, told with its host
//! ```
//! Room is counted in desktops like the new one: what runs out first is what a host has room for.

use std::fmt;

use lunette_desktop::{Phase, Wish};

use crate::fleet::Fleet;
use crate::host::Host;
use crate::{Desired, HostFacts, HostName, HostState, Stage, Wanted};

#[cfg(test)]
mod tests;

/// Processes that want a processor when it is taken. Most desktops sleep most of the time, and a host that is emulated has
/// more to do for each: one for each processor is no sign of want yet.
const CROWD: f64 = 4.0;
/// What a desktop is taken to need where neither the wish nor the host says.
const USUAL_MIB: u64 = 1024;
const USUAL_CPUS: f64 = 1.0;

/// There is no host for another desktop.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoRoom {
    /// No host at all.
    #[error("there is no host")]
    Nobody,
    /// The host that was asked for is not known.
    #[error("there is no host {0}")]
    Unknown(HostName),
    /// What there is against each host.
    #[error("no host has room: {}", Listed(.0))]
    Full(Vec<(HostName, Unfit)>),
}

/// What there is against a host.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Unfit {
    /// It does not answer.
    #[error("is lost: {0}")]
    Lost(String),
    /// It is being emptied.
    #[error("is drained: it takes no new desktops")]
    Drained,
    /// It has as many as it may have.
    #[error("has the {0} desktops that it may have")]
    Desktops(usize),
    /// Every one is taken.
    #[error("has none of its {0} scanouts free")]
    Scanouts(usize),
    /// Too little is free.
    #[error("has {free} MiB of memory free, and {wanted} MiB are wanted")]
    Memory {
        /// MiB that nobody has, or was promised.
        free: u64,
        /// MiB for the new one.
        wanted: u64,
    },
    /// Too many want them already.
    #[error("has its {cpus} processors taken: {load} want one, on average")]
    Processors {
        /// How many it has.
        cpus: usize,
        /// How many processes want one.
        load: f64,
    },
}

struct Listed<'a>(&'a [(HostName, Unfit)]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, unfit)) in self.0.iter().enumerate() {
            let comma = if index > 0 { "; " } else { "" };
            write!(f, "{comma}{name} {unfit}")?;
        }
        Ok(())
    }
}

/// What a host says of itself, and what it was promised and does not tell of yet.
#[derive(Debug, Clone, Copy)]
struct Offer<'a> {
    state: &'a HostState,
    draining: bool,
    facts: &'a HostFacts,
    /// Desktops that are to run there.
    desktops: usize,
    /// MiB for those of them that the host does not have yet.
    coming_mib: u64,
    /// Those of them that have no scanout yet.
    without_scanout: usize,
    /// Those of them that do not run yet, and so are no load yet.
    idle: usize,
}

/// How many desktops like the new one a host has room for.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Room(f64);

/// What a new desktop needs on one host.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Need {
    /// `None` where only the host knows; then it is the host that refuses.
    memory_mib: Option<u64>,
    cpus: Option<f64>,
}

impl Need {
    fn of(wish: &Wish, facts: &HostFacts) -> Self {
        let usual = facts.profiles.get(&wish.profile);
        let memory_mib = wish.limits.memory_mib.or_else(|| Some(usual?.memory_mib)).map(u64::from);
        Self { memory_mib, cpus: wish.limits.cpus.or_else(|| Some(usual?.cpus)) }
    }
}

/// Whether a host takes a desktop, and how many more like it.
fn judge(offer: &Offer<'_>, need: Need) -> Result<Room, Unfit> {
    if let HostState::Lost(why) = offer.state {
        return Err(Unfit::Lost(why.clone()));
    }
    if offer.draining {
        return Err(Unfit::Drained);
    }
    let kinds = [desktops(offer)?, scanouts(offer)?, memory(offer, need)?, processors(offer, need)?];
    Ok(Room(kinds.into_iter().fold(f64::INFINITY, f64::min)))
}

fn desktops(Offer { facts, desktops, .. }: &Offer<'_>) -> Result<f64, Unfit> {
    match facts.max_desktops {
        0 => Ok(f64::INFINITY),
        most if *desktops >= most => Err(Unfit::Desktops(most)),
        most => Ok(count(most - desktops)),
    }
}

fn scanouts(Offer { facts, without_scanout, .. }: &Offer<'_>) -> Result<f64, Unfit> {
    let Some(scanouts) = facts.scanouts else { return Ok(f64::INFINITY) };
    match scanouts.free.saturating_sub(*without_scanout) {
        0 => Err(Unfit::Scanouts(scanouts.all)),
        free => Ok(count(free)),
    }
}

fn memory(Offer { facts, coming_mib, .. }: &Offer<'_>, need: Need) -> Result<f64, Unfit> {
    let Some(available) = facts.memory_available_mib.filter(|_| !facts.overcommit) else { return Ok(f64::INFINITY) };
    let free = available.saturating_sub(facts.memory_promised_mib).saturating_sub(*coming_mib);
    let wanted = need.memory_mib.unwrap_or(0);
    if free == 0 || free < wanted {
        return Err(Unfit::Memory { free, wanted });
    }
    Ok(free as f64 / need.memory_mib.unwrap_or(USUAL_MIB).max(1) as f64)
}

fn processors(Offer { facts, idle, .. }: &Offer<'_>, need: Need) -> Result<f64, Unfit> {
    let Some(load) = facts.load.filter(|_| !facts.overcommit) else { return Ok(f64::INFINITY) };
    let cpus = facts.cpus.max(1);
    let free = CROWD * count(cpus) - load;
    if free <= 0.0 {
        return Err(Unfit::Processors { cpus, load });
    }
    // What was asked for a moment ago has no load yet. It makes the room smaller, and is no reason to refuse.
    let cpus = need.cpus.unwrap_or(USUAL_CPUS).max(0.05);
    Ok((free / cpus - count(*idle)).max(0.0))
}

#[expect(clippy::cast_precision_loss, reason = "nobody has so many desktops")]
fn count(number: usize) -> f64 {
    number as f64
}

/// The host with most room, of those that answer; one that was not asked yet where none answers.
fn choose<'a>(
    offers: impl Iterator<Item = (&'a HostName, Offer<'a>)> + Clone,
    wish: &Wish,
) -> Result<&'a HostName, NoRoom> {
    let mut best: Option<(&HostName, Room, usize)> = None;
    let (mut unfit, mut unasked) = (Vec::new(), None);
    for (name, offer) in offers {
        match judge(&offer, Need::of(wish, offer.facts)) {
            Err(why) => unfit.push((name.clone(), why)),
            Ok(_) if *offer.state == HostState::Unknown => unasked = unasked.or(Some(name)),
            Ok(room) => {
                // Of equals the one with fewer desktops, and then the first by name.
                let is_better = best.is_none_or(|(_, most, fewest)| {
                    room.0.total_cmp(&most.0).then(fewest.cmp(&offer.desktops)).is_gt()
                });
                best = if is_better { Some((name, room, offer.desktops)) } else { best };
            }
        }
    }
    // One that was not asked yet may be well: what is wanted of it waits.
    let found = best.map(|(name, ..)| name).or(unasked);
    found.ok_or(if unfit.is_empty() { NoRoom::Nobody } else { NoRoom::Full(unfit) })
}

impl Fleet {
    /// The host for a new desktop: of those that take one, the one with most room. With `asked`, that one or none.
    ///
    /// # Errors
    /// When there is none, with what there is against each.
    pub fn place(&self, wish: &Wish, asked: Option<&HostName>) -> Result<HostName, NoRoom> {
        if let Some(name) = asked.filter(|name| !self.hosts.contains_key(name)) {
            return Err(NoRoom::Unknown(name.clone()));
        }
        let hosts = self.hosts.iter().filter(|(name, _)| asked.is_none_or(|asked| asked == *name));
        let offers: Vec<(&HostName, Offer<'_>)> = hosts.map(|(name, host)| (name, self.offer(name, host))).collect();
        choose(offers.iter().copied(), wish).cloned()
    }

    /// Whether a desktop is to run, and was not given up.
    fn is_to_run(&self, desired: &Desired) -> bool {
        let given_up = || self.state(&desired.id).is_some_and(|state| state.stage == Stage::Failed);
        desired.wanted == Wanted::Running && !given_up()
    }

    fn offer<'a>(&self, name: &HostName, host: &'a Host) -> Offer<'a> {
        let promised: Vec<_> = self.all().filter(|desired| desired.host == *name && self.is_to_run(desired)).collect();
        let seen = |desired: &Desired| host.seen.get(&desired.id).filter(|seen| !seen.report.phase.is_over());
        let coming = promised.iter().filter(|desired| seen(desired).is_none());
        let report = |desired: &Desired| seen(desired).map(|seen| &seen.report);
        Offer {
            state: &host.state,
            draining: self.drained.contains(name),
            facts: &host.facts,
            desktops: promised.len(),
            coming_mib: coming
                .map(|desired| Need::of(&desired.wish, &host.facts).memory_mib.unwrap_or(USUAL_MIB))
                .sum(),
            without_scanout: promised
                .iter()
                .filter(|one| report(one).is_none_or(|seen| seen.scanout.is_none()))
                .count(),
            idle: promised.iter().filter(|one| report(one).is_none_or(|seen| seen.phase == Phase::Starting)).count(),
        }
    }
}
