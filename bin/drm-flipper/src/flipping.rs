//! The loop: paint, wait for the slot, flip, wait for the event.
//!
//! ```text
//!              ┌────────────── next frame ───────────────┐
//!              ▼                                         │
//!   painted ──slot begins──▶ flip asked for ──event──▶ shown
//!      │                          │
//!      │ stop, end of time        │ stop, no event in time,
//!      ▼                          ▼ lease taken back
//!     end                        end
//! ```

use std::io;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::{FlipTally, Pacer, ScreenError};

/// A host may stop for seconds, when somebody who watches is slow; it must not for longer.
const FLIP_LIMIT: Duration = Duration::from_secs(10);

/// How long and how fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Flips per second; [`None`] is flat out.
    pub fps: Option<NonZeroU32>,
    /// When to stop; [`None`] is never.
    pub time: Option<Duration>,
    /// With three and more the next frame is painted while a flip is under way.
    pub buffers: u32,
}

/// Why flipping ended before its time.
#[derive(Debug, thiserror::Error)]
pub enum FlipError {
    /// A signal came.
    #[error("stopped by a signal")]
    Stopped,
    /// The lease is gone.
    #[error("the lease manager is gone, and with it the lease")]
    ManagerGone,
    /// The kernel was asked to flip and never did.
    #[error("the flip to frame {frame} was not done within {FLIP_LIMIT:?}")]
    Stalled {
        /// The frame.
        frame: u64,
    },
    /// The process cannot wait.
    #[error("flips cannot be waited for")]
    Wait(#[source] io::Error),
    /// The screen is of no use any more.
    #[error(transparent)]
    Screen(#[from] ScreenError),
}

/// What a wait ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happened {
    /// A flip was done, at a time of any clock that goes forward.
    Flipped { frame: u64, at: Duration },
    /// The time to wait until has come.
    TimeUp,
}

/// What the loop acts on. Times are since its start.
pub(crate) trait Stage {
    fn now(&self) -> Duration;

    /// Paints a frame into its buffer.
    fn paint(&mut self, frame: u64);

    /// Sets the mode with frame 0.
    fn light(&mut self) -> Result<(), FlipError>;

    /// Asks for the frame that was painted last.
    fn flip(&mut self, frame: u64) -> Result<(), FlipError>;

    /// Waits for a flip, at most until `until`.
    fn wait(&mut self, until: Duration) -> Result<Happened, FlipError>;
}

/// What a run comes to, however it ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) tally: FlipTally,
    pub(crate) missed: u64,
    pub(crate) outcome: Result<(), FlipError>,
}

/// Flips until the time is over; `first` is called when the first flip is done.
pub(crate) fn run(plan: &Plan, stage: &mut impl Stage, first: impl FnOnce()) -> Run {
    let (mut tally, mut pacer) = (FlipTally::new(plan.fps), Pacer::new(plan.fps));
    let outcome = flip_all(plan, stage, &mut tally, &mut pacer, first);
    Run { tally, missed: pacer.missed(), outcome }
}

fn flip_all(
    plan: &Plan,
    stage: &mut impl Stage,
    tally: &mut FlipTally,
    pacer: &mut Pacer,
    first: impl FnOnce(),
) -> Result<(), FlipError> {
    let mut first = Some(first);
    stage.paint(0);
    stage.light()?;
    stage.paint(1);
    let start = stage.now();
    let end = plan.time.map_or(Duration::MAX, |time| start + time);
    for frame in 1.. {
        let due = start.saturating_add(pacer.due());
        if due.max(stage.now()) >= end {
            break;
        }
        while stage.now() < due {
            stage.wait(due)?;
        }
        pacer.take(stage.now().saturating_sub(start));
        stage.flip(frame)?;
        let ahead = plan.buffers >= 3;
        if ahead {
            stage.paint(frame + 1);
        }
        tally.add(shown(stage, frame)?);
        if let Some(first) = first.take() {
            first();
        }
        if !ahead {
            stage.paint(frame + 1);
        }
    }
    Ok(())
}

