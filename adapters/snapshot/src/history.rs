//! What changed from picture to picture, for the last few hundred.

use std::collections::VecDeque;

use lunette_frame::{Damage, Rect, Size};
use tokio::time::Instant;

use crate::tiles::Tiles;

/// What changed since a picture that somebody saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// This, up to the newest picture; nothing when empty. Edges are those of tiles of 16×16 pixels.
    Rects {
        /// The newest picture's number.
        frame: u64,
        /// Its size.
        size: Size,
        /// What differs in it.
        rects: Vec<Rect>,
    },
    /// Nobody knows: the picture is too long ago, or there was none of this number.
    Unknown {
        /// The newest picture's number.
        frame: u64,
        /// Its size.
        size: Size,
    },
}

impl Changed {
    /// Whether it is known that nothing changed.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Rects { rects, .. } if rects.is_empty())
    }

    /// The newest picture's number.
    #[must_use]
    pub fn frame(&self) -> u64 {
        match self {
            Self::Rects { frame, .. } | Self::Unknown { frame, .. } => *frame,
        }
    }

    /// The newest picture's size.
    #[must_use]
    pub fn size(&self) -> Size {
        match self {
            Self::Rects { size, .. } | Self::Unknown { size, .. } => *size,
        }
    }
}

/// Changes by the number of the picture that brought them.
///
/// ```text
///   base ──entry──▶ picture ──entry──▶ picture ─ … ─▶ newest
///   (the oldest picture since which everything is known)
/// ```
#[derive(Debug, Default)]
pub(crate) struct History {
    entries: VecDeque<Entry>,
    base: Option<Point>,
    newest: Option<Point>,
    /// When watching began again; what went on before was not seen.
    resumed: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Point {
    frame: u64,
    size: Size,
    at: Instant,
}

#[derive(Debug)]
struct Entry {
    frame: u64,
    at: Instant,
    tiles: Tiles,
}

impl History {
    /// Pictures with changes that are remembered.
    pub(crate) const MOST: usize = 512;

    /// The first picture, or one that has nothing to do with those before.
    pub(crate) fn start(&mut self, frame: u64, size: Size, at: Instant) {
        let point = Point { frame, size, at };
        *self = Self { base: Some(point), newest: Some(point), ..Self::default() };
    }

    /// The next picture, and where it differs from the one before. Pictures of another size differ all over.
    pub(crate) fn push(&mut self, frame: u64, tiles: Tiles, at: Instant) {
        let size = tiles.size();
        if self.newest.is_some_and(|newest| newest.size != size) {
            self.entries.clear();
        }
        self.newest = Some(Point { frame, size, at });
        if tiles.is_empty() {
            return;
        }
        self.entries.push_back(Entry { frame, at, tiles });
        if self.entries.len() > Self::MOST
            && let Some(Entry { frame, at, .. }) = self.entries.pop_front()
        {
            self.base = Some(Point { frame, size, at });
        }
    }

    /// The number of the newest picture.
    pub(crate) fn newest(&self) -> Option<u64> {
        self.newest.map(|newest| newest.frame)
    }

    /// What changed after picture `since`, within `region`. `None` without a picture.
    pub(crate) fn changed_since(&self, since: u64, region: Option<Rect>) -> Option<Changed> {
        let (base, Point { frame, size, .. }) = (self.base?, self.newest?);
        if since < base.frame || since > frame {
            return Some(Changed::Unknown { frame, size });
        }
        let mut all = Tiles::none(size);
        let later = self.entries.iter().rev().take_while(|entry| entry.frame > since);
        later.for_each(|entry| all.merge(&entry.tiles));
        Some(Changed::Rects { frame, size, rects: within(&all.damage(), region) })
    }

    /// When `region` changed last, or a time after which it did not.
    pub(crate) fn last_change(&self, region: Option<Rect>) -> Option<Instant> {
        let touched = |entry: &&Entry| region.is_none_or(|region| entry.tiles.touch(region));
        let entry = self.entries.iter().rev().find(touched).map(|entry| entry.at);
        entry.or(self.base.map(|base| base.at)).max(self.resumed)
    }

