//! The program: waits for the next thing that happens, and hands it to the broker.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use lunette_lease::ClientId;
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::task::{self, JoinError, JoinSet};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use crate::broker::{Broker, Made};
use crate::cards::Cards;
use crate::client::{self, Asked, Ended};
use crate::config::Config;
use crate::handed::Handed;
use crate::host::{Link, News};
use crate::hotplug::Hotplug;
use crate::kept::Found;
use crate::kms::KmsCards;
use crate::peer::Peer;
use crate::service::Service;
use crate::socket::{self, Owner, Socket};
use crate::status;
use crate::stop::told_to_end;

/// What the DRM masters are called where they are kept.
const MASTER: &str = "drm-master";
/// How long leases may take to end when we are told to.
const CLOSING: Duration = Duration::from_secs(4);
/// Questions about the status at once.
const MOST_QUESTIONS: usize = 8;
/// After an error of `accept`, which mostly lasts: no descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Becomes the DRM master and serves until SIGTERM or SIGINT.
///
/// # Errors
/// When it cannot start.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let (mut handed, service) = (Handed::from_environment(), Service::from_environment());
    let cards = KmsCards::open(&config.devices, handed.take(MASTER))?;
    for master in cards.new_masters() {
        if let Err(error) = service.keep(MASTER, &[master]) {
            tracing::warn!(%error, "nobody keeps a card when we die");
        }
    }
    let stop = told_to_end()?;
    let kept = Keeping { handed, service };
    serve(cards, config, kept, stop).await
}

/// What outlives a manager.
#[derive(Debug, Default)]
pub struct Keeping {
    /// What an earlier one had put away.
    pub handed: Handed,
    /// Where to put away what the next one needs.
    pub service: Service,
}

/// Serves these cards until `stop` is ready. When the future is dropped before, all is as if the process had been killed.
///
/// # Errors
/// When it cannot start.
pub async fn serve<C: Cards>(
    cards: C,
    config: Config,
    kept: Keeping,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let mut app = App::start(cards, config, kept)?;
    app.service.tell("READY=1");
    let mut stop = std::pin::pin!(stop);
    loop {
        let happened = tokio::select! {
            () = &mut stop => break,
            happened = app.next() => happened,
        };
        app.handle(happened).await;
        app.report();
    }
    app.stop().await;
    Ok(())
}

struct App<C> {
    config: Config,
    broker: Broker<C>,
    /// None any more when it stops.
    door: Option<Socket>,
    questions: Socket,
    clients: JoinSet<(ClientId, Ended)>,
    answers: JoinSet<()>,
    /// Which client a task serves, should it panic.
    served: std::collections::HashMap<task::Id, ClientId>,
    last_client: u64,
    asked: mpsc::Receiver<Asked>,
    asking: mpsc::Sender<Asked>,
    news: mpsc::Receiver<News>,
    hotplug: Hotplug,
    service: Arc<Service>,
    next_sign: Option<Instant>,
    reported: Option<(usize, usize)>,
}

/// The next thing that the broker must know.
enum Happened {
    Connected(io::Result<UnixStream>),
    Questioned(io::Result<UnixStream>),
    Asked(Asked),
    Ended(Result<(task::Id, (ClientId, Ended)), JoinError>),
    Answered,
    News(News),
    Leased(Result<(task::Id, Made), JoinError>),
    /// Of a card, or of any.
    Hotplug(Option<String>),
    Tick,
    WatchdogDue,
}

impl<C: Cards> App<C> {
    fn start(cards: C, config: Config, kept: Keeping) -> anyhow::Result<Self> {
        let Keeping { mut handed, service } = kept;
        let service = Arc::new(service);
        let outputs = cards.connectors().len();
        let (orders, ordered) = mpsc::channel(2 * outputs + 8);
        let (telling, news) = mpsc::channel(16);
        let (asking, asked) = mpsc::channel(16);
        // Before the connectors are read first, so that nothing is missed.
        let hotplug = Hotplug::listen(cards.events());
        let found = Found::all(&mut handed);
        let broker = Broker::new(Arc::new(cards), &config, orders, Arc::clone(&service), found);
        let broker = broker.context("cannot take the cards over")?;
        let owner = Owner { uid: config.allowed.uids.first().copied(), gid: config.allowed.gids.first().copied() };
        let door = open_door(&config, owner, &mut handed, &service)?;
        let questions = Socket::bind(&status::path_beside(&config.socket), 0o600, Owner::default())?;
        let link = Link { address: config.host.clone(), secret: config.secret };
        tokio::spawn(link.run(ordered, telling));
        tracing::info!(socket = %config.socket.display(), host = config.host, secret = config.secret.is_some(), "ready");
        let mut app = Self {
            next_sign: service.watchdog().map(|_| Instant::now()),
            config,
            broker,
            door: Some(door),
            questions,
            clients: JoinSet::new(),
            answers: JoinSet::new(),
            served: std::collections::HashMap::new(),
            last_client: 0,
            asked,
            asking,
            news,
            hotplug,
            service,
            reported: None,
        };
        app.restore();
        Ok(app)
    }

    /// Goes on with the clients of an earlier manager.
    fn restore(&mut self) {
        for (client, connection) in self.broker.restored() {
            self.last_client += 1;
            match connection.and_then(connected) {
                Ok((stream, peer)) => {
                    self.broker.admit(client, peer);
                    let task = self.clients.spawn(async move { (client, client::hold(stream).await) });
                    self.served.insert(task.id(), client);
                }
                Err(error) => {
                    tracing::error!(%client, %error, "cannot go on with a lease");
                    self.broker.ended(client, None);
                }
            }
        }
    }