/// Waits until a frame is shown; says when that was.
fn shown(stage: &mut impl Stage, frame: u64) -> Result<Duration, FlipError> {
    let until = stage.now() + FLIP_LIMIT;
    loop {
        match stage.wait(until)? {
            Happened::Flipped { frame: done, at } if done == frame => return Ok(at),
            Happened::TimeUp => return Err(FlipError::Stalled { frame }),
            Happened::Flipped { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use lunette_sys_kms::KmsError;

    use super::*;
    use crate::ScreenError;

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Step {
        Paint(u64),
        Light,
        Flip(u64),
    }

    /// A screen on virtual time that needs `takes` for a flip.
    struct Simulated {
        now: Duration,
        takes: Duration,
        pending: Option<(u64, Duration)>,
        steps: Vec<Step>,
        /// What goes wrong, and from which frame on.
        trouble: Option<(u64, Trouble)>,
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Trouble {
        Signal,
        NoEvent,
        Revoke,
    }

    impl Simulated {
        fn new(takes: u64) -> Self {
            let takes = Duration::from_millis(takes);
            Self { now: Duration::from_secs(5), takes, pending: None, steps: Vec::new(), trouble: None }
        }

        fn flips(&self) -> usize {
            self.steps.iter().filter(|step| matches!(step, Step::Flip(_))).count()
        }

        fn is_in(&self, trouble: Trouble, frame: u64) -> bool {
            self.trouble.is_some_and(|(from, kind)| kind == trouble && frame >= from)
        }
    }

    impl Stage for Simulated {
        fn now(&self) -> Duration {
            self.now
        }

        fn paint(&mut self, frame: u64) {
            self.steps.push(Step::Paint(frame));
        }

        fn light(&mut self) -> Result<(), FlipError> {
            self.steps.push(Step::Light);
            Ok(())
        }

        fn flip(&mut self, frame: u64) -> Result<(), FlipError> {
            assert_eq!(self.pending, None, "a flip is under way");
            if self.is_in(Trouble::Revoke, frame) {
                return Err(ScreenError::Revoked(KmsError::Unsettled { what: "things" }).into());
            }
            self.steps.push(Step::Flip(frame));
            self.pending = Some((frame, self.now + self.takes)).filter(|_| !self.is_in(Trouble::NoEvent, frame));
            Ok(())
        }

        fn wait(&mut self, until: Duration) -> Result<Happened, FlipError> {
            if let Some((frame, _)) = self.pending
                && self.is_in(Trouble::Signal, frame)
            {
                return Err(FlipError::Stopped);
            }
            match self.pending.take_if(|(_, at)| *at <= until) {
                Some((frame, at)) => {
                    self.now = self.now.max(at);
                    Ok(Happened::Flipped { frame, at })
                }
                None => {
                    self.now = self.now.max(until);
                    Ok(Happened::TimeUp)
                }
            }
        }
    }

    fn plan(fps: u32, millis: u64) -> Plan {
        Plan { fps: NonZeroU32::new(fps), time: Some(Duration::from_millis(millis)), buffers: 2 }
    }

    #[test]
    fn paced_flips_fill_their_slots() {
        let mut stage = Simulated::new(7);
        let done = run(&plan(50, 200), &mut stage, || {});
        assert!(done.outcome.is_ok());
        assert_eq!((done.tally.flips(), done.missed, stage.flips()), (10, 0, 10));
        assert_eq!(done.tally.jitter().map(|jitter| jitter.max_ms), Some(0.0));
    }

    #[test]
    fn a_screen_slower_than_the_pace_misses_slots() {
        let done = run(&plan(50, 200), &mut Simulated::new(30), || {});
        assert_eq!((done.tally.flips(), done.missed), (7, 3));
    }

    #[test]
    fn flat_out_flips_follow_each_other_at_once() {
        let done = run(&plan(0, 210), &mut Simulated::new(7), || {});
        assert_eq!((done.tally.flips(), done.missed), (30, 0));
        assert_eq!(done.tally.gaps().map(|gaps| gaps.max_ms), Some(7.0));
    }

    #[test]
    fn two_buffers_are_painted_after_the_flip_and_three_during_it() {
        use Step::{Flip, Light, Paint};
        let first_steps = |buffers| {
            let mut stage = Simulated::new(7);
            run(&Plan { buffers, ..plan(0, 14) }, &mut stage, || {});
            stage.steps
        };
        let same = [Paint(0), Light, Paint(1), Flip(1), Paint(2), Flip(2), Paint(3)];
        assert_eq!((first_steps(2), first_steps(3)), (same.to_vec(), same.to_vec()));
        let mut stage = Simulated { trouble: Some((1, Trouble::NoEvent)), ..Simulated::new(7) };
        run(&Plan { buffers: 3, ..plan(0, 14) }, &mut stage, || {});
        assert_eq!(stage.steps, [Paint(0), Light, Paint(1), Flip(1), Paint(2)]);
        let mut stage = Simulated { trouble: Some((1, Trouble::NoEvent)), ..Simulated::new(7) };
        run(&plan(0, 14), &mut stage, || {});
        assert_eq!(stage.steps, [Paint(0), Light, Paint(1), Flip(1)]);
    }

    #[test]
    fn the_first_flip_is_announced_once_it_is_done() {
        let mut announced = 0;
        run(&plan(50, 200), &mut Simulated::new(7), || announced += 1);
        let mut stage = Simulated { trouble: Some((1, Trouble::NoEvent)), ..Simulated::new(7) };
        run(&plan(50, 200), &mut stage, || announced += 1);
        assert_eq!(announced, 1);
    }

    #[test]
    fn a_flip_that_is_never_done_ends_the_run() {
        let mut stage = Simulated { trouble: Some((4, Trouble::NoEvent)), ..Simulated::new(7) };
        let done = run(&plan(50, 60_000), &mut stage, || {});
        assert!(matches!(done.outcome, Err(FlipError::Stalled { frame: 4 })));
        assert_eq!(done.tally.flips(), 3);
    }

    #[test]
    fn a_signal_ends_the_run_and_what_was_shown_counts() {
        let mut stage = Simulated { trouble: Some((4, Trouble::Signal)), ..Simulated::new(7) };
        let done = run(&Plan { time: None, ..plan(50, 0) }, &mut stage, || {});
        assert!(matches!(done.outcome, Err(FlipError::Stopped)));
        assert_eq!(done.tally.flips(), 3);
    }

    #[test]
    fn a_lease_taken_back_ends_the_run() {
        let mut stage = Simulated { trouble: Some((9, Trouble::Revoke)), ..Simulated::new(7) };
        let done = run(&Plan { time: None, ..plan(50, 0) }, &mut stage, || {});
        assert!(matches!(done.outcome, Err(FlipError::Screen(ScreenError::Revoked(_)))));
        assert_eq!(done.tally.flips(), 8);
    }
}
