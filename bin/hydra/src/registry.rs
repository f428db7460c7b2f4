//! All desktops of the machine, by id.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirEntry};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use lunette_desktop::{
    BackendKind, DesktopId, NoMemory, Phase, Places, Promise, SESSION_VARIABLE, Slot, Terms, Wish, WishError, admit,
};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::Instant;

use crate::clock::wall_ms;
use crate::desktop::{Common, Desktop, Launcher, folder, leftover};
use crate::memory::{Memory, promise};
use crate::profiles::Profiles;

/// Desktops that are over and still told about.
const MOST_ENDED: usize = 64;
/// A whole removal.
const REMOVAL: Duration = Duration::from_secs(55);
/// For remains without an order to be swept before anybody is served.
const CLEARING: Duration = Duration::from_secs(10);

/// The desktops, and what they are made of.
pub(crate) struct Registry {
    pub(crate) common: Arc<Common>,
    pub(crate) profiles: Profiles,
    /// Behind a lock and not behind a task: two creates must see each other, and none waits while it is held.
    entries: Mutex<BTreeMap<DesktopId, Entry>>,
}

struct Entry {
    desktop: Arc<Desktop>,
    /// What nobody else gets while it is not over. Remains may be of a slot that nobody knows.
    slot: Option<Slot>,
    /// Its folder is being removed.
    leaving: bool,
}

impl Entry {
    fn of(desktop: Arc<Desktop>) -> Self {
        Self { slot: Some(desktop.order.slot), desktop, leaving: false }
    }
}

/// What came of a wish.
pub(crate) enum Created {
    New(Arc<Desktop>),
    /// It was there.
    Existing(Arc<Desktop>),
}

