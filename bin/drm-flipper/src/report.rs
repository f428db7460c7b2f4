//! What a run showed.

use std::fmt;

use lunette_frame::{ScanoutId, Size};
use lunette_sys_kms::ObjectId;
use serde::Serialize;

use crate::flipping::Run;
use crate::{Api, Coverage, FlipError, ScreenError, Times};

/// Where and what was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The output, as the host numbers it.
    pub scanout: ScanoutId,
    /// The connector's name.
    pub connector: String,
    /// What the lease holds.
    pub objects: Vec<ObjectId>,
    /// Size of the picture.
    pub size: Size,
    /// The kernel's name for the mode.
    pub mode: String,
    /// Its pictures per second, as the kernel says.
    pub refresh_hz: u32,
    /// How pages were flipped.
    pub api: Api,
    /// How much changed per frame.
    pub coverage: Coverage,
    /// Buffers in the ring.
    pub buffers: u32,
    /// Flips per second that were asked for; 0 is flat out.
    pub fps: u32,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ended {
    /// Its time was over.
    Done,
    /// A signal came.
    Stopped,
    /// The lease was taken back.
    Revoked,
    /// The kernel did not flip, or refused to.
    Failed,
}

impl Ended {
    fn of(outcome: &Result<(), FlipError>) -> Self {
        match outcome {
            Ok(()) => Self::Done,
            Err(FlipError::Stopped) => Self::Stopped,
            Err(FlipError::ManagerGone | FlipError::Screen(ScreenError::Revoked(_))) => Self::Revoked,
            Err(FlipError::Stalled { .. } | FlipError::Wait(_) | FlipError::Screen(_)) => Self::Failed,
        }
    }
}

/// What a run showed, and how regularly.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The output, as the host numbers it.
    pub scanout: u16,
    /// The connector's name.
    pub connector: String,
    /// Ids of what the lease holds.
    pub objects: Vec<u32>,
    /// Pixels per row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The kernel's name for the mode.
    pub mode: String,
    /// Its pictures per second, as the kernel says.
    pub refresh_hz: u32,
    /// `atomic` or `legacy`.
    pub api: &'static str,
    /// `full` or `small`.
    pub damage: &'static str,
    /// Buffers in the ring.
    pub buffers: u32,
    /// Flips per second that were asked for; 0 is flat out.
    pub fps: u32,
    /// Flips that were done. The last frame has this number; frame 0 came with the mode.
    pub flips: u64,
    /// From the first to the last flip.
    pub seconds: f64,
    /// From the first to the last flip.
    pub flips_per_second: f64,
    /// From one flip to the next.
    pub between: Option<Times>,
    /// How far that is off: from the rate asked for, or flat out from the time before.
    pub jitter: Option<Times>,
    /// Frames' turns that passed with no flip.
    pub missed: u64,
    /// Why the run ended.
    pub ended: Ended,
    /// What went wrong, if anything did.
    pub fault: Option<String>,
}

impl Report {
    pub(crate) fn new(shown: Shown, run: &Run) -> Self {
        Self {
            scanout: shown.scanout.get(),
            connector: shown.connector,
            objects: shown.objects.iter().map(|object| object.get()).collect(),
            width: shown.size.width,
            height: shown.size.height,
            mode: shown.mode,
            refresh_hz: shown.refresh_hz,
            api: shown.api.as_str(),
            damage: shown.coverage.as_str(),
            buffers: shown.buffers,
            fps: shown.fps,
            flips: run.tally.flips(),
            seconds: run.tally.span().as_secs_f64(),
            flips_per_second: run.tally.rate(),
            between: run.tally.gaps(),
            jitter: run.tally.jitter(),
            missed: run.missed,
            ended: Ended::of(&run.outcome),
            fault: fault(&run.outcome),
        }
    }
}

fn fault(outcome: &Result<(), FlipError>) -> Option<String> {
    match outcome {
        Ok(()) | Err(FlipError::Stopped) => None,
        Err(error) => Some(lunette_cause::chain(error)),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scanout, connector, width, height, mode, refresh_hz, .. } = self;
        let wanted = if self.fps == 0 { "flat out".to_owned() } else { format!("{} wanted", self.fps) };
        writeln!(f, "output    scanout {scanout}, {connector}, {width}x{height} (mode {mode}, {refresh_hz} Hz)")?;
        writeln!(f, "drawing   {} damage, {} flips, {} buffers", self.damage, self.api, self.buffers)?;
        writeln!(f, "flips     {} in {:.2} s, {:.1}/s ({wanted})", self.flips, self.seconds, self.flips_per_second)?;
        for (name, times) in [("between", self.between), ("jitter", self.jitter)] {
            if let Some(Times { p50_ms, p99_ms, max_ms }) = times {
                writeln!(f, "{name:<9} p50 {p50_ms:.2} ms, p99 {p99_ms:.2} ms, max {max_ms:.2} ms")?;
            }
        }
        writeln!(f, "missed    {}", self.missed)?;
        match (&self.fault, self.ended) {
            (Some(fault), _) => writeln!(f, "ended     {fault}"),
            (None, Ended::Stopped) => writeln!(f, "ended     by a signal"),
            (None, _) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use super::*;
    use crate::FlipTally;

    fn report(outcome: Result<(), FlipError>) -> Report {
        let shown = Shown {
            scanout: ScanoutId::new(3),
            connector: "Virtual-4".into(),
            objects: [41, 42, 43].map(ObjectId::new).to_vec(),
            size: Size::new(1920, 1080),
            mode: "1920x1080".into(),
            refresh_hz: 75,
            api: Api::Atomic,
            coverage: Coverage::Full,
            buffers: 2,
            fps: 50,
        };
        let mut tally = FlipTally::new(NonZeroU32::new(50));
        [0, 20, 41, 60].map(Duration::from_millis).into_iter().for_each(|time| tally.add(time));
        Report::new(shown, &Run { tally, missed: 1, outcome })
    }

    #[test]
    fn people_read_a_table() {
        let text = "\
output    scanout 3, Virtual-4, 1920x1080 (mode 1920x1080, 75 Hz)
drawing   full damage, atomic flips, 2 buffers
flips     4 in 0.06 s, 50.0/s (50 wanted)
between   p50 20.02 ms, p99 21.00 ms, max 21.00 ms
jitter    p50 1.00 ms, p99 1.00 ms, max 1.00 ms
missed    1
";
        assert_eq!(report(Ok(())).to_string(), text);
    }

    #[test]
    fn programs_read_json() {
        let json = serde_json::to_value(report(Err(FlipError::ManagerGone))).unwrap();
        assert_eq!(
            (json["flips"].as_u64(), json["missed"].as_u64(), json["scanout"].as_u64()),
            (Some(4), Some(1), Some(3))
        );
        assert_eq!((json["ended"].as_str(), json["jitter"]["max_ms"].as_f64()), (Some("revoked"), Some(1.0)));
        assert_eq!(json["fault"].as_str(), Some("the lease manager is gone, and with it the lease"));
    }

    #[test]
    fn a_signal_is_no_fault() {
        let report = report(Err(FlipError::Stopped));
        assert_eq!((report.ended, report.fault.as_ref()), (Ended::Stopped, None));
        assert!(report.to_string().ends_with("ended     by a signal\n"));
    }

    #[test]
    fn a_flip_that_never_came_is_a_fault() {
        assert_eq!(report(Err(FlipError::Stalled { frame: 7 })).ended, Ended::Failed);
    }
}
