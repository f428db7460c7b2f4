//! A browser's WebSocket, carried through to a desktop by whole frames.
//!
//! ```text
//!                 received                                   take, wrote
//!   viewer  ════ masked frames ═══▶ Frames ─▶ queue ═══════════════════▶ desktop
//!           ◀═══════════════════════ queue ◀─ Frames ◀══ plain frames ══
//!
//!   a side closes, and the other answers         ──▶ Closed
//!   the desktop's side is cut                    ──▶ the viewer gets 1012 and comes back
//!   the viewer's side is cut                     ──▶ the desktop gets 1001
//!   a side is silent, or takes nothing           ──▶ as if it were cut
//! ```
//! A frame goes on when it is whole, so a cut anywhere leaves both sides between two frames, where they can be told. Frames
//! are not unmasked, not joined, not looked into: pings and pongs pass, and whatever both sides have agreed on.

mod frames;

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
pub use frames::{Frame, FrameError, Frames, MAX_FRAME};

use crate::timing::{LINGER, PING, SILENCE, STALL};

/// Bytes that may wait for a side before no more are taken from the other.
const MAX_WAITING: usize = 1 << 20;
/// Frames that may.
const MAX_FRAMES: usize = 4096;
/// What is written at once: a long frame makes headway on a narrow link.
const PIECE: usize = 64 << 10;
/// What our own pings say. Their pongs end here.
const TAG: &[u8] = b"lunette";

/// One end of the carried connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The browser. Its frames are masked.
    Viewer,
    /// The desktop's bridge.
    Desktop,
}

impl Side {
    /// The opposite end.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Viewer => Self::Desktop,
            Self::Desktop => Self::Viewer,
        }
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// This side closed it, with this code.
    Closed(Side, Option<u16>),
    /// This side's connection ended in the middle of it.
    Cut(Side),
    /// This side gave no sign of life.
    Silent(Side),
    /// This side took nothing.
    Stalled(Side),
    /// What this side sent was no WebSocket.
    Broken(Side, FrameError),
}

#[derive(Debug)]
struct End {
    frames: Frames,
    out: VecDeque<Bytes>,
    waiting: usize,
    /// Since when bytes are on their way to it.
    writing: Option<Duration>,
    heard: Duration,
    ping_at: Duration,
    /// Nothing more comes from it that counts.
    finished: bool,
    /// It was sent, or is about to be sent, a close frame.
    told: bool,
    /// Nothing can be sent to it any more.
    gone: bool,
}

impl End {
    fn new(masked: bool, now: Duration) -> Self {
        Self {
            frames: Frames::new(masked),
            out: VecDeque::new(),
            waiting: 0,
            writing: None,
            heard: now,
            ping_at: now + PING,
            finished: false,
            told: false,
            gone: false,
        }
    }

    fn send(&mut self, frame: &Frame) {
        if !self.gone && !self.told {
            self.told = frame.is_close();
            self.waiting += frame.bytes().len();
            self.out.push_back(frame.bytes().clone());
        }
    }

    fn is_flushed(&self) -> bool {
        self.gone || (self.out.is_empty() && self.writing.is_none())
    }
}

