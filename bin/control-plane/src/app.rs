//! What everything in this program shares.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use anyhow::Context;
use lunette_desktop::DesktopId;
use lunette_fleet::{Desired, Fleet, HostName};
use lunette_relay::{Limits, Tunnels};
use lunette_store::{Sqlite, Storage, Store};
use tokio::sync::{Notify, broadcast, watch};

use crate::album::Album;
use crate::audit::Audit;
use crate::auth::{Gate, Keys, NewToken, Scopes};
use crate::config::{Config, HostConfig};
use crate::dialled::Dialled;
use crate::eyes::Eyes;
use crate::gateway::Viewers;
use crate::http::people::Guests;
use crate::hydra::{BridgeTokens, Direct, Hydra};
use crate::pictures::Pictures;
use crate::random;

/// Events that a slow reader may miss.
const EVENTS: usize = 256;

/// The control plane.
pub(crate) struct App {
    pub(crate) gate: Gate,
    pub(crate) keys: Keys,
    pub(crate) audit: Audit,
    pub(crate) store: Store,
    // Read by every request, written when a host dials in for the first time.
    hosts: RwLock<BTreeMap<HostName, Arc<Host>>>,
    /// Hosts that dial in.
    pub(crate) tunnels: Tunnels,
    pub(crate) eyes: Eyes,
    pub(crate) album: Album,
    pub(crate) viewers: Viewers,
    pub(crate) guests: Guests,
    /// Whether cookies need TLS.
    pub(crate) secure: bool,
    // Read and changed in microseconds, by requests and by the steward's tasks.
    fleet: Mutex<Fleet>,
    // Held from the choice of a new desktop's place until it is taken, the store's answer included.
    pub(crate) placing: tokio::sync::Mutex<()>,
    // As above: what was heard with the last list of each host.
    bridges: Mutex<HashMap<DesktopId, BridgeTokens>>,
    /// The steward has something to do.
    pub(crate) wake: Notify,
    /// Grows with every change of what is wanted or seen.
    changes: watch::Sender<u64>,
    /// What happened, as it happens.
    pub(crate) events: broadcast::Sender<Arc<lunette_store::Event>>,
    pub(crate) started: Instant,
}

/// A host as this program reaches it.
pub(crate) struct Host {
    pub(crate) hydra: Hydra,
    pub(crate) pictures: Pictures,
}

impl App {
    /// Opens the store, and remembers what is wanted.
    pub(crate) async fn open(config: &Config, gate: Gate) -> anyhow::Result<Self> {
        let path = config.state.join("store.sqlite");
        let store = Store::start(Sqlite::open(&path)?)?;
        let keys = Keys::load(store.clone()).await?;
        let audit = Audit::open(&config.state.join("audit.jsonl"))?;
        let album = Album::open(&config.state).context("cannot keep pictures")?;
        let started = Instant::now();
        let mut fleet = Fleet::default();
        for host in &config.hosts {
            fleet.add_host(Duration::ZERO, host.name.clone());
        }
        for host in store.ask(|store| store.drained()).await? {
            fleet.drain(host);
        }
        for desired in store.ask(|store| store.desktops()).await? {
            fleet.want(Duration::ZERO, desired);
        }
        let tunnels = Tunnels::new(Limits::default());
        let reach = |config: &HostConfig| {
            let hydra = Hydra::new(Arc::new(Direct(config.hydra.clone())), config.hydra_token.clone());
            let pictures = match &config.export {
                Some(address) => Pictures::At(address.clone(), config.export_secret.clone()),
                None => Pictures::Dialled(Dialled::export(&tunnels, &config.name)),
            };
            (config.name.clone(), Arc::new(Host { hydra, pictures }))
        };
        Ok(Self {
            gate,
            keys,
            audit,
            store,
            hosts: RwLock::new(config.hosts.iter().map(reach).collect()),
            tunnels,
            eyes: Eyes::default(),
            album,
            viewers: Viewers::default(),
            guests: Guests::default(),
            secure: config.tls.is_some(),
            fleet: Mutex::new(fleet),
            placing: tokio::sync::Mutex::default(),
            bridges: Mutex::default(),
            wake: Notify::new(),
            changes: watch::channel(0).0,
            events: broadcast::channel(EVENTS).0,
            started,
        })
    }

