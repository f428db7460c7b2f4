//! An encoder with a clock: what a pipeline does around it.

use lunette_encode::{CANDIDATES, Candidate, Change, EncodeError, Encoder, EncoderConfig, Job, Keyframe, Selection};
use lunette_frame::{AccessUnit, BitRate, Damage, FrameRate, Picture, Pts, Quality, Size};

pub(crate) const SIZE: Size = Size::new(320, 180);
/// A sixtieth of a second.
pub(crate) const TICK: u64 = 16_666_667;

/// The settings of most cases: a ceiling that nothing reaches.
pub(crate) fn config(size: Size) -> EncoderConfig {
    EncoderConfig {
        size,
        fps: FrameRate::new(60, 1).expect("not zero"),
        quality: Quality::DEFAULT,
        max_bitrate: BitRate::from_bits_per_second(200_000_000),
        threads: 1,
    }
}

/// Runs a case with the candidate called `name`; where it is not installed, says so.
pub(crate) fn run(case: &str, name: &str, body: fn(&'static Candidate)) {
    let candidate = CANDIDATES.iter().find(|candidate| candidate.name == name).expect("in the table");
    match candidate.open(&config(SIZE)) {
        Err(EncodeError::Unavailable { reason, .. }) if candidate.selection == Selection::ByName => {
            eprintln!("NOT RUN: {case} with {name}: {reason}; `./test` installs it");
        }
        _ => body(candidate),
    }
}

pub(crate) struct Stream {
    pub(crate) encoder: Box<dyn Encoder>,
    now: u64,
}

impl Stream {
    pub(crate) fn new(candidate: &Candidate, config: &EncoderConfig) -> Self {
        Self { encoder: candidate.open(config).expect("opens"), now: 1 }
    }

    /// Encodes a picture with this damage, a sixtieth of a second after the one before.
    pub(crate) fn push(&mut self, picture: &Picture, damage: &Damage, keyframe: Keyframe) -> Option<AccessUnit> {
        self.now += TICK;
        let job = Job { picture: picture.as_ref(), damage, pts: Pts::from_nanos(self.now), keyframe };
        self.encoder.encode(&job).expect("encodes")
    }

    /// Encodes a picture that changed everywhere.
    pub(crate) fn code(&mut self, picture: &Picture) -> AccessUnit {
        self.push(picture, &Damage::full(picture.size()), Keyframe::Auto).expect("a changed picture gives a unit")
    }

    /// Encodes a picture that changed everywhere, unless the encoder leaves pictures out, a sixtieth of a second after
    /// the one before.
    pub(crate) fn offer(&mut self, picture: &Picture) -> Option<AccessUnit> {
        let now = Pts::from_nanos(self.now + TICK);
        if self.encoder.rests_until().is_some_and(|until| now < until) {
            self.now += TICK;
            return None;
        }
        Some(self.code(picture))
    }

    /// Encodes a picture as an IDR.
    pub(crate) fn idr(&mut self, picture: &Picture) -> AccessUnit {
        self.push(picture, &Damage::none(picture.size()), Keyframe::Force).expect("an ordered IDR gives a unit")
    }

    pub(crate) fn change(&mut self, change: &Change) -> lunette_encode::Applied {
        self.encoder.reconfigure(change).expect("applies")
    }
}
