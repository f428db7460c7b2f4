//! The difference between what is wanted and what was seen, and what is done about it.
//!
//! ```text
//!   wanted    seen            done
//!   ───────── ─────────────── ──────────────────────────────────────────────
//!   running   nothing, over   Create: at once, then after 2, 8, 30 s, then no more
//!             another size    Resize, once
//!   stopped   anything alive  Remove
//!   gone      anything        Remove
//!             nothing         Forget
//!   nobody    alive           Adopt
//! ```
//! One thing at a time is done to a desktop, and only what was seen after the last one counts.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lunette_desktop::{DesktopId, Phase, Wish};
use lunette_frame::Size;

use crate::host::Host;
use crate::{Desired, HostFacts, HostName, HostState, Seen, Stage, State, Wanted};

/// Waits before a desktop that failed is made again.
const AGAIN: [Duration; 3] = [Duration::from_secs(2), Duration::from_secs(8), Duration::from_secs(30)];
/// After running for so long a desktop has no failures.
const WELL: Duration = Duration::from_secs(60);
/// Until something is asked again that was not done for want of an answer.
const RETRY: Duration = Duration::from_secs(3);

/// What is to be done now.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Ask this host what it has.
    Look(HostName),
    /// Ask this host for a desktop.
    Create(HostName, DesktopId, Box<Wish>),
    /// Ask this host to end a desktop.
    Remove(HostName, DesktopId),
    /// Ask this host for another size.
    Resize(HostName, DesktopId, Size),
    /// Keep in mind what was found.
    Adopt(Box<Desired>),
    /// Nothing of it is left: forget it.
    Forget(DesktopId),
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// For people.
    pub why: String,
    /// Whether asking again would change nothing.
    pub refused: bool,
}

/// Every host and every desktop.
#[derive(Debug, Default)]
pub struct Fleet {
    pub(crate) hosts: BTreeMap<HostName, Host>,
    /// Hosts that get nothing new, also those that are not known yet.
    pub(crate) drained: BTreeSet<HostName>,
    desktops: BTreeMap<DesktopId, Entry>,
    out: Vec<Action>,
}

#[derive(Debug)]
struct Entry {
    desired: Desired,
    /// What is being asked for.
    asking: Option<Asking>,
    /// Looks of its host that count: those that began later than this one.
    fresh_after: u64,
    tries: usize,
    not_before: Duration,
    trouble: Option<String>,
    kept_size: Option<Size>,
    running_since: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Asking {
    Create,
    Remove,
    Resize(Size),
}

impl Entry {
    fn new(desired: Desired) -> Self {
        Self {
            desired,
            asking: None,
            fresh_after: 0,
            tries: 0,
            not_before: Duration::ZERO,
            trouble: None,
            kept_size: None,
            running_since: None,
        }
    }

    /// What is missing between what is wanted and what was seen.
    fn missing(&self, seen: Option<&Seen>) -> Option<Asking> {
        let alive = seen.is_some_and(|seen| !seen.report.phase.is_over());
        match self.desired.wanted {
            Wanted::Running if !alive => (self.tries <= AGAIN.len()).then_some(Asking::Create),
            Wanted::Running => {
                let seen = seen.filter(|seen| seen.report.phase == Phase::Running)?;
                let size = self.desired.wish.size;
                (seen.report.size != size && self.kept_size != Some(size)).then_some(Asking::Resize(size))
            }
            Wanted::Stopped => alive.then_some(Asking::Remove),
            Wanted::Gone => seen.is_some().then_some(Asking::Remove),
        }
    }

    fn note(&mut self, now: Duration, seen: Option<&Seen>) {
        let runs = seen.is_some_and(|seen| seen.report.phase == Phase::Running);
        let since = self.running_since.filter(|_| runs).unwrap_or(now);
        self.running_since = runs.then_some(since);
        if runs && now.saturating_sub(since) >= WELL {
            self.tries = 0;
        }
        if runs && self.kept_size.is_none() {
            self.trouble = None;
        }
    }
}

impl Fleet {
    /// Adds a host, unless it is there.
    pub fn add_host(&mut self, now: Duration, name: HostName) {
        self.hosts.entry(name).or_insert_with(|| Host::new(now));
    }

