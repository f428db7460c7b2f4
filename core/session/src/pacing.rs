//! How much of a stream one viewer is sent ahead of what it has confirmed: enough to keep its link busy, never so much
//! that the picture falls behind.
//!
//! ```text
//!                 confirmations are late, or the window is full
//!   Clear ──────────────────────────────────────────────────────▶ Narrow: window, rate = 85 % of what arrives
//!     ▲                                                              │ nothing late for a while: rate ×1.25, …
//!     └──────────────── the rate is no limit any more ◀──────────────┘
//! ```
//! Everything that was handed to the socket and not yet confirmed counts, wherever it waits. A viewer confirms by
//! FEEDBACK; one that knows no such message confirms by its pongs, which come back behind what was sent before.

use std::collections::VecDeque;
use std::time::Duration;

use lunette_frame::BitRate;

/// How late a confirmation may be, beyond the fastest one, before the link counts as narrow.
const LATE: Duration = Duration::from_millis(100);
/// How long the first confirmation may take, when nothing is known of the way.
const FIRST: Duration = Duration::from_millis(600);
/// How much of a narrow link's time may be in flight, beyond the way there and back.
const AHEAD: Duration = Duration::from_millis(120);
/// Share of what arrives that the encoder may spend: the rest drains what waits.
const SHARE: f64 = 0.85;
/// Least that may be in flight: a word's worth of change.
const LEAST_WINDOW: f64 = 8_192.0;
/// How long a narrow link must be without trouble before it is tried with more.
const CALM: Duration = Duration::from_secs(2);
/// How long it must be when too little was sent to tell anything.
const IDLE_CALM: Duration = Duration::from_secs(10);
/// By how much more.
const MORE: f64 = 1.25;
/// By how much more when what is sent is far below it anyway.
const MUCH_MORE: f64 = 2.0;
/// A rate that no encoder here reaches: the link is not narrow any more.
const PLENTY: f64 = 40_000_000.0;
/// Slowest link that is believed, in bits per second.
const SLOWEST: f64 = 64_000.0;
/// What a link is taken for that got into trouble before anything is known of it.
const FIRST_GUESS: f64 = 300_000.0;
/// Shortest time from which a first rate is taken.
const STARTING: Duration = Duration::from_millis(50);
/// Time over which the rate of arrival is taken.
const SAMPLE: Duration = Duration::from_millis(200);
/// Change of the rate that is worth telling.
const WORTH_TELLING: f64 = 0.1;
/// After this long the fastest confirmation is forgotten: the way there may have changed.
const FORGET_FASTEST: Duration = Duration::from_secs(20);

/// One viewer's link.
#[derive(Debug)]
pub struct Pacing {
    /// What was sent and not confirmed: bytes sent up to and including it, and when.
    unconfirmed: VecDeque<(u64, Duration)>,
    sent: u64,
    confirmed: u64,
    fastest: Option<Fastest>,
    narrow: Option<Narrow>,
    sample: Option<Sample>,
    told: Option<f64>,
}

