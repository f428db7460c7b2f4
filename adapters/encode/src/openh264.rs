//! OpenH264: always there, since it is linked in.

use bytes::BytesMut;
use lunette_frame::{Quality, Size, UnitKind};
use lunette_sys_openh264::{self as sys, FrameType, I420, Settings};

use crate::software::{BoxError, Library, Order, Software};
use crate::{EncodeError, Encoder, EncoderConfig, SizeLimit, quality};

pub(crate) const NAME: &str = "openh264";

/// More slices than this gain nothing, and the library starts no more threads.
const MAX_THREADS: u16 = 4;

/// The library refuses more: it knows no level above 5.2.
pub(crate) const MAX: SizeLimit = SizeLimit { side: sys::MAX_SIDE, pixels: sys::MAX_PIXELS as u64 };

struct OpenH264;

/// Opens the encoder.
pub(crate) fn open(config: &EncoderConfig) -> Result<Box<dyn Encoder>, EncodeError> {
    Ok(Box::new(Software::new(OpenH264, config)?))
}

impl Library for OpenH264 {
    type Instance = sys::Encoder;

    fn name(&self) -> &'static str {
        NAME
    }

    fn max(&self) -> SizeLimit {
        MAX
    }

    fn qp(&self, quality: Quality) -> u8 {
        quality::qp_for_openh264(quality)
    }

    fn open(&self, config: &EncoderConfig, size: Size, qp: u8) -> Result<Self::Instance, BoxError> {
        #[expect(clippy::cast_possible_truncation, reason = "a frame rate needs no double precision")]
        let fps = config.fps.as_f64() as f32;
        let settings = Settings {
            width: size.width,
            height: size.height,
            fps,
            max_bitrate: config.max_bitrate.bits_per_second(),
            threads: config.threads.min(MAX_THREADS),
            qp,
        };
        Ok(sys::Encoder::new(settings)?)
    }

    fn encode(encoder: &mut sys::Encoder, order: &Order<'_>, out: &mut BytesMut) -> Result<UnitKind, BoxError> {
        if order.kind == UnitKind::Idr {
            encoder.force_idr()?;
        }
        encoder.set_qp(order.qp)?;
        let picture = I420 { planes: order.samples(), strides: order.strides() };
        Ok(match encoder.encode(&picture, out)? {
            FrameType::Idr => UnitKind::Idr,
            FrameType::Inter | FrameType::Skipped => UnitKind::Delta,
        })
    }

    fn outgrew(error: &(dyn std::error::Error + 'static)) -> bool {
        error.downcast_ref::<sys::Error>().is_some_and(|error| error.is_out_of_room())
    }
}
