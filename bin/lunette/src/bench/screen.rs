//! The synthetic screen whose pictures are measured.

use std::sync::Arc;

use anyhow::{Context, Result};
use lunette_capture::pattern::{Kind, PatternConfig, PatternScreens};
use lunette_capture::{Doorbell, Polled, ScanoutControl, Source, now};
use lunette_frame::{FrameRate, FrameRateError, Pts, ScanoutId, Size};

/// The scanout of every measurement.
pub(crate) const SCANOUT: ScanoutId = ScanoutId::new(0);

/// Rate that stands for flat out wherever a rate is needed.
const PLANNED: u32 = 60;

/// Frames per second of a source; 0 paints whenever a picture is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace(pub(crate) u32);

impl Pace {
    pub(crate) fn is_flat_out(self) -> bool {
        self.0 == 0
    }

    /// The rate that bit rates are counted at, and that encoders plan for.
    pub(crate) fn planned(self) -> Result<FrameRate, FrameRateError> {
        FrameRate::new(self.planned_hz(), 1)
    }

    pub(crate) fn planned_hz(self) -> u32 {
        if self.is_flat_out() { PLANNED } else { self.0 }
    }

    /// Capture time that an encoder is told for frame `number`.
    ///
    /// Flat out it advances by the planned interval, so that the ceiling of the bit rate bites as it would at that
    /// rate, however fast this machine is.
    pub(crate) fn capture_time(self, number: u64, captured: Pts) -> Pts {
        if self.is_flat_out() { Pts::from_nanos((number + 1) * 1_000_000_000 / u64::from(PLANNED)) } else { captured }
    }
}

/// Opens a screen of `kind`.
pub(crate) fn open(kind: Kind, size: Size, pace: Pace) -> Result<(Box<dyn Source>, Arc<Doorbell>)> {
    let screens = PatternScreens::new(PatternConfig { kind, scanouts: 1, size, fps: pace.0 });
    let doorbell = Arc::<Doorbell>::default();
    let source = screens.and_then(|screens| screens.open(SCANOUT, &doorbell));
    Ok((source.with_context(|| format!("cannot paint {} at {size}", kind.as_str()))?, doorbell))
}

/// The next picture of a source that is due; `None` when there will be none.
pub(crate) fn next<'a>(source: &'a mut dyn Source) -> Result<Option<lunette_capture::Frame<'a>>> {
    match source.poll(now())? {
        Polled::Frame(frame) => Ok(Some(frame)),
        Polled::NotBefore(_) | Polled::Idle | Polled::Ended => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_out_time_advances_as_at_the_planned_rate() {
        let late = Pts::from_nanos(99_000_000_000);
        let times = [0, 1, 59].map(|number| Pace(0).capture_time(number, late).as_nanos());
        assert_eq!(times, [16_666_666, 33_333_333, 1_000_000_000]);
        assert_eq!(Pace(30).capture_time(5, late), late);
        assert_eq!((Pace(0).planned_hz(), Pace(30).planned_hz()), (60, 30));
    }

    #[test]
    fn a_still_screen_has_one_picture() {
        let (mut source, _doorbell) = open(Kind::Still, Size::new(320, 180), Pace(0)).unwrap();
        assert!(next(&mut *source).unwrap().is_some());
        assert!(next(&mut *source).unwrap().is_none());
    }

    #[test]
    fn a_size_without_room_for_a_counter_is_refused() {
        let Err(error) = open(Kind::Still, Size::new(16, 16), Pace(0)) else { panic!("opened") };
        assert!(error.to_string().contains("16x16"), "{error:#}");
    }
}
