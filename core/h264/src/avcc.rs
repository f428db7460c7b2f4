//! Length-prefixed samples: ISO/IEC 14496-15, clause 5.3.4.2; to and from the byte stream of H.264 Annex B.

use crate::{H264Error, Nal, NalType, annexb};

/// Most bytes of one access unit, either form; level 6.2 stays far below it.
pub const MAX_ACCESS_UNIT: usize = 64 << 20;

/// Bytes of a length prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LengthSize {
    /// One byte: units of up to 255 bytes.
    One,
    /// Two bytes.
    Two,
    /// Four bytes: what nearly everyone writes.
    Four,
}

impl LengthSize {
    /// How many bytes it is.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 4,
        }
    }

    /// `lengthSizeMinusOne`.
    pub(crate) const fn minus_one(self) -> u8 {
        match self {
            Self::One => 0,
            Self::Two => 1,
            Self::Four => 3,
        }
    }
}

impl TryFrom<u8> for LengthSize {
    type Error = H264Error;

    fn try_from(bytes: u8) -> Result<Self, H264Error> {
        match bytes {
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            4 => Ok(Self::Four),
            other => Err(H264Error::LengthSize(other)),
        }
    }
}

/// The NAL units of a length-prefixed sample.
#[must_use]
pub const fn units(sample: &[u8], length_size: LengthSize) -> Units<'_> {
    Units { sample, at: 0, length_size }
}

/// Iterates over the NAL units of a sample; ends after the first error. Made by [`units`].
#[derive(Debug, Clone)]
pub struct Units<'a> {
    sample: &'a [u8],
    at: usize,
    length_size: LengthSize,
}

impl<'a> Units<'a> {
    fn read(&self) -> Result<(Nal<'a>, usize), H264Error> {
        let (offset, rest) = (self.at, &self.sample[self.at..]);
        let (prefix, rest) = rest
            .split_at_checked(self.length_size.bytes())
            .ok_or(H264Error::Ended { field: "NAL unit length", bit: offset * 8 })?;
        let len = prefix.iter().fold(0, |len, byte| len << 8 | usize::from(*byte));
        let unit = rest.get(..len).ok_or(H264Error::LengthBeyondEnd { offset, len, left: rest.len() })?;
        let nal = Nal::new(unit).ok_or(H264Error::Empty("a NAL unit"))?;
        Ok((nal, offset + prefix.len() + len))
    }
}

impl<'a> Iterator for Units<'a> {
    type Item = Result<Nal<'a>, H264Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at == self.sample.len() {
            return None;
        }
        let read = self.read();
        self.at = read.as_ref().map_or(self.sample.len(), |(_, end)| *end);
        Some(read.map(|(nal, _)| nal))
    }
}

/// Appends the sample's NAL units to `out` behind start codes.
///
/// # Errors
/// When a length is wrong, or a unit holds a start code and would be read as two. `out` is then left as it was.
pub fn to_annexb(sample: &[u8], length_size: LengthSize, out: &mut Vec<u8>) -> Result<(), H264Error> {
    to_annexb_with(sample, length_size, out, |_, _| {})
}

/// As [`to_annexb`], calling `before` with the output ahead of each unit.
pub(crate) fn to_annexb_with(
    sample: &[u8],
    length_size: LengthSize,
    out: &mut Vec<u8>,
    mut before: impl FnMut(NalType, &mut Vec<u8>),
) -> Result<(), H264Error> {
    check_size(sample)?;
    let kept = out.len();
    let mut offset = 0;
    for unit in units(sample, length_size) {
        let checked = unit.and_then(|nal| match annexb::find_start_code(nal.bytes(), 0) {
            None => Ok(nal),
            Some(_) => Err(H264Error::StartCodeInside { offset }),
        });
        let nal = checked.inspect_err(|_| out.truncate(kept))?;
        before(nal.kind(), out);
        annexb::push(nal, out);
        offset += length_size.bytes() + nal.bytes().len();
    }
    Ok(())
}

/// Appends the byte stream's NAL units to `out`, each behind a four-byte length.
///
/// # Errors
/// When `data` does not begin with a start code, holds no unit, or is above [`MAX_ACCESS_UNIT`].
pub fn from_annexb(data: &[u8], out: &mut Vec<u8>) -> Result<(), H264Error> {
    check_size(data)?;
    let kept = out.len();
    out.reserve(data.len() + 4);
    for nal in annexb::units(data)? {
        let len = u32::try_from(nal.bytes().len()).expect("a unit is shorter than its checked access unit");
        out.extend_from_slice(&len.to_be_bytes());
        out.extend_from_slice(nal.bytes());
    }
    if out.len() == kept { Err(H264Error::Empty("the access unit")) } else { Ok(()) }
}

fn check_size(data: &[u8]) -> Result<(), H264Error> {
    match data.len() {
        0 => Err(H264Error::Empty("the access unit")),
        1..=MAX_ACCESS_UNIT => Ok(()),
        len => Err(H264Error::TooLong { what: "bytes of an access unit", len, max: MAX_ACCESS_UNIT }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(sample: &[u8], length_size: LengthSize) -> Result<Vec<u8>, H264Error> {
        let mut out = Vec::new();
        to_annexb(sample, length_size, &mut out).map(|()| out)
    }

    #[test]
    fn every_length_size_is_read() {
        let expected = Ok(vec![0, 0, 0, 1, 0x67, 0xaa, 0, 0, 0, 1, 0x68]);
        assert_eq!(converted(&[2, 0x67, 0xaa, 1, 0x68], LengthSize::One), expected);
        assert_eq!(converted(&[0, 2, 0x67, 0xaa, 0, 1, 0x68], LengthSize::Two), expected);
        assert_eq!(converted(&[0, 0, 0, 2, 0x67, 0xaa, 0, 0, 0, 1, 0x68], LengthSize::Four), expected);
        assert_eq!(LengthSize::try_from(3), Err(H264Error::LengthSize(3)));
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        let beyond = H264Error::LengthBeyondEnd { offset: 3, len: 9, left: 1 };
        assert_eq!(converted(&[2, 0x67, 0xaa, 9, 0x68], LengthSize::One), Err(beyond));
        let huge = converted(&[0xff, 0xff, 0xff, 0xff, 1], LengthSize::Four);
        assert_eq!(huge, Err(H264Error::LengthBeyondEnd { offset: 0, len: 0xffff_ffff, left: 1 }));
        let short = H264Error::Ended { field: "NAL unit length", bit: 24 };
        assert_eq!(converted(&[0, 1, 0x67, 0], LengthSize::Two), Err(short));
        assert_eq!(converted(&[0], LengthSize::One), Err(H264Error::Empty("a NAL unit")));
        assert_eq!(converted(&[], LengthSize::One), Err(H264Error::Empty("the access unit")));
    }

    #[test]
    fn a_unit_that_annex_b_would_split_is_refused_and_leaves_no_trace() {
        let sample = [1, 9, 5, 0x65, 0, 0, 1, 0x65];
        let mut out = vec![7];
        let refused = to_annexb(&sample, LengthSize::One, &mut out);
        assert_eq!((refused, out), (Err(H264Error::StartCodeInside { offset: 2 }), vec![7]));
    }

    #[test]
    fn a_byte_stream_without_units_has_no_sample() {
        assert_eq!(from_annexb(&[0, 0, 1, 0, 0, 1], &mut Vec::new()), Err(H264Error::Empty("the access unit")));
    }
}
