//! What can be wrong with a byte stream.

use lunette_frame::Size;

use crate::NalType;

/// Bytes that are not the H.264 they were said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum H264Error {
    /// The data ends inside a syntax element.
    #[error("{field} at bit {bit}: the data ends inside it")]
    Ended {
        /// The syntax element.
        field: &'static str,
        /// Where it starts, in bits.
        bit: usize,
    },
    /// An Exp-Golomb code of more than 32 bits.
    #[error("{field} at bit {bit}: an Exp-Golomb code beyond 32 bits")]
    GolombTooLong {
        /// The syntax element.
        field: &'static str,
        /// Where it starts, in bits.
        bit: usize,
    },
    /// A value that the clause of its syntax element forbids.
    #[error("{field} is {value}, allowed are {min} to {max}")]
    OutOfRange {
        /// The syntax element.
        field: &'static str,
        /// What was read.
        value: i64,
        /// Least allowed value.
        min: i64,
        /// Greatest allowed value.
        max: i64,
    },
    /// Data between the last syntax element and the end.
    #[error("{what}: no stop bit at bit {bit}, or data after it")]
    Trailing {
        /// What was parsed.
        what: &'static str,
        /// Where the stop bit was expected, in bits.
        bit: usize,
    },
    /// Another NAL unit than the one asked for.
    #[error("a NAL unit of {found} where {wanted} was expected")]
    UnexpectedNal {
        /// What was asked for.
        wanted: NalType,
        /// What was given.
        found: NalType,
    },
    /// The forbidden bit of a NAL unit's first byte is set.
    #[error("NAL header {0:#04x} has its forbidden bit set")]
    ForbiddenBit(u8),
    /// No bytes where a NAL unit, a record or an access unit should be.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// More bytes or items than the cap.
    #[error("{what}: {len}, at most {max} are allowed")]
    TooLong {
        /// What was too long.
        what: &'static str,
        /// Its length.
        len: usize,
        /// The cap.
        max: usize,
    },
    /// Data that does not begin with a start code, such as AVCC data.
    #[error("no Annex B start code at the beginning: byte {offset} is {byte:#04x}")]
    NoStartCode {
        /// The first byte that is not part of one.
        offset: usize,
        /// Its value.
        byte: u8,
    },
    /// A length prefix that reaches beyond the data.
    #[error("NAL unit at byte {offset}: {len} bytes announced, {left} are left")]
    LengthBeyondEnd {
        /// Where the length prefix starts.
        offset: usize,
        /// The length it gives.
        len: usize,
        /// Bytes after it.
        left: usize,
    },
    /// A start code inside a length-prefixed NAL unit: Annex B would split it.
    #[error("NAL unit at byte {offset}: holds a start code")]
    StartCodeInside {
        /// Where the NAL unit starts.
        offset: usize,
    },
    /// A decoder configuration record of another version than 1.
    #[error("avcC version {0} is not 1")]
    ConfigVersion(u8),
    /// A length size that the format has no code for.
    #[error("a length size of {0} bytes is not 1, 2 or 4")]
    LengthSize(u8),
    /// A needed parameter set is absent.
    #[error("there is no {0}")]
    Missing(NalType),
    /// A picture without macroblocks to the standard's limit.
    #[error("a picture of {width_mbs}x{height_mbs} macroblocks is not possible")]
    PictureSize {
        /// Columns of macroblocks.
        width_mbs: u32,
        /// Rows of macroblocks.
        height_mbs: u32,
    },
    /// Cropping that leaves no pixel.
    #[error("cropping {columns} columns and {rows} rows leaves nothing of {coded}")]
    Crop {
        /// The coded size.
        coded: Size,
        /// Columns cut off, left and right.
        columns: u64,
        /// Rows cut off, top and bottom.
        rows: u64,
    },
}
