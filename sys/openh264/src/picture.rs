//! The picture that the encoder reads.

use std::ffi::{c_int, c_uchar};

use openh264_sys2::{SSourcePicture, videoFormatI420};

use crate::Error;

/// Three borrowed planes: luma, Cb, Cr. The chroma planes have half the width and height.
#[derive(Debug, Clone, Copy)]
pub struct I420<'a> {
    /// The samples of each plane.
    pub planes: [&'a [u8]; 3],
    /// Bytes from one row to the next, for each plane.
    pub strides: [usize; 3],
}

impl I420<'_> {
    /// Describes the planes to the library after checking that `width`×`height` samples, both even, lie inside.
    pub(crate) fn describe(&self, width: u32, height: u32) -> Result<SSourcePicture, Error> {
        let mut source = SSourcePicture {
            iColorFormat: videoFormatI420,
            iPicWidth: c_int::try_from(width).unwrap_or(c_int::MAX),
            iPicHeight: c_int::try_from(height).unwrap_or(c_int::MAX),
            ..SSourcePicture::default()
        };
        for (index, plane) in self.planes.iter().enumerate() {
            let shift = u32::from(index > 0);
            let (row, rows) = ((width >> shift) as usize, (height >> shift) as usize);
            let stride = self.strides[index];
            let needed = stride.checked_mul(rows - 1).and_then(|bytes| bytes.checked_add(row)).unwrap_or(usize::MAX);
            if stride < row || plane.len() < needed {
                return Err(Error::Plane { plane: index, given: plane.len(), needed: needed.max(row) });
            }
            source.iStride[index] = c_int::try_from(stride).map_err(|_| too_wide(stride))?;
            source.pData[index] = plane.as_ptr().cast::<c_uchar>().cast_mut();
        }
        Ok(source)
    }
}

fn too_wide(stride: usize) -> Error {
    Error::Setting { what: "stride", given: stride as u64, from: 1, to: c_int::MAX as u64 }
}
