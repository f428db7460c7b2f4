//! Signs of life of one connection: pings of the WebSocket and what came back.

use std::time::Duration;

/// Least time between two pings that only measure.
const PROBE: Duration = Duration::from_millis(60);

/// What a pong tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Echo {
    pub(super) round_trip: Duration,
    /// Bytes of pictures that were sent before the ping.
    pub(super) sent_bytes: u64,
    /// Whether nothing else was on its way.
    pub(super) alone: bool,
}

#[derive(Debug, Clone, Copy)]
struct Sent {
    number: u64,
    at: Duration,
    sent_bytes: u64,
    alone: bool,
}

#[derive(Debug)]
pub(super) struct Pulse {
    born: Duration,
    heard: Duration,
    number: u64,
    /// The last ping, until it comes back.
    outstanding: Option<Sent>,
    last_ping: Duration,
    /// The last message of the client itself: a browser answers pings also when its page stands still.
    spoke: Duration,
    /// Whether there was input since nothing was down.
    has_acted: bool,
}

impl Pulse {
    pub(super) const fn new(now: Duration) -> Self {
        Self { born: now, heard: now, number: 0, outstanding: None, last_ping: now, spoke: now, has_acted: false }
    }

    /// The client said something, not the browser for it.
    pub(super) fn spoke(&mut self, now: Duration) {
        self.heard = now;
        self.spoke = now;
    }

    pub(super) const fn acted(&mut self) {
        self.has_acted = true;
    }

    /// When nobody is to be trusted any more to let go of what is down.
    pub(super) fn lets_go_at(&self, patience: Duration) -> Option<Duration> {
        self.has_acted.then(|| self.spoke + patience)
    }

    pub(super) const fn let_go(&mut self) {
        self.has_acted = false;
    }

    pub(super) const fn born(&self) -> Duration {
        self.born
    }

    pub(super) const fn last_heard(&self) -> Duration {
        self.heard
    }

    pub(super) const fn last_ping(&self) -> Duration {
        self.last_ping
    }

    pub(super) fn heard(&mut self, now: Duration) {
        self.heard = now;
    }

    /// Whether a ping now would tell anything: the last is back.
    pub(super) fn may_probe(&self, now: Duration) -> bool {
        self.outstanding.is_none() && now.saturating_sub(self.last_ping) >= PROBE
    }

    /// When that will be; `None` while one is on its way.
    pub(super) fn next_probe(&self) -> Option<Duration> {
        self.outstanding.is_none().then_some(self.last_ping + PROBE)
    }

    pub(super) fn ping(&mut self, now: Duration, sent_bytes: u64, alone: bool) -> [u8; 8] {
        self.number += 1;
        self.last_ping = now;
        self.outstanding = Some(Sent { number: self.number, at: now, sent_bytes, alone });
        self.number.to_be_bytes()
    }

    /// Only the last ping's bytes count: a client may send pongs of its own.
    pub(super) fn pong(&mut self, now: Duration, payload: &[u8]) -> Option<Echo> {
        let sent = self.outstanding.filter(|sent| payload == sent.number.to_be_bytes())?;
        self.outstanding = None;
        let round_trip = now.saturating_sub(sent.at);
        Some(Echo { round_trip, sent_bytes: sent.sent_bytes, alone: sent.alone })
    }
}
