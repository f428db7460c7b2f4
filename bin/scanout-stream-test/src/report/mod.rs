//! What a run found: fields for programs, [`Display`](std::fmt::Display) for people.

mod table;

use serde::Serialize;

use crate::stats::{GapTally, Latency, Sizes};
use crate::verify::VerifyReport;
use crate::{Ended, StreamTally};

/// What arrived on one subscription. Serialised, it is what `--json` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Who sent it.
    #[serde(flatten)]
    pub source: Source,
    /// Seconds from the server's consent to the end.
    pub seconds: f64,
    /// Why the run ended.
    pub ended: Ended,
    /// From the start of connecting to the first picture; `None` when none came.
    pub first_frame_ms: Option<f64>,
    /// Pictures.
    pub frames: u64,
    /// Pictures by the whole time, silence included.
    pub frames_per_second: f64,
    /// Bits of pictures by the whole time, silence included.
    pub bits_per_second: f64,
    /// IDR pictures, sizes in bytes.
    pub idr: Sizes,
    /// All other pictures, sizes in bytes.
    pub p: Sizes,
    /// Silences.
    pub gaps: GapTally,
    /// From capture to arrival.
    pub latency: Latency,
    /// What shows without decoding.
    pub stream: StreamTally,
    /// What shows when decoded; `None` when nothing was.
    pub verify: Option<VerifyReport>,
    /// Everything that is wrong, in words.
    pub faults: Vec<String>,
}

/// Who sent a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Source {
    /// The server's address.
    pub server: String,
    /// The scanout.
    pub scanout: u16,
    /// Messages that were skipped: of an unknown type, or without a meaning on a subscribed connection.
    pub skipped_messages: u64,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.faults.is_empty()
    }

    /// A still screen sends one picture and no more, so one is enough.
    pub(crate) fn find_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if matches!(self.ended, Ended::Closed | Ended::Failed(_)) {
            faults.push(format!("the stream ended after {:.1} s: {}", self.seconds, self.ended));
        }
        if self.frames == 0 {
            faults.push("no picture arrived".to_owned());
        }
        faults.extend(self.stream.faults());
        faults.extend(self.verify.iter().flat_map(VerifyReport::faults));
        faults
    }
}
