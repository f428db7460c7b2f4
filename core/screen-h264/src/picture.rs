//! Pictures in whole macroblocks, and inter prediction from them: clause 8.4.2.2 for vectors of whole pixels.

use crate::block::Block;
use crate::vector::Vector;

/// How many macroblocks a picture has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

impl Layout {
    /// Macroblocks in all.
    pub(crate) const fn macroblocks(self) -> usize {
        self.columns * self.rows
    }

    /// Bytes from one row of samples to the next, in both planes.
    pub(crate) const fn stride(self) -> usize {
        self.columns * 16
    }

    /// Whether what is `vector` away from the macroblock at column `x` and row `y` lies inside, with the samples that
    /// odd vectors mix in.
    pub(crate) fn allows(self, x: usize, y: usize, vector: Vector) -> bool {
        /// What every level of ours allows (table A-1).
        const FARTHEST: i32 = 511;
        let inside = |at: usize, step: i16, side: usize| {
            let start = i32::try_from(at * 16).unwrap_or(i32::MAX) + i32::from(step);
            start >= 0 && usize::try_from(start + 16 + i32::from(step & 1)).is_ok_and(|end| end <= side * 16)
        };
        i32::from(vector.y).abs() <= FARTHEST
            && vector.x.unsigned_abs() < 2048
            && inside(x, vector.x, self.columns)
            && inside(y, vector.y, self.rows)
    }
}

/// Luma, and a plane that has a row of Cb and the same row of Cr side by side.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    pub(crate) layout: Layout,
    pub(crate) luma: Vec<u8>,
    pub(crate) chroma: Vec<u8>,
}

impl Picture {
    /// A black picture.
    pub(crate) fn new(layout: Layout) -> Self {
        let luma = layout.macroblocks() * Block::LUMA;
        Self { layout, luma: vec![16; luma], chroma: vec![128; luma / 2] }
    }

    /// All of it, to be written.
    pub(crate) fn band(&mut self) -> Band<'_> {
        Band { stride: self.layout.stride(), luma: &mut self.luma, chroma: &mut self.chroma }
    }

    /// The macroblock that is `vector` away from column `x` and row `y`, which the layout allows.
    pub(crate) fn fetch(&self, x: usize, y: usize, vector: Vector, block: &mut Block) {
        let stride = self.layout.stride();
        let (left, top) = (moved(x * 16, vector.x), moved(y * 16, vector.y));
        for (row, out) in block.luma_mut().as_chunks_mut::<16>().0.iter_mut().enumerate() {
            out.copy_from_slice(&self.luma[(top + row) * stride + left..][..16]);
        }
        let at = top / 2 * stride + left / 2;
        let mixed = Mixed::of(vector);
        for (row, out) in block.chroma_mut().as_chunks_mut::<16>().0.iter_mut().enumerate() {
            let (cb, cr) = out.split_at_mut(8);
            mixed.copy(&self.chroma, at + row * stride, stride, cb);
            mixed.copy(&self.chroma, at + row * stride + stride / 2, stride, cr);
        }
    }

    /// The luma that is `vector` away, to be compared: its first sample and all behind it.
    #[inline]
    pub(crate) fn luma_at(&self, x: usize, y: usize, vector: Vector) -> &[u8] {
        &self.luma[moved(y * 16, vector.y) * self.layout.stride() + moved(x * 16, vector.x)..]
    }
}

/// Copies rows of samples; whole ones at once, which takes half the time.
pub(crate) fn copy_rows(to: &mut [u8], from: &[u8], stride: usize, width: usize, rows: usize) {
    if width == stride {
        return to[..rows * stride].copy_from_slice(&from[..rows * stride]);
    }
    for start in (0..rows).map(|row| row * stride) {
        to[start..start + width].copy_from_slice(&from[start..start + width]);
    }
}

/// A place and a step that is known to stay inside.
fn moved(at: usize, step: i16) -> usize {
    at.wrapping_add_signed(isize::from(step))
}

/// Which samples make one of chroma: vectors of odd pixels end half way between two (8.4.2.2.2).
#[derive(Debug, Clone, Copy)]
struct Mixed {
    across: bool,
    down: bool,
}

impl Mixed {
    fn of(vector: Vector) -> Self {
        Self { across: vector.x & 1 == 1, down: vector.y & 1 == 1 }
    }

