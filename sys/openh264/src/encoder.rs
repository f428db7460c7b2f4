//! The encoder.

use std::ffi::{c_int, c_void};
use std::ptr::{self, NonNull};

use bytes::BytesMut;
use openh264_sys2::source::APILoader;
use openh264_sys2::{self as ffi, ISVCEncoder, ISVCEncoderVtbl, SEncParamExt, SFrameBSInfo, SLayerBSInfo};

use crate::{Error, I420, Settings};

/// Kind of a coded picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameType {
    /// Starts a stream; SPS and PPS come with it.
    Idr,
    /// Anything else that carries slices.
    Inter,
    /// The library produced no bytes.
    Skipped,
}

/// One instance of the library's encoder.
///
/// ```text
///   WelsCreateSVCEncoder ─▶ InitializeExt ─▶ EncodeFrame … ─▶ Uninitialize ─▶ WelsDestroySVCEncoder
/// ```
pub struct Encoder {
    instance: NonNull<ISVCEncoder>,
    settings: Settings,
    param: Box<SEncParamExt>,
    /// 7 kB; kept, so that a picture does not clear it anew.
    info: Box<SFrameBSInfo>,
}

// SAFETY: the library keeps no thread-local state for an instance; any thread may call it, one at a time, and `&mut`
// sees to that.
unsafe impl Send for Encoder {}

impl Encoder {
    /// An encoder whose first picture will be an IDR.
    ///
    /// # Errors
    /// When a setting is out of range, or the library refuses them together.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        settings.check()?;
        let mut created = ptr::null_mut();
        // SAFETY: the library writes one pointer.
        let code = unsafe { APILoader::WelsCreateSVCEncoder(&raw mut created) };
        let instance = NonNull::new(created).filter(|_| code == 0).ok_or(Error::Create { what: "encoder" })?;
        let mut encoder = Self { instance, settings, param: Box::default(), info: Box::default() };
        encoder.initialize()?;
        Ok(encoder)
    }

    /// The settings, with the QP in force.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    fn initialize(&mut self) -> Result<(), Error> {
        let encoder = self.instance.as_ptr();
        let mut quiet: c_int = ffi::WELS_LOG_QUIET;
        self.set_option(ffi::ENCODER_OPTION_TRACE_LEVEL, (&raw mut quiet).cast())?;
        let call = self.table().GetDefaultParams.ok_or(Error::Create { what: "encoder" })?;
        // SAFETY: the instance lives; the library fills the struct.
        check("GetDefaultParams", unsafe { call(encoder, &raw mut *self.param) })?;
        self.settings.apply(&mut self.param);
        let call = self.table().InitializeExt.ok_or(Error::Create { what: "encoder" })?;
        // SAFETY: the instance lives; the library copies the struct.
        check("InitializeExt", unsafe { call(encoder, &raw const *self.param) })
    }

    fn table(&self) -> &ISVCEncoderVtbl {
        // SAFETY: an instance starts with a pointer to the library's static table, from creation to destruction.
        unsafe { &**self.instance.as_ptr() }
    }

    fn set_option(&mut self, option: ffi::ENCODER_OPTION, value: *mut c_void) -> Result<(), Error> {
        let call = self.table().SetOption.ok_or(Error::Create { what: "encoder" })?;
        // SAFETY: both callers point at a live value of the type that their option asks for.
        check("SetOption", unsafe { call(self.instance.as_ptr(), option, value) })
    }

    /// Makes the next picture an IDR.
    ///
    /// # Errors
    /// When the library refuses.
    pub fn force_idr(&mut self) -> Result<(), Error> {
        let call = self.table().ForceIntraFrame.ok_or(Error::Create { what: "encoder" })?;
        // SAFETY: the instance lives and is initialised.
        check("ForceIntraFrame", unsafe { call(self.instance.as_ptr(), true) })
    }

    /// Quantiser of the pictures from now on; takes effect without an IDR.
    ///
    /// # Errors
    /// When `qp` is above 51.
    pub fn set_qp(&mut self, qp: u8) -> Result<(), Error> {
        if qp == self.settings.qp {
            return Ok(());
        }
        let settings = Settings { qp, ..self.settings };
        settings.check()?;
        // Only the QP may differ from what the library was initialised with: most other fields would restart it.
        self.param.sSpatialLayers[0].iDLayerQp = c_int::from(qp);
        let param = (&raw mut *self.param).cast();
        self.set_option(ffi::ENCODER_OPTION_SVC_ENCODE_PARAM_EXT, param)?;
        self.settings = settings;
        Ok(())
    }

    /// Encodes a picture and appends its NAL units, with start codes, to `out`.
    ///
    /// The library reads no sample beyond the width and height of the settings. After a failure the instance is of
    /// no further use: drop it.
    ///
    /// # Errors
    /// When a plane is too short, or the library fails.
    pub fn encode(&mut self, picture: &I420<'_>, out: &mut BytesMut) -> Result<FrameType, Error> {
        let source = picture.describe(self.settings.width, self.settings.height)?;
        let call = self.table().EncodeFrame.ok_or(Error::Create { what: "encoder" })?;
        // SAFETY: `describe` checked that the planes hold the samples that the library reads; it does not write them
        // and keeps no pointer to them.
        let code = unsafe { call(self.instance.as_ptr(), &raw const source, &raw mut *self.info) };
        check("EncodeFrame", code)?;
        let layers = usize::try_from(self.info.iLayerNum).unwrap_or(0);
        for layer in self.info.sLayerInfo.iter().take(layers) {
            append(layer, out);
        }
        Ok(match self.info.eFrameType {
            ffi::videoFrameTypeIDR => FrameType::Idr,
            ffi::videoFrameTypeSkip | ffi::videoFrameTypeInvalid => FrameType::Skipped,
            _ => FrameType::Inter,
        })
    }
}

/// Appends the NAL units of one layer; they lie one after another.
fn append(layer: &SLayerBSInfo, out: &mut BytesMut) {
    let count = usize::try_from(layer.iNalCount).unwrap_or(0);
    if count == 0 || layer.pBsBuf.is_null() || layer.pNalLengthInByte.is_null() {
        return;
    }
    // SAFETY: the library just wrote `iNalCount` lengths; they stay valid until its next call.
    let lengths = unsafe { std::slice::from_raw_parts(layer.pNalLengthInByte, count) };
    let bytes: usize = lengths.iter().map(|length| usize::try_from(*length).unwrap_or(0)).sum();
    // SAFETY: the NAL units of a layer fill `pBsBuf` without gaps, and stay valid until the library's next call.
    out.extend_from_slice(unsafe { std::slice::from_raw_parts(layer.pBsBuf, bytes) });
}

fn check(call: &'static str, code: c_int) -> Result<(), Error> {
    if code == ffi::cmResultSuccess { Ok(()) } else { Err(Error::Encoder { call, code }) }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        if let Some(uninitialize) = self.table().Uninitialize {
            // SAFETY: the instance lives; the library ignores the call when initialising had failed.
            unsafe { uninitialize(self.instance.as_ptr()) };
        }
        // SAFETY: created by this library, destroyed once, and not used again.
        unsafe { APILoader::WelsDestroySVCEncoder(self.instance.as_ptr()) };
    }
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("settings", &self.settings).finish_non_exhaustive()
    }
}
