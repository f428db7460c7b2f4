//! x264, when it is installed and asked for by name.

use bytes::BytesMut;
use lunette_frame::{Quality, Size, UnitKind};
use lunette_sys_x264::{self as sys, I420, PictureType, Preset, Settings};

use crate::software::{BoxError, Library, Order, Software};
use crate::{EncodeError, Encoder, EncoderConfig, SizeLimit, quality};

pub(crate) const ULTRAFAST: &str = "x264";
pub(crate) const SUPERFAST: &str = "x264-superfast";

const MAX_THREADS: u16 = 16;

/// The library only warns above the highest level; no decoder has to play that.
pub(crate) const MAX: SizeLimit = SizeLimit { side: sys::MAX_SIDE, pixels: SizeLimit::H264.pixels };

struct X264 {
    library: sys::Library,
    preset: Preset,
}

/// Opens the encoder at its fastest.
pub(crate) fn open_ultrafast(config: &EncoderConfig) -> Result<Box<dyn Encoder>, EncodeError> {
    open(config, Preset::Ultrafast)
}

/// Opens the encoder one preset above.
pub(crate) fn open_superfast(config: &EncoderConfig) -> Result<Box<dyn Encoder>, EncodeError> {
    open(config, Preset::Superfast)
}

fn open(config: &EncoderConfig, preset: Preset) -> Result<Box<dyn Encoder>, EncodeError> {
    let library = sys::Library::load()
        .map_err(|error| EncodeError::Unavailable { backend: name(preset), reason: error.to_string() })?;
    tracing::debug!(file = library.file(), "loaded x264");
    Ok(Box::new(Software::new(X264 { library, preset }, config)?))
}

fn name(preset: Preset) -> &'static str {
    match preset {
        Preset::Ultrafast => ULTRAFAST,
        Preset::Superfast => SUPERFAST,
    }
}

impl Library for X264 {
    type Instance = sys::Encoder;

    fn name(&self) -> &'static str {
        name(self.preset)
    }

    fn max(&self) -> SizeLimit {
        MAX
    }

    fn qp(&self, quality: Quality) -> u8 {
        quality::qp_for_x264(quality)
    }

    fn open(&self, config: &EncoderConfig, size: Size, _: u8) -> Result<Self::Instance, BoxError> {
        let settings = Settings {
            preset: self.preset,
            width: size.width,
            height: size.height,
            fps: (config.fps.numerator(), config.fps.denominator()),
            threads: config.threads.min(MAX_THREADS),
        };
        Ok(sys::Encoder::open(&self.library, settings)?)
    }

    fn encode(encoder: &mut sys::Encoder, order: &Order<'_>, out: &mut BytesMut) -> Result<UnitKind, BoxError> {
        let picture = I420 { planes: order.samples(), strides: order.strides() };
        let kind = match order.kind {
            UnitKind::Idr => PictureType::Idr,
            UnitKind::Delta => PictureType::Inter,
        };
        Ok(match encoder.encode(&picture, kind, order.qp, out)? {
            PictureType::Idr => UnitKind::Idr,
            PictureType::Inter => UnitKind::Delta,
        })
    }
}
