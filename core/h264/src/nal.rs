//! NAL units: clause 7.3.1 (syntax), 7.4.1 and table 7-1 (types).

use std::borrow::Cow;
use std::fmt;

use crate::{H264Error, emulation};

/// Most bytes of a parameter set: what the 16-bit lengths of an avcC record can say.
pub const MAX_PARAMETER_SET: usize = u16::MAX as usize;

/// What a NAL unit carries (`nal_unit_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NalType {
    /// 1: a slice of a picture that needs earlier ones.
    Slice,
    /// 2: headers of a partitioned slice.
    PartitionA,
    /// 3: intra residual of a partitioned slice.
    PartitionB,
    /// 4: inter residual of a partitioned slice.
    PartitionC,
    /// 5: a slice of an IDR picture.
    IdrSlice,
    /// 6: supplemental enhancement information.
    Sei,
    /// 7: sequence parameter set.
    Sps,
    /// 8: picture parameter set.
    Pps,
    /// 9: access unit delimiter.
    Delimiter,
    /// 10: end of sequence.
    EndOfSequence,
    /// 11: end of stream.
    EndOfStream,
    /// 12: filler.
    Filler,
    /// 13: SPS extension, for auxiliary pictures.
    SpsExtension,
    /// 15: SPS of a scalable or multiview layer.
    SubsetSps,
    /// 19: a slice of an auxiliary picture, such as alpha.
    AuxiliarySlice,
    /// Every other number, extensions and reserved ones.
    Other(u8),
}

impl NalType {
    /// The type in a NAL unit's first byte.
    #[must_use]
    pub const fn from_header(header: u8) -> Self {
        match header & 0x1f {
            1 => Self::Slice,
            2 => Self::PartitionA,
            3 => Self::PartitionB,
            4 => Self::PartitionC,
            5 => Self::IdrSlice,
            6 => Self::Sei,
            7 => Self::Sps,
            8 => Self::Pps,
            9 => Self::Delimiter,
            10 => Self::EndOfSequence,
            11 => Self::EndOfStream,
            12 => Self::Filler,
            13 => Self::SpsExtension,
            15 => Self::SubsetSps,
            19 => Self::AuxiliarySlice,
            other => Self::Other(other),
        }
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Slice => 1,
            Self::PartitionA => 2,
            Self::PartitionB => 3,
            Self::PartitionC => 4,
            Self::IdrSlice => 5,
            Self::Sei => 6,
            Self::Sps => 7,
            Self::Pps => 8,
            Self::Delimiter => 9,
            Self::EndOfSequence => 10,
            Self::EndOfStream => 11,
            Self::Filler => 12,
            Self::SpsExtension => 13,
            Self::SubsetSps => 15,
            Self::AuxiliarySlice => 19,
            Self::Other(number) => number & 0x1f,
        }
    }

    /// Whether it carries part of the primary picture (types 1 to 5).
    #[must_use]
    pub const fn is_picture(self) -> bool {
        matches!(self, Self::Slice | Self::PartitionA | Self::PartitionB | Self::PartitionC | Self::IdrSlice)
    }

    /// Whether it begins with a slice header (types 1, 2 and 5).
    #[must_use]
    pub const fn has_slice_header(self) -> bool {
        matches!(self, Self::Slice | Self::PartitionA | Self::IdrSlice)
    }
}

impl fmt::Display for NalType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sps => f.write_str("SPS"),
            Self::Pps => f.write_str("PPS"),
            Self::IdrSlice => f.write_str("IDR slice"),
            other => write!(f, "type {}", other.number()),
        }
    }
}

/// One NAL unit, header byte included, start code or length excluded. Never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nal<'a>(&'a [u8]);

impl<'a> Nal<'a> {
    /// The NAL unit in these bytes; `None` when there are none.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Option<Self> {
        if bytes.is_empty() { None } else { Some(Self(bytes)) }
    }

    /// All its bytes, the header byte first.
    #[must_use]
    pub const fn bytes(self) -> &'a [u8] {
        self.0
    }

    /// What it carries.
    #[must_use]
    pub const fn kind(self) -> NalType {
        NalType::from_header(self.0[0])
    }

    /// `nal_ref_idc`: 0 when no other picture refers to it.
    #[must_use]
    pub const fn ref_idc(self) -> u8 {
        self.0[0] >> 5 & 3
    }

    /// The bytes after the header, still escaped.
    #[must_use]
    pub fn payload(self) -> &'a [u8] {
        &self.0[1..]
    }
}

/// The payload of a parameter set of kind `wanted`, emulation prevention removed.
pub(crate) fn parameter_set_rbsp(bytes: &[u8], wanted: NalType) -> Result<Cow<'_, [u8]>, H264Error> {
    let nal = Nal::new(bytes).ok_or(H264Error::Empty("a parameter set"))?;
    if bytes[0] & 0x80 != 0 {
        return Err(H264Error::ForbiddenBit(bytes[0]));
    }
    if nal.kind() != wanted {
        return Err(H264Error::UnexpectedNal { wanted, found: nal.kind() });
    }
    if bytes.len() > MAX_PARAMETER_SET {
        return Err(H264Error::TooLong { what: "bytes of a parameter set", len: bytes.len(), max: MAX_PARAMETER_SET });
    }
    Ok(emulation::unescape(nal.payload()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_keeps_its_number() {
        for number in 0..32 {
            assert_eq!(NalType::from_header(0x60 | number).number(), number);
        }
    }

    #[test]
    fn the_header_byte_gives_type_and_importance() {
        let nal = Nal::new(&[0x65, 0x88]).expect("not empty");
        assert_eq!((nal.kind(), nal.ref_idc(), nal.payload()), (NalType::IdrSlice, 3, &[0x88][..]));
        assert_eq!(Nal::new(&[]), None);
    }

    #[test]
    fn only_the_parameter_set_asked_for_is_opened() {
        let found = parameter_set_rbsp(&[0x68, 0xce], NalType::Sps);
        assert_eq!(found, Err(H264Error::UnexpectedNal { wanted: NalType::Sps, found: NalType::Pps }));
        assert_eq!(parameter_set_rbsp(&[0xe7], NalType::Sps), Err(H264Error::ForbiddenBit(0xe7)));
        assert_eq!(parameter_set_rbsp(&[], NalType::Sps), Err(H264Error::Empty("a parameter set")));
        let long = vec![0x67; MAX_PARAMETER_SET + 1];
        assert!(matches!(parameter_set_rbsp(&long, NalType::Sps), Err(H264Error::TooLong { .. })));
    }
}