    fn copy(self, plane: &[u8], at: usize, stride: usize, out: &mut [u8]) {
        // Rounded up at one half.
        let two = |a: u8, b: u8| u8::midpoint(a, b) + ((a ^ b) & 1);
        match (self.across, self.down) {
            (false, false) => out.copy_from_slice(&plane[at..][..out.len()]),
            (true, true) => {
                let (a, b, c, d) = (&plane[at..], &plane[at + 1..], &plane[at + stride..], &plane[at + stride + 1..]);
                for ((((out, a), b), c), d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                    let sum = u16::from(*a) + u16::from(*b) + u16::from(*c) + u16::from(*d) + 2;
                    let [_, quarter] = (sum >> 2).to_be_bytes();
                    *out = quarter;
                }
            }
            (across, _) => {
                let other = if across { 1 } else { stride };
                let (first, second) = (&plane[at..], &plane[at + other..]);
                for ((out, a), b) in out.iter_mut().zip(first).zip(second) {
                    *out = two(*a, *b);
                }
            }
        }
    }
}

/// Some rows of macroblocks of a picture, to be written.
#[derive(Debug, Default)]
pub(crate) struct Band<'a> {
    pub(crate) stride: usize,
    pub(crate) luma: &'a mut [u8],
    pub(crate) chroma: &'a mut [u8],
}

impl<'a> Band<'a> {
    /// The first `rows` rows of macroblocks, and the others.
    pub(crate) fn split(self, rows: usize) -> (Self, Self) {
        let (luma, luma_rest) = self.luma.split_at_mut(rows * 16 * self.stride);
        let (chroma, chroma_rest) = self.chroma.split_at_mut(rows * 8 * self.stride);
        let stride = self.stride;
        (Self { stride, luma, chroma }, Self { stride, luma: luma_rest, chroma: chroma_rest })
    }

    /// Where the macroblock at column `x` and row `y` of the band starts in luma and in both parts of chroma.
    pub(crate) fn start(&self, x: usize, y: usize) -> (usize, [usize; 2]) {
        let cb = y * 8 * self.stride + x * 8;
        (y * 16 * self.stride + x * 16, [cb, cb + self.stride / 2])
    }

    pub(crate) fn load(&self, x: usize, y: usize, block: &mut Block) {
        let (luma, _) = self.start(x, y);
        for (row, out) in block.luma_mut().as_chunks_mut::<16>().0.iter_mut().enumerate() {
            out.copy_from_slice(&self.luma[luma + row * self.stride..][..16]);
        }
        self.load_chroma(x, y, block);
    }

    pub(crate) fn load_chroma(&self, x: usize, y: usize, block: &mut Block) {
        let (_, [cb, cr]) = self.start(x, y);
        for (row, out) in block.chroma_mut().as_chunks_mut::<16>().0.iter_mut().enumerate() {
            out[..8].copy_from_slice(&self.chroma[cb + row * self.stride..][..8]);
            out[8..].copy_from_slice(&self.chroma[cr + row * self.stride..][..8]);
        }
    }

    pub(crate) fn store(&mut self, x: usize, y: usize, block: &Block) {
        let (luma, _) = self.start(x, y);
        for (row, samples) in block.luma().as_chunks::<16>().0.iter().enumerate() {
            self.luma[luma + row * self.stride..][..16].copy_from_slice(samples);
        }
        self.store_chroma(x, y, block);
    }

    pub(crate) fn store_chroma(&mut self, x: usize, y: usize, block: &Block) {
        let (_, [cb, cr]) = self.start(x, y);
        for (row, samples) in block.chroma().as_chunks::<16>().0.iter().enumerate() {
            self.chroma[cb + row * self.stride..][..8].copy_from_slice(&samples[..8]);
            self.chroma[cr + row * self.stride..][..8].copy_from_slice(&samples[8..]);
        }
    }

