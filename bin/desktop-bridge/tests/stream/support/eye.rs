//! Looks at pictures as a decoder does.

use lunette_frame::{ScanoutId, Size};
use lunette_h264::AccessUnitFacts;
use lunette_wire::stream::VideoFrame;
use scanout_stream_test::Verifier;
use scanout_stream_test::verify::{Outcome, Verdict};

/// Decodes one viewer's pictures from its first on. It fails the test at the first fault.
pub(crate) struct Eye {
    verifier: Verifier,
    last: u64,
}

impl Eye {
    pub(crate) fn new() -> Self {
        Self { verifier: Verifier::new(ScanoutId::new(0)).expect("a decoder"), last: 0 }
    }

    /// The next picture may be one that was seen before, at a later time.
    pub(crate) fn starts_anew(&mut self) {
        self.verifier = Verifier::new(ScanoutId::new(0)).expect("a decoder");
    }

    /// The burnt-in number of the next picture.
    ///
    /// # Panics
    /// When it does not decode, is torn or older than the one before, or its head does not say what it is.
    #[track_caller]
    pub(crate) fn look(&mut self, frame: &VideoFrame) -> u32 {
        let facts = AccessUnitFacts::inspect(&frame.data).expect("Annex B");
        let complete = facts.is_idr && facts.sps.is_some() && facts.has_pps;
        assert_eq!(frame.head.keyframe, complete, "a keyframe is an IDR with SPS and PPS, and nothing else is");
        assert!(frame.head.pts_us > self.last, "{} after {}", frame.head.pts_us, self.last);
        self.last = frame.head.pts_us;
        if let Some(sps) = facts.sps {
            assert_eq!(sps.visible, frame.size());
            assert!(sps.is_low_delay, "a decoder holds pictures back");
        }
        match self.verifier.feed(&frame.data) {
            Outcome::Seen(Verdict::Right(marker) | Verdict::Repeated(marker)) => marker.counter,
            other => panic!("picture {}: {other:?}", self.verifier.report().units - 1),
        }
    }
}

/// What the SPS of a keyframe says.
#[track_caller]
pub(crate) fn size_in(frame: &VideoFrame) -> Size {
    AccessUnitFacts::inspect(&frame.data).expect("Annex B").sps.expect("a keyframe").visible
}