#[derive(Debug, Clone, Copy)]
struct Fastest {
    delay: Duration,
    seen: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Narrow {
    /// Bits per second that arrive.
    rate: f64,
    /// Before the first sample.
    guessed: bool,
    /// Bits per second that arrived at most since the last raise.
    used: f64,
    last_trouble: Duration,
    last_raise: Duration,
}

/// A stretch of time in which something was always on the way.
#[derive(Debug, Clone, Copy)]
struct Sample {
    since: Duration,
    /// What was confirmed then.
    confirmed: u64,
    after_rest: bool,
}

impl Default for Pacing {
    fn default() -> Self {
        Self::new()
    }
}

impl Pacing {
    /// A link of which nothing is known.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            unconfirmed: VecDeque::new(),
            sent: 0,
            confirmed: 0,
            fastest: None,
            narrow: None,
            sample: None,
            told: None,
        }
    }

    /// So many more bytes were handed to the socket.
    pub fn sent(&mut self, now: Duration, bytes: usize) {
        if self.unconfirmed.is_empty() {
            self.sample = Some(Sample { since: now, confirmed: self.confirmed, after_rest: true });
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
        let late_after = self.late_after();
        while let Some((_, at)) = self.unconfirmed.front().filter(|(end, _)| *end <= total) {
            let delay = now.saturating_sub(*at);
            self.unconfirmed.pop_front();
            if delay > late_after {
                self.trouble(now);
            }
            self.note_delay(now, delay);
        }
        self.note_rate(now);
    }

    /// A ping that was sent while nothing else was in flight came back after `time`.
    pub fn round_trip(&mut self, now: Duration, time: Duration) {
        // The way there may have changed; only what nothing else delayed can tell.
        let known = self.fastest.filter(|fastest| now.saturating_sub(fastest.seen) < FORGET_FASTEST);
        if known.is_none_or(|fastest| time <= fastest.delay) {
            self.fastest = Some(Fastest { delay: time, seen: now });
        }
    }

    /// Whether the next picture may be handed to the socket.
    pub fn may_send(&mut self, now: Duration) -> bool {
        let Some((_, oldest)) = self.unconfirmed.front().copied() else { return true };
        if now.saturating_sub(oldest) > self.late_after() {
            self.trouble(now);
            return false;
        }
        self.narrow.is_none_or(|narrow| bytes(self.in_flight()) < self.window(narrow))
    }

    /// Bytes that were handed over and not confirmed.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
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

    /// Bits per second that arrive, where that is known to be a limit.
    #[must_use]
    pub fn narrow_rate(&self) -> Option<BitRate> {
        self.narrow.map(|narrow| bit_rate(narrow.rate))
    }

    /// How long the fastest confirmation took.
    #[must_use]
    pub fn fastest_delay(&self) -> Duration {
        self.fastest.map_or(Duration::ZERO, |fastest| fastest.delay)
    }

    fn window(&self, narrow: Narrow) -> f64 {
        (narrow.rate / 8.0 * (self.fastest_delay() + AHEAD).as_secs_f64()).max(LEAST_WINDOW)
    }

    fn note_delay(&mut self, now: Duration, delay: Duration) {
        if self.fastest.is_none_or(|fastest| delay <= fastest.delay) {
            self.fastest = Some(Fastest { delay, seen: now });
        }
    }

    fn late_after(&self) -> Duration {
        let Some(fastest) = self.fastest else { return FIRST };
        // What a window of a narrow link takes is not late.
        let ahead = if self.narrow.is_some() { AHEAD } else { Duration::ZERO };
        fastest.delay + LATE + ahead
    }

    /// What arrives while something is always on the way is what the link can do.
    fn note_rate(&mut self, now: Duration) {
        let Some(sample) = self.sample else { return };
        // The first confirmation after a rest comes one round trip late, whatever the width.
        let rested = if sample.after_rest { self.fastest_delay() } else { Duration::ZERO };
        let time = now.saturating_sub(sample.since).saturating_sub(rested);
        if time >= SAMPLE || (self.unconfirmed.is_empty() && time >= SAMPLE / 4) {
            let seen = (bytes(self.confirmed - sample.confirmed) * 8.0 / time.as_secs_f64()).max(SLOWEST);
            if let Some(narrow) = &mut self.narrow {
                narrow.rate = if narrow.guessed { seen } else { narrow.rate + (seen - narrow.rate) / 3.0 };
                narrow.guessed = false;
                narrow.used = narrow.used.max(seen);
            }
            self.sample = Some(Sample { since: now, confirmed: self.confirmed, after_rest: false });
        }
        if self.unconfirmed.is_empty() {
            self.sample = None;
        }
    }

    fn trouble(&mut self, now: Duration) {
        let narrow = self.narrow.get_or_insert_with(|| {
            let seen = self.sample.map(|sample| {
                let time = now.saturating_sub(sample.since).max(STARTING);
                bytes(self.confirmed - sample.confirmed) * 8.0 / time.as_secs_f64()
            });
            Narrow {
                rate: seen.unwrap_or(0.0).max(FIRST_GUESS),
                guessed: true,
                used: 0.0,
                last_trouble: now,
                last_raise: now,
            }
        });
        narrow.last_trouble = now;
        narrow.last_raise = now;
    }

    fn raise(&mut self, now: Duration) {
        let Some(narrow) = &mut self.narrow else { return };
        let calm_since = narrow.last_raise.max(narrow.last_trouble);
        let (calm, more) = if narrow.used > narrow.rate / 2.0 { (CALM, MORE) } else { (IDLE_CALM, MUCH_MORE) };
        if now.saturating_sub(calm_since) < calm {
            return;
        }
        narrow.rate *= more;
        narrow.used = 0.0;
        narrow.last_raise = now;
        if narrow.rate > PLENTY {
            self.narrow = None;
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "byte counts of a window are far below 2^52")]
const fn bytes(count: u64) -> f64 {
    count as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
fn bit_rate(rate: f64) -> BitRate {
    BitRate::from_bits_per_second(rate.clamp(SLOWEST, PLENTY) as u32)
}
