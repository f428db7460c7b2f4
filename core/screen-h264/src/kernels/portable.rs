//! Kernels in plain Rust, written in lanes so that the compiler finds vectors.

use super::{Columns, Kernels, Strip};
use crate::cavlc::{Levels, MAX_LEVEL};
use crate::intra4;
use crate::tables::ZIGZAG_COLUMNS;
use crate::transform::Scales;

pub(super) static KERNELS: Kernels = Kernels {
    name: "portable",
    difference: difference_of,
    chroma_difference: difference_of,
    difference_in_plane,
    luma_differences,
    chroma_differences,
    transform,
    transform_ac,
    quantise,
    rebuild,
    scan,
    choose_4x4: intra4::choose,
    code_4x4,
    rebuild_4x4,
};

type Lanes = [i16; 16];

fn difference_of<const N: usize>(a: &[u8; N], b: &[u8; N]) -> u32 {
    a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(*b))).sum()
}

fn difference_in_plane(a: &[u8; 256], plane: &[u8], stride: usize) -> u32 {
    let rows = a.as_chunks::<16>().0.iter().zip(plane.chunks(stride));
    rows.map(|(a, b)| a.iter().zip(&b[..16]).map(|(a, b)| u32::from(a.abs_diff(*b))).sum::<u32>()).sum()
}

fn luma_differences(source: &[u8; 256], above: &[u8; 16], left: &[u8; 16], mean: u8) -> [u32; 3] {
    let mut sums = [0; 3];
    for (row, left) in source.as_chunks::<16>().0.iter().zip(left) {
        for (sum, prediction) in sums.iter_mut().zip([&[mean; 16], above, &[*left; 16]]) {
            *sum += difference_of(row, prediction);
        }
    }
    sums
}

fn chroma_differences(source: &[u8; 128], above: &[u8; 16], left: &[[u8; 8]; 2], means: &[[u8; 16]; 2]) -> [u32; 3] {
    let mut sums = [0; 3];
    for (y, row) in source.as_chunks::<16>().0.iter().enumerate() {
        let mut across = [left[0][y]; 16];
        across[8..].fill(left[1][y]);
        for (sum, prediction) in sums.iter_mut().zip([&means[y / 4], above, &across]) {
            *sum += difference_of(row, prediction);
        }
    }
    sums
}

#[inline(always)]
fn lanes(f: impl Fn(usize) -> i16) -> Lanes {
    let mut out = [0; 16];
    out.iter_mut().enumerate().for_each(|(lane, out)| *out = f(lane));
    out
}

#[inline(always)]
fn add(a: Lanes, b: Lanes) -> Lanes {
    lanes(|lane| a[lane].wrapping_add(b[lane]))
}

#[inline(always)]
fn sub(a: Lanes, b: Lanes) -> Lanes {
    lanes(|lane| a[lane].wrapping_sub(b[lane]))
}

#[inline(always)]
fn half(a: Lanes) -> Lanes {
    lanes(|lane| a[lane] >> 1)
}

/// Lays each block on its side.
#[inline(always)]
fn transpose(rows: [Lanes; 4]) -> [Lanes; 4] {
    let mut out = [[0; 16]; 4];
    for (y, row) in out.iter_mut().enumerate() {
        *row = lanes(|lane| rows[lane % 4][lane / 4 * 4 + y]);
    }
    out
}

#[inline(always)]
fn forward_pass([a, b, c, d]: [Lanes; 4]) -> [Lanes; 4] {
    let (outer, inner) = (add(a, d), add(b, c));
    let (wide, narrow) = (sub(a, d), sub(b, c));
    [add(outer, inner), add(add(wide, wide), narrow), sub(outer, inner), sub(wide, add(narrow, narrow))]
}

#[inline(always)]
fn inverse_pass([a, b, c, d]: [Lanes; 4]) -> [Lanes; 4] {
    let (even, odd) = (add(a, c), sub(a, c));
    let (low, high) = (sub(half(b), d), add(b, half(d)));
    [add(even, high), add(odd, low), sub(odd, low), sub(even, high)]
}

fn transform(source: &[u8; 64], prediction: &[u8; 64], out: &mut Strip) {
    let (source, prediction) = (source.as_chunks::<16>().0, prediction.as_chunks::<16>().0);
    let row = |y: usize| lanes(|x| i16::from(source[y][x]) - i16::from(prediction[y][x]));
    out.0 = forward_pass(transpose(forward_pass([row(0), row(1), row(2), row(3)])));
}

