//! Looks at the pictures of a stream: are they what the protocol promises, and which frames do they show?

use lunette_frame::{ScanoutId, Size, UnitKind};
use lunette_h264::AccessUnitFacts;
use lunette_wire::hxfr::FrameResponse;
use scanout_stream_test::verify::{Outcome, Verdict};
use scanout_stream_test::{StreamCheck, Verifier};

use super::Frame;

/// Decodes one subscription from its first picture on. It fails the test at the first fault.
pub(crate) struct Eye {
    scanout: ScanoutId,
    verifier: Verifier,
    check: StreamCheck,
}

/// What one picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The burnt-in number.
    pub(crate) counter: u32,
    pub(crate) idr: bool,
}

impl Eye {
    pub(crate) fn new(scanout: u16) -> Self {
        let scanout = ScanoutId::new(scanout);
        let verifier = Verifier::new(scanout).expect("a decoder");
        Self { scanout, verifier, check: StreamCheck::default() }
    }

    /// Decodes the next picture.
    ///
    /// # Panics
    /// When it does not decode, is torn, of another scanout, older than the one before, or against the protocol.
    #[track_caller]
    pub(crate) fn look(&mut self, frame: &Frame) -> Seen {
        let unit = frame.unit();
        assert_eq!(frame.session, self.scanout.into());
        let kind = self.check.add(&frame.response, &unit);
        assert_eq!(self.check.tally().faults(), [""; 0]);
        assert_eq!(self.check.tally().nal_count_not_one, 0);
        let outcome = self.verifier.feed(&unit);
        let (Outcome::Seen(Verdict::Right(marker) | Verdict::Repeated(marker)), None) = (&outcome, outcome.fault())
        else {
            panic!("picture {}: {outcome:?}", self.verifier.report().units - 1);
        };
        Seen { counter: marker.counter, idr: kind == UnitKind::Idr }
    }

    #[track_caller]
    pub(crate) fn look_at_all(&mut self, frames: &[Frame]) -> Vec<Seen> {
        frames.iter().map(|frame| self.look(frame)).collect()
    }
}

/// Whether a decoder can start at a picture: what it holds, not what its flag says, which must agree.
#[track_caller]
pub(crate) fn is_idr(response: &FrameResponse) -> bool {
    let facts = AccessUnitFacts::inspect(&response.nals.access_unit()).expect("Annex B");
    assert_eq!(facts.kind(), response.kind, "the keyframe flag is what the picture is");
    facts.kind() == UnitKind::Idr
}

/// The size that the SPS in a picture says; `None` without an SPS.
pub(crate) fn picture_size(response: &FrameResponse) -> Option<Size> {
    AccessUnitFacts::inspect(&response.nals.access_unit()).expect("Annex B").sps.map(|sps| sps.visible)
}
