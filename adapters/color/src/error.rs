//! What can go wrong between two pictures.

use lunette_frame::{PixelFormat, Size};

/// A conversion that was refused.
#[derive(Debug, thiserror::Error)]
pub enum ColorError {
    /// Source and target differ in size.
    #[error("a {from} picture does not convert into one of {to}")]
    Size {
        /// The source's size.
        from: Size,
        /// The target's size.
        to: Size,
    },
    /// The damage belongs to a picture of another size.
    #[error("damage of a {damage} picture does not describe one of {picture}")]
    Damage {
        /// The size that the damage was made for.
        damage: Size,
        /// The pictures' size.
        picture: Size,
    },
    /// No conversion between these formats.
    #[error("no conversion from {from} to {to}")]
    Formats {
        /// The source's format.
        from: PixelFormat,
        /// The target's format.
        to: PixelFormat,
    },
    /// The source's rows are further apart than the kernel can count.
    #[error("a stride of {0} bytes is above 4 GiB")]
    Stride(usize),
    /// The kernel refused a rectangle.
    #[error("cannot convert a block of {size}")]
    Kernel {
        /// The rectangle's size.
        size: Size,
        /// Its reason.
        source: yuv::YuvError,
    },
}
