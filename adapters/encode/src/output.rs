//! From NAL units to access units: the one place that every IDR of every backend passes.

use std::borrow::Cow;

use bytes::BytesMut;
use lunette_frame::{AccessUnit, Pts, Size, UnitKind};
use lunette_h264::{AccessUnitFacts, Colour, H264Error, LowDelay};

/// Units share a block of this size, which is used again once nobody holds a unit of it.
const BLOCK: usize = 256 * 1024;
/// Below this much room a new block begins.
const LEAST_ROOM: usize = 16 * 1024;

/// What is written into every SPS: nothing is reordered, and colours are BT.709, whoever encoded it.
///
/// `constraint_set3_flag` is not: ITU-T H.264, 7.4.2.1.1, leaves no level at which a stream like ours may gain it, and
/// the restriction in the VUI says the same where every decoder looks. Clients that ask for `avc1.42d028`, which has
/// it set, name the decoder that they want; they do not compare the SPS with it.
const LOW_DELAY: LowDelay = LowDelay { colour: Colour::Bt709WhenAbsent };

/// What is wrong with an encoder's output. It does not reach a viewer.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OutputError {
    /// The bytes are not H.264.
    #[error("the output does not parse")]
    Parse(#[from] H264Error),
    /// A delta where an IDR was ordered, or an IDR without parameter sets.
    #[error("expected one IDR picture with SPS and PPS, got {0:?}")]
    NotAnIdr(Box<AccessUnitFacts>),
    /// The SPS promises another size.
    #[error("the stream says {found}, expected {expected}")]
    Size {
        /// Visible size by the SPS.
        found: Size,
        /// Size ordered.
        expected: Size,
    },
    /// The library gave no bytes.
    #[error("no bytes came out")]
    Empty,
}

/// Collects the bytes of one unit after another.
#[derive(Debug, Default)]
pub(crate) struct Output {
    buffer: BytesMut,
}

impl Output {
    /// The empty buffer that the next unit is written into.
    pub(crate) fn buffer(&mut self) -> &mut BytesMut {
        self.buffer.clear();
        if self.buffer.capacity() < LEAST_ROOM {
            self.buffer.reserve(BLOCK);
        }
        &mut self.buffer
    }

    /// The unit in the buffer. An IDR is checked and its SPS made low-delay; of a delta nothing is read.
    ///
    /// # Errors
    /// When an IDR could not start a decoder, or has another size than `size`.
    pub(crate) fn unit(&mut self, kind: UnitKind, pts: Pts, size: Size) -> Result<AccessUnit, OutputError> {
        let mut data = self.buffer.split();
        if data.is_empty() {
            return Err(OutputError::Empty);
        }
        if kind == UnitKind::Idr {
            if let Cow::Owned(rewritten) = LOW_DELAY.rewrite_access_unit(&data)? {
                self.buffer.extend_from_slice(&rewritten);
                data = self.buffer.split();
            }
            check_idr(&data, size)?;
        }
        Ok(AccessUnit { kind, pts, size, data: data.freeze() })
    }
}

fn check_idr(data: &[u8], expected: Size) -> Result<(), OutputError> {
    let facts = AccessUnitFacts::inspect(data)?;
    match facts.sps {
        Some(sps) if facts.kind() == UnitKind::Idr && facts.is_one_picture() && sps.is_low_delay => {
            if sps.visible == expected { Ok(()) } else { Err(OutputError::Size { found: sps.visible, expected }) }
        }
        _ => Err(OutputError::NotAnIdr(Box::new(facts))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idr_without_parameter_sets_does_not_leave() {
        let mut output = Output::default();
        output.buffer().extend_from_slice(&[0, 0, 0, 1, 0x65, 0x88, 1]);
        let refused = output.unit(UnitKind::Idr, Pts::from_nanos(0), Size::new(16, 16)).unwrap_err();
        assert!(matches!(refused, OutputError::NotAnIdr(facts) if facts.is_idr && !facts.has_sps()));
    }

    #[test]
    fn no_bytes_are_no_unit() {
        let mut output = Output::default();
        output.buffer();
        let refused = output.unit(UnitKind::Delta, Pts::from_nanos(0), Size::new(16, 16)).unwrap_err();
        assert_eq!(refused, OutputError::Empty);
    }

    #[test]
    fn memory_of_units_that_were_dropped_is_used_again() {
        let mut output = Output::default();
        let mut blocks = std::collections::BTreeSet::new();
        for n in 0..1000 {
            output.buffer().extend_from_slice(&[0; 4096]);
            let unit = output.unit(UnitKind::Delta, Pts::from_nanos(n), Size::new(16, 16)).expect("a unit");
            blocks.insert(unit.data.as_ptr().addr() / BLOCK);
        }
        assert!(blocks.len() <= 3, "4 MB of units touched {} blocks", blocks.len());
    }
}
