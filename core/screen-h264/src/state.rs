//! What is remembered of each macroblock, and what its neighbours' codes depend on: clauses 6.4.11 and 9.2.1.
//!
//! A header carries the number of the picture that wrote it, its *generation*. One of another picture reads as P_Skip
//! without motion and without levels: so nothing is cleared between pictures, and what did not change costs nothing.

use crate::bitmap::Bitmap;
use crate::picture::Layout;
use crate::quality::Quality;
use crate::vector::{Neighbour, Vector};

/// How a macroblock was coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Coding {
    #[default]
    Inter,
    /// Intra_16x16 or I_PCM.
    Intra,
    /// Intra_4x4: its modes are predicted from.
    Intra4,
}

/// What the macroblocks after it need to know.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Header {
    generation: u32,
    vector: Vector,
    coding: Coding,
    /// Whether its counts are valid; they are all 0 otherwise.
    has_levels: bool,
}

/// Numbers of levels: 16 blocks of luma in raster order, 4 of Cb, 4 of Cr.
pub(crate) type Counts = [u8; 24];

/// Everything that is remembered.
#[derive(Debug)]
pub(crate) struct State {
    columns: usize,
    headers: Vec<Header>,
    counts: Vec<Counts>,
    modes: Vec<[u8; 16]>,
    /// How well each macroblock is shown.
    pub(crate) quality: Vec<Quality>,
    /// Macroblocks that are coarser than they should be once the screen rests.
    pub(crate) unsettled: Bitmap,
    /// Macroblocks that changed and were left out.
    pub(crate) deferred: Bitmap,
}

impl State {
    pub(crate) fn new(layout: Layout) -> Self {
        let all = layout.macroblocks();
        Self {
            columns: layout.columns,
            headers: vec![Header::default(); all],
            counts: vec![[0; 24]; all],
            modes: vec![[0; 16]; all],
            quality: vec![Quality::UNSEEN; all],
            unsettled: Bitmap::new(layout.columns, layout.rows),
            deferred: Bitmap::new(layout.columns, layout.rows),
        }
    }

    /// Forgets all headers, before a generation comes again.
    pub(crate) fn forget(&mut self) {
        self.headers.fill(Header::default());
    }

    /// All of it, to be written in the picture of this generation.
    pub(crate) fn band(&mut self, generation: u32) -> StateBand<'_> {
        let (unsettled, words) = self.unsettled.words_mut();
        let (deferred, _) = self.deferred.words_mut();
        StateBand {
            columns: self.columns,
            generation,
            headers: &mut self.headers,
            counts: &mut self.counts,
            modes: &mut self.modes,
            quality: &mut self.quality,
            unsettled,
            deferred,
            words,
        }
    }
}

/// Some rows of the state. Macroblocks count from the first row's first one.
#[derive(Debug, Default)]
pub(crate) struct StateBand<'a> {
    columns: usize,
    generation: u32,
    headers: &'a mut [Header],
    counts: &'a mut [Counts],
    modes: &'a mut [[u8; 16]],
    quality: &'a mut [Quality],
    unsettled: &'a mut [u64],
    deferred: &'a mut [u64],
    /// Words of a row of bits.
    words: usize,
}

impl<'a> StateBand<'a> {
    /// The first `rows` rows, and the others.
    pub(crate) fn split(self, rows: usize) -> (Self, Self) {
        let Self { columns, generation, words, .. } = self;
        let at = rows * columns;
        let (headers, headers_rest) = self.headers.split_at_mut(at);
        let (counts, counts_rest) = self.counts.split_at_mut(at);
        let (modes, modes_rest) = self.modes.split_at_mut(at);
        let (quality, quality_rest) = self.quality.split_at_mut(at);
        let (unsettled, unsettled_rest) = self.unsettled.split_at_mut(rows * words);
        let (deferred, deferred_rest) = self.deferred.split_at_mut(rows * words);
        let first = Self { columns, generation, headers, counts, modes, quality, unsettled, deferred, words };
        let rest = Self {
            columns,
            generation,
            headers: headers_rest,
            counts: counts_rest,
            modes: modes_rest,
            quality: quality_rest,
            unsettled: unsettled_rest,
            deferred: deferred_rest,
            words,
        };
        (first, rest)
    }

    fn neighbour(&self, index: usize) -> Neighbour {
        let header = &self.headers[index];
        if header.generation != self.generation {
            return Neighbour::Inter(Vector::ZERO);
        }
        if header.coding == Coding::Inter { Neighbour::Inter(header.vector) } else { Neighbour::Intra }
    }

