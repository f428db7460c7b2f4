//! The decoder.

use std::ffi::{c_int, c_long};
use std::ptr::{self, NonNull};

use openh264_sys2::source::APILoader;
use openh264_sys2::{self as ffi, ISVCDecoder, ISVCDecoderVtbl, SBufferInfo, SDecodingParam};

use crate::Error;

/// One instance of the library's decoder. It conceals nothing: a damaged stream is an error.
///
/// ```text
///   WelsCreateDecoder ─▶ Initialize ─▶ DecodeFrame2 … FlushFrame ─▶ Uninitialize ─▶ WelsDestroyDecoder
/// ```
pub struct Decoder {
    instance: NonNull<ISVCDecoder>,
}

// SAFETY: the library keeps no thread-local state for an instance; any thread may call it, one at a time, and `&mut`
// sees to that.
unsafe impl Send for Decoder {}

/// A decoded picture, borrowed from the decoder until its next call.
#[derive(Debug, Clone, Copy)]
pub struct Decoded<'a> {
    /// Pixels per row, after cropping.
    pub width: u32,
    /// Rows, after cropping.
    pub height: u32,
    /// Luma, Cb and Cr.
    pub planes: [&'a [u8]; 3],
    /// Bytes from one row to the next, for each plane.
    pub strides: [usize; 3],
}

impl Decoder {
    /// A decoder that has seen nothing yet.
    ///
    /// # Errors
    /// When the library has no memory.
    pub fn new() -> Result<Self, Error> {
        let mut created = ptr::null_mut();
        // SAFETY: the library writes one pointer.
        let code = unsafe { APILoader::WelsCreateDecoder(&raw mut created) };
        let instance = NonNull::new(created).filter(|_| code == 0).ok_or(Error::Create { what: "decoder" })?;
        let decoder = Self { instance };
        decoder.initialize()?;
        Ok(decoder)
    }

    fn initialize(&self) -> Result<(), Error> {
        let (decoder, table) = (self.instance.as_ptr(), self.table());
        let (Some(set_option), Some(initialize)) = (table.SetOption, table.Initialize) else {
            return Err(Error::Create { what: "decoder" });
        };
        let mut quiet: c_int = ffi::WELS_LOG_QUIET;
        // SAFETY: the instance lives; this option takes a pointer to an int, read before the call returns.
        check("SetOption", unsafe { set_option(decoder, ffi::DECODER_OPTION_TRACE_LEVEL, (&raw mut quiet).cast()) })?;
        let mut param = SDecodingParam { eEcActiveIdc: ffi::ERROR_CON_DISABLE, ..SDecodingParam::default() };
        param.sVideoProperty.eVideoBsType = ffi::VIDEO_BITSTREAM_AVC;
        // SAFETY: the instance lives; the library copies the struct.
        check("Initialize", unsafe { initialize(decoder, &raw const param) })
    }

    fn table(&self) -> &ISVCDecoderVtbl {
        // SAFETY: an instance starts with a pointer to the library's static table, from creation to destruction.
        unsafe { &**self.instance.as_ptr() }
    }

    /// Decodes one whole access unit in Annex B form.
    ///
    /// A stream without reordering gives its picture at once; `None` means that the library wants more.
    ///
    /// # Errors
    /// When the unit is damaged or needs something that was not decoded before.
    pub fn decode(&mut self, unit: &[u8]) -> Result<Option<Decoded<'_>>, Error> {
        let call = self.table().DecodeFrameNoDelay.ok_or(Error::Create { what: "decoder" })?;
        let length = c_int::try_from(unit.len()).map_err(|_| Error::Setting {
            what: "access unit length",
            given: unit.len() as u64,
            from: 0,
            to: c_int::MAX as u64,
        })?;
        let mut planes = [ptr::null_mut(); 3];
        let mut info = SBufferInfo::default();
        let planes_out = planes.as_mut_ptr();
        // SAFETY: `unit` is readable for `length` bytes during the call; the library writes three pointers and `info`.
        let state = unsafe { call(self.instance.as_ptr(), unit.as_ptr(), length, planes_out, &raw mut info) };
        finish("DecodeFrameNoDelay", state, &info)
    }

    /// Takes a picture that the library still holds back; `None` when there is none.
    ///
    /// # Errors
    /// When the library fails.
    pub fn flush(&mut self) -> Result<Option<Decoded<'_>>, Error> {
        let call = self.table().FlushFrame.ok_or(Error::Create { what: "decoder" })?;
        let mut planes = [ptr::null_mut(); 3];
        let mut info = SBufferInfo::default();
        // SAFETY: the instance lives; the library writes three pointers and `info`.
        let state = unsafe { call(self.instance.as_ptr(), planes.as_mut_ptr(), &raw mut info) };
        finish("FlushFrame", state, &info)
    }
}

/// Borrows the picture that `info` describes; its lifetime is tied to the decoder by the callers' signatures.
fn finish<'a>(call: &'static str, state: c_int, info: &SBufferInfo) -> Result<Option<Decoded<'a>>, Error> {
    if state != ffi::dsErrorFree {
        return Err(Error::Decoder { call, state });
    }
    if info.iBufferStatus != 1 {
        return Ok(None);
    }
    // SAFETY: the union has this one member.
    let buffer = unsafe { info.UsrData.sSystemBuffer };
    let number = |value: c_int| usize::try_from(value).unwrap_or(0);
    let (width, height) = (number(buffer.iWidth), number(buffer.iHeight));
    let strides = [number(buffer.iStride[0]), number(buffer.iStride[1]), number(buffer.iStride[1])];
    let mut planes: [&[u8]; 3] = [&[]; 3];
    for (index, plane) in planes.iter_mut().enumerate() {
        let shift = usize::from(index > 0);
        let (row, rows) = (width >> shift, height >> shift);
        if info.pDst[index].is_null() || rows == 0 || strides[index] < row {
            return Err(Error::Decoder { call, state });
        }
        let length = strides[index] * (rows - 1) + row;
        // SAFETY: the library says that the plane holds `rows` rows of `row` samples at this stride; it stays until
        // the next call, which needs the `&mut` that the result borrows.
        *plane = unsafe { std::slice::from_raw_parts(info.pDst[index], length) };
    }
    let side = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Ok(Some(Decoded { width: side(width), height: side(height), planes, strides }))
}

fn check(call: &'static str, code: impl Into<c_long>) -> Result<(), Error> {
    match code.into() {
        0 => Ok(()),
        code => Err(Error::Decoder { call, state: c_int::try_from(code).unwrap_or(c_int::MAX) }),
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        if let Some(uninitialize) = self.table().Uninitialize {
            // SAFETY: the instance lives; the library frees what initialising made, if anything.
            unsafe { uninitialize(self.instance.as_ptr()) };
        }
        // SAFETY: created by this library, destroyed once, and not used again.
        unsafe { APILoader::WelsDestroyDecoder(self.instance.as_ptr()) };
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}