    /// A host may have something new to say.
    pub fn hurry(&mut self, now: Duration, name: &HostName) {
        if let Some(host) = self.hosts.get_mut(name) {
            host.hurry(now);
        }
    }

    /// Every host, with how it is doing and what it has.
    pub fn hosts(&self) -> impl Iterator<Item = (&HostName, &HostState, &HostFacts, bool)> {
        self.hosts.iter().map(|(name, host)| (name, &host.state, &host.facts, self.drained.contains(name)))
    }

    /// Whether a host is known.
    #[must_use]
    pub fn knows(&self, name: &HostName) -> bool {
        self.hosts.contains_key(name)
    }

    /// Whether a host is drained, known or not yet.
    #[must_use]
    pub fn is_drained(&self, name: &HostName) -> bool {
        self.drained.contains(name)
    }

    /// Gives a host no new desktops from now on.
    pub fn drain(&mut self, name: HostName) {
        self.drained.insert(name);
    }

    /// The opposite of [`Fleet::drain`].
    pub fn use_again(&mut self, name: &HostName) {
        self.drained.remove(name);
    }

    /// Sets what is wanted. Whatever went wrong before is forgotten.
    pub fn want(&mut self, now: Duration, desired: Desired) {
        if let Some(host) = self.hosts.get_mut(&desired.host) {
            host.hurry(now);
        }
        match self.desktops.get_mut(&desired.id) {
            Some(entry) => {
                let (asking, fresh_after) = (entry.asking, entry.fresh_after);
                *entry = Entry { asking, fresh_after, ..Entry::new(desired) };
            }
            None => drop(self.desktops.insert(desired.id.clone(), Entry::new(desired))),
        }
    }

    /// Drops a desktop, whatever is left of it.
    pub fn forget(&mut self, id: &DesktopId) {
        self.desktops.remove(id);
    }

    /// What is wanted of a desktop.
    #[must_use]
    pub fn desired(&self, id: &DesktopId) -> Option<&Desired> {
        self.desktops.get(id).map(|entry| &entry.desired)
    }

    /// What is wanted of every desktop.
    pub fn all(&self) -> impl Iterator<Item = &Desired> {
        self.desktops.values().map(|entry| &entry.desired)
    }

    /// What a host said: what it has and uses, and its desktops.
    pub fn looked(&mut self, now: Duration, name: &HostName, found: Result<(HostFacts, Vec<Seen>), String>) {
        let Some(host) = self.hosts.get_mut(name) else { return };
        let (facts, seen) = match found {
            Ok(found) => found,
            Err(why) => return host.lost(now, why),
        };
        let moving = |phase: Phase| matches!(phase, Phase::Starting | Phase::Stopping);
        let waiting = self.desktops.values().any(|entry| entry.desired.host == *name && entry.asking.is_some());
        let busy = waiting || seen.iter().any(|seen| moving(seen.report.phase));
        for seen in seen.iter().filter(|seen| !seen.report.phase.is_over()) {
            if !self.desktops.contains_key(&seen.id) {
                let found = adopted(name, seen);
                self.out.push(Action::Adopt(Box::new(found.clone())));
                self.desktops.insert(found.id.clone(), Entry::new(found));
            }
        }
        host.found(now, facts, seen, busy);
        for entry in self.desktops.values_mut().filter(|entry| entry.desired.host == *name) {
            entry.note(now, host.seen.get(&entry.desired.id));
        }
    }

    /// What became of what a host was asked for.
    pub fn done(&mut self, now: Duration, id: &DesktopId, outcome: Result<(), Failure>) {
        let Some(entry) = self.desktops.get_mut(id) else { return };
        let asked = entry.asking.take();
        if let Some(host) = self.hosts.get_mut(&entry.desired.host) {
            entry.fresh_after = host.begun;
            host.hurry(now);
        }
        let Err(failure) = outcome else { return };
        match asked {
            Some(Asking::Resize(size)) => entry.kept_size = Some(size),
            // What is refused for what it asks for is refused for ever.
            Some(Asking::Create) if failure.refused => entry.tries = AGAIN.len() + 1,
            _ => entry.not_before = entry.not_before.max(now + RETRY),
        }
        entry.trouble = Some(failure.why);
    }