    /// The macroblocks that vectors are predicted from: left, above, and above on the right or else on the left.
    #[inline]
    pub(crate) fn neighbours(&self, x: usize, y: usize) -> [Neighbour; 3] {
        let index = y * self.columns + x;
        let left = if x > 0 { self.neighbour(index - 1) } else { Neighbour::Absent };
        if y == 0 {
            return [left, Neighbour::Absent, Neighbour::Absent];
        }
        let above = index - self.columns;
        let corner = if x + 1 < self.columns {
            self.neighbour(above + 1)
        } else if x > 0 {
            self.neighbour(above - 1)
        } else {
            Neighbour::Absent
        };
        [left, self.neighbour(above), corner]
    }

    /// Whether the macroblocks on the left and above both moved by `vector`, which is not zero: then so does a skipped one
    /// here. Cheaper than [`vector::skip`](crate::vector::skip), and true of most that move.
    #[inline]
    pub(crate) fn is_swept(&self, x: usize, y: usize, vector: Vector) -> bool {
        let index = y * self.columns + x;
        let moved = |index: usize| {
            let header = &self.headers[index];
            header.generation == self.generation && header.coding == Coding::Inter && header.vector == vector
        };
        x > 0 && y > 0 && moved(index - 1) && moved(index - self.columns)
    }

    /// Writes a header.
    #[inline]
    pub(crate) fn set(&mut self, x: usize, y: usize, vector: Vector, coding: Coding, counts: Option<&Counts>) {
        let index = y * self.columns + x;
        if let Some(counts) = counts {
            self.counts[index] = *counts;
        }
        self.headers[index] = Header { generation: self.generation, vector, coding, has_levels: counts.is_some() };
    }

    /// The numbers of levels of a macroblock; all 0 where it has none.
    fn counts_of(&self, index: usize) -> &Counts {
        const NONE: &Counts = &[0; 24];
        let header = &self.headers[index];
        if header.generation == self.generation && header.has_levels { &self.counts[index] } else { NONE }
    }

    /// The numbers of levels around and in a macroblock.
    pub(crate) fn surroundings(&self, x: usize, y: usize, own: &Counts) -> Surroundings {
        let index = y * self.columns + x;
        let left = (x > 0).then(|| self.counts_of(index - 1));
        let above = (y > 0).then(|| self.counts_of(index - self.columns));
        Surroundings::new(left, above, own)
    }

    /// The modes of an Intra_4x4 macroblock.
    pub(crate) fn set_modes(&mut self, x: usize, y: usize, modes: &[u8; 16]) {
        self.modes[y * self.columns + x] = *modes;
    }

    /// The modes next to a macroblock's blocks on the left and above: `None` outside of the slice, DC where a macroblock
    /// is no Intra_4x4 (8.3.1.1).
    pub(crate) fn modes_around(&self, x: usize, y: usize) -> [Option<[u8; 4]>; 2] {
        const DC: [u8; 4] = [2; 4];
        let index = y * self.columns + x;
        let modes = |index: usize, places: [usize; 4]| {
            let header = &self.headers[index];
            let predicts = header.generation == self.generation && header.coding == Coding::Intra4;
            if predicts { places.map(|place| self.modes[index][place]) } else { DC }
        };
        [
            (x > 0).then(|| modes(index - 1, [3, 7, 11, 15])),
            (y > 0).then(|| modes(index - self.columns, [12, 13, 14, 15])),
        ]
    }

    /// Notes how well a macroblock is shown now, and whether that is to become better.
    #[inline]
    pub(crate) fn show(&mut self, x: usize, y: usize, quality: Quality, settled: u8) {
        self.quality[y * self.columns + x] = quality;
        let (word, bit) = (y * self.words + x / 64, 1_u64 << (x % 64));
        if quality.is_coarser(settled) {
            self.unsettled[word] |= bit
        } else {
            self.unsettled[word] &= !bit
        }
        self.deferred[word] &= !bit;
    }

    /// Macroblocks of a row that changed and were left out.
    pub(crate) fn deferred(&self, y: usize) -> &[u64] {
        &self.deferred[y * self.words..][..self.words]
    }

    /// Notes that a macroblock changed and was left out.
    pub(crate) fn defer(&mut self, x: usize, y: usize) {
        self.deferred[y * self.words + x / 64] |= 1 << (x % 64);
    }
}