    /// Nobody watched until now: a quiet time counts from here.
    pub(crate) fn resume(&mut self, at: Instant) {
        self.resumed = Some(at);
    }
}

fn within(damage: &Damage, region: Option<Rect>) -> Vec<Rect> {
    let clip = |rect: &Rect| region.map_or(Some(*rect), |region| rect.intersect(region));
    damage.rects().iter().filter_map(clip).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SIZE: Size = Size::new(64, 64);

    fn tile(column: usize, row: usize) -> Tiles {
        let mut tiles = Tiles::none(SIZE);
        tiles.set(column, row);
        tiles
    }

    fn rects(changed: Option<Changed>) -> Vec<Rect> {
        match changed {
            Some(Changed::Rects { rects, .. }) => rects,
            other => panic!("{other:?}"),
        }
    }

    fn started() -> (History, Instant) {
        let (mut history, at) = (History::default(), Instant::now());
        history.start(10, SIZE, at);
        (history, at)
    }

    #[test]
    fn changes_after_the_seen_picture_are_told_and_earlier_ones_are_not() {
        let (mut history, at) = started();
        history.push(11, tile(0, 0), at);
        history.push(12, Tiles::none(SIZE), at);
        history.push(15, tile(2, 2), at);
        let (first, second) = (Rect::new(0, 0, 16, 16), Rect::new(32, 32, 16, 16));
        assert_eq!(rects(history.changed_since(10, None)), [first, second]);
        // 13 was never decoded here: what 15 brought may be newer.
        for since in [11, 12, 13] {
            assert_eq!(rects(history.changed_since(since, None)), [second], "{since}");
        }
        assert_eq!(rects(history.changed_since(15, None)), []);
        assert_eq!(rects(history.changed_since(10, Some(Rect::new(40, 0, 24, 64)))), [Rect::new(40, 32, 8, 16)]);
    }

    #[test]
    fn of_what_is_too_old_or_not_yet_there_nothing_is_known() {
        let (history, _) = started();
        for since in [9, 11, u64::MAX] {
            assert_eq!(history.changed_since(since, None), Some(Changed::Unknown { frame: 10, size: SIZE }), "{since}");
        }
        assert_eq!(History::default().changed_since(0, None), None);
    }

    #[test]
    fn the_oldest_are_forgotten_and_that_is_known() {
        let (mut history, at) = started();
        for frame in 11..=10 + History::MOST as u64 + 1 {
            history.push(frame, tile(1, 1), at);
        }
        assert!(matches!(history.changed_since(10, None), Some(Changed::Unknown { .. })));
        assert_eq!(rects(history.changed_since(11, None)).len(), 1);
    }

    #[test]
    fn a_new_size_is_a_change_of_everything() {
        let (mut history, at) = started();
        let large = Size::new(128, 64);
        history.push(11, tile(0, 0), at);
        history.push(12, Tiles::all(large), at);
        for since in [10, 11] {
            assert_eq!(rects(history.changed_since(since, None)), [large.bounds()]);
        }
    }

    #[test]
    fn a_quiet_region_is_told_from_a_busy_one() {
        let (mut history, at) = started();
        let later = at + Duration::from_secs(1);
        history.push(11, tile(0, 0), later);
        assert_eq!(history.last_change(None), Some(later));
        assert_eq!(history.last_change(Some(Rect::new(0, 0, 4, 4))), Some(later));
        assert_eq!(history.last_change(Some(Rect::new(16, 0, 48, 64))), Some(at));
    }

    #[test]
    fn quiet_does_not_count_while_nobody_looked() {
        let (mut history, at) = started();
        history.push(11, tile(0, 0), at);
        let later = at + Duration::from_secs(60);
        history.resume(later);
        assert_eq!(history.last_change(None), Some(later));
        assert_eq!(history.last_change(Some(Rect::new(48, 48, 9, 9))), Some(later));
    }
}
