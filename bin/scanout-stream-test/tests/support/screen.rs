//! A small screen with markers, encoded by the real encoder.

use bytes::{Bytes, BytesMut};
use lunette_frame::marker::{Corner, Marker};
use lunette_frame::{ScanoutId, Size, UnitKind};
use lunette_h264::{AccessUnitFacts, LowDelay};
use lunette_sys_openh264::{Encoder, I420, Settings};

const WIDTH: u32 = 320;
const HEIGHT: u32 = 96;

/// Encodes one picture after the other.
pub struct Screen(Encoder);

/// What to burn where.
#[derive(Clone, Copy)]
pub struct Look {
    pub top: Option<Marker>,
    pub bottom: Option<Marker>,
}

impl Look {
    pub fn whole(scanout: ScanoutId, counter: u32) -> Self {
        let marker = Some(Marker { counter, scanout });
        Self { top: marker, bottom: marker }
    }
}

impl Default for Screen {
    fn default() -> Self {
        let settings = Settings { width: WIDTH, height: HEIGHT, fps: 60.0, max_bitrate: 4_000_000, threads: 1, qp: 26 };
        Self(Encoder::new(settings).expect("an encoder"))
    }
}

impl Screen {
    /// The access unit of a picture with this look.
    pub fn encode(&mut self, look: Look) -> Bytes {
        let luma = luma(look);
        let chroma = vec![128; luma.len() / 4];
        let (width, half) = (WIDTH as usize, WIDTH as usize / 2);
        let picture = I420 { planes: [&luma, &chroma, &chroma], strides: [width, half, half] };
        let mut unit = BytesMut::new();
        self.0.encode(&picture, &mut unit).expect("encodes");
        LowDelay::default().rewrite_access_unit(&unit).expect("well formed").into_owned().into()
    }

    /// The next picture is an IDR.
    pub fn force_idr(&mut self) {
        self.0.force_idr().expect("can be asked");
    }
}

/// Access units of frames with these counters, an IDR first.
pub fn stream(scanout: ScanoutId, counters: impl IntoIterator<Item = u32>) -> Vec<Bytes> {
    let mut screen = Screen::default();
    counters.into_iter().map(|counter| screen.encode(Look::whole(scanout, counter))).collect()
}

pub fn kind(unit: &[u8]) -> UnitKind {
    AccessUnitFacts::inspect(unit).expect("well formed").kind()
}

/// Markers are burnt into packed pixels; black and white become those of limited range.
fn luma(look: Look) -> Vec<u8> {
    let size = Size::new(WIDTH, HEIGHT);
    let stride = WIDTH as usize * 4;
    let mut pixels = vec![90; stride * HEIGHT as usize];
    for (marker, corner) in [(look.top, Corner::TopLeft), (look.bottom, Corner::BottomRight)] {
        if let Some(marker) = marker {
            marker.burn(&mut pixels, stride, size, corner);
        }
    }
    pixels.iter().step_by(4).map(|byte| 16 + byte / 8 * 7).collect()
}