fn transform_ac(source: &[u8; 64], prediction: &[u8; 64], out: &mut Strip) -> [i16; 4] {
    transform(source, prediction, out);
    [0, 4, 8, 12].map(|lane| std::mem::take(&mut out.0[0][lane]))
}

fn quantise(strip: &mut Strip, forward: &Scales<u16>, offset: &Scales<u16>) -> bool {
    let mut any = 0;
    for (across, row) in strip.0.iter_mut().enumerate() {
        let (forward, offset) = (&forward[across % 2], &offset[across % 2]);
        for (lane, value) in row.iter_mut().enumerate() {
            let magnitude = value.unsigned_abs().saturating_add(offset[lane]);
            let level = ((u32::from(magnitude) * u32::from(forward[lane])) >> 16) as u16;
            let level = level.min(MAX_LEVEL).cast_signed();
            *value = if *value < 0 {
                -level
            } else if *value == 0 {
                0
            } else {
                level
            };
            any |= *value;
        }
    }
    any != 0
}

fn scale(levels: &Strip, inverse: &Scales<i16>, out: &mut Strip) {
    for (across, (row, out)) in levels.0.iter().zip(&mut out.0).enumerate() {
        *out = lanes(|lane| row[lane].wrapping_mul(inverse[across % 2][lane]));
    }
}

fn rebuild(levels: &Strip, inverse: &Scales<i16>, dc: &[i16; 4], prediction: &[u8; 64], out: &mut [u8; 64]) {
    let mut coefficients = Strip::ZERO;
    scale(levels, inverse, &mut coefficients);
    for (block, dc) in dc.iter().enumerate() {
        let first = &mut coefficients.0[0][4 * block];
        *first = first.wrapping_add(*dc);
    }
    reconstruct(&coefficients, prediction, out);
}

fn reconstruct(coefficients: &Strip, prediction: &[u8; 64], out: &mut [u8; 64]) {
    let rows = inverse_pass(transpose(inverse_pass(coefficients.0)));
    let prediction = prediction.as_chunks::<16>().0;
    for ((row, prediction), out) in rows.iter().zip(prediction).zip(out.as_chunks_mut::<16>().0) {
        for ((value, prediction), out) in row.iter().zip(prediction).zip(out) {
            let sample = (value.wrapping_add(32) >> 6) + i16::from(*prediction);
            let [sample, _] = sample.clamp(0, 255).to_le_bytes();
            *out = sample;
        }
    }
}

/// A block of 4x4 as the first of a strip.
fn widen(block: &[u8; 16]) -> [u8; 64] {
    let mut wide = [0; 64];
    for (out, row) in wide.as_chunks_mut::<16>().0.iter_mut().zip(block.as_chunks::<4>().0) {
        out[..4].copy_from_slice(row);
    }
    wide
}

fn code_4x4(
    source: &[u8; 16],
    prediction: &[u8; 16],
    forward: &Scales<u16>,
    offset: &Scales<u16>,
    out: &mut Columns,
) -> bool {
    let mut strip = Strip::ZERO;
    transform(&widen(source), &widen(prediction), &mut strip);
    let any = quantise(&mut strip, forward, offset);
    for (out, [a, b, c, d, ..]) in out.iter_mut().zip(strip.0) {
        *out = [a, b, c, d];
    }
    any
}

fn rebuild_4x4(levels: &Columns, inverse: &Scales<i16>, prediction: &[u8; 16]) -> [u8; 16] {
    let (mut strip, mut scaled, mut wide) = (Strip::ZERO, Strip::ZERO, [0; 64]);
    for (row, column) in strip.0.iter_mut().zip(levels) {
        row[..4].copy_from_slice(column);
    }
    scale(&strip, inverse, &mut scaled);
    reconstruct(&scaled, &widen(prediction), &mut wide);
    std::array::from_fn(|at| wide[at / 4 * 16 + at % 4])
}

fn scan(levels: &Strip, out: &mut [Levels; 4]) {
    for (block, out) in out.iter_mut().enumerate() {
        let mut scanned = [0; 16];
        for (level, place) in scanned.iter_mut().zip(ZIGZAG_COLUMNS) {
            *level = levels.0[place / 4][4 * block + place % 4];
        }
        *out = Levels::pack(&scanned);
    }
}
