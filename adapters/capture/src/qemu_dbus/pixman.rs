//! Pixman's names for pixel layouts.

use lunette_frame::PixelFormat;

use super::error::Fault;

/// 8 bits each, in words of 32 bits: alpha or nothing, red, green, blue, from the highest bits down.
const A8R8G8B8: u32 = 0x2002_8888;
const X8R8G8B8: u32 = 0x2002_0888;
/// As above with red and blue exchanged.
const A8B8G8R8: u32 = 0x2003_8888;
const X8B8G8R8: u32 = 0x2003_0888;

/// The layout that a code stands for, on a little-endian host.
pub(super) fn pixel_format(code: u32) -> Result<PixelFormat, Fault> {
    match code {
        A8R8G8B8 => Ok(PixelFormat::Bgra),
        X8R8G8B8 => Ok(PixelFormat::Bgrx),
        A8B8G8R8 => Ok(PixelFormat::Rgba),
        X8B8G8R8 => Ok(PixelFormat::Rgbx),
        other => Err(Fault::Format(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_byte_pixels_are_known_and_others_named() {
        assert_eq!(pixel_format(0x2002_0888), Ok(PixelFormat::Bgrx));
        assert_eq!(pixel_format(0x2003_8888), Ok(PixelFormat::Rgba));
        let refused = pixel_format(0x1002_0565).unwrap_err();
        assert_eq!(refused.to_string(), "pixels of pixman format 0x10020565 cannot be shown");
    }
}
