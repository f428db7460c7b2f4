//! How the encoder is set up, and why.

use std::ffi::{c_int, c_uchar};

use openh264_sys2 as ffi;

use crate::Error;

/// Least pixels on a side.
pub const MIN_SIDE: u32 = 16;
/// Most pixels in a picture whose sides are rounded up to macroblocks of 16: that of level 5.2, the library's highest.
/// `InitializeExt` refuses more.
pub const MAX_PIXELS: u32 = 36_864 * 256;
/// Most pixels on a side, which the library does not check: √(8 · macroblocks) by ITU-T H.264, A.3.1.
pub const MAX_SIDE: u32 = 8_688;
/// Most threads that the library starts.
const MAX_THREADS: u16 = 4;

/// What differs from one encoder to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Pixels per row, even.
    pub width: u32,
    /// Rows, even.
    pub height: u32,
    /// Planned pictures per second; decides the level written into the stream.
    pub fps: f32,
    /// Greatest bit rate expected; decides the level written into the stream.
    pub max_bitrate: u32,
    /// Threads, 1 to 4; each codes one slice of every picture.
    pub threads: u16,
    /// Quantiser of the first picture, 0 to 51.
    pub qp: u8,
}

impl Settings {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let range = |what, given: u64, from: u64, to: u64| {
            if (from..=to).contains(&given) { Ok(()) } else { Err(Error::Setting { what, given, from, to }) }
        };
        range("width", self.width.into(), MIN_SIDE.into(), MAX_SIDE.into())?;
        range("height", self.height.into(), MIN_SIDE.into(), MAX_SIDE.into())?;
        let whole = |side: u32| u64::from(side).next_multiple_of(16);
        range("pixels in macroblocks", whole(self.width) * whole(self.height), 256, MAX_PIXELS.into())?;
        range("odd bit of width", u64::from(self.width % 2), 0, 0)?;
        range("odd bit of height", u64::from(self.height % 2), 0, 0)?;
        range("threads", self.threads.into(), 1, MAX_THREADS.into())?;
        range("QP", self.qp.into(), 0, 51)
    }

    /// Fills the library's defaults with what suits a screen. `cargo run --release -p lunette-encode --example
    /// encode_cost` tells what a line costs when it is changed; docs/decisions/002 has such figures.
    ///
    /// * Camera mode, low complexity: screen mode searches for moved blocks, at several times the cost.
    /// * The library's rate control off: it counts pictures and starts blurry. Our caller sets the QP of every picture.
    /// * Background detection off: it costs more in a scroll than it saves in a small change, and leaves stale pixels
    ///   where a change is faint.
    /// * Loop filter off: text has no blocks to smooth, so it costs time and bytes.
    pub(crate) fn apply(&self, param: &mut ffi::SEncParamExt) {
        let clamp = |value: u32| c_int::try_from(value).unwrap_or(c_int::MAX);
        param.iUsageType = ffi::CAMERA_VIDEO_REAL_TIME;
        param.iComplexityMode = ffi::LOW_COMPLEXITY;
        param.iPicWidth = clamp(self.width);
        param.iPicHeight = clamp(self.height);
        param.fMaxFrameRate = self.fps;
        param.iTargetBitrate = clamp(self.max_bitrate);
        param.iMaxBitrate = clamp(self.max_bitrate);
        param.iRCMode = ffi::RC_OFF_MODE;
        param.iMinQp = 0;
        param.iMaxQp = 51;
        param.iMultipleThreadIdc = self.threads;
        param.iNumRefFrame = 1;
        // IDRs come on demand only, always with the same parameter set ids, so that any IDR can start a decoder.
        param.uiIntraPeriod = 0;
        param.eSpsPpsIdStrategy = ffi::CONSTANT_ID;
        param.bEnableSceneChangeDetect = false;
        param.bEnableFrameSkip = false;
        param.bEnableBackgroundDetection = false;
        param.bEnableAdaptiveQuant = false;
        param.bEnableDenoise = false;
        param.bEnableFrameCroppingFlag = true;
        param.iEntropyCodingModeFlag = 0;
        param.iLoopFilterDisableIdc = 1;
        self.apply_layer(&mut param.sSpatialLayers[0], clamp(self.max_bitrate));
    }

    fn apply_layer(&self, layer: &mut ffi::SSpatialLayerConfig, bitrate: c_int) {
        layer.iVideoWidth = c_int::try_from(self.width).unwrap_or(c_int::MAX);
        layer.iVideoHeight = c_int::try_from(self.height).unwrap_or(c_int::MAX);
        layer.fFrameRate = self.fps;
        layer.iSpatialBitrate = bitrate;
        layer.iMaxSpatialBitrate = bitrate;
        layer.iDLayerQp = c_int::from(self.qp);
        layer.uiProfileIdc = ffi::PRO_BASELINE;
        layer.bVideoSignalTypePresent = true;
        layer.bFullRange = false;
        layer.bColorDescriptionPresent = true;
        layer.uiVideoFormat = code(ffi::VF_UNDEF);
        layer.uiColorPrimaries = code(ffi::CP_BT709);
        layer.uiTransferCharacteristics = code(ffi::TRC_BT709);
        layer.uiColorMatrix = code(ffi::CM_BT709);
        if self.threads > 1 {
            layer.sSliceArgument.uiSliceMode = ffi::SM_FIXEDSLCNUM_SLICE;
            layer.sSliceArgument.uiSliceNum = self.threads.into();
        }
    }
}

fn code(value: c_int) -> c_uchar {
    c_uchar::try_from(value).unwrap_or(c_uchar::MAX)
}
