//! When a synthetic scanout has a new frame.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use lunette_frame::{Pts, ScanoutId, Size};

use super::Kind;
use super::painter::Painter;
use super::screens::Screens;
use crate::gauge::Gauge;
use crate::{Cursor, Frame, Polled, Source, SourceError};

/// One synthetic scanout, painted when it is polled: frames that nobody polls for cost nothing.
#[derive(Debug)]
pub(super) struct PatternSource {
    screens: Arc<Screens>,
    gauge: Arc<Gauge>,
    id: ScanoutId,
    born: u64,
    seen_change: u64,
    /// Made at the first poll, on the pipeline's thread: painting the scenery takes a while.
    painter: Option<Painter>,
    size: Size,
    start: Option<Pts>,
    next: u64,
}

impl PatternSource {
    pub(super) fn new(screens: Arc<Screens>, gauge: Arc<Gauge>, id: ScanoutId, born: u64, size: Size) -> Self {
        let seen_change = screens.changes.load(Ordering::Acquire);
        Self { screens, gauge, id, born, seen_change, painter: None, size, start: None, next: 0 }
    }

    /// Follows a change of mode; `false` when the scanout is gone.
    fn follow_changes(&mut self) -> bool {
        let change = self.screens.changes.load(Ordering::Acquire);
        if change == self.seen_change {
            return true;
        }
        self.seen_change = change;
        let Some(size) = self.screens.size(self.id, self.born) else { return false };
        if size != self.size {
            self.size = size;
            self.painter = None;
            self.start = None;
        }
        true
    }

    /// The newest frame that is due, or when the next one will be.
    fn due(&mut self, now: Pts) -> Due {
        let interval = 1_000_000_000_u64.checked_div(u64::from(self.screens.config.fps));
        let Some(start) = self.start else {
            // A change of mode starts a new run, whose first frame is due at once and continues the numbers.
            let interval = interval.unwrap_or(0);
            self.start = Some(Pts::from_nanos(now.as_nanos().saturating_sub(self.next * interval)));
            return Due::Frame(self.next);
        };
        match interval {
            _ if self.screens.config.kind == Kind::Still => Due::Never,
            None => Due::Frame(self.next),
            Some(interval) => {
                let newest = (now.as_nanos().saturating_sub(start.as_nanos())) / interval;
                if newest >= self.next {
                    Due::Frame(newest)
                } else {
                    Due::At(Pts::from_nanos(start.as_nanos() + self.next * interval))
                }
            }
        }
    }
}

enum Due {
    Frame(u64),
    At(Pts),
    Never,
}

impl Source for PatternSource {
    fn poll(&mut self, now: Pts) -> Result<Polled<'_>, SourceError> {
        if !self.follow_changes() {
            return Ok(Polled::Ended);
        }
        match self.due(now) {
            Due::Never => Ok(Polled::Idle),
            Due::At(time) => Ok(Polled::NotBefore(time)),
            Due::Frame(number) => {
                self.next = number + 1;
                let kind = self.screens.config.kind;
                let painter = self.painter.get_or_insert_with(|| Painter::new(kind, self.id, self.size));
                let (picture, damage) = painter.paint(number)?;
                // Painting is what applications do; a capture begins when they have done it.
                let captured = crate::now();
                self.gauge.picture(picture.size(), captured, 1);
                Ok(Polled::Frame(Frame { picture, damage, captured, number }))
            }
        }
    }

    fn cursor(&self) -> Option<Cursor> {
        self.screens.cursor(self.id)
    }
}
