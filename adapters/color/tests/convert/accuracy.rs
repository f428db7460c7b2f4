//! Against BT.709 limited range in floating point.

use lunette_frame::{Picture, PixelFormat, Size};

use crate::source::{PACKED, Source, TARGETS, ycc};

const LIMIT: f64 = 2.0;
const SIZES: [Size; 8] = [
    Size::new(128, 64),
    Size::new(127, 63),
    Size::new(300, 7),
    Size::new(333, 2),
    Size::new(257, 1),
    Size::new(1, 33),
    Size::new(1, 1),
    Size::new(70, 35),
];

/// BT.709 limited range of colour parts 0 to 255.
fn reference([red, green, blue]: [f64; 3]) -> [f64; 3] {
    let luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    let (cb, cr) = ((blue - luma) / 1.8556, (red - luma) / 1.5748);
    [16.0 + luma * 219.0 / 255.0, 128.0 + cb * 224.0 / 255.0, 128.0 + cr * 224.0 / 255.0]
}

/// Mean colour of the pixels that share a chroma sample with `x`, `y`.
fn mean(source: &Source, x: usize, y: usize) -> [f64; 3] {
    let inside = |at: usize, end: u32| (at / 2 * 2..at / 2 * 2 + 2).filter(move |at| *at < end as usize);
    let pixels: Vec<_> = inside(y, source.size.height)
        .flat_map(|y| inside(x, source.size.width).map(move |x| (x, y)))
        .map(|(x, y)| source.rgb(x, y))
        .collect();
    let count = u32::try_from(pixels.len()).expect("at most four");
    [0, 1, 2].map(|part| pixels.iter().map(|pixel| pixel[part]).sum::<f64>() / f64::from(count))
}

fn worst_error(source: &Source, converted: &Picture) -> f64 {
    let mut worst = 0f64;
    for y in 0..source.size.height as usize {
        for x in 0..source.size.width as usize {
            let [luma, ..] = reference(source.rgb(x, y));
            let [_, cb, cr] = reference(mean(source, x, y));
            for (wanted, got) in [luma, cb, cr].into_iter().zip(ycc(converted, x, y)) {
                worst = worst.max((wanted - f64::from(got)).abs());
            }
        }
    }
    worst
}

fn assert_close(picture: impl Fn(PixelFormat, Size) -> Source) {
    for size in SIZES {
        for (from, to) in PACKED.into_iter().flat_map(|from| TARGETS.map(|to| (from, to))) {
            let source = picture(from, size);
            let worst = worst_error(&source, &source.converted(to));
            assert!(worst <= LIMIT, "{from} to {to}, {size}: off by {worst:.2}");
        }
    }
}

#[test]
fn noise_is_within_two_steps() {
    for (seed, padding) in [(1, 0), (2, 12), (3, 52), (4, 1)] {
        assert_close(|format, size| Source::random(format, size, padding, seed));
    }
}

#[test]
fn gradients_are_within_two_steps() {
    assert_close(|format, size| {
        Source::new(format, size, 20, |_, x, y| {
            let value = [x / 4 * 2, y * 4, x / 4 + y * 2, 77][x % 4] % 256;
            u8::try_from(value).expect("below 256")
        })
    });
}

#[test]
fn text_like_edges_are_within_two_steps() {
    let ink = |on: bool, part: usize| if on { [255, 255, 255, 0][part] } else { [0, 43, 54, 255][part] };
    assert_close(|format, size| Source::new(format, size, 4, |_, x, y| ink((x / 4 * 7 + y * 3) % 5 < 2, x % 4)));
    assert_close(|format, size| Source::new(format, size, 4, |_, x, y| ink((x / 4 + y) % 2 == 0, x % 4)));
}

#[test]
fn corners_of_the_colour_cube_are_within_two_steps() {
    for corner in 0..8usize {
        assert_close(|format, size| {
            Source::new(format, size, 8, |_, x, _| if corner >> (x % 4) & 1 == 1 { 255 } else { 0 })
        });
    }
}

#[test]
fn black_and_white_have_their_nominal_values() {
    for (value, luma) in [(0, 16), (255, 235)] {
        let picture =
            Source::new(PixelFormat::Bgrx, Size::new(65, 33), 0, |_, _, _| value).converted(PixelFormat::I420);
        assert_eq!(ycc(&picture, 64, 32), [luma, 128, 128]);
        assert_eq!(ycc(&picture, 0, 0), [luma, 128, 128]);
    }
}
