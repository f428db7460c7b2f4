//! The server's end: who can be dialled, who waits for whom.
//!
//! ```text
//!   a runner   (unknown) ──register──▶ connected ──lost──▶ missed ──GRACE──▶ (unknown), its dials fail
//!                                          ▲                  │
//!                                          └────register──────┘ waiting dials are asked for
//!
//!   a dial     dial ─┬─ connected ──▶ asked ──data channel──▶ answered
//!                    │                 │ ▲                     │ refused by the runner, not picked up in time, channel lost:
//!                    └─ missed ──▶ waiting                     └ once more; the second time it fails
//! ```
//! A second program that takes a runner's name has to wait until the first one was asked for a sign of life, and gave
//! none.

mod dials;
mod links;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use dials::Dial;
use links::Link;

use crate::id::{DialerId, Dice, InstanceId, Owner, RequestId, RunnerId};
use crate::timing::GRACE;

/// A control channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkId(u64);

/// Somebody who waits for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DialId(u64);

/// How much of everything.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Runners that are known.
    pub runners: usize,
    /// Dials that wait for a runner which was there.
    pub waiting: usize,
    /// Dials that a runner was asked for and has not answered.
    pub asked: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { runners: 4096, waiting: 100, asked: 256 }
    }
}

/// Who opens a control channel.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The name under which it can be dialled.
    pub runner: RunnerId,
    /// Whose token it showed.
    pub owner: Owner,
    /// Which start of its program it is; existing runners do not say.
    pub instance: Option<InstanceId>,
}

/// Why a control channel is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// [`Limits::runners`] are known.
    #[error("{0} runners are registered, which is all that there is room for")]
    Full(usize),
    /// Two others are already about it.
    #[error("another program with this runner's name waits already")]
    Contested,
}

impl RegisterError {
    /// The code of the WebSocket's close frame.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::Full(_) => 1013,
            Self::Contested => CloseWhy::Contested.code(),
        }
    }
}

/// Why a dial came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    /// Nobody of this name was there of late.
    #[error("{0} is not connected")]
    NotConnected(RunnerId),
    /// It was, and too many wait for it already.
    #[error("{0} is away for a moment, and {1} wait for it already")]
    TooManyWait(RunnerId, usize),
    /// It has not answered those before.
    #[error("{0} has {1} connections to open first")]
    Busy(RunnerId, usize),
    /// It did not come back.
    #[error("{0} went away and did not come back")]
    Gone(RunnerId),
    /// The time that the dial was given is over.
    #[error("{0} did not connect in time")]
    TimedOut(RunnerId),
    /// It was asked twice.
    #[error("{runner} could not connect: {why}")]
    Refused {
        /// Who.
        runner: RunnerId,
        /// In its own words, or ours.
        why: String,
    },
}

/// Why a data channel is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// There is no such control channel.
    #[error("unknown dialer")]
    UnknownDialer,
    /// It belongs to somebody else.
    #[error("this dialer belongs to somebody else")]
    NotTheirs,
    /// Nobody waits for it, or not any more.
    #[error("nobody waits for this request")]
    UnknownRequest,
}

/// Why a control channel is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseWhy {
    /// It was silent for too long.
    Silent,
    /// What came made no sense.
    Broken,
    /// The same program connected again, or an existing runner of the same name.
    Superseded,
    /// Another program has this runner's name, and is alive.
    Contested,
}

impl CloseWhy {
    /// The code of the WebSocket's close frame.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::Silent => 1001,
            Self::Broken => 1002,
            Self::Superseded => 4000,
            Self::Contested => 4009,
        }
    }

    /// The reason in it.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Silent => "nothing was heard for too long",
            Self::Broken => "no line of the control channel",
            Self::Superseded => "superseded",
            Self::Contested => "another program with this name is connected",
        }
    }
}

/// What is to be done, or to be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Send these bytes.
    Send(LinkId, Vec<u8>),
    /// Send a ping.
    Ping(LinkId),
    /// Close it; it is forgotten already.
    Close(LinkId, CloseWhy),
    /// This dial came to nothing.
    Failed(DialId, DialError),
    /// Can be dialled from now on.
    Up(RunnerId),
    /// Its channel is lost; dials wait for it.
    Missed(RunnerId),
    /// It did not come back.
    Gone(RunnerId),
}

#[derive(Debug, Default)]
struct Known {
    active: Option<LinkId>,
    /// Wants its name, while it is found out whether the active one lives.
    challenger: Option<LinkId>,
    missed_since: Option<Duration>,
    waiting: VecDeque<DialId>,
}

/// See the head of this file.
pub struct Exchange {
    limits: Limits,
    dice: Dice,
    next: u64,
    links: BTreeMap<LinkId, Link>,
    dialers: BTreeMap<DialerId, LinkId>,
    known: BTreeMap<RunnerId, Known>,
    dials: BTreeMap<DialId, Dial>,
    requests: BTreeMap<RequestId, DialId>,
    events: VecDeque<Event>,
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange").field("known", &self.known).field("links", &self.links).finish_non_exhaustive()
    }
}

impl Exchange {
    /// Knows nobody. Ids are made of what `dice` gives.
    #[must_use]
    pub fn new(limits: Limits, dice: Dice) -> Self {
        Self {
            limits,
            dice,
            next: 0,
            links: BTreeMap::new(),
            dialers: BTreeMap::new(),
            known: BTreeMap::new(),
            dials: BTreeMap::new(),
            requests: BTreeMap::new(),
            events: VecDeque::new(),
        }
    }

    /// What is to be done next. To be asked until there is nothing, after every other call.
    pub fn poll(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`Self::tick`] has something to do.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let links = self.links.values().map(Link::deadline);
        let dials = self.dials.values().map(Dial::deadline);
        let missed = self.known.values().filter_map(|known| Some(known.missed_since? + GRACE));
        links.chain(dials).chain(missed).min()
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Duration) {
        self.tick_links(now);
        self.tick_dials(now);
        let away = |known: &Known| known.missed_since.is_some_and(|since| since + GRACE <= now);
        let gone: Vec<RunnerId> =
            self.known.iter().filter(|(_, known)| away(known)).map(|(runner, _)| runner.clone()).collect();
        for runner in gone {
            let waiting = self.known.remove(&runner).unwrap_or_default().waiting;
            waiting.into_iter().for_each(|dial| self.fail(dial, DialError::Gone(runner.clone())));
            self.events.push_back(Event::Gone(runner));
        }
    }

    /// Whether this runner can be dialled at once.
    #[must_use]
    pub fn is_up(&self, runner: &RunnerId) -> bool {
        self.known.get(runner).is_some_and(|known| known.active.is_some())
    }

    /// Whether this control channel is not lost yet.
    #[must_use]
    pub fn has(&self, link: LinkId) -> bool {
        self.links.contains_key(&link)
    }

    /// All runners that can be dialled, and those that are missed, with `false`.
    pub fn runners(&self) -> impl Iterator<Item = (&RunnerId, bool)> {
        self.known.iter().map(|(runner, known)| (runner, known.active.is_some()))
    }

    /// Dials that have not ended.
    #[must_use]
    pub fn open_dials(&self) -> usize {
        self.dials.len()
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}
