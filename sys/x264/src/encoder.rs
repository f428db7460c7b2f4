//! The encoder.

use std::ffi::{c_int, c_void};
use std::ptr::{self, NonNull};

use bytes::BytesMut;

use crate::layout::{CSP_I420, Nal, Picture, TYPE_AUTO, TYPE_IDR};
use crate::{Error, Library, Settings};

/// Three borrowed planes: luma, Cb, Cr. The chroma planes have half the width and height.
#[derive(Debug, Clone, Copy)]
pub struct I420<'a> {
    /// The samples of each plane.
    pub planes: [&'a [u8]; 3],
    /// Bytes from one row to the next, for each plane.
    pub strides: [usize; 3],
}

/// Kind of a picture, asked for or coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureType {
    /// Starts a stream; SPS and PPS come with it.
    Idr,
    /// Builds on the pictures before; the very first one becomes an IDR all the same.
    Inter,
}

/// One open encoder.
pub struct Encoder {
    library: Library,
    handle: NonNull<c_void>,
    settings: Settings,
    count: i64,
}

// SAFETY: the library has no thread-local state for an encoder; any thread may call it, one at a time, and `&mut`
// sees to that.
unsafe impl Send for Encoder {}

impl Encoder {
    /// Opens an encoder whose first picture will be an IDR.
    ///
    /// # Errors
    /// When a setting is out of range, or the library refuses them together.
    pub fn open(library: &Library, settings: Settings) -> Result<Self, Error> {
        settings.check()?;
        let mut param = settings.param(&library.api)?;
        // SAFETY: the library filled the struct and copies it.
        let handle = unsafe { (library.api.open)(param.as_mut_ptr()) };
        let refused = Error::Open { width: settings.width, height: settings.height };
        let handle = NonNull::new(handle).ok_or(refused)?;
        Ok(Self { library: library.clone(), handle, settings, count: 0 })
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Encodes a picture at `qp`, 11 to 51, and appends its NAL units, with start codes, to `out`.
    ///
    /// # Errors
    /// When a plane is too short, or the library fails.
    pub fn encode(
        &mut self,
        picture: &I420<'_>,
        kind: PictureType,
        qp: u8,
        out: &mut BytesMut,
    ) -> Result<PictureType, Error> {
        let mut given = self.describe(picture)?;
        given.kind = if kind == PictureType::Idr { TYPE_IDR } else { TYPE_AUTO };
        given.qp_plus_one = c_int::from(qp.min(51)) + 1;
        given.pts = self.count;
        let mut coded = Picture::filled(0);
        let (mut nals, mut count) = (ptr::null_mut::<Nal>(), 0);
        let handle = self.handle.as_ptr();
        // SAFETY: the encoder is open; `describe` checked that the planes hold the picture, which the call copies.
        let bytes =
            unsafe { (self.library.api.encode)(handle, &raw mut nals, &raw mut count, &raw mut given, &raw mut coded) };
        self.count += 1;
        let length = usize::try_from(bytes).unwrap_or(0);
        if length == 0 || count <= 0 || nals.is_null() {
            return Err(Error::Encode { code: bytes });
        }
        // SAFETY: the NAL units of a picture lie one after another, `bytes` in all, valid until the next call.
        out.extend_from_slice(unsafe { std::slice::from_raw_parts((*nals).payload, length) });
        Ok(if coded.kind == TYPE_IDR { PictureType::Idr } else { PictureType::Inter })
    }

    fn describe(&self, picture: &I420<'_>) -> Result<Picture, Error> {
        let mut given = Picture::filled(0);
        // SAFETY: the struct has spare room behind the fields of any known build.
        unsafe { (self.library.api.picture_init)(&raw mut given) };
        given.image.csp = CSP_I420;
        given.image.plane_count = 3;
        for (index, plane) in picture.planes.iter().enumerate() {
            let shift = u32::from(index > 0);
            let (row, rows) = ((self.settings.width >> shift) as usize, (self.settings.height >> shift) as usize);
            let stride = picture.strides[index];
            let needed = stride.checked_mul(rows - 1).and_then(|bytes| bytes.checked_add(row)).unwrap_or(usize::MAX);
            if stride < row || plane.len() < needed {
                return Err(Error::Plane { plane: index, given: plane.len(), needed: needed.max(row) });
            }
            given.image.strides[index] = c_int::try_from(stride).map_err(|_| too_wide(stride))?;
            given.image.planes[index] = plane.as_ptr().cast_mut();
        }
        Ok(given)
    }
}

fn too_wide(stride: usize) -> Error {
    Error::Setting { what: "stride", given: stride as u64, from: 1, to: c_int::MAX as u64 }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: opened by this library, closed once, and not used again.
        unsafe { (self.library.api.close)(self.handle.as_ptr()) };
    }
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("settings", &self.settings).finish_non_exhaustive()
    }
}
