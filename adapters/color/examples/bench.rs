//! What a conversion costs: `cargo run --release -p lunette-color --example bench`.

#![forbid(unsafe_code)]

use std::time::Instant;

use lunette_color::{ColorError, convert};
use lunette_frame::{Damage, Picture, PixelFormat, Rect, Size};

const SIZE: Size = Size::new(1920, 1080);
const RUNS: usize = 1000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    use PixelFormat::{Bgrx, I420, Nv12, Rgbx};
    for (from, to) in [(Bgrx, I420), (Bgrx, Nv12), (Rgbx, I420), (Nv12, I420), (I420, Nv12), (I420, I420)] {
        let mut source = Picture::new(from, SIZE)?;
        source.plane_mut(0).iter_mut().zip((0..=250).cycle()).for_each(|(byte, value)| *byte = value);
        let mut target = Picture::new(to, SIZE)?;
        for rect in [SIZE.bounds(), Rect::new(320, 256, 512, 256), Rect::new(640, 512, 64, 64)] {
            let mut damage = Damage::none(SIZE);
            damage.add(rect);
            let (min, median, max) = measure(|| convert(&source.as_ref(), &damage, &mut target))?;
            let Rect { width, height, .. } = rect;
            println!("{from} to {to} {width:4}x{height:<4} min {min:.4} median {median:.4} max {max:.4} ms");
        }
    }
    Ok(())
}

/// Least, middle and most milliseconds of many runs.
fn measure(mut run: impl FnMut() -> Result<(), ColorError>) -> Result<(f64, f64, f64), ColorError> {
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let start = Instant::now();
        run()?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok((times[0], times[RUNS / 2], times[RUNS - 1]))
}
