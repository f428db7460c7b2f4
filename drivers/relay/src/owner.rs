//! The one task that owns the exchange. Everybody else sends it commands.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use lunette_dial::{
    AnswerError, ConnPath, DialError, DialId, Event, Exchange, Limits, LinkId, Owner, RegisterError, Registration,
    RunnerId,
};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::control::{MAX_ORDERS, Say};
use crate::tunnels::Tunnel;

/// Where a dial's connection goes to.
pub(crate) type Waiting = oneshot::Sender<Result<Tunnel, DialError>>;

/// What the owner is asked.
pub(crate) enum Command {
    Register(Registration, oneshot::Sender<Result<(LinkId, mpsc::Receiver<Say>), RegisterError>>),
    Bytes(LinkId, Bytes),
    Life(LinkId),
    Lost(LinkId),
    Dial(RunnerId, Duration, Waiting),
    Answer(Owner, ConnPath, oneshot::Sender<Result<Waiting, AnswerError>>),
}

/// Who can be dialled, and who is missed at the moment (`false`).
pub(crate) type Present = Vec<(RunnerId, bool)>;

struct Owned {
    exchange: Exchange,
    start: Instant,
    links: HashMap<LinkId, mpsc::Sender<Say>>,
    waiting: HashMap<DialId, Waiting>,
    present: watch::Sender<Present>,
}

/// Runs until nobody can send commands any more.
pub(crate) async fn run(limits: Limits, mut commands: mpsc::Receiver<Command>, present: watch::Sender<Present>) {
    let dice = || -> [u8; 16] {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the kernel has random bytes once it is up");
        bytes
    };
    let exchange = Exchange::new(limits, Box::new(dice));
    let start = Instant::now();
    let mut owned = Owned { exchange, start, links: HashMap::new(), waiting: HashMap::new(), present };
    loop {
        let deadline = owned.exchange.deadline().map(|at| start + at);
        let due = async {
            match deadline {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            command = commands.recv() => match command {
                Some(command) => owned.handle(command),
                None => return,
            },
            () = due => owned.exchange.tick(start.elapsed()),
        }
        owned.drain();
    }
}

impl Owned {
    fn handle(&mut self, command: Command) {
        let now = self.start.elapsed();
        match command {
            Command::Register(who, reply) => {
                let registered = self.exchange.register(now, who);
                let link = registered.map(|link| {
                    let (orders, receiver) = mpsc::channel(MAX_ORDERS);
                    self.links.insert(link, orders);
                    (link, receiver)
                });
                if let Err(Ok((link, _))) = reply.send(link) {
                    self.exchange.lost(now, link);
                }
            }
            Command::Bytes(link, bytes) => self.exchange.bytes(now, link, &bytes),
            Command::Life(link) => self.exchange.heard(now, link),
            Command::Lost(link) => self.exchange.lost(now, link),
            Command::Dial(runner, limit, waiting) => match self.exchange.dial(now, &runner, now + limit) {
                Ok(dial) => drop(self.waiting.insert(dial, waiting)),
                Err(error) => drop(waiting.send(Err(error))),
            },
            Command::Answer(owner, path, reply) => {
                let answered = self.exchange.answer(now, &owner, path);
                let waiting = answered.and_then(|dial| {
                    let waiting = self.waiting.remove(&dial).filter(|waiting| !waiting.is_closed());
                    waiting.ok_or(AnswerError::UnknownRequest)
                });
                // Whoever waits learns that it came to nothing by its sender's end.
                drop(reply.send(waiting));
            }
        }
    }

    fn drain(&mut self) {
        // Nobody waits for these any more.
        let dropped: Vec<DialId> =
            self.waiting.iter().filter(|(_, waiting)| waiting.is_closed()).map(|(dial, _)| *dial).collect();
        for dial in dropped {
            self.waiting.remove(&dial);
            self.exchange.cancel(dial);
        }
        while let Some(event) = self.exchange.poll() {
            match event {
                Event::Send(link, bytes) => self.say(link, Say::Bytes(bytes)),
                Event::Ping(link) => self.say(link, Say::Ping),
                Event::Close(link, why) => {
                    self.say(link, Say::Close(why.code(), why.reason()));
                    self.links.remove(&link);
                }
                Event::Failed(dial, error) => {
                    if let Some(waiting) = self.waiting.remove(&dial) {
                        drop(waiting.send(Err(error)));
                    }
                }
                Event::Up(runner) => {
                    tracing::info!(%runner, "connected");
                    self.publish();
                }
                Event::Missed(runner) => {
                    tracing::info!(%runner, "its control channel is lost");
                    self.publish();
                }
                Event::Gone(runner) => {
                    tracing::info!(%runner, "did not come back");
                    self.publish();
                }
            }
        }
        let exchange = &self.exchange;
        self.links.retain(|link, _| exchange.has(*link));
    }

    /// One that does not take its orders is lost.
    fn say(&mut self, link: LinkId, say: Say) {
        let taken = self.links.get(&link).is_some_and(|orders| orders.try_send(say).is_ok());
        if !taken {
            self.exchange.lost(self.start.elapsed(), link);
        }
    }

    fn publish(&self) {
        let present = self.exchange.runners().map(|(runner, up)| (runner.clone(), up)).collect();
        self.present.send_replace(present);
    }
}
