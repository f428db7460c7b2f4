//! Every version against the portable one, and that against the arithmetic of the standard.

use proptest::prelude::*;

use super::{Kernels, Strip, best, portable};
use crate::cavlc::Levels;
use crate::intra4::Around;
use crate::transform::{COARSEST_QP, Quantisers, Rounding};

fn bytes<const N: usize>() -> impl Strategy<Value = [u8; N]> {
    // Noise, extremes, and pictures that differ little.
    prop_oneof![
        prop::collection::vec(any::<u8>(), N),
        prop::collection::vec(prop_oneof![Just(0u8), Just(255)], N),
        prop::collection::vec(120..130u8, N),
    ]
    .prop_map(|bytes| bytes.try_into().unwrap())
}

/// Everything that happens to a strip, in one version.
fn whole_way(
    kernels: &Kernels,
    source: &[u8; 64],
    prediction: &[u8; 64],
    qp: u8,
    rounding: Rounding,
) -> impl PartialEq + std::fmt::Debug {
    let quantisers = Quantisers::new();
    let quantiser = quantisers.luma(qp);
    let mut coefficients = Strip::ZERO;
    (kernels.transform)(source, prediction, &mut coefficients);
    let mut levels = coefficients;
    let any = (kernels.quantise)(&mut levels, &quantiser.forward, &quantiser.offset[rounding as usize]);
    let mut scanned = [Levels { values: [7; 16], mask: 7, total: 7 }; 4];
    (kernels.scan)(&levels, &mut scanned);
    let mut ac = Strip::ZERO;
    let dc = (kernels.transform_ac)(source, prediction, &mut ac);
    let mut samples = [[0; 64]; 2];
    (kernels.rebuild)(&levels, &quantiser.inverse, &[0; 4], prediction, &mut samples[0]);
    (kernels.rebuild)(&levels, &quantiser.inverse, &dc, prediction, &mut samples[1]);
    (coefficients, levels, any, scanned, ac, dc, samples)
}

proptest! {
    #[test]
    fn every_version_gives_the_same_strips(source in bytes(), prediction in bytes(), qp in 0..=COARSEST_QP, inter: bool) {
        let rounding = if inter { Rounding::Inter } else { Rounding::Intra };
        let expected = whole_way(portable(), &source, &prediction, qp, rounding);
        prop_assert_eq!(whole_way(best(), &source, &prediction, qp, rounding), expected);
    }

    #[test]
    fn every_version_gives_the_same_blocks_of_4x4(
        source in bytes::<16>(),
        edges in bytes::<13>(),
        (left, above) in any::<(bool, bool)>(),
        expected in 0..9u8,
        lambda in 1..90u32,
        qp in 0..=COARSEST_QP,
    ) {
        let [a, b, c, d, corner, above_samples @ ..] = edges;
        let around = Around::new(left.then_some([a, b, c, d]), corner, above.then_some(above_samples));
        let chosen = (portable().choose_4x4)(&around, &source, expected, lambda);
        prop_assert_eq!((best().choose_4x4)(&around, &source, expected, lambda), chosen);
        let quantisers = Quantisers::new();
        let quantiser = quantisers.luma(qp);
        let (mut levels, mut other) = ([[0; 4]; 4], [[0; 4]; 4]);
        let (forward, offset) = (&quantiser.forward, &quantiser.offset[0]);
        let any = (portable().code_4x4)(&source, &chosen.prediction, forward, offset, &mut levels);
        prop_assert_eq!((best().code_4x4)(&source, &chosen.prediction, forward, offset, &mut other), any);
        prop_assert_eq!(other, levels);
        let samples = (portable().rebuild_4x4)(&levels, &quantiser.inverse, &chosen.prediction);
        prop_assert_eq!((best().rebuild_4x4)(&levels, &quantiser.inverse, &chosen.prediction), samples);
    }

    #[test]
    fn every_version_gives_the_same_differences(a in bytes::<256>(), b in bytes::<2048>(), stride in 16..100usize) {
        let (best, portable) = (best(), portable());
        let (luma, chroma) = (b.first_chunk().unwrap(), b.first_chunk().unwrap());
        let expected = a.iter().zip(luma.iter()).map(|(a, b): (&u8, &u8)| u32::from(a.abs_diff(*b))).sum::<u32>();
        prop_assert_eq!((portable.difference)(&a, luma), expected);
        prop_assert_eq!((best.difference)(&a, luma), expected);
        let half = a.first_chunk().unwrap();
        prop_assert_eq!((best.chroma_difference)(half, chroma), (portable.chroma_difference)(half, chroma));
        prop_assert_eq!((best.difference_in_plane)(&a, &b, stride), (portable.difference_in_plane)(&a, &b, stride));
        prop_assert_eq!((portable.difference_in_plane)(&a, luma, 16), expected);
    }

    #[test]
    fn every_version_gives_the_same_differences_to_intra_predictions(
        source in bytes::<256>(),
        above in bytes::<16>(),
        left in bytes::<16>(),
        means in bytes::<32>(),
    ) {
        let (best, portable) = (best(), portable());
        let expected = (portable.luma_differences)(&source, &above, &left, means[0]);
        prop_assert_eq!((best.luma_differences)(&source, &above, &left, means[0]), expected);
        let predictions = [[means[0]; 256], std::array::from_fn(|at| above[at % 16]), std::array::from_fn(|at| left[at / 16])];
        prop_assert_eq!(predictions.map(|prediction| (portable.difference)(&source, &prediction)), expected);
        let (source, columns) = (source.first_chunk().unwrap(), [left[..8].try_into().unwrap(), left[8..].try_into().unwrap()]);
        let means = [means[..16].try_into().unwrap(), means[16..].try_into().unwrap()];
        let expected = (portable.chroma_differences)(source, &above, &columns, &means);
        prop_assert_eq!((best.chroma_differences)(source, &above, &columns, &means), expected);
        let dc: [u8; 128] = std::array::from_fn(|at| means[at / 64][at % 16]);
        let across = std::array::from_fn(|at| columns[at / 8 % 2][at / 16]);
        let predictions = [dc, std::array::from_fn(|at| above[at % 16]), across];
        prop_assert_eq!(predictions.map(|prediction| (portable.chroma_difference)(source, &prediction)), expected);
    }

    #[test]
    fn a_fine_quantiser_brings_samples_back(source in bytes(), prediction in bytes()) {
        let quantisers = Quantisers::new();
        let quantiser = quantisers.luma(0);
        let kernels = portable();
        let mut strip = Strip::ZERO;
        (kernels.transform)(&source, &prediction, &mut strip);
        // Levels above the largest are cut; then nothing can be said.
        let too_large = strip.0.as_flattened().iter().any(|value| value.unsigned_abs() > 1000);
        (kernels.quantise)(&mut strip, &quantiser.forward, &quantiser.offset[0]);
        let mut samples = [0; 64];
        (kernels.rebuild)(&strip, &quantiser.inverse, &[0; 4], &prediction, &mut samples);
        for (sample, source) in samples.iter().zip(source) {
            prop_assert!(too_large || sample.abs_diff(source) <= 1);
        }
    }
}

#[test]
fn lanes_are_by_block_and_then_by_vertical_frequency() {
    // One row brighter in the second block: vertical frequencies alone.
    let mut source = [0; 64];
    source[4..8].fill(10);
    let mut strip = Strip::ZERO;
    (portable().transform)(&source, &[0; 64], &mut strip);
    assert_eq!(strip.0[0], [0, 0, 0, 0, 40, 80, 40, 40, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(strip.0[1..], [[0; 16]; 3]);
}
