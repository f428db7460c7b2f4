//! The runner's end: connect, stay, open what is asked for.
//!
//! ```text
//!            start                connected
//!   Idle ───────────▶ Connecting ──────────▶ Up ──┐
//!                         ▲    │ failed, CONNECT   │ lost, SILENCE, LINE, broken
//!                         │    ▼                   │
//!                         └─ Pausing ◀─────────────┘
//!                       pause over; twice as long each time, a first one again after STABLE
//! ```

use std::collections::VecDeque;
use std::time::Duration;

use crate::backoff::Backoff;
use crate::exchange::CloseWhy;
use crate::line::{Lines, Message};
use crate::path::ConnPath;
use crate::timing::{CONNECT, LINE, PING, SILENCE, STABLE, SUPERSEDED_PAUSE};

/// One data channel to be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PickUp(u64);

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Resolve the server's name, connect, ask for the control channel.
    Connect,
    /// Give up the control channel, or the try to have one.
    Disconnect,
    /// Send these bytes over it.
    Send(Vec<u8>),
    /// Send a ping.
    Ping,
    /// Open a data channel, then connect it to the local target.
    PickUp(PickUp, ConnPath),
}

/// How a runner is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Not started.
    Idle,
    /// Waits until then.
    Pausing(Duration),
    /// Tries since then.
    Connecting(Duration),
    /// Connected since then.
    Up(Duration),
}

/// See the head of this file.
#[derive(Debug)]
pub struct Runner {
    status: Status,
    backoff: Backoff,
    lines: Lines,
    heard: Duration,
    line: Duration,
    ping_at: Duration,
    open: Vec<(PickUp, ConnPath)>,
    next: u64,
    most: usize,
    orders: VecDeque<Order>,
}

impl Runner {
    /// Data channels that are being opened at once.
    pub const MOST: usize = 256;

    /// A runner that has not started. `seed` must differ between runners.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            status: Status::Idle,
            backoff: Backoff::new(seed),
            lines: Lines::default(),
            heard: Duration::ZERO,
            line: Duration::ZERO,
            ping_at: Duration::ZERO,
            open: Vec::new(),
            next: 0,
            most: Self::MOST,
            orders: VecDeque::new(),
        }
    }

    /// How it is doing.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// What is to be done next. To be asked until there is nothing, after every other call.
    pub fn poll(&mut self) -> Option<Order> {
        self.orders.pop_front()
    }

    /// Connects for the first time.
    pub fn start(&mut self, now: Duration) {
        if self.status == Status::Idle {
            self.connect(now);
        }
    }

    /// The control channel is there.
    pub fn connected(&mut self, now: Duration) {
        if let Status::Connecting(_) = self.status {
            self.status = Status::Up(now);
            self.lines = Lines::default();
            (self.heard, self.line, self.ping_at) = (now, now, now + PING);
        }
    }

    /// It cannot be had, or is lost. `code` is that of the close frame, if one came.
    pub fn lost(&mut self, now: Duration, code: Option<u16>) {
        let pause = match self.status {
            Status::Idle | Status::Pausing(_) => return,
            Status::Up(since) if since + STABLE <= now => {
                self.backoff.reset();
                self.backoff.next()
            }
            Status::Connecting(_) | Status::Up(_) => self.backoff.next(),
        };
        // To come back at once would only take the place from the other.
        let others = [CloseWhy::Superseded.code(), CloseWhy::Contested.code()];
        let pause = match code {
            Some(code) if others.contains(&code) => SUPERSEDED_PAUSE / 2 + self.backoff.part_of(SUPERSEDED_PAUSE / 2),
            _ => pause,
        };
        self.status = Status::Pausing(now + pause);
        self.open.clear();
        self.orders.clear();
    }

    /// Anything came over the control channel: bytes, a ping, a pong.
    pub fn heard(&mut self, now: Duration) {
        self.heard = now;
    }

    /// Bytes of the control channel came.
    pub fn bytes(&mut self, now: Duration, bytes: &[u8]) {
        let Status::Up(_) = self.status else { return };
        self.heard(now);
        let (mut wanted, mut lines) = (Vec::new(), 0_usize);
        let read = self.lines.push(bytes, |message| {
            lines += 1;
            if let Message::ConnReady(path) = message {
                wanted.push(path);
            }
        });
        if lines > 0 {
            self.line = now;
        }
        wanted.into_iter().for_each(|path| self.pick_up(path));
        if read.is_err() {
            self.give_up(now);
        }
    }

    /// A data channel is open, or failed, which the server is told.
    pub fn picked_up(&mut self, pick_up: PickUp, outcome: Result<(), String>) {
        let Some(place) = self.open.iter().position(|(open, _)| *open == pick_up) else { return };
        let (_, path) = self.open.swap_remove(place);
        if let Err(why) = outcome {
            self.refuse(path.to_string(), why);
        }
    }

    /// When [`Self::tick`] has something to do.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        match self.status {
            Status::Idle => None,
            Status::Pausing(until) => Some(until),
            Status::Connecting(since) => Some(since + CONNECT),
            Status::Up(_) => Some((self.heard + SILENCE).min(self.line + LINE).min(self.ping_at)),
        }
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Duration) {
        match self.status {
            Status::Pausing(until) if until <= now => self.connect(now),
            Status::Connecting(since) if since + CONNECT <= now => self.give_up(now),
            Status::Up(_) if self.heard + SILENCE <= now || self.line + LINE <= now => self.give_up(now),
            Status::Up(_) if self.ping_at <= now => {
                self.ping_at = now + PING;
                self.orders.push_back(Order::Ping);
            }
            _ => {}
        }
    }

    fn connect(&mut self, now: Duration) {
        self.status = Status::Connecting(now);
        self.orders.push_back(Order::Connect);
    }

    fn give_up(&mut self, now: Duration) {
        self.lost(now, None);
        self.orders.push_back(Order::Disconnect);
    }

    fn pick_up(&mut self, path: String) {
        let Ok(parsed) = path.parse::<ConnPath>() else {
            return self.refuse(path, "this is no path of a data channel".to_owned());
        };
        if self.open.len() >= self.most {
            return self.refuse(path, format!("{} connections are being opened already", self.most));
        }
        self.next += 1;
        let pick_up = PickUp(self.next);
        self.open.push((pick_up, parsed));
        self.orders.push_back(Order::PickUp(pick_up, parsed));
    }

    fn refuse(&mut self, path: String, why: String) {
        let Status::Up(_) = self.status else { return };
        // The path of a broken line may be as long as the line.
        let path = if path.len() <= 256 { path } else { String::new() };
        self.orders.push_back(Order::Send(Message::PickupFailed { path, why }.encode()));
    }
}
