//! How much of a stream one viewer is sent ahead of what it has confirmed: enough to keep its link busy, never so much
//! that the picture falls behind.
//!
//! ```text
//!            late for a while, or again and again
//!   Clear ────────────────────────────────────────▶ Narrow: a window, and a rate of 85 % of what arrives
//!     ▲                                                 │ nothing late for a while: 5 %, 10 %, …
//!     └────── the rate is no limit any more, ◀──────────┘
//!             or a burst shows that it never was
//! ```
//! Everything that was handed to the socket and not yet confirmed counts, wherever it waits. A viewer confirms by
//! FEEDBACK; one that knows no such message confirms by its pongs, which come back behind what was sent before.
//!
//! While a confirmation is late nothing more is sent, and that costs nothing: what is not sent is not encoded either,
//! unless somebody else wants it. So a hiccup of a busy machine is waited out, and only a link that stays late is taken
//! for a narrow one.

mod rate;

use std::collections::VecDeque;
use std::time::Duration;

use lunette_frame::BitRate;

use rate::{Seen, bit_rate, bytes};

/// How late a confirmation may be, beyond the fastest one, before nothing more is sent.
const LATE: Duration = Duration::from_millis(50);
/// How long the first confirmation may take, when nothing is known of the way.
const FIRST: Duration = Duration::from_millis(600);
/// How long late confirmations must go on for the link to count as narrow.
const PERSISTENT: Duration = Duration::from_millis(250);
/// How much of a narrow link's time may be in flight, beyond the way there and back.
const AHEAD: Duration = Duration::from_millis(90);
/// Share of what arrives that the encoder may spend: the rest drains what waits.
const SHARE: f64 = 0.85;
/// Least that may be in flight: a few words' worth of change.
const LEAST_WINDOW: f64 = 16_384.0;
/// How long a narrow link must be without trouble before it is tried with more.
const CALM: Duration = Duration::from_secs(1);
/// By how much more at first, since it was all that the link carried.
const A_LITTLE: f64 = 0.05;
/// By how much more at most: each step that made no trouble is followed by one of twice the size.
const MUCH: f64 = 0.25;
/// How long it must be when too little was sent to tell anything.
const IDLE_CALM: Duration = Duration::from_secs(5);
/// By how much more when what is sent is far below it anyway.
const AS_MUCH_AGAIN: f64 = 1.0;
/// A rate that no encoder here reaches: the link is not narrow any more.
const PLENTY: f64 = 40_000_000.0;
/// How far two stretches that agree bring the rate down.
const BELIEF: f64 = 0.7;
/// Change of the rate that is worth telling.
const WORTH_TELLING: f64 = 0.1;
/// After this long the fastest confirmation is forgotten: the way there may have changed.
const FORGET_FASTEST: Duration = Duration::from_secs(10);

/// One viewer's link.
#[derive(Debug, Default)]
pub struct Pacing {
    /// What was sent and not confirmed: bytes sent up to and including it, and when.
    unconfirmed: VecDeque<(u64, Duration)>,
    sent: u64,
    confirmed: u64,
    fastest: Option<Fastest>,
    /// Since when confirmations are late; `None` when the last was not.
    late_since: Option<Duration>,
    seen: Seen,
    narrow: Option<Narrow>,
    told: Option<f64>,
}

/// The fastest confirmation of the last while: of this window and of the one before it.
#[derive(Debug, Clone, Copy)]
struct Fastest {
    delay: Duration,
    before: Duration,
    since: Duration,
}

impl Fastest {
    const fn new(now: Duration, delay: Duration) -> Self {
        Self { delay, before: delay, since: now }
    }

    /// What is never seen again is forgotten: the way there may have changed.
    fn note(self, now: Duration, delay: Duration) -> Self {
        if now.saturating_sub(self.since) > FORGET_FASTEST {
            return Self { delay, before: self.delay, since: now };
        }
        Self { delay: self.delay.min(delay), ..self }
    }

    fn get(self) -> Duration {
        self.delay.min(self.before)
    }
}

#[derive(Debug, Clone, Copy)]
struct Narrow {
    /// Bits per second that arrive.
    rate: f64,
    /// Bits per second that arrived at most since the last raise.
    used: f64,
    /// Bits per second that arrived, of more that would have been sent, when that was seen last.
    carried: Option<f64>,
    /// By how much more it is tried with next.
    step: f64,
    last_trouble: Duration,
    last_raise: Duration,
}

impl Pacing {
    /// A link of which nothing is known.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// So many more bytes were handed to the socket.
    pub fn sent(&mut self, now: Duration, bytes: usize) {
        if self.unconfirmed.is_empty() {
            self.seen.begin(now, self.confirmed);
        }
        self.sent += bytes as u64;
        self.unconfirmed.push_back((self.sent, now));
    }

