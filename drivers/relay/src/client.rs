//! A runner: stays connected to a control plane, and connects whoever dials it to what it serves.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderValue;
use lunette_cause::chain;
use lunette_dial::timing::CONNECT;
use lunette_dial::{ConnPath, InstanceId, Order, PickUp, Runner, RunnerId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, timeout};

use crate::channel::pump;
use crate::control::{self, Heard, MAX_ORDERS, Say};
use crate::error::RelayError;
use crate::server::ServerUrl;
use crate::socket::{Opener, Socket};
use crate::target::{Io, Target};
use crate::trust::Trust;

/// Connections that are carried at once.
const MAX_CARRIED: usize = 1024;
/// Things that happened and wait to be looked at.
const MAX_EVENTS: usize = 1024;

/// See the head of this file.
pub struct RunnerClient {
    opener: Opener,
    runner: RunnerId,
    target: Target,
    seed: u64,
}

impl RunnerClient {
    /// A runner of this name, with this token, for what is served at `target`.
    ///
    /// # Errors
    /// When certificates cannot be read, or the token fits no header.
    pub fn new(
        server: ServerUrl,
        runner: RunnerId,
        token: &str,
        target: Target,
        trust: &Trust,
    ) -> Result<Self, RelayError> {
        let mut bearer = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| RelayError::Token)?;
        bearer.set_sensitive(true);
        let tls = server.tls.then(|| trust.connector()).transpose()?;
        let mut random = [0; 16];
        getrandom::fill(&mut random)
            .map_err(|error| RelayError::Connect { to: server.to_string(), source: std::io::Error::other(error) })?;
        let instance = InstanceId::new(random).to_string();
        let seed = random.iter().fold(0, |seed: u64, byte| seed.rotate_left(8) ^ u64::from(*byte));
        Ok(Self { opener: Opener { server, bearer, instance, tls }, runner, target, seed })
    }

    /// Stays connected until `end` is done.
    pub async fn run(self, end: impl Future<Output = ()>) {
        let (events, happened) = mpsc::channel(MAX_EVENTS);
        let start = Instant::now();
        let running = Running {
            carried: Arc::new(Semaphore::new(MAX_CARRIED)),
            state: Runner::new(self.seed),
            client: Arc::new(self),
            start,
            events,
            tasks: JoinSet::new(),
            link: None,
            generation: 0,
        };
        tokio::select! {
            () = running.run(happened) => {}
            () = end => {}
        }
    }
}

enum Happened {
    Connected(Result<Box<Socket>, RelayError>),
    Heard(Heard),
}

/// What happened to the connection of this number, or to a dial.
enum Event {
    Link(u64, Happened),
    PickedUp(PickUp, Result<(), String>),
}

struct Link {
    orders: Option<mpsc::Sender<Say>>,
    task: AbortHandle,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Running {
    client: Arc<RunnerClient>,
    state: Runner,
    start: Instant,
    events: mpsc::Sender<Event>,
    tasks: JoinSet<()>,
    link: Option<Link>,
    /// Of the connection that counts; what is told of earlier ones is late.
    generation: u64,
    carried: Arc<Semaphore>,
}

impl Running {
    async fn run(mut self, mut happened: mpsc::Receiver<Event>) {
        self.state.start(self.now());
        loop {
            while let Some(order) = self.state.poll() {
                self.obey(order);
            }
            let deadline = self.start + self.state.deadline().unwrap_or(Duration::from_secs(3600));
            tokio::select! {
                event = happened.recv() => if let Some(event) = event { self.note(event) },
                () = tokio::time::sleep_until(deadline) => self.state.tick(self.now()),
                Some(_) = self.tasks.join_next() => {}
            }
        }
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Connect => self.connect(),
            Order::Disconnect => self.link = None,
            Order::Send(bytes) => self.say(Say::Bytes(bytes)),
            Order::Ping => self.say(Say::Ping),
            Order::PickUp(pick_up, path) => self.pick_up(pick_up, path),
        }
    }

