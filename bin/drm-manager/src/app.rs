//! The program: waits for the next thing that happens, and hands it to the broker.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use lunette_lease::ClientId;
use tokio::net::UnixStream;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::{self, JoinError, JoinSet};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use crate::broker::{Broker, Made};
use crate::card::Card;
use crate::client::{self, Asked, Ended};
use crate::config::Config;
use crate::host::{Link, News};
use crate::hotplug::Hotplug;
use crate::kms::KmsCard;
use crate::peer::Peer;
use crate::service::{self, Service};
use crate::socket::{Owner, Socket};
use crate::status;

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
    let earlier = service::kept_master();
    let card = KmsCard::open(&config.device, earlier)?;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    serve(card, config, async move { first(&mut terminate, &mut interrupt).await }).await
}

async fn first(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Serves this card until `stop` is ready.
///
/// # Errors
/// When it cannot start.
pub async fn serve<C: Card>(card: C, config: Config, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    let service = Service::from_environment();
    if let Some(master) = card.master() {
        service.keep_master(master);
    }
    let mut app = App::start(card, config, service)?;
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
    service: Service,
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
    Hotplug,
    Tick,
    WatchdogDue,
}

impl<C: Card> App<C> {
    fn start(card: C, config: Config, service: Service) -> anyhow::Result<Self> {
        let outputs = card.connectors().len();
        let (orders, ordered) = mpsc::channel(2 * outputs + 8);
        let (telling, news) = mpsc::channel(16);
        let (asking, asked) = mpsc::channel(16);
        // Before the connectors are read first, so that nothing is missed.
        let hotplug = Hotplug::listen(card.events());
        let broker = Broker::new(Arc::new(card), &config, orders).context("cannot take the card over")?;
        let owner = Owner { uid: config.allowed.uids.first().copied(), gid: config.allowed.gids.first().copied() };
        let door = Socket::bind(&config.socket, 0o660, owner)?;
        let questions = Socket::bind(&status::path_beside(&config.socket), 0o600, Owner::default())?;
        let link = Link { address: config.host.clone(), secret: config.secret };
        tokio::spawn(link.run(ordered, telling));
        tracing::info!(socket = %config.socket.display(), host = config.host, secret = config.secret.is_some(), "ready");
        Ok(Self {
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
        })
    }

    /// Waits for it. Dropping the future loses nothing.
    async fn next(&mut self) -> Happened {
        let tick = self.next_tick();
        tokio::select! {
            Some(ended) = self.clients.join_next_with_id() => Happened::Ended(ended),
            Some(made) = self.broker.leasing.join_next_with_id() => Happened::Leased(made),
            Some(news) = self.news.recv() => Happened::News(news),
            Some(asked) = self.asked.recv() => Happened::Asked(asked),
            () = self.hotplug.changed() => Happened::Hotplug,
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
            Happened::Hotplug => self.broker.looked(),
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
        self.door = None;
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
