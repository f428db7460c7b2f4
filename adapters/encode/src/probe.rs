//! Does an encoder work here? It has to encode two real pictures to say so.

use lunette_frame::{
    AccessUnit, BitRate, Damage, FrameRate, Picture, PictureError, PixelFormat, Pts, Quality, Rect, Size, UnitKind,
};
use lunette_h264::AccessUnitFacts;

use crate::{CANDIDATES, Candidate, EncodeError, EncoderConfig, Job, Keyframe};

const SIZE: Size = Size::new(128, 64);

#[cfg(test)]
thread_local! {
    /// How often this thread has probed.
    pub(crate) static PROBES: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// What became of probing one candidate.
#[derive(Debug)]
pub struct Probe {
    /// The candidate.
    pub candidate: &'static Candidate,
    /// Nothing, or why it cannot be used.
    pub outcome: Result<(), String>,
}

/// Probes every candidate, in the table's order.
#[must_use]
pub fn probe_all() -> Vec<Probe> {
    CANDIDATES.iter().map(|candidate| Probe { candidate, outcome: probe(candidate) }).collect()
}

/// Encodes two pictures and checks that a decoder could start at the first.
///
/// # Errors
/// Why the candidate cannot be used, with all causes, as the end of a sentence.
pub fn probe(candidate: &Candidate) -> Result<(), String> {
    #[cfg(test)]
    PROBES.set(PROBES.get() + 1);
    let (first, second) = encode(candidate).map_err(|error| reason(&error))?;
    let facts = AccessUnitFacts::inspect(&first.data).map_err(|error| error.to_string())?;
    if facts.kind() != UnitKind::Idr || !facts.is_one_picture() || first.size != SIZE {
        return Err(format!("its first picture is no IDR of {SIZE}: {facts:?}"));
    }
    match second {
        Some(unit) if unit.kind == UnitKind::Delta => Ok(()),
        Some(_) => Err("its second picture is an IDR, too".to_owned()),
        None => Err("it skipped a picture that had changed".to_owned()),
    }
}

fn encode(candidate: &Candidate) -> Result<(AccessUnit, Option<AccessUnit>), EncodeError> {
    let fps = FrameRate::new(60, 1).map_err(|error| unusable(candidate, error.into()))?;
    let max_bitrate = BitRate::from_bits_per_second(4_000_000);
    let config = EncoderConfig { size: SIZE, fps, quality: Quality::DEFAULT, max_bitrate, threads: 1 };
    let mut encoder = candidate.open(&config)?;
    let mut picture = ramp(encoder.input_format()).map_err(|error| unusable(candidate, error.into()))?;
    let mut damage = Damage::full(SIZE);
    let job = Job { picture: picture.as_ref(), damage: &damage, pts: Pts::from_nanos(1), keyframe: Keyframe::Auto };
    let first = encoder.encode(&job)?;
    let first = first.ok_or_else(|| unusable(candidate, "it skipped the first picture".into()))?;
    picture.plane_mut(0)[..SIZE.width as usize].fill(200);
    damage.reset(SIZE);
    damage.add(Rect::new(0, 0, SIZE.width, 1));
    let job = Job { picture: picture.as_ref(), damage: &damage, pts: Pts::from_nanos(2), keyframe: Keyframe::Auto };
    Ok((first, encoder.encode(&job)?))
}

/// A picture that is not flat, in any format.
fn ramp(format: PixelFormat) -> Result<Picture, PictureError> {
    let mut picture = Picture::new(format, SIZE)?;
    for (plane, _) in picture.planes_mut() {
        plane.iter_mut().zip((16..=235).cycle()).for_each(|(sample, value)| *sample = value);
    }
    Ok(picture)
}

fn unusable(candidate: &Candidate, source: Box<dyn std::error::Error + Send + Sync>) -> EncodeError {
    EncodeError::Backend { backend: candidate.name, action: "encode the test picture", source }
}

fn reason(error: &EncodeError) -> String {
    if let EncodeError::Unavailable { reason, .. } = error {
        return reason.clone();
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
