//! Why there is no picture.

use std::io;

use lunette_frame::{Rect, Size};

/// Why there is no picture, or not the one that was asked for.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The stream cannot be had, or ended.
    #[error("the stream gives no pictures: {0}")]
    Feed(String),
    /// The stream does not decode.
    #[error("the stream cannot be decoded: {0}")]
    Decode(String),
    /// No picture came in time.
    #[error("the stream gave no picture in time")]
    NoPicture,
    /// The region lies outside of the picture, or is empty.
    #[error("the region {},{},{},{} has no pixel in a picture of {size}", .region.x, .region.y, .region.width, .region.height)]
    Region {
        /// What was asked for.
        region: Rect,
        /// The picture's size.
        size: Size,
    },
    /// The cursor's pixels do not fit its size.
    #[error("a cursor of {size} has {given} bytes of pixels")]
    Cursor {
        /// Its size.
        size: Size,
        /// Bytes that were given.
        given: usize,
    },
    /// A picture of this size is not possible.
    #[error("a picture of {0} cannot be converted")]
    Convert(Size, #[source] yuv::YuvError),
    /// The encoder of the file refused.
    #[error("cannot make a {format} of {size}")]
    Encode {
        /// The file's format.
        format: &'static str,
        /// The picture's size.
        size: Size,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No thread to decode on.
    #[error("cannot start the thread that decodes")]
    Thread(#[source] io::Error),
}