/// Whether a close frame may have this code (RFC 6455, 7.4).
fn is_sendable(code: &u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// See the head of this file.
#[derive(Debug)]
pub struct Relay {
    viewer: End,
    desktop: End,
    mask: [u8; 4],
    outcome: Option<Outcome>,
    linger: Option<Duration>,
}

impl Relay {
    /// Carries a connection whose upgrade is done. `mask` is for what is said to the desktop by the relay itself.
    #[must_use]
    pub fn new(now: Duration, mask: [u8; 4]) -> Self {
        Self { viewer: End::new(true, now), desktop: End::new(false, now), mask, outcome: None, linger: None }
    }

    /// Whether bytes of this side may be read. If not, it waits until the other has taken some.
    #[must_use]
    pub fn wants(&self, side: Side) -> bool {
        let other = self.end(side.other());
        !self.end(side).finished && (other.gone || (other.waiting < MAX_WAITING && other.out.len() < MAX_FRAMES))
    }

    /// These bytes came from a side.
    pub fn received(&mut self, now: Duration, side: Side, bytes: &[u8]) {
        let end = self.end_mut(side);
        if end.finished {
            return;
        }
        end.heard = now;
        end.frames.push(bytes);
        loop {
            match self.end_mut(side).frames.next_frame() {
                Ok(None) => return,
                Ok(Some(frame)) => self.pass(now, side, &frame),
                Err(error) => return self.broken(now, side, error),
            }
        }
    }

    /// Nothing more comes from a side, or its socket failed.
    pub fn ended(&mut self, now: Duration, side: Side) {
        if self.outcome.is_none() {
            self.fail(now, side, Outcome::Cut(side));
        }
        self.drop_end(side);
        // Whoever closed waits for an answer that will not come from there any more.
        if let Some(Outcome::Closed(closer, code)) = self.outcome
            && closer == side.other()
        {
            let mask = self.mask_to(closer);
            self.end_mut(closer).send(&Frame::close(code.filter(is_sendable).unwrap_or(1000), "", mask));
        }
    }

    /// What is to be written to a side next. [`Self::wrote`] is due after it.
    pub fn take(&mut self, now: Duration, side: Side) -> Option<Bytes> {
        let end = self.end_mut(side);
        if end.gone || end.writing.is_some() {
            return None;
        }
        let front = end.out.front_mut()?;
        let bytes = front.split_to(front.len().min(PIECE));
        if front.is_empty() {
            end.out.pop_front();
        }
        end.writing = Some(now);
        end.ping_at = now + PING;
        Some(bytes)
    }

    /// What was taken has been written.
    pub fn wrote(&mut self, side: Side, bytes: usize) {
        let end = self.end_mut(side);
        end.writing = None;
        end.waiting = end.waiting.saturating_sub(bytes);
    }

    /// When [`Self::tick`] has something to do.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        if let Some(linger) = self.linger {
            return linger;
        }
        let due = |end: &End| {
            let stalled = end.writing.map_or(Duration::MAX, |since| since + STALL);
            stalled.min(end.heard + SILENCE).min(end.ping_at)
        };
        due(&self.viewer).min(due(&self.desktop))
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Duration) {
        if self.linger.is_some_and(|until| until <= now) {
            [Side::Viewer, Side::Desktop].into_iter().for_each(|side| self.drop_end(side));
        }
        for side in [Side::Viewer, Side::Desktop] {
            if self.outcome.is_some() {
                return;
            }
            let end = self.end(side);
            if end.writing.is_some_and(|since| since + STALL <= now) {
                self.fail(now, side, Outcome::Stalled(side));
                self.drop_end(side);
            } else if end.heard + SILENCE <= now && self.wants(side) {
                self.fail(now, side, Outcome::Silent(side));
                self.drop_end(side);
            } else if end.ping_at <= now {
                let mask = self.mask_to(side);
                let end = self.end_mut(side);
                end.ping_at = now + PING;
                end.send(&Frame::ping(TAG, mask));
            } else if end.heard + SILENCE <= now {
                // Nothing is read of it at the moment, so nothing can be heard.
                self.end_mut(side).heard = now;
            }
        }
    }

    /// How it ended, once nothing is left to do but to close both sockets.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        let done = |end: &End| end.gone || (end.finished && end.told);
        let flushed = self.viewer.is_flushed() && self.desktop.is_flushed();
        self.outcome.filter(|_| flushed && done(&self.viewer) && done(&self.desktop))
    }

    fn pass(&mut self, now: Duration, side: Side, frame: &Frame) {
        if self.end(side).finished || frame.is_pong_to(TAG) {
            return;
        }
        if frame.is_close() {
            self.end_mut(side).finished = true;
            self.outcome.get_or_insert(Outcome::Closed(side, frame.code()));
            self.linger.get_or_insert(now + LINGER);
        }
        self.end_mut(side.other()).send(frame);
    }

    fn broken(&mut self, now: Duration, side: Side, error: FrameError) {
        let mask = self.mask_to(side);
        self.end_mut(side).send(&Frame::close(1002, "not a WebSocket's frame", mask));
        if self.outcome.is_none() {
            self.fail(now, side, Outcome::Broken(side, error));
        }
        self.end_mut(side).finished = true;
    }

    /// Tells the other side that this one is of no use any more.
    fn fail(&mut self, now: Duration, side: Side, outcome: Outcome) {
        self.outcome = Some(outcome);
        self.linger.get_or_insert(now + LINGER);
        self.end_mut(side).finished = true;
        let other = side.other();
        let (code, reason) = match side {
            Side::Desktop => (1012, "the way to the desktop was cut"),
            Side::Viewer => (1001, "the viewer went away"),
        };
        let mask = self.mask_to(other);
        self.end_mut(other).send(&Frame::close(code, reason, mask));
    }

    fn drop_end(&mut self, side: Side) {
        let end = self.end_mut(side);
        (end.finished, end.gone, end.waiting, end.writing) = (true, true, 0, None);
        end.out.clear();
    }

    fn mask_to(&self, side: Side) -> Option<[u8; 4]> {
        (side == Side::Desktop).then_some(self.mask)
    }

    fn end(&self, side: Side) -> &End {
        match side {
            Side::Viewer => &self.viewer,
            Side::Desktop => &self.desktop,
        }
    }

    fn end_mut(&mut self, side: Side) -> &mut End {
        match side {
            Side::Viewer => &mut self.viewer,
            Side::Desktop => &mut self.desktop,
        }
    }
}