    /// Waits for it. Dropping the future loses nothing.
    async fn next(&mut self) -> Happened {
        let tick = self.next_tick();
        tokio::select! {
            Some(ended) = self.clients.join_next_with_id() => Happened::Ended(ended),
            Some(made) = self.broker.leasing.join_next_with_id() => Happened::Leased(made),
            Some(news) = self.news.recv() => Happened::News(news),
            Some(asked) = self.asked.recv() => Happened::Asked(asked),
            node = self.hotplug.changed() => Happened::Hotplug(node),
            () = at(tick) => Happened::Tick,
            () = at(self.next_sign) => Happened::WatchdogDue,
            connected = accept(self.door.as_ref()) => Happened::Connected(connected),
            Some(_) = self.answers.join_next() => Happened::Answered,
            questioned = accept(Some(&self.questions)), if self.answers.len() < MOST_QUESTIONS => {
                Happened::Questioned(questioned)
            }
        }
    }

    fn next_tick(&self) -> Option<Instant> {
        let read = self.broker.is_waiting().then(|| Instant::now() + self.hotplug.read_every());
        self.broker.next_tick().into_iter().chain(read).min()
    }

    async fn handle(&mut self, happened: Happened) {
        match happened {
            Happened::Connected(Ok(stream)) => self.connected(stream),
            Happened::Questioned(Ok(stream)) => {
                self.answers.spawn(status::answer(stream, self.broker.status(&self.config)));
            }
            Happened::Connected(Err(error)) | Happened::Questioned(Err(error)) => {
                tracing::error!(%error, "cannot accept a connection");
                sleep(ACCEPT_PAUSE).await;
            }
            Happened::Asked(asked) => self.broker.asked(asked),
            Happened::Ended(Ok((task, (client, ended)))) => {
                self.served.remove(&task);
                self.broker.ended(client, Some(&ended));
            }
            Happened::Ended(Err(error)) => {
                if let Some(client) = self.served.remove(&error.id()) {
                    tracing::error!(%error, %client, "a client's task failed");
                    self.broker.ended(client, None);
                }
            }
            Happened::Answered => {}
            Happened::News(news) => self.broker.news(news),
            Happened::Leased(made) => self.broker.leased(made),
            Happened::Hotplug(node) => self.broker.looked(node.as_deref()),
            Happened::Tick => self.broker.tick(),
            Happened::WatchdogDue => {
                self.service.tell("WATCHDOG=1");
                self.next_sign = self.service.watchdog().map(|every| Instant::now() + every);
            }
        }
    }

    fn connected(&mut self, stream: UnixStream) {
        let doors = &mut self.broker.doors;
        doors.accepted += 1;
        let peer = match Peer::of(&stream) {
            Ok(peer) if self.config.allowed.admits(&peer) => peer,
            Ok(peer) => {
                doors.not_allowed += 1;
                return tracing::warn!(%peer, "not allowed: turned away");
            }
            Err(error) => return tracing::warn!(%error, "a client without credentials"),
        };
        if self.broker.clients() >= self.config.max_clients {
            self.broker.doors.too_many += 1;
            return tracing::warn!(%peer, "too many connections: turned away");
        }
        self.last_client += 1;
        let client = ClientId::new(self.last_client);
        self.broker.admit(client, peer);
        let (asking, patience) = (self.asking.clone(), self.config.request_within);
        let serving = async move { (client, client::serve(stream, client, asking, patience).await) };
        let task = self.clients.spawn(serving);
        self.served.insert(task.id(), client);
    }

    /// Tells the service manager how many are leased, when that has changed.
    fn report(&mut self) {
        let leased = self.broker.leased_of();
        if self.reported.replace(leased) != Some(leased) {
            self.service.tell(&format!("STATUS={} of {} outputs leased", leased.0, leased.1));
        }
    }

    /// Ends every lease, and waits for that as long as it makes sense.
    async fn stop(mut self) {
        self.service.tell("STOPPING=1");
        if let Some(door) = self.door.take() {
            self.service.forget(&door.kept_name());
        }
        self.broker.close();
        let end = Instant::now() + CLOSING;
        while !self.broker.is_idle() {
            match timeout_at(end, self.next()).await {
                Ok(happened) => self.handle(happened).await,
                Err(_) => {
                    tracing::warn!("some outputs stay plugged");
                    break;
                }
            }
        }
        self.clients.shutdown().await;
        tracing::info!("ended");
    }
}

/// The socket that clients connect to: the one that was kept, so that those who wait there are served, or a new one.
fn open_door(config: &Config, owner: Owner, handed: &mut Handed, service: &Service) -> anyhow::Result<Socket> {
    const MODE: u32 = 0o660;
    let mut door = None;
    for name in handed.names(socket::KEPT) {
        let kept = handed.take(&name).into_iter().find_map(|fd| Socket::adopt(&name, fd, &config.socket, MODE, owner));
        if kept.is_none() || door.is_some() {
            service.forget(&name);
        }
        door = door.or(kept);
    }
    if let Some(door) = door {
        return Ok(door);
    }
    let door = Socket::bind(&config.socket, MODE, owner)?;
    if let Err(error) = service.keep(&door.kept_name(), &[door.as_fd()]) {
        tracing::warn!(%error, "who connects while we restart is turned away");
    }
    Ok(door)
}

fn connected(connection: OwnedFd) -> io::Result<(UnixStream, Peer)> {
    let stream = std::os::unix::net::UnixStream::from(connection);
    stream.set_nonblocking(true)?;
    let stream = UnixStream::from_std(stream)?;
    let peer = Peer::of(&stream)?;
    Ok((stream, peer))
}

async fn accept(socket: Option<&Socket>) -> io::Result<UnixStream> {
    match socket {
        Some(socket) => socket.listener.accept().await.map(|(stream, _)| stream),
        None => std::future::pending().await,
    }
}

async fn at(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}