/// Numbers of levels of blocks and of those on their left and above, which choose the codes.
#[derive(Debug)]
pub(crate) struct Surroundings {
    /// A row above and a column on the left, then the macroblock's own.
    luma: [[u8; 5]; 5],
    chroma: [[[u8; 3]; 3]; 2],
}

/// The number that stands for a block outside of the slice.
const ABSENT: u8 = 64;

impl Surroundings {
    fn new(left: Option<&Counts>, above: Option<&Counts>, own: &Counts) -> Self {
        let mut around = Self { luma: [[ABSENT; 5]; 5], chroma: [[[ABSENT; 3]; 3]; 2] };
        if let Some(above) = above {
            around.luma[0][1..].copy_from_slice(&above[12..16]);
            around.chroma[0][0][1..].copy_from_slice(&above[18..20]);
            around.chroma[1][0][1..].copy_from_slice(&above[22..24]);
        }
        for y in 0..4 {
            if let Some(left) = left {
                around.luma[y + 1][0] = left[4 * y + 3];
            }
            around.luma[y + 1][1..].copy_from_slice(&own[4 * y..4 * y + 4]);
        }
        for (plane, y) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let first = 16 + 4 * plane + 2 * y;
            if let Some(left) = left {
                around.chroma[plane][y + 1][0] = left[first + 1];
            }
            around.chroma[plane][y + 1][1..].copy_from_slice(&own[first..first + 2]);
        }
        around
    }

    /// nC of a luma block.
    #[inline]
    pub(crate) fn luma(&self, x: usize, y: usize) -> u8 {
        average(self.luma[y + 1][x], self.luma[y][x + 1])
    }

    /// nC of a block of chroma AC.
    #[inline]
    pub(crate) fn chroma(&self, plane: usize, x: usize, y: usize) -> u8 {
        let counts = &self.chroma[plane];
        average(counts[y + 1][x], counts[y][x + 1])
    }
}

/// The average, rounded up, of those that are there.
#[inline]
fn average(left: u8, above: u8) -> u8 {
    let sum = left + above;
    if sum < ABSENT { sum.div_ceil(2) } else { sum % (ABSENT / 2) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYOUT: Layout = Layout { columns: 3, rows: 4 };

    #[test]
    fn headers_of_other_pictures_read_as_skipped() {
        let mut state = State::new(LAYOUT);
        let vector = Vector { x: 4, y: 0 };
        state.band(1).set(0, 0, vector, Coding::Inter, Some(&[3; 24]));
        assert_eq!(state.band(1).neighbours(1, 0), [Neighbour::Inter(vector), Neighbour::Absent, Neighbour::Absent]);
        assert_eq!(state.band(1).surroundings(1, 0, &[0; 24]).luma(0, 0), 3);
        assert_eq!(state.band(2).neighbours(1, 0)[0], Neighbour::Inter(Vector::ZERO));
        assert_eq!(state.band(2).surroundings(1, 0, &[0; 24]).luma(0, 0), 0);
    }

    #[test]
    fn bands_know_nothing_above_them() {
        let mut state = State::new(LAYOUT);
        let (mut upper, mut lower) = state.band(1).split(2);
        upper.set(1, 1, Vector::ZERO, Coding::Intra, None);
        assert_eq!(lower.neighbours(1, 0)[1], Neighbour::Absent);
        lower.show(2, 1, Quality::new(20), 16);
        lower.defer(0, 0);
        assert!(state.unsettled.get(2, 3) && state.deferred.get(0, 2) && state.unsettled.count() == 1);
        assert_eq!(state.quality[11], Quality::new(20));
    }

    #[test]
    fn the_corner_is_on_the_left_at_the_right_edge() {
        let mut state = State::new(LAYOUT);
        let mut band = state.band(1);
        band.set(1, 0, Vector::ZERO, Coding::Intra, None);
        assert_eq!(band.neighbours(2, 1)[2], Neighbour::Intra);
        assert_eq!(band.neighbours(0, 1)[2], Neighbour::Intra);
    }

    #[test]
    fn counts_are_averaged_where_both_are_there() {
        assert_eq!(
            [(1, 2), (ABSENT, 5), (7, ABSENT), (ABSENT, ABSENT), (16, 16)].map(|(a, b)| average(a, b)),
            [2, 5, 7, 0, 16]
        );
    }
}