/// Why there is no such desktop.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CreateError {
    #[error("no profile {name} for {backend}")]
    NoProfile { name: DesktopId, backend: &'static str },
    #[error("desktop {0} is being stopped")]
    Leaving(DesktopId),
    #[error("desktop {0} belongs to another session, {1}")]
    OtherSession(DesktopId, String),
    #[error(transparent)]
    Wish(#[from] WishError),
    #[error(transparent)]
    NoMemory(#[from] NoMemory),
    #[error("no slot is free for sure: nobody knows which one desktop {0} has, and that is not over")]
    NoSlot(DesktopId),
    #[error("there are {0} desktops already, as many as may be")]
    TooMany(usize),
    #[error("no random bytes for an id: {0}")]
    Random(getrandom::Error),
}

impl Registry {
    pub(crate) fn new(common: Arc<Common>) -> Self {
        let profiles = Profiles::new(&common.config);
        Self { common, profiles, entries: Mutex::default() }
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<DesktopId, Entry>> {
        // No step below leaves the map half changed.
        self.entries.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Takes over what an earlier hydra left: launchers that live, what has none, and reports of what is over.
    pub(crate) async fn adopt(&self) {
        let desktops = self.common.config.dir.join("desktops");
        let Ok(found) = fs::read_dir(&desktops) else { return };
        let mut leftovers = Vec::new();
        for found in found.filter_map(Result::ok) {
            let Some(id) = id_of(&found) else {
                tracing::warn!(path = %found.path().display(), "not a desktop's folder");
                continue;
            };
            let entry = match self.adopt_one(&id) {
                Ok(desktop) => Entry::of(desktop),
                // There was nothing in it.
                Err(_) if fs::remove_dir(found.path()).is_ok() => continue,
                Err(error) => {
                    tracing::warn!(%id, %error, "a desktop's folder without an order");
                    let entry = self.adopt_leftover(&id);
                    leftovers.push(Arc::clone(&entry.desktop));
                    entry
                }
            };
            self.entries().insert(id, entry);
        }
        self.clear(leftovers).await;
        self.bound();
    }

    fn adopt_one(&self, id: &DesktopId) -> std::io::Result<Arc<Desktop>> {
        let places = Places::new(&self.common.config.dir, id);
        if let Some(ended) = folder::kept(&places) {
            return Ok(Desktop::ended(ended.order, ended.report));
        }
        let launcher = Launcher::find(places.folder());
        let order = folder::order(&places)?;
        let pid = launcher.as_ref().map(Launcher::pid);
        tracing::info!(%id, pid, "found again");
        Ok(Desktop::adopt(&self.common, order, folder::report(&places), launcher))
    }

    /// A desktop that lives, or remains to be swept, with an order that cannot be read.
    fn adopt_leftover(&self, id: &DesktopId) -> Entry {
        let dir = &self.common.config.dir;
        let slot = leftover::slot(dir, id);
        let order = leftover::stand_in(id, slot);
        let places = Places::new(dir, id);
        let launcher = Launcher::find(places.folder());
        let desktop = Desktop::adopt(&self.common, order, folder::report(&places), launcher);
        Entry { desktop, slot, leaving: false }
    }

    /// Waits for what has no launcher and is swept soon, and forgets it: there is nothing to tell of it.
    async fn clear(&self, leftovers: Vec<Arc<Desktop>>) {
        let until = Instant::now() + CLEARING;
        for desktop in leftovers.iter().filter(|desktop| desktop.report().launcher_pid == 0) {
            if desktop.over_within(until.saturating_duration_since(Instant::now())).await {
                self.forget(desktop).await;
            }
        }
    }

    /// Makes a desktop, or finds the one that has this id.
    pub(crate) async fn create(self: &Arc<Self>, wish: Wish) -> Result<Created, CreateError> {
        let backend = wish.backend.unwrap_or(self.common.config.backend);
        let (registry, name) = (Arc::clone(self), wish.profile.clone());
        let found = spawn_blocking(move || registry.profiles.get(&name, backend)).await.ok().flatten();
        let name = wish.profile.clone();
        let found = found.ok_or(CreateError::NoProfile { name, backend: backend_name(backend) });
        let id = wish.id.clone().map_or_else(random_id, Ok)?;
        let memory = Memory::now();
        let mut entries = self.entries();
        if let Some(desktop) = existing(&entries, &id, &wish)? {
            return Ok(Created::Existing(desktop));
        }
        let found = found?;
        let live: Vec<&Entry> = entries.values().filter(|entry| !entry.desktop.is_over()).collect();
        if let Some(entry) = live.iter().find(|entry| entry.slot.is_none()) {
            return Err(CreateError::NoSlot(entry.desktop.order.id.clone()));
        }
        let slots: BTreeSet<Slot> = live.iter().filter_map(|entry| entry.slot).collect();
        let slot = Slot::lowest_free(&slots).filter(|_| live.len() < self.common.config.max_desktops);
        let slot = slot.ok_or(CreateError::TooMany(live.len()))?;
        let promises = promises(&entries);
        let terms =
            Terms { id: id.clone(), slot, profile: found.profile, root: found.root, backend, ordered_at_ms: wall_ms() };
        let order = wish.order(terms)?;
        if let Some(memory) = memory.filter(|_| !self.common.config.overcommit) {
            admit(&promises, order.limits.memory_mib.into(), memory.available_mib)?;
        }
        let desktop = Desktop::order(&self.common, order);
        entries.insert(id, Entry::of(Arc::clone(&desktop)));
        drop(entries);
        self.bound();
        Ok(Created::New(desktop))
    }

    /// What the desktops that live may still take.
    pub(crate) fn promises(&self) -> Vec<Promise> {
        promises(&self.entries())
    }

    /// The desktop with this id.
    pub(crate) fn get(&self, id: &DesktopId) -> Option<Arc<Desktop>> {
        self.entries().get(id).map(|entry| Arc::clone(&entry.desktop))
    }

    /// All, by id.
    pub(crate) fn list(&self) -> Vec<Arc<Desktop>> {
        self.entries().values().map(|entry| Arc::clone(&entry.desktop)).collect()
    }

    /// Ends a desktop and forgets it; `false` when that takes longer than it should, or cannot be done.
    pub(crate) async fn remove(&self, desktop: &Arc<Desktop>) -> bool {
        desktop.stop().await;
        if !desktop.over_within(REMOVAL).await {
            return false;
        }
        self.forget(desktop).await;
        true
    }

    /// Ends all; what to say of those that did not end in time.
    pub(crate) async fn drain(&self) -> Vec<String> {
        let mut ending = JoinSet::new();
        for desktop in self.list() {
            ending.spawn(async move {
                desktop.stop().await;
                let over = desktop.over_within(REMOVAL).await;
                (!over).then(|| desktop.unended())
            });
        }
        ending.join_all().await.into_iter().flatten().collect()
    }

    /// Leaves all to themselves.
    pub(crate) async fn detach(&self) {
        for desktop in self.list() {
            desktop.detach().await;
        }
    }

    /// Whether one lives.
    pub(crate) fn is_used(&self) -> bool {
        self.list().iter().any(|desktop| !desktop.is_over())
    }

    /// Forgets the oldest of those that are over, when they are too many.
    fn bound(&self) {
        let mut ended: Vec<_> =
            self.list().into_iter().filter(|one| one.is_over()).map(|one| (one.report().since_ms, one)).collect();
        ended.sort_by_key(|(since, _)| *since);
        for (_, desktop) in ended.iter().rev().skip(MOST_ENDED) {
            if let Some(places) = self.leave(desktop)
                && let Err(error) = folder::remove(&places)
            {
                tracing::warn!(%error, id = %desktop.order.id, "cannot remove a desktop's folder");
            }
            self.left(desktop);
        }
    }

    async fn forget(&self, desktop: &Arc<Desktop>) {
        let Some(places) = self.leave(desktop) else { return };
        let removed = spawn_blocking(move || folder::remove(&places)).await;
        if let Ok(Err(error)) = removed {
            tracing::warn!(%error, id = %desktop.order.id, "cannot remove a desktop's folder");
        }
        self.left(desktop);
    }

    /// Marks it, so that no new one of this id starts in the folder that is being removed. `None` when it is not there
    /// any more, or another has its id.
    fn leave(&self, desktop: &Arc<Desktop>) -> Option<Places> {
        let mut entries = self.entries();
        let entry = entries.get_mut(&desktop.order.id).filter(|entry| Arc::ptr_eq(&entry.desktop, desktop))?;
        entry.leaving = true;
        Some(Places::new(&self.common.config.dir, &desktop.order.id))
    }

    fn left(&self, desktop: &Arc<Desktop>) {
        let mut entries = self.entries();
        if entries.get(&desktop.order.id).is_some_and(|entry| Arc::ptr_eq(&entry.desktop, desktop)) {
            entries.remove(&desktop.order.id);
        }
    }
}

/// What the desktops that live may still take of their memory.
fn promises(entries: &BTreeMap<DesktopId, Entry>) -> Vec<Promise> {
    let live = entries.values().map(|entry| &entry.desktop).filter(|desktop| !desktop.is_over());
    live.map(|desktop| promise(&desktop.order.id, desktop.order.limits.memory_mib)).collect()
}

/// The one that has this id and is not over.
fn existing(
    entries: &BTreeMap<DesktopId, Entry>,
    id: &DesktopId,
    wish: &Wish,
) -> Result<Option<Arc<Desktop>>, CreateError> {
    let Some(entry) = entries.get(id) else { return Ok(None) };
    let report = entry.desktop.report();
    if entry.leaving || report.phase == Phase::Stopping {
        return Err(CreateError::Leaving(id.clone()));
    }
    if report.phase.is_over() {
        return Ok(None);
    }
    let session = |environment: &BTreeMap<String, String>| environment.get(SESSION_VARIABLE).cloned();
    match (session(&wish.environment), session(&entry.desktop.order.environment)) {
        (Some(asked), Some(has)) if asked != has => Err(CreateError::OtherSession(id.clone(), has)),
        _ => Ok(Some(Arc::clone(&entry.desktop))),
    }
}

fn id_of(found: &DirEntry) -> Option<DesktopId> {
    let is_folder = found.file_type().is_ok_and(|kind| kind.is_dir());
    found.file_name().to_str().filter(|_| is_folder)?.parse().ok()
}

fn random_id() -> Result<DesktopId, CreateError> {
    let number = getrandom::u64().map_err(CreateError::Random)?;
    Ok(format!("d-{number:016x}").parse().expect("hexadecimal digits are an id"))
}

fn backend_name(backend: BackendKind) -> &'static str {
    match backend {
        BackendKind::Runc => "runc",
        BackendKind::Docker => "docker",
    }
}