    /// The viewer has so many bytes in total. More than were sent is a lie, and believed as all of them.
    pub fn confirm(&mut self, now: Duration, total: u64) {
        let total = total.min(self.sent);
        if total <= self.confirmed {
            return;
        }
        self.confirmed = total;
        let mut fastest = None;
        while let Some((_, at)) = self.unconfirmed.front().filter(|(end, _)| *end <= total) {
            fastest = Some(now.saturating_sub(*at));
            self.unconfirmed.pop_front();
        }
        if let Some(delay) = fastest {
            self.judge(now, delay);
        }
        if let Some(rate) = self.seen.confirmed(now, total, self.unconfirmed.is_empty(), self.fastest_delay()) {
            self.learn(now, rate);
        }
    }

    /// A ping that was sent while nothing else was in flight came back after `time`.
    pub fn round_trip(&mut self, now: Duration, time: Duration) {
        self.note_delay(now, time);
    }

    /// Whether the next picture may be handed to the socket.
    pub fn may_send(&mut self, now: Duration) -> bool {
        let Some((_, oldest)) = self.unconfirmed.front().copied() else { return true };
        let waits = now.saturating_sub(oldest);
        if waits > self.late_after() {
            self.note_late(now, oldest + self.late_after());
            return false;
        }
        let Some(narrow) = self.narrow else { return true };
        let seconds = (self.fastest_delay() + AHEAD).as_secs_f64();
        let window = (narrow.rate / 8.0 * seconds).max(LEAST_WINDOW);
        let may = bytes(self.in_flight()) < window;
        if !may {
            self.seen.limited();
        }
        may
    }

    /// Bytes that were handed over and not confirmed.
    #[must_use]
    pub const fn in_flight(&self) -> u64 {
        self.sent - self.confirmed
    }

    /// The rate that the encoder should keep to, when it differs from what was told last. The inner `None`: no limit.
    pub fn poll_rate(&mut self, now: Duration) -> Option<Option<BitRate>> {
        self.raise(now);
        let rate = self.narrow.map(|narrow| narrow.rate * SHARE);
        let news = match (rate, self.told) {
            (None, None) => false,
            (Some(rate), Some(told)) => (rate / told - 1.0).abs() > WORTH_TELLING,
            _ => true,
        };
        if !news {
            return None;
        }
        self.told = rate;
        Some(rate.map(bit_rate))
    }

    fn fastest_delay(&self) -> Duration {
        self.fastest.map_or(Duration::ZERO, Fastest::get)
    }

    fn late_after(&self) -> Duration {
        let Some(fastest) = self.fastest else { return FIRST };
        // What a window of a narrow link takes is not late.
        let ahead = if self.narrow.is_some() { AHEAD } else { Duration::ZERO };
        fastest.get() + LATE + ahead
    }

    /// The newest of what a confirmation covers took so long.
    fn judge(&mut self, now: Duration, delay: Duration) {
        if delay > self.late_after() {
            self.note_late(now, now.saturating_sub(delay) + self.late_after());
        } else {
            self.late_since = None;
        }
        self.note_delay(now, delay);
    }

    fn note_delay(&mut self, now: Duration, delay: Duration) {
        self.fastest = Some(self.fastest.map_or(Fastest::new(now, delay), |fastest| fastest.note(now, delay)));
    }

    fn note_late(&mut self, now: Duration, since: Duration) {
        self.seen.limited();
        let since = *self.late_since.get_or_insert(since);
        if now.saturating_sub(since) < PERSISTENT {
            return;
        }
        let rate = self.seen.so_far(now, self.confirmed);
        let narrow = self.narrow.get_or_insert(Narrow {
            rate,
            used: 0.0,
            carried: None,
            step: MUCH,
            last_trouble: now,
            last_raise: now,
        });
        narrow.last_trouble = now;
        narrow.last_raise = now;
    }

    fn learn(&mut self, now: Duration, seen: rate::Sample) {
        let Some(narrow) = &mut self.narrow else { return };
        narrow.used = narrow.used.max(seen.rate);
        if seen.least > narrow.rate {
            // It did carry that.
            (narrow.rate, narrow.carried) = (seen.least, None);
        } else if seen.limited {
            // Of two, the larger: a viewer that was busy for a moment told late of what had come in time.
            let carried = narrow.carried.replace(seen.rate).map_or(seen.rate, |before| before.max(seen.rate));
            narrow.rate += (carried - narrow.rate).min(0.0) * BELIEF;
            narrow.step = A_LITTLE;
        }
        if narrow.rate > PLENTY && now.saturating_sub(narrow.last_trouble) > PERSISTENT {
            self.narrow = None;
        }
    }

    fn raise(&mut self, now: Duration) {
        let Some(narrow) = &mut self.narrow else { return };
        let calm_since = narrow.last_raise.max(narrow.last_trouble);
        let is_used = narrow.used > narrow.rate / 2.0;
        let (calm, step) = if is_used { (CALM, narrow.step) } else { (IDLE_CALM, AS_MUCH_AGAIN) };
        if now.saturating_sub(calm_since) < calm {
            return;
        }
        narrow.rate *= 1.0 + step;
        // What it carried at a lower rate says nothing about this one.
        narrow.carried = None;
        narrow.step = (narrow.step * 2.0).min(MUCH);
        narrow.used = 0.0;
        narrow.last_raise = now;
        if narrow.rate > PLENTY {
            self.narrow = None;
        }
    }
}