    /// What is to be done now, one at a time.
    pub fn next(&mut self, now: Duration) -> Option<Action> {
        if !self.out.is_empty() {
            return Some(self.out.remove(0));
        }
        if let Some((name, _)) =
            self.hosts.iter_mut().find_map(|(name, host)| host.begin_look(now).then_some((name, ())))
        {
            return Some(Action::Look(name.clone()));
        }
        let ids: Vec<DesktopId> = self.desktops.keys().cloned().collect();
        ids.iter().find_map(|id| self.step(now, id))
    }

    fn step(&mut self, now: Duration, id: &DesktopId) -> Option<Action> {
        let entry = self.desktops.get_mut(id)?;
        let host = self.hosts.get(&entry.desired.host)?;
        let settled = host.state == HostState::Here && host.finished > entry.fresh_after;
        if entry.asking.is_some() || !settled || now < entry.not_before {
            return None;
        }
        let (seen, name) = (host.seen.get(id), entry.desired.host.clone());
        let Some(missing) = entry.missing(seen) else {
            if entry.desired.wanted == Wanted::Gone && seen.is_none() {
                self.desktops.remove(id);
                return Some(Action::Forget(id.clone()));
            }
            return None;
        };
        entry.asking = Some(missing);
        Some(match missing {
            Asking::Create => {
                entry.not_before = now + AGAIN.get(entry.tries).copied().unwrap_or_default();
                entry.tries += 1;
                let wish = Wish { id: Some(id.clone()), ..entry.desired.wish.clone() };
                Action::Create(name, id.clone(), Box::new(wish))
            }
            Asking::Remove => Action::Remove(name, id.clone()),
            Asking::Resize(size) => Action::Resize(name, id.clone(), size),
        })
    }

    /// When [`Fleet::next`] is to be asked again, if nothing happens before.
    #[must_use]
    pub fn wakes_at(&self, now: Duration) -> Option<Duration> {
        let looks = self.hosts.values().filter_map(Host::wakes_at);
        let waits = self.desktops.values().map(|entry| entry.not_before).filter(|at| *at > now);
        looks.chain(waits).min()
    }

    /// How a desktop is doing.
    #[must_use]
    pub fn state(&self, id: &DesktopId) -> Option<State<'_>> {
        let entry = self.desktops.get(id)?;
        let host = self.hosts.get(&entry.desired.host);
        let seen = host.and_then(|host| host.seen.get(id));
        let (stage, why) = match host.map(|host| &host.state) {
            None => (Stage::Lost, Some(format!("host {} is not known here", entry.desired.host))),
            Some(HostState::Lost(why)) => (Stage::Lost, Some(format!("host {}: {why}", entry.desired.host))),
            Some(HostState::Unknown) => (Stage::Pending, None),
            Some(HostState::Here) => stage(entry, seen),
        };
        Some(State { stage, why, seen })
    }
}

fn stage(entry: &Entry, seen: Option<&Seen>) -> (Stage, Option<String>) {
    let given_up = entry.tries > AGAIN.len() && entry.asking.is_none();
    let why = || entry.trouble.clone().or_else(|| seen.and_then(|seen| seen.why.clone()));
    match (entry.desired.wanted, seen.map(|seen| seen.report.phase)) {
        (Wanted::Running, None | Some(Phase::Stopped | Phase::Failed)) if given_up => (Stage::Failed, why()),
        (Wanted::Running, None) if entry.asking.is_none() && entry.trouble.is_none() => (Stage::Pending, None),
        (Wanted::Running, None | Some(Phase::Starting | Phase::Stopped | Phase::Failed)) => (Stage::Starting, why()),
        (Wanted::Running, Some(Phase::Running)) => (Stage::Running, entry.trouble.clone()),
        (Wanted::Running, Some(Phase::Frozen)) => (Stage::Frozen, why()),
        (Wanted::Stopped, None | Some(Phase::Stopped | Phase::Failed)) => (Stage::Stopped, None),
        (_, _) => (Stage::Stopping, entry.trouble.clone()),
    }
}

fn adopted(host: &HostName, seen: &Seen) -> Desired {
    Desired {
        id: seen.id.clone(),
        host: host.clone(),
        wish: seen.wish(),
        wanted: Wanted::Running,
        owner: "host".to_owned(),
        tags: std::collections::BTreeSet::new(),
        created_ms: seen.ordered_at_ms,
    }
}
