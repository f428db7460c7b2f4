//! Smaller pictures: each pixel is the mean of those that it stands for, so that thin strokes turn grey, not away.

use lunette_frame::Size;

use crate::image::Image;

/// A share of the picture's size.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Scale(f64);

impl Default for Scale {
    fn default() -> Self {
        Self::FULL
    }
}

/// Weights add up to this for every pixel.
const ONE: u32 = 1 << 12;

impl Scale {
    /// As it is.
    pub const FULL: Self = Self(1.0);
    /// The smallest one.
    pub const LEAST: f64 = 0.05;

    /// `None` unless it is between [`Scale::LEAST`] and 1.
    #[must_use]
    pub fn new(share: f64) -> Option<Self> {
        (Self::LEAST..=1.0).contains(&share).then_some(Self(share))
    }

    /// The share.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }

    /// The size that a picture of `size` gets, one pixel at least.
    #[must_use]
    pub fn of(self, size: Size) -> Size {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a u32")]
        let side = |side: u32| ((f64::from(side) * self.0).round() as u32).clamp(1, side.max(1));
        Size::new(side(size.width), side(size.height))
    }

    pub(crate) fn apply(self, image: Image) -> Image {
        let (from, to) = (image.size(), self.of(image.size()));
        if from == to {
            return image;
        }
        let (columns, rows) = (spans(from.width, to.width), spans(from.height, to.height));
        let stride = from.width as usize * Image::PIXEL;
        let mut pixels = Vec::with_capacity(to.width as usize * to.height as usize * Image::PIXEL);
        let mut line = vec![0_u32; stride];
        for span in &rows {
            line.fill(0);
            for (weight, row) in span.weights.iter().zip(image.pixels().chunks_exact(stride).skip(span.start)) {
                line.iter_mut().zip(row).for_each(|(sum, sample)| *sum += weight * u32::from(*sample));
            }
            columns.iter().for_each(|span| pixels.extend(mean(&line, span)));
        }
        Image::new(to, pixels)
    }
}

/// Which pixels one pixel stands for, and how much of each.
struct Span {
    start: usize,
    weights: Vec<u32>,
}

/// Cuts `from` pixels into `to` spans of equal length.
fn spans(from: u32, to: u32) -> Vec<Span> {
    let length = u64::from(from);
    let span = |index: u32| {
        // In units of 1/to of a pixel, a pixel has `to` and a span has `from` of them.
        let (start, end) = (u64::from(index) * length, u64::from(index + 1) * length);
        let (first, last) = (start / u64::from(to), (end - 1) / u64::from(to));
        let overlap = |pixel: u64| {
            let (left, right) = (pixel * u64::from(to), (pixel + 1) * u64::from(to));
            u32::try_from((right.min(end) - left.max(start)) * u64::from(ONE) / length).unwrap_or(0)
        };
        let mut weights: Vec<u32> = (first..=last).map(overlap).collect();
        let missing = ONE - weights.iter().sum::<u32>();
        weights[0] += missing;
        Span { start: usize::try_from(first).unwrap_or(usize::MAX), weights }
    };
    (0..to).map(span).collect()
}

/// One pixel out of a line of sums.
fn mean(line: &[u32], span: &Span) -> [u8; Image::PIXEL] {
    let (pixels, _) = line[span.start * Image::PIXEL..].as_chunks::<{ Image::PIXEL }>();
    let mut sums = [0_u64; Image::PIXEL];
    for (weight, pixel) in span.weights.iter().zip(pixels) {
        sums.iter_mut().zip(pixel).for_each(|(sum, sample)| *sum += u64::from(*weight) * u64::from(*sample));
    }
    let one = u64::from(ONE) * u64::from(ONE);
    sums.map(|sum| u8::try_from((sum + one / 2) / one).unwrap_or(u8::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn grey(width: u32, height: u32, samples: &[u8]) -> Image {
        Image::new(Size::new(width, height), samples.iter().flat_map(|sample| [*sample; 3]).collect())
    }

    fn scaled(scale: f64, image: Image) -> (Size, Vec<u8>) {
        let image = Scale::new(scale).expect("a share").apply(image);
        (image.size(), image.pixels().as_chunks::<3>().0.iter().map(|pixel| pixel[0]).collect())
    }

    #[test]
    fn half_of_it_is_the_mean_of_four() {
        let image = grey(4, 2, &[0, 100, 200, 200, 100, 200, 0, 0]);
        assert_eq!(scaled(0.5, image), (Size::new(2, 1), vec![100, 100]));
    }

    #[test]
    fn pixels_on_an_edge_count_for_both_sides() {
        assert_eq!(scaled(0.67, grey(3, 1, &[0, 90, 240])), (Size::new(2, 1), vec![30, 190]));
    }

    #[test]
    fn shares_out_of_range_are_none() {
        for share in [0.0, 0.049, 1.01, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Scale::new(share), None, "{share}");
        }
    }

    proptest! {
        #[test]
        fn one_colour_stays_that_colour(width in 1..70u32, height in 1..50u32, share in 0.05..1.0, sample: u8) {
            let image = grey(width, height, &vec![sample; (width * height) as usize]);
            let (size, samples) = scaled(share, image);
            prop_assert_eq!(samples.len() as u64, size.area());
            prop_assert!(samples.iter().all(|other| *other == sample));
        }
    }
}
