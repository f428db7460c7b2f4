//! How long a screenshot takes: `cargo run --release -p lunette-snapshot --example bench`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lunette_frame::{Picture, PixelFormat, Size};
use lunette_snapshot::{Encoding, Scale, Shot, View};

const ROUNDS: usize = 25;

/// Text on a gradient, with every tenth row of noise: neither the easiest nor the hardest screen.
fn screen(size: Size) -> Shot {
    let mut picture = Picture::new(PixelFormat::I420, size).expect("a size");
    for (index, (plane, stride)) in picture.planes_mut().into_iter().enumerate() {
        for (y, row) in plane.chunks_mut(stride).enumerate() {
            for (x, sample) in row.iter_mut().enumerate() {
                let hash = x.wrapping_mul(0x9E37).wrapping_add(y.wrapping_mul(0x79B9)) >> 4;
                let text = y % 18 < 12 && hash % 7 < 2;
                *sample = match index {
                    0 if y % 10 == 0 => u8::try_from(16 + hash % 219).unwrap_or(16),
                    0 if text => 40,
                    0 => u8::try_from(120 + x * 100 / stride).unwrap_or(200),
                    _ => u8::try_from(110 + y / 32 % 36).unwrap_or(128),
                };
            }
        }
    }
    Shot::new(1, Arc::new(picture))
}

fn measure(what: &str, mut work: impl FnMut() -> usize) {
    let mut times: Vec<Duration> = Vec::new();
    let mut bytes = 0;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        bytes = work();
        times.push(start.elapsed());
    }
    times.sort();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let (least, median, most) = (ms(times[0]), ms(times[ROUNDS / 2]), ms(times[ROUNDS - 1]));
    println!("{what:24} {least:7.2} {median:7.2} {most:7.2} ms  {bytes:9} bytes");
}

fn main() {
    let shot = screen(Size::new(1920, 1080));
    println!("1920x1080, {ROUNDS} rounds, min, median, max");
    let whole = shot.render(&View::default()).expect("renders");
    measure("to RGB", || shot.render(&View::default()).expect("renders").pixels().len());
    for (name, encoding) in [
        ("PNG", Encoding::Png),
        ("JPEG 70", Encoding::Jpeg(70)),
        ("JPEG 95", Encoding::Jpeg(95)),
        ("WebP", Encoding::Webp),
    ] {
        measure(name, || whole.encode(encoding).expect("encodes").len());
    }
    let half = View { scale: Scale::new(0.5).expect("a share"), ..View::default() };
    measure("to RGB, half the size", || shot.render(&half).expect("renders").pixels().len());
}
