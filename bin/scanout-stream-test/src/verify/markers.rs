//! Whether the markers of successive pictures make sense.

use lunette_frame::ScanoutId;
use lunette_frame::marker::{Marker, Reading};
use serde::Serialize;

/// Compares every marker with the scanout, and with the marker before it.
#[derive(Debug, Clone)]
pub struct MarkerCheck {
    scanout: ScanoutId,
    last: Option<u32>,
    tally: MarkerTally,
}

/// What the marker of one picture says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A later picture than the one before, or the first.
    Right(Marker),
    /// The same picture again: a keyframe for somebody who joined.
    Repeated(Marker),
    /// No marker.
    Missing,
    /// Two corners show two markers.
    Torn {
        /// Marker in the top-left corner.
        top: Marker,
        /// Marker in the bottom-right corner.
        bottom: Marker,
    },
    /// Of another scanout.
    WrongScanout(Marker),
    /// An earlier picture than the one before.
    Backwards {
        /// Its counter.
        counter: u32,
        /// The counter of the picture before.
        last: u32,
    },
}

/// How many pictures were what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct MarkerTally {
    /// The right scanout and not older than the one before; repeated ones included.
    pub right: u64,
    /// Of those, the ones with the same counter as the one before.
    pub repeated: u64,
    /// Without a marker.
    pub missing: u64,
    /// Mixed from two frames.
    pub torn: u64,
    /// Of another scanout.
    pub wrong_scanout: u64,
    /// Older than the one before.
    pub backwards: u64,
    /// Times that the counter jumped: frames that were replaced before they were encoded. No fault.
    pub gaps: u64,
    /// Frames that were replaced in all.
    pub replaced: u64,
}

impl MarkerCheck {
    /// A check of pictures that should be of `scanout`.
    #[must_use]
    pub fn new(scanout: ScanoutId) -> Self {
        Self { scanout, last: None, tally: MarkerTally::default() }
    }

    /// Judges the next picture.
    pub fn judge(&mut self, reading: Reading) -> Verdict {
        let verdict = match reading {
            Reading::Missing => Verdict::Missing,
            Reading::Torn { top, bottom } => Verdict::Torn { top, bottom },
            Reading::Whole(marker) if marker.scanout != self.scanout => Verdict::WrongScanout(marker),
            Reading::Whole(marker) => self.compare(marker),
        };
        self.count(verdict);
        verdict
    }

    /// The tally so far.
    #[must_use]
    pub const fn tally(&self) -> &MarkerTally {
        &self.tally
    }

    /// The counter wraps, so half its range is ahead and half behind.
    fn compare(&mut self, marker: Marker) -> Verdict {
        let last = self.last.replace(marker.counter);
        let Some(last) = last else { return Verdict::Right(marker) };
        match marker.counter.wrapping_sub(last) {
            0 => Verdict::Repeated(marker),
            step @ 1..=0x7fff_ffff => {
                self.tally.gaps += u64::from(step > 1);
                self.tally.replaced += u64::from(step - 1);
                Verdict::Right(marker)
            }
            _ => Verdict::Backwards { counter: marker.counter, last },
        }
    }

    fn count(&mut self, verdict: Verdict) {
        let tally = &mut self.tally;
        let counter = match verdict {
            Verdict::Right(_) => &mut tally.right,
            Verdict::Repeated(_) => {
                tally.repeated += 1;
                &mut tally.right
            }
            Verdict::Missing => &mut tally.missing,
            Verdict::Torn { .. } => &mut tally.torn,
            Verdict::WrongScanout(_) => &mut tally.wrong_scanout,
            Verdict::Backwards { .. } => &mut tally.backwards,
        };
        *counter += 1;
    }
}

impl Verdict {
    /// What is wrong, in words; `None` when nothing is.
    #[must_use]
    pub fn fault(self) -> Option<String> {
        Some(match self {
            Self::Right(_) | Self::Repeated(_) => return None,
            Self::Missing => "no marker".to_owned(),
            Self::Torn { top, bottom } => format!(
                "torn between frame {} of scanout {} and frame {} of scanout {}",
                top.counter, top.scanout, bottom.counter, bottom.scanout
            ),
            Self::WrongScanout(marker) => format!("frame {} of scanout {}", marker.counter, marker.scanout),
            Self::Backwards { counter, last } => format!("frame {counter} after frame {last}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SCANOUT: ScanoutId = ScanoutId::new(3);

    fn marker(counter: u32) -> Marker {
        Marker { counter, scanout: SCANOUT }
    }

    fn tally(counters: &[u32]) -> MarkerTally {
        let mut check = MarkerCheck::new(SCANOUT);
        counters.iter().for_each(|counter| _ = check.judge(Reading::Whole(marker(*counter))));
        *check.tally()
    }

    #[test]
    fn a_jump_is_a_gap_and_no_fault() {
        let expected = MarkerTally { right: 5, gaps: 2, replaced: 7, ..MarkerTally::default() };
        assert_eq!(tally(&[7, 8, 11, 12, 18]), expected);
    }

    #[test]
    fn the_same_frame_again_is_right() {
        assert_eq!(tally(&[7, 7, 8]), MarkerTally { right: 3, repeated: 1, ..MarkerTally::default() });
    }

    #[test]
    fn an_older_frame_is_a_fault_once() {
        assert_eq!(tally(&[9, 7, 8]), MarkerTally { right: 2, backwards: 1, ..MarkerTally::default() });
    }

    #[test]
    fn the_counter_may_wrap() {
        assert_eq!(tally(&[u32::MAX, 1]), MarkerTally { right: 2, gaps: 1, replaced: 1, ..MarkerTally::default() });
        assert_eq!(tally(&[1, u32::MAX]).backwards, 1);
    }

    #[test]
    fn missing_torn_and_foreign_pictures_leave_the_count_alone() {
        let mut check = MarkerCheck::new(SCANOUT);
        let foreign = Marker { counter: 50, scanout: ScanoutId::new(4) };
        let torn = Reading::Torn { top: marker(8), bottom: marker(9) };
        let verdicts = [Reading::Whole(marker(7)), Reading::Missing, torn, Reading::Whole(foreign)]
            .map(|reading| check.judge(reading));
        assert_eq!(verdicts[3], Verdict::WrongScanout(foreign));
        assert_eq!(check.judge(Reading::Whole(marker(8))), Verdict::Right(marker(8)));
        let expected = MarkerTally { right: 2, missing: 1, torn: 1, wrong_scanout: 1, ..MarkerTally::default() };
        assert_eq!(*check.tally(), expected);
        assert_eq!(verdicts[1].fault().as_deref(), Some("no marker"));
        assert_eq!(verdicts[2].fault().as_deref(), Some("torn between frame 8 of scanout 3 and frame 9 of scanout 3"));
    }

    proptest! {
        #[test]
        fn every_picture_is_counted_once(counters in prop::collection::vec(any::<u32>(), 0..50)) {
            let tally = tally(&counters);
            prop_assert_eq!(tally.right + tally.backwards, counters.len() as u64);
        }
    }
}