    fn connect(&mut self) {
        self.generation += 1;
        let (generation, client, events) = (self.generation, Arc::clone(&self.client), self.events.clone());
        let task = self.tasks.spawn(async move {
            let socket = client.opener.control(client.runner.as_str()).await.map(Box::new);
            drop(events.send(Event::Link(generation, Happened::Connected(socket))).await);
        });
        self.link = Some(Link { orders: None, task });
    }

    fn note(&mut self, event: Event) {
        let now = self.now();
        match event {
            Event::PickedUp(pick_up, outcome) => self.state.picked_up(pick_up, outcome),
            Event::Link(generation, _) if generation != self.generation => {}
            Event::Link(_, Happened::Connected(Ok(socket))) => {
                tracing::info!(server = %self.client.opener.server, runner = %self.client.runner, "connected");
                self.state.connected(now);
                self.stay(*socket);
            }
            Event::Link(_, Happened::Connected(Err(error))) => {
                tracing::warn!(server = %self.client.opener.server, error = %chain(&error), "cannot connect");
                self.lost(now, None);
            }
            Event::Link(_, Happened::Heard(Heard::Bytes(bytes))) => self.state.bytes(now, &bytes),
            Event::Link(_, Happened::Heard(Heard::Life)) => self.state.heard(now),
            Event::Link(_, Happened::Heard(Heard::Lost(code))) => {
                tracing::info!(server = %self.client.opener.server, ?code, "the control channel is lost");
                self.lost(now, code);
            }
        }
    }

    fn lost(&mut self, now: Duration, code: Option<u16>) {
        self.link = None;
        self.state.lost(now, code);
    }

    fn stay(&mut self, socket: Socket) {
        let (orders, received) = mpsc::channel(MAX_ORDERS);
        let (generation, events) = (self.generation, self.events.clone());
        let task = self.tasks.spawn(async move {
            let tell = |heard| {
                let events = events.clone();
                async move { events.send(Event::Link(generation, Happened::Heard(heard))).await.is_ok() }
            };
            control::run(socket, received, tell).await;
        });
        self.link = Some(Link { orders: Some(orders), task });
    }

    fn say(&mut self, say: Say) {
        let orders = self.link.as_ref().and_then(|link| link.orders.as_ref());
        if orders.is_none_or(|orders| orders.try_send(say).is_err()) {
            self.lost(self.now(), None);
        }
    }

    /// In a task of its own: a target that does not answer holds up nobody else.
    fn pick_up(&mut self, pick_up: PickUp, path: ConnPath) {
        let Ok(permit) = Arc::clone(&self.carried).try_acquire_owned() else {
            let why = format!("{MAX_CARRIED} connections are carried already");
            return self.state.picked_up(pick_up, Err(why));
        };
        let (client, events) = (Arc::clone(&self.client), self.events.clone());
        self.tasks.spawn(async move { client.serve(pick_up, path, events, permit).await });
    }
}

impl RunnerClient {
    async fn serve(&self, pick_up: PickUp, path: ConnPath, events: mpsc::Sender<Event>, permit: OwnedSemaphorePermit) {
        match self.open(path).await {
            Ok((socket, target)) => {
                drop(events.send(Event::PickedUp(pick_up, Ok(()))).await);
                pump(socket, target).await;
            }
            Err(error) => {
                let why = chain(&error);
                tracing::warn!(target = %self.target, error = why, "a dial failed");
                drop(events.send(Event::PickedUp(pick_up, Err(why))).await);
            }
        }
        drop(permit);
    }

    /// First what is served here: whoever dials learns that it is not there.
    async fn open(&self, path: ConnPath) -> Result<(Socket, Box<dyn Io>), RelayError> {
        let target = self.target.connect().await?;
        let opened = timeout(CONNECT, self.opener.data(path)).await;
        let socket = opened.map_err(|_| RelayError::TimedOut(CONNECT.as_secs()))??;
        Ok((socket, target))
    }
}
