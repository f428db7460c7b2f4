//! How long a screenshot takes: `cargo run --release -p lunette-snapshot --example bench`.
//!
//! Processor time of the thread, so that what else runs does not count.

use std::sync::Arc;
use std::time::Duration;

use lunette_frame::{Picture, PixelFormat, Size};
use lunette_snapshot::{Encoding, Scale, Shot, View};
use rustix::time::{ClockId, clock_gettime};

const ROUNDS: usize = 25;

/// What is on the screen.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Content {
    /// Text on a window, a bar on top, a plain background around it.
    Windows,
    /// Text everywhere on a gradient, and every tenth row noise.
    Dense,
}

fn luma(content: Content, x: usize, y: usize, size: Size) -> u8 {
    let hash = x.wrapping_mul(0x9E37).wrapping_add(y.wrapping_mul(0x79B9)) >> 4;
    let text = y % 18 < 12 && hash % 7 < 2;
    let (width, height) = (size.width as usize, size.height as usize);
    let window = (width / 8..width * 7 / 8).contains(&x) && (height / 8..height * 7 / 8).contains(&y);
    match content {
        Content::Windows if y < 32 => 30,
        Content::Windows if window && text && (x / 300).is_multiple_of(2) => 40,
        Content::Windows if window => 230,
        Content::Windows => 90,
        Content::Dense if y.is_multiple_of(10) => u8::try_from(16 + hash % 219).unwrap_or(16),
        Content::Dense if text => 40,
        Content::Dense => u8::try_from(120 + x * 100 / width).unwrap_or(200),
    }
}

fn screen(content: Content, size: Size) -> Shot {
    let mut picture = Picture::new(PixelFormat::I420, size).expect("a size");
    for (index, (plane, stride)) in picture.planes_mut().into_iter().enumerate() {
        for (y, row) in plane.chunks_mut(stride).enumerate() {
            for (x, sample) in row.iter_mut().enumerate() {
                *sample = match index {
                    0 => luma(content, x, y, size),
                    _ => u8::try_from(110 + y / 32 % 36).unwrap_or(128),
                };
            }
        }
    }
    Shot::new(1, Arc::new(picture))
}

/// Time that this thread ran.
fn processor_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(now).expect("a time since the thread began")
}

fn measure(what: &str, mut work: impl FnMut() -> usize) {
    let mut times: Vec<Duration> = Vec::new();
    let mut bytes = 0;
    for _ in 0..ROUNDS {
        let start = processor_time();
        bytes = work();
        times.push(processor_time().saturating_sub(start));
    }
    times.sort();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let (least, median, most) = (ms(times[0]), ms(times[ROUNDS / 2]), ms(times[ROUNDS - 1]));
    println!("{what:24} {least:7.2} {median:7.2} {most:7.2} ms  {bytes:9} bytes");
}

fn main() {
    let size = Size::new(1920, 1080);
    println!("{size}, {ROUNDS} rounds, min, median, max");
    for content in [Content::Windows, Content::Dense] {
        println!("{content:?}");
        let shot = screen(content, size);
        let whole = shot.render(&View::default()).expect("renders");
        measure("to RGB", || shot.render(&View::default()).expect("renders").pixels().len());
        let half = View { scale: Scale::new(0.5).expect("a share"), ..View::default() };
        measure("to RGB, half the size", || shot.render(&half).expect("renders").pixels().len());
        for (name, encoding) in [
            ("PNG", Encoding::Png),
            ("JPEG 70", Encoding::Jpeg(70)),
            ("JPEG 95", Encoding::Jpeg(95)),
            ("WebP", Encoding::Webp),
        ] {
            measure(name, || whole.encode(encoding).expect("encodes").len());
        }
    }
}
