//! The loop's stage on a real screen.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use lunette_frame::Rect;
use lunette_leasing::readable;

use crate::flip_log::FlipLog;
use crate::flipping::{Happened, Stage};
use crate::{FlipError, Painter, Screen, Stop};

/// A screen, what is painted on it, and who may end it.
#[derive(Debug)]
pub(crate) struct Live<'a> {
    screen: &'a mut Screen,
    painter: &'a Painter,
    stop: &'a Stop,
    /// The lease's connection: it closes when the manager goes away.
    connection: BorrowedFd<'a>,
    start: Instant,
    damage: Vec<Rect>,
    log: Option<&'a mut FlipLog>,
    /// Flips that the kernel told of in one go; there is never more than one under way.
    done: VecDeque<Happened>,
}

impl<'a> Live<'a> {
    pub(crate) fn new(
        screen: &'a mut Screen,
        painter: &'a Painter,
        stop: &'a Stop,
        connection: BorrowedFd<'a>,
        log: Option<&'a mut FlipLog>,
    ) -> Self {
        let (damage, done) = (Vec::new(), VecDeque::new());
        Self { screen, painter, stop, connection, start: Instant::now(), damage, log, done }
    }
}

impl Stage for Live<'_> {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn paint(&mut self, frame: u64) {
        self.painter.paint(frame, &mut self.screen.canvas(frame), &mut self.damage);
    }

    fn light(&mut self) -> Result<(), FlipError> {
        Ok(self.screen.light(0)?)
    }

    fn flip(&mut self, frame: u64) -> Result<(), FlipError> {
        if let Some(log) = &mut self.log {
            log.asked(frame);
        }
        Ok(self.screen.flip(frame, &self.damage)?)
    }

    fn wait(&mut self, until: Duration) -> Result<Happened, FlipError> {
        loop {
            if let Some(happened) = self.done.pop_front() {
                return Ok(happened);
            }
            let sources = [self.screen.as_fd(), self.stop.as_fd(), self.connection];
            match readable(sources, self.start + until).map_err(FlipError::Wait)? {
                [_, true, _] => return Err(FlipError::Stopped),
                [_, _, true] => return Err(FlipError::ManagerGone),
                [true, ..] => {
                    let flips = self.screen.flips()?;
                    self.done.extend(flips.map(|flip| Happened::Flipped { frame: flip.user_data, at: flip.time }));
                    // Events that are no flips must not keep the loop past its time.
                    if self.done.is_empty() && self.now() >= until {
                        return Ok(Happened::TimeUp);
                    }
                }
                [false, ..] => return Ok(Happened::TimeUp),
            }
        }
    }
}
