//! Decodes a stream and reads the marker in every picture.
//!
//! ```text
//!   access unit ──▶ Decoder ──I420──▶ marker::read ──Reading──▶ MarkerCheck ──▶ Verdict
//! ```
//!
//! [`Verifier`] does it where it is called. [`Worker`] does it on a thread, behind a bounded queue.

mod markers;
mod worker;

use lunette_frame::{PictureError, PictureRef, PixelFormat, PlaneRef, ScanoutId, Size, marker};
use lunette_sys_openh264::{Decoded, Decoder, Error as DecoderError};
use serde::Serialize;

pub use markers::{MarkerCheck, MarkerTally, Verdict};
pub use worker::{Worker, WorkerError};

/// Decodes the pictures of one scanout in order, and judges what they show.
#[derive(Debug)]
pub struct Verifier {
    decoder: Decoder,
    markers: MarkerCheck,
    units: u64,
    undecodable: u64,
    first_fault: Option<String>,
}

/// What one access unit turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A picture, and what its marker says.
    Seen(Verdict),
    /// No picture.
    Undecodable(DecodeFault),
}

/// Why an access unit gave no picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeFault {
    /// The decoder refused it.
    #[error(transparent)]
    Decoder(#[from] DecoderError),
    /// The decoder holds the picture back, or the unit held none.
    #[error("the decoder gave no picture for the access unit")]
    HeldBack,
    /// The decoder described a picture that cannot be.
    #[error(transparent)]
    Picture(#[from] PictureError),
}

/// What a verifier has found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// Access units that were fed.
    pub units: u64,
    /// Those that gave no picture.
    pub undecodable: u64,
    /// What the markers of the others said.
    pub markers: MarkerTally,
    /// What the first fault was, and in which unit, counted from 0.
    pub first_fault: Option<String>,
    /// Times that receiving waited because the verifying thread was behind: latency is too high then.
    pub queue_full: u64,
}

impl Verifier {
    /// A verifier of pictures that should be of `scanout`. The first access unit must be an IDR.
    ///
    /// # Errors
    /// When the decoder cannot be made.
    pub fn new(scanout: ScanoutId) -> Result<Self, DecoderError> {
        let decoder = Decoder::new()?;
        Ok(Self { decoder, markers: MarkerCheck::new(scanout), units: 0, undecodable: 0, first_fault: None })
    }

    /// Decodes one access unit in Annex B form and judges its picture.
    pub fn feed(&mut self, unit: &[u8]) -> Outcome {
        let outcome = match read_marker(&mut self.decoder, unit) {
            Ok(reading) => Outcome::Seen(self.markers.judge(reading)),
            Err(fault) => Outcome::Undecodable(fault),
        };
        self.note(&outcome);
        outcome
    }

    /// What was found so far.
    #[must_use]
    pub fn report(&self) -> VerifyReport {
        VerifyReport {
            units: self.units,
            undecodable: self.undecodable,
            markers: *self.markers.tally(),
            first_fault: self.first_fault.clone(),
            queue_full: 0,
        }
    }

    fn note(&mut self, outcome: &Outcome) {
        let number = self.units;
        self.units += 1;
        self.undecodable += u64::from(matches!(outcome, Outcome::Undecodable(_)));
        if let Some(what) = outcome.fault() {
            self.first_fault.get_or_insert_with(|| format!("picture {number}: {what}"));
        }
    }
}

impl Outcome {
    /// What is wrong, in words; `None` when nothing is.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        match self {
            Self::Seen(verdict) => verdict.fault(),
            Self::Undecodable(fault) => Some(fault.to_string()),
        }
    }
}

impl VerifyReport {
    /// Everything that is wrong, in words; empty when nothing is.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let counted = [
            (self.undecodable, "access units that do not decode"),
            (self.markers.missing, "pictures without a marker"),
            (self.markers.torn, "torn pictures"),
            (self.markers.wrong_scanout, "pictures of another scanout"),
            (self.markers.backwards, "pictures older than the one before"),
        ];
        let present = counted.iter().filter(|(count, _)| *count > 0);
        let mut faults: Vec<_> = present.map(|(count, what)| format!("{what}: {count}")).collect();
        faults.extend(self.first_fault.iter().map(|what| format!("the first, {what}")));
        faults
    }
}

fn read_marker(decoder: &mut Decoder, unit: &[u8]) -> Result<marker::Reading, DecodeFault> {
    let decoded = decoder.decode(unit)?.ok_or(DecodeFault::HeldBack)?;
    Ok(marker::read(&picture(&decoded)?))
}

fn picture<'a>(decoded: &Decoded<'a>) -> Result<PictureRef<'a>, PictureError> {
    let plane = |index: usize| PlaneRef { data: decoded.planes[index], stride: decoded.strides[index] };
    let size = Size::new(decoded.width, decoded.height);
    PictureRef::new(PixelFormat::I420, size, &[plane(0), plane(1), plane(2)])
}