    /// A host as this program reaches it.
    pub(crate) fn host(&self, name: &HostName) -> Option<Arc<Host>> {
        self.hosts.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// All of them.
    pub(crate) fn hosts(&self) -> Vec<(HostName, Arc<Host>)> {
        let hosts = self.hosts.read().unwrap_or_else(PoisonError::into_inner);
        hosts.iter().map(|(name, host)| (name.clone(), Arc::clone(host))).collect()
    }

    /// One that dialled in. One that is reached otherwise stays so.
    pub(crate) fn add_host(&self, name: &HostName, host: impl FnOnce() -> Host) {
        let mut hosts = self.hosts.write().unwrap_or_else(PoisonError::into_inner);
        hosts.entry(name.clone()).or_insert_with(|| Arc::new(host()));
        drop(hosts);
        let mut fleet = self.fleet();
        fleet.add_host(self.now(), name.clone());
        fleet.hurry(self.now(), name);
        drop(fleet);
        self.wake.notify_one();
    }

    pub(crate) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn fleet(&self) -> MutexGuard<'_, Fleet> {
        self.fleet.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What opens a desktop's bridge.
    pub(crate) fn bridge(&self, id: &DesktopId) -> Option<BridgeTokens> {
        self.bridges.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    pub(crate) fn set_bridges(&self, tokens: impl Iterator<Item = (DesktopId, Option<BridgeTokens>)>) {
        let mut bridges = self.bridges.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, tokens) in tokens {
            match tokens {
                Some(tokens) => drop(bridges.insert(id, tokens)),
                None => drop(bridges.remove(&id)),
            }
        }
    }

    /// Something of what is wanted or seen has changed.
    pub(crate) fn changed(&self) {
        self.changes.send_modify(|version| *version += 1);
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Sets what is wanted, for good.
    pub(crate) async fn want(&self, desired: Desired) -> Result<(), lunette_store::StoreError> {
        let kept = desired.clone();
        self.store.ask(move |store| store.put_desktop(&kept)).await?;
        self.fleet().want(self.now(), desired);
        self.changed();
        self.wake.notify_one();
        Ok(())
    }

    /// Gives a host no more new desktops, or again, for good.
    pub(crate) async fn drain(&self, host: HostName, draining: bool) -> Result<(), lunette_store::StoreError> {
        let kept = host.clone();
        let keep = move |store: &mut dyn Storage| match draining {
            true => store.put_drained(&kept),
            false => store.remove_drained(&kept),
        };
        self.store.ask(keep).await?;
        match draining {
            true => self.fleet().drain(host),
            false => self.fleet().use_again(&host),
        }
        self.changed();
        Ok(())
    }

    /// Tells what happened.
    pub(crate) async fn note(&self, kind: &'static str, desktop: Option<&DesktopId>, text: String) {
        let (at_ms, desktop) = (crate::clock::now_ms(), desktop.map(ToString::to_string));
        let (kept, words) = (desktop.clone(), text.clone());
        let noted = self.store.ask(move |store| store.note(at_ms, kind, kept.as_deref(), &words)).await;
        match noted {
            Ok(number) => {
                let event = lunette_store::Event { number, at_ms, kind: kind.to_owned(), desktop, text };
                // Nobody may listen.
                let _ = self.events.send(Arc::new(event));
            }
            Err(error) => tracing::error!(error = lunette_cause::chain(&error), kind, text, "an event is lost"),
        }
    }

    /// Makes the administrator's token where there is none; returns it when it is new.
    pub(crate) async fn first_token(&self, folder: &Path) -> anyhow::Result<Option<String>> {
        let path = folder.join("admin.token");
        let fail = || format!("cannot use {}", path.display());
        let kept = match std::fs::read_to_string(&path) {
            Ok(text) => Some(text.trim().to_owned()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(fail),
        };
        let known = kept.as_deref().is_some_and(|text| self.keys.knows(text));
        let any = self.keys.tokens().iter().any(|token| Scopes::parse(&token.scopes) == Ok(Scopes::ADMIN));
        match kept {
            Some(_) if known => Ok(None),
            // Whoever took the file away knows the token, or has another.
            None if any => Ok(None),
            // The store is a new one, and what calls us has the token already; a text of another form opens nothing.
            Some(text) if text.parse::<lunette_auth::Token>().is_ok() => {
                self.keys.keep_token(admin(), &text).await?;
                Ok(None)
            }
            _ => {
                let text = random::token()?;
                write_secret(&path, &text).with_context(fail)?;
                self.keys.keep_token(admin(), &text).await?;
                Ok(Some(text))
            }
        }
    }
}

fn admin() -> NewToken {
    NewToken { name: "admin".to_owned(), scopes: Scopes::ADMIN, desktops: None, lives: None, once: false }
}

fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}