    /// Copies the macroblocks from column `start` on and before `end` of row `y`, which is row `from_y` of `from`, from
    /// where they are `vector` away.
    pub(crate) fn copy_run(
        &mut self,
        (start, end): (usize, usize),
        y: usize,
        from: &Picture,
        from_y: usize,
        vector: Vector,
    ) {
        let stride = self.stride;
        let (luma, chroma) = self.start(start, y);
        let width = (end - start) * 16;
        let (left, top) = (moved(start * 16, vector.x), moved(from_y * 16, vector.y));
        copy_rows(&mut self.luma[luma..], &from.luma[top * stride + left..], stride, width, 16);
        let source = top / 2 * stride + left / 2;
        let mixed = Mixed::of(vector);
        if width == stride && !vector.is_odd() {
            return copy_rows(&mut self.chroma[chroma[0]..], &from.chroma[source..], stride, width, 8);
        }
        for (at, part) in chroma.into_iter().zip([0, stride / 2]) {
            for row in 0..8 {
                let out = &mut self.chroma[at + row * stride..][..width / 2];
                mixed.copy(&from.chroma, source + part + row * stride, stride, out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(layout: Layout) -> Picture {
        let mut picture = Picture::new(layout);
        let fill = |samples: &mut [u8]| {
            samples
                .iter_mut()
                .enumerate()
                .for_each(|(at, sample)| *sample = ((at * 7) ^ (at / 48 * 13)).to_le_bytes()[0]);
        };
        fill(&mut picture.luma);
        fill(&mut picture.chroma);
        picture
    }

    #[test]
    fn what_is_stored_is_loaded() {
        let mut picture = numbered(Layout { columns: 3, rows: 2 });
        let (mut block, mut back) = (Block::new(), Block::new());
        block.0.iter_mut().zip((0..=255).cycle()).for_each(|(sample, n)| *sample = n);
        let (_, mut lower) = picture.band().split(1);
        lower.store(2, 0, &block);
        lower.load(2, 0, &mut back);
        assert_eq!(back, block);
        picture.fetch(2, 1, Vector::ZERO, &mut back);
        assert_eq!(back, block);
    }

    #[test]
    fn runs_are_what_single_macroblocks_are() {
        let layout = Layout { columns: 4, rows: 4 };
        let from = numbered(layout);
        for (x, y) in [(0, 0), (-16, 2), (3, -8), (-2, 5), (7, -3)] {
            let vector = Vector { x, y };
            let mut to = Picture::new(layout);
            to.band().copy_run((1, 3), 2, &from, 2, vector);
            for column in 1..3 {
                let (mut copied, mut fetched) = (Block::new(), Block::new());
                to.band().load(column, 2, &mut copied);
                from.fetch(column, 2, vector, &mut fetched);
                assert_eq!(copied, fetched, "{vector:?}");
            }
        }
    }

    #[test]
    fn odd_vectors_mix_chroma_as_8_4_2_2_2_says() {
        let from = numbered(Layout { columns: 3, rows: 3 });
        for (x, y) in [(3, 0), (0, -5), (1, 1)] {
            let mut block = Block::new();
            from.fetch(1, 1, Vector { x, y }, &mut block);
            for (row, out) in block.chroma().as_chunks::<16>().0.iter().enumerate() {
                for (column, out) in out.iter().enumerate().take(8) {
                    let eighths = |step: i16| u32::try_from(step.rem_euclid(2) * 4).unwrap();
                    let (fx, fy) = (eighths(x), eighths(y));
                    let at = |dx: usize, dy: usize| {
                        let row = moved(8 + row, y.div_euclid(2)) + dy;
                        u32::from(from.chroma[row * 48 + moved(8 + column, x.div_euclid(2)) + dx])
                    };
                    let sum = (8 - fx) * (8 - fy) * at(0, 0)
                        + fx * (8 - fy) * at(usize::from(fx > 0), 0)
                        + (8 - fx) * fy * at(0, usize::from(fy > 0))
                        + fx * fy * at(usize::from(fx > 0), usize::from(fy > 0));
                    assert_eq!(u32::from(*out), (sum + 32) >> 6);
                }
            }
        }
    }

    #[test]
    fn vectors_stay_inside() {
        let layout = Layout { columns: 4, rows: 40 };
        let allows = |x, y| layout.allows(1, 1, Vector { x, y });
        assert!(allows(-16, -16) && allows(32, 0) && allows(0, 510));
        assert!(!allows(-17, 0) && !allows(33, 0) && !allows(0, -17) && !allows(0, 512));
        assert!(!layout.allows(2, 1, Vector { x: 17, y: 0 }), "the next sample would be mixed in");
    }
}
