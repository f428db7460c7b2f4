//! Whether a viewer would see what was encoded.
//!
//! The stream is kept while it is measured and decoded afterwards: a decoder between two pictures would empty the
//! caches that the encoder finds full in a server.

use lunette_frame::marker::{self, Marker, Reading};
use lunette_frame::{AccessUnit, Picture, PictureRef, PixelFormat, PlaneRef, Size};
use lunette_sys_openh264::{Decoded, Decoder};
use serde::Serialize;

use super::screen::SCANOUT;
use super::stats::{Samples, Spread};

/// What two pictures without a difference are said to have, since JSON has no infinity.
const MOST_DECIBELS: f64 = 99.0;

/// A stream, and the luma of every n-th picture that went into it.
#[derive(Debug)]
pub(crate) struct Recording {
    every: u64,
    room: usize,
    count: u64,
    units: Vec<Unit>,
}

#[derive(Debug)]
struct Unit {
    data: Vec<u8>,
    counter: u32,
    luma: Option<Luma>,
}

#[derive(Debug)]
struct Luma {
    size: Size,
    samples: Vec<u8>,
}

/// What decoding a stream showed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Fidelity {
    /// Pictures decoded; less than encoded when the stream was too long to keep.
    pub(crate) decoded: u64,
    /// Pictures whose frame counter is the one that was painted.
    pub(crate) right_markers: u64,
    /// Decibels between encoded and decoded luma, of every n-th picture.
    pub(crate) psnr_y: Option<Spread>,
    /// What the decoder complained about, if it did.
    pub(crate) fault: Option<String>,
}

impl Recording {
    /// Bytes that one recording may take.
    const ROOM: usize = 384 << 20;

    /// Compares every `every`-th picture.
    pub(crate) fn new(every: u64) -> Self {
        Self { every: every.max(1), room: Self::ROOM, count: 0, units: Vec::new() }
    }

    /// Keeps a unit and what it should show: `counter` in its marker, and the luma of `picture`. Once there is no
    /// room left, nothing more is kept.
    #[expect(clippy::cast_possible_truncation, reason = "the marker's counter wraps")]
    pub(crate) fn keep(&mut self, unit: &AccessUnit, picture: &Picture, counter: u64) {
        let luma = self.count.is_multiple_of(self.every).then(|| Luma::copy(picture));
        let bytes = unit.data.len() + luma.as_ref().map_or(0, |luma| luma.samples.len());
        let Some(room) = self.room.checked_sub(bytes) else {
            self.room = 0;
            return;
        };
        self.room = room;
        self.count += 1;
        // A copy, so that the encoder gets its memory back as soon as in a server.
        self.units.push(Unit { data: unit.data.to_vec(), counter: counter as u32, luma });
    }

    /// Decodes everything.
    pub(crate) fn judge(&self) -> Fidelity {
        let mut fidelity = Fidelity { decoded: 0, right_markers: 0, psnr_y: None, fault: None };
        let mut decibels = Samples::default();
        if let Err(error) = self.decode(&mut fidelity, &mut decibels) {
            fidelity.fault = Some(error.to_string());
        }
        fidelity.psnr_y = decibels.spread();
        fidelity
    }

    fn decode(&self, fidelity: &mut Fidelity, decibels: &mut Samples) -> Result<(), lunette_sys_openh264::Error> {
        let mut decoder = Decoder::new()?;
        for unit in &self.units {
            let Some(decoded) = decoder.decode(&unit.data)? else { continue };
            fidelity.decoded += 1;
            let expected = Reading::Whole(Marker { counter: unit.counter, scanout: SCANOUT });
            fidelity.right_markers += u64::from(read_marker(&decoded) == Some(expected));
            if let Some(luma) = &unit.luma {
                decibels.push(luma.psnr(&decoded));
            }
        }
        Ok(())
    }
}

fn read_marker(decoded: &Decoded<'_>) -> Option<Reading> {
    let size = Size::new(decoded.width, decoded.height);
    let [y, cb, cr] = [0, 1, 2].map(|at| PlaneRef { data: decoded.planes[at], stride: decoded.strides[at] });
    PictureRef::new(PixelFormat::I420, size, &[y, cb, cr]).ok().map(|picture| marker::read(&picture))
}

impl Luma {
    fn copy(picture: &Picture) -> Self {
        let (size, plane) = (picture.size(), picture.as_ref().planes()[0]);
        let (width, height) = (size.width as usize, size.height as usize);
        let samples = (0..height).flat_map(|y| plane.row(y, 0, width).iter().copied()).collect();
        Self { size, samples }
    }

    /// A picture of odd size is decoded one pixel larger; what was added does not count.
    #[expect(clippy::cast_precision_loss, reason = "sums far below 2^52")]
    fn psnr(&self, decoded: &Decoded<'_>) -> f64 {
        let width = self.size.width as usize;
        let rows = self.samples.chunks_exact(width).zip(decoded.planes[0].chunks(decoded.strides[0]));
        let squares = |(a, b): (&[u8], &[u8])| -> u64 {
            a.iter().zip(b).map(|(a, b)| u64::from(u32::from(a.abs_diff(*b)).pow(2))).sum()
        };
        let mean = rows.map(squares).sum::<u64>() as f64 / self.samples.len() as f64;
        if mean == 0.0 { MOST_DECIBELS } else { (10.0 * (255.0 * 255.0 / mean).log10()).min(MOST_DECIBELS) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded<'a>(samples: &'a [u8], stride: usize) -> Decoded<'a> {
        Decoded { width: 2, height: 2, planes: [samples, &[], &[]], strides: [stride, 1, 1] }
    }

    #[test]
    fn equal_pictures_have_the_most_decibels() {
        let luma = Luma { size: Size::new(2, 2), samples: vec![1, 2, 3, 4] };
        assert_eq!(luma.psnr(&decoded(&[1, 2, 99, 3, 4], 3)), MOST_DECIBELS);
    }

    #[test]
    fn one_step_everywhere_is_48_decibels() {
        let luma = Luma { size: Size::new(2, 2), samples: vec![1, 2, 3, 4] };
        let psnr = luma.psnr(&decoded(&[2, 1, 4, 5], 2));
        assert!((psnr - 48.13).abs() < 0.01, "{psnr}");
    }

    #[test]
    fn a_damaged_stream_is_reported() {
        let mut recording = Recording::new(1);
        recording.units.push(Unit { data: vec![0, 0, 1, 0x65, 1, 2, 3], counter: 0, luma: None });
        let fidelity = recording.judge();
        assert!(fidelity.fault.is_some() && fidelity.decoded == 0);
    }

    #[test]
    fn a_recording_without_room_stays_decodable() {
        let size = Size::new(16, 16);
        let picture = Picture::new(PixelFormat::I420, size).unwrap();
        let unit = AccessUnit {
            kind: lunette_frame::UnitKind::Idr,
            pts: lunette_frame::Pts::from_nanos(1),
            size,
            data: vec![0; 100].into(),
        };
        let mut recording = Recording { room: 500, ..Recording::new(1) };
        (0..9).for_each(|n| recording.keep(&unit, &picture, n));
        assert_eq!(recording.units.iter().map(|unit| unit.counter).collect::<Vec<_>>(), [0]);
    }
}
