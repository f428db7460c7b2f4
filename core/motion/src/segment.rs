//! The hash of 32 pixels in a row.
//!
//! A weighted sum, since that is what vector units do best. The weights add up to nothing: a blank segment has the hash
//! 0, whatever its colour, and 0 is how the finder knows that there is nothing to see. Each weight is the product of an
//! 8-bit and a 16-bit number, the form in which `pmaddubsw` and `pmaddwd` take them.

/// Pixels under a hash.
pub(crate) const SEGMENT: usize = 32;

/// The 8-bit factors. At most 64, so that a pair of products fits 16 bits. The pairs 8 to 15 add up to the
/// opposite of the pairs 0 to 7.
pub(crate) const FINE: [i8; SEGMENT] = [
    37, 22, -41, 58, 19, -52, 61, 44, -23, -38, 53, -26, 31, 14, -59, 34, //
    -64, 5, -49, 32, 46, -13, -60, -45, 12, 49, -63, 36, 2, -47, 29, -4,
];

/// The 16-bit factor of each pair.
pub(crate) const COARSE: [i16; SEGMENT / 2] = [
    11_317, 7_919, 14_783, 5_501, 9_887, 12_613, 6_841, 15_313, //
    11_317, 7_919, 14_783, 5_501, 9_887, 12_613, 6_841, 15_313,
];

/// The hash as every kernel computes it.
pub(crate) fn hash(pixels: &[u8]) -> u32 {
    let pairs = pixels[..SEGMENT].chunks_exact(2).zip(FINE.chunks_exact(2)).zip(COARSE);
    let sum = pairs.fold(0_i32, |sum, ((pixel, fine), coarse)| {
        let pair = i32::from(pixel[0]) * i32::from(fine[0]) + i32::from(pixel[1]) * i32::from(fine[1]);
        sum.wrapping_add(pair.wrapping_mul(i32::from(coarse)))
    });
    sum.cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::{COARSE, FINE, SEGMENT, hash};

    #[test]
    fn blank_segments_hash_to_nothing_whatever_their_colour() {
        assert!((0..=255).all(|colour| hash(&[colour; SEGMENT]) == 0));
    }

    #[test]
    fn one_pixel_of_another_colour_is_always_seen() {
        for at in 0..SEGMENT {
            let mut pixels = [200; SEGMENT];
            pixels[at] = 201;
            assert_ne!(hash(&pixels), 0, "pixel {at}");
        }
    }

    #[test]
    fn factors_fit_the_vector_instructions() {
        assert!(FINE.iter().all(|fine| (1..=64).contains(&fine.unsigned_abs())));
        for pair in 0..COARSE.len() / 2 {
            let sum = |pair: usize| i32::from(FINE[2 * pair]) + i32::from(FINE[2 * pair + 1]);
            assert_eq!(sum(pair), -sum(pair + 8), "pair {pair}");
            assert_ne!(sum(pair), 0, "pair {pair}");
        }
    }
}
