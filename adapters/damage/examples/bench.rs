//! What a comparison costs: `cargo run --release -p lunette-damage --example bench`.

#![forbid(unsafe_code)]

use std::time::Instant;

use lunette_damage::TileDiff;
use lunette_frame::{Damage, PictureRef, PixelFormat, Size};

const SIZE: Size = Size::new(1920, 1080);
const STRIDE: usize = 1920 * 4;
const RUNS: usize = 400;

fn main() {
    let still: Vec<u8> = (0..=250).cycle().take(STRIDE * 1080).collect();
    let touched = |columns: usize, rows: usize| {
        let mut picture = still.clone();
        for row in picture.chunks_exact_mut(STRIDE).take(rows) {
            row[640 * 4..][..columns * 4].fill(255);
        }
        picture
    };
    let (tile, column) = (touched(64, 64), touched(64, 1080));
    let mut scrolled = still.clone();
    scrolled.rotate_left(STRIDE * 3);

    let mut copy = still.clone();
    let plain = measure("memcpy of the picture", None, |turn| copy.copy_from_slice([&still, &scrolled][turn % 2]));
    let cases = [("equal", &still), ("one tile", &tile), ("one column of tiles", &column), ("scroll", &scrolled)];
    for (name, other) in cases {
        let (mut diff, full, mut share) = (TileDiff::new(), Damage::full(SIZE), 0.0);
        measure(name, Some(plain), |turn| {
            let picture = PictureRef::packed(PixelFormat::Bgrx, SIZE, STRIDE, [other, &still][turn % 2]);
            let picture = picture.expect("a valid picture");
            share = diff.update(&picture, &full).expect("packed").share();
        });
        println!("{:22} changed {:.1} %", "", share * 100.0);
    }
}

/// Prints and returns the median of many runs in milliseconds.
fn measure(name: &str, reference: Option<f64>, mut run: impl FnMut(usize)) -> f64 {
    let mut times: Vec<f64> = (0..RUNS)
        .map(|turn| {
            let start = Instant::now();
            run(turn);
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let (min, median, max) = (times[0], times[RUNS / 2], times[RUNS - 1]);
    let ratio = reference.map_or(String::new(), |plain| format!("  {:.2} of the memcpy", median / plain));
    println!("{name:22} min {min:.3} median {median:.3} max {max:.3} ms{ratio}");
    median
}
