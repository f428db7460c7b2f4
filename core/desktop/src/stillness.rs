//! Tells a desktop that has nothing to show from one that cannot show it.
//!
//! ```text
//!            progress                      progress
//!   ┌────────────────────────┬─────────────────────────────┐
//!   ▼                        │                             │
//!  Fine ── suspicion ──▶ Nudged ── no progress in 5 s ──▶ Frozen ──┐
//!                            ▲                             │       │ every 30 s
//!                            └─────────────────────────────┴◀──────┘ nudged again
//! ```
//!
//! A still desktop is no frozen one, and a compositor that spins in a loop is no live one: what counts is whether the
//! picture moves when it must. There is suspicion when somebody's input changed nothing, or when the desktop works
//! hard and shows nothing. Then the pointer is moved by one pixel and back, which every compositor has to show.

use std::time::Duration;

/// How long input may change nothing before there is suspicion.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a desktop may work hard without showing anything.
const BUSY_FOR: Duration = Duration::from_secs(10);
/// How long a nudge may have no effect.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How often a frozen desktop is nudged.
const ASK_AGAIN: Duration = Duration::from_secs(30);
/// The longest time between two nudges for working hard: each costs a picture.
const LONGEST_PAUSE: Duration = Duration::from_secs(320);
/// Working hard: so much of one processor.
const BUSY: f64 = 0.5;

/// What a desktop showed and did so far; the counts only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// Pictures and moves of the pointer that reached the host.
    pub changes: u64,
    /// Events that were fed to it.
    pub input: u64,
    /// Processor time that it used.
    pub cpu: Duration,
}

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Fine,
    /// Move the pointer by a pixel and back, now.
    Nudge,
    /// It shows nothing, for this long.
    Frozen(Duration),
}

/// Watches one desktop; `now` is the time since any fixed moment.
#[derive(Debug, Clone)]
pub struct Stillness {
    last: Seen,
    changed_at: Duration,
    /// The first input after the last change, and how much processor time had been used at the last change.
    input_at: Option<Duration>,
    cpu_then: Duration,
    nudged_at: Option<Duration>,
    frozen: bool,
    busy_pause: Duration,
}

impl Stillness {
    /// From now on.
    #[must_use]
    pub fn new(now: Duration, seen: Seen) -> Self {
        let cpu_then = seen.cpu;
        Self {
            last: seen,
            changed_at: now,
            input_at: None,
            cpu_then,
            nudged_at: None,
            frozen: false,
            busy_pause: BUSY_FOR,
        }
    }

    /// What was seen now; call it once a second or so.
    pub fn look(&mut self, now: Duration, seen: Seen) -> Verdict {
        let before = std::mem::replace(&mut self.last, seen);
        // Another count means another source of pictures, which is a change as well.
        if seen.changes != before.changes {
            self.change(now, seen);
            return Verdict::Fine;
        }
        if seen.input != before.input && self.input_at.is_none() {
            self.input_at = Some(now);
        }
        match self.nudged_at {
            Some(nudged_at) if self.frozen && now - nudged_at >= ASK_AGAIN => self.nudge(now),
            Some(nudged_at) if self.frozen || now - nudged_at >= ANSWER_WITHIN => {
                self.frozen = true;
                Verdict::Frozen(now - self.changed_at)
            }
            Some(_) => Verdict::Fine,
            None if self.suspicion(now, seen) => self.nudge(now),
            None => Verdict::Fine,
        }
    }

    fn nudge(&mut self, now: Duration) -> Verdict {
        self.nudged_at = Some(now);
        Verdict::Nudge
    }

    fn change(&mut self, now: Duration, seen: Seen) {
        // A nudge that was answered means that there was nothing to see: the next one may take longer.
        let answered = self.nudged_at.is_some();
        self.busy_pause = if answered { (self.busy_pause * 2).min(LONGEST_PAUSE) } else { BUSY_FOR };
        (self.changed_at, self.cpu_then) = (now, seen.cpu);
        (self.input_at, self.nudged_at, self.frozen) = (None, None, false);
    }

    fn suspicion(&self, now: Duration, seen: Seen) -> bool {
        let still = now - self.changed_at;
        let unanswered = self.input_at.is_some_and(|input_at| now - input_at >= PATIENCE);
        let used = seen.cpu.saturating_sub(self.cpu_then);
        unanswered || (still >= self.busy_pause && used.as_secs_f64() >= BUSY * still.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Looks once a second from `from` to `to`; what else than `Fine` was said, and when.
    fn looks(stillness: &mut Stillness, from: u64, to: u64, seen: impl Fn(u64) -> Seen) -> Vec<(u64, Verdict)> {
        let looks = (from..=to).map(|second| (second, stillness.look(s(second), seen(second))));
        looks.filter(|(_, verdict)| *verdict != Verdict::Fine).collect()
    }

    #[test]
    fn a_still_desktop_is_left_alone() {
        let mut stillness = Stillness::new(s(0), Seen::default());
        assert_eq!(looks(&mut stillness, 1, 100_000, |_| Seen::default()), []);
    }

    #[test]
    fn input_without_effect_is_followed_by_one_nudge_and_then_the_verdict() {
        let mut stillness = Stillness::new(s(0), Seen::default());
        let seen = looks(&mut stillness, 1, 14, |_| Seen { input: 1, ..Seen::default() });
        let frozen = |at| (at, Verdict::Frozen(s(at)));
        assert_eq!(seen, [(6, Verdict::Nudge), frozen(11), frozen(12), frozen(13), frozen(14)]);
    }

    #[test]
    fn input_that_changes_the_picture_is_no_suspicion() {
        let mut stillness = Stillness::new(s(0), Seen::default());
        let typed = |second| Seen { changes: second, input: second, ..Seen::default() };
        assert_eq!(looks(&mut stillness, 1, 1000, typed), []);
    }

    #[test]
    fn a_compositor_that_spins_is_found_and_one_that_recovers_is_believed() {
        let mut stillness = Stillness::new(s(0), Seen::default());
        let spinning = |second| Seen { cpu: Duration::from_millis(900 * second), ..Seen::default() };
        let verdicts = looks(&mut stillness, 1, 15, spinning);
        assert_eq!(verdicts, [(10, Verdict::Nudge), (15, Verdict::Frozen(s(15)))]);
        let shown = Seen { changes: 1, ..spinning(16) };
        assert_eq!(stillness.look(s(16), shown), Verdict::Fine);
    }

    #[test]
    fn a_frozen_desktop_is_asked_again_now_and_then() {
        let mut stillness = Stillness::new(s(0), Seen::default());
        let seen = looks(&mut stillness, 1, 100, |_| Seen { input: 1, ..Seen::default() });
        let nudges: Vec<u64> = seen.iter().filter(|(_, said)| *said == Verdict::Nudge).map(|(at, _)| *at).collect();
        assert_eq!(nudges, [6, 36, 66, 96]);
    }

    #[test]
    fn a_desktop_that_computes_for_hours_is_nudged_ever_less() {
        let mut stillness = Stillness::new(s(0), Seen::default());
        let (mut changes, mut nudges) = (0, Vec::new());
        for second in 1..3600 {
            let seen = Seen { changes, cpu: s(second), ..Seen::default() };
            if stillness.look(s(second), seen) == Verdict::Nudge {
                nudges.push(second);
                changes += 1;
            }
        }
        assert!(nudges.len() < 20, "{nudges:?}");
        let pauses: Vec<u64> = nudges.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(pauses.is_sorted() && pauses.last() <= Some(&321), "{pauses:?}");
    }
}
