//! Choosing and coding intra macroblocks: clauses 7.3.5.1 and 8.3.

use crate::choose::IntraChoice;
use crate::intra::{ChromaMode, LumaMode};
use crate::intra4::{self, Around};
use crate::kernels::Kernels;
use crate::quality::Quality;
use crate::slice::{Coded, Slice};
use crate::state::Coding;
use crate::syntax;
use crate::tables::{BLOCK_RASTER, LAMBDA};
use crate::transform::Rounding;
use crate::vector::Vector;
use crate::work::Work;

/// Most bits of a macroblock (A.3.1).
const MOST_BITS: usize = 3200;
/// What an intra macroblock costs before its levels, in bits, where inter ones are the rule.
const INTRA_BITS: u32 = 6;
/// Differences of luma below this many times lambda are not worth 16 modes.
const WORTH_4X4: u32 = 48;

impl Slice<'_> {
    /// The best intra prediction, if it costs less than `limit`; leaves luma and chroma in `work.other`.
    pub(crate) fn choose_intra(&mut self, limit: u32, qp: u8, idr: bool) -> Option<IntraChoice> {
        let (kernels, work) = (self.picture.kernels, &mut *self.work);
        let price = if idr { 0 } else { INTRA_BITS * LAMBDA[usize::from(qp)] };
        let luma = choose_luma(kernels, work);
        if luma.0 + price >= limit {
            return None;
        }
        let chroma = choose_chroma(kernels, work);
        let choice = IntraChoice { luma: luma.1, chroma: chroma.1, difference: luma.0 };
        (luma.0 + chroma.0 + price < limit).then_some(choice)
    }

    /// Codes an intra macroblock with the prediction in `work.other`.
    pub(crate) fn code_intra(&mut self, x: usize, y: usize, qp: u8, choice: IntraChoice) -> Coded {
        std::mem::swap(&mut self.work.prediction, &mut self.work.other);
        let (kernels, quantisers, work) = (self.picture.kernels, self.picture.quantisers, &mut *self.work);
        let blocks = [&work.source, &work.prediction];
        work.residual.code_chroma(kernels, quantisers.chroma(qp), qp, blocks, Rounding::Intra);
        let worth = WORTH_4X4 * LAMBDA[usize::from(qp)];
        if self.picture.intra4 && choice.difference > worth && self.code_intra_4x4(x, y, qp, choice) {
            return Coded::INTRA;
        }
        self.code_intra_16x16(x, y, qp, choice)
    }

    /// Codes a macroblock of an IDR picture for which there is no room, as flat as it can be.
    pub(crate) fn sketch(&mut self, x: usize, y: usize) -> Coded {
        let work = &mut *self.work;
        self.picture.source.load(x, self.rows.start + y, &mut work.source);
        work.edges.load(&self.target, x, y);
        LumaMode::Dc.predict(&work.edges, work.prediction.luma_mut());
        ChromaMode::Dc.predict(&work.edges, work.prediction.chroma_mut());
        work.source.0 = work.prediction.0;
        work.residual.clear_chroma();
        work.tally.deferred += 1;
        self.state.show(x, y, Quality::UNSEEN, self.picture.settled_qp);
        let choice = IntraChoice { luma: LumaMode::Dc, chroma: ChromaMode::Dc, difference: 0 };
        self.code_intra_16x16(x, y, self.work.qp, choice)
    }

    fn code_intra_16x16(&mut self, x: usize, y: usize, qp: u8, choice: IntraChoice) -> Coded {
        let (kernels, quantisers, kind) = (self.picture.kernels, self.picture.quantisers, self.picture.kind);
        let work = &mut *self.work;
        let luma = quantisers.luma(qp);
        if choice.difference == 0 && work.source.luma() == work.prediction.luma() {
            work.residual.clear_luma();
        } else {
            work.residual.code_luma_16x16(kernels, luma, qp, [&work.source, &work.prediction]);
        }
        work.sink.reserve();
        let (place, start, last) = (work.sink.place(), work.sink.position(), work.qp);
        syntax::intra_16x16(&mut work.sink, (kind, work.run), (choice.luma, choice.chroma), &work.residual);
        let counts = self.write_qp(qp);
        let around = self.state.surroundings(x, y, &counts);
        let work = &mut *self.work;
        syntax::luma_dc(&mut work.sink, &work.residual, &around);
        syntax::luma(&mut work.sink, &work.residual, &around, 1);
        syntax::chroma(&mut work.sink, &work.residual, &around);
        if work.sink.position() - start > MOST_BITS {
            work.qp = last;
            work.sink.go_to(place);
            return self.code_pcm(x, y);
        }
        work.tally.intra16 += 1;
        let counts = (!work.residual.is_empty()).then_some(&counts);
        self.state.set(x, y, Vector::ZERO, Coding::Intra, counts);
        work.residual.rebuild_luma_16x16(kernels, luma, &work.prediction, &mut work.result);
        work.residual.rebuild_chroma(kernels, quantisers.chroma(qp), &work.prediction, &mut work.result);
        self.target.store(x, y, &work.result);
        Coded::INTRA
    }

    /// Codes an Intra_4x4 macroblock, unless Intra_16x16 turns out to be as good.
    fn code_intra_4x4(&mut self, x: usize, y: usize, qp: u8, choice: IntraChoice) -> bool {
        let (kernels, quantisers, kind) = (self.picture.kernels, self.picture.quantisers, self.picture.kind);
        let around = self.state.modes_around(x, y);
        let Some((modes, expected)) = self.predict_4x4(around, qp, choice.difference) else { return false };
        let work = &mut *self.work;
        work.sink.reserve();
        let (place, start, last) = (work.sink.place(), work.sink.position(), work.qp);
        syntax::intra_4x4(&mut work.sink, (kind, work.run), (&modes, &expected), choice.chroma, &work.residual);
        let counts = if work.residual.is_empty() {
            work.residual.counts()
        } else {
            let counts = self.write_qp(qp);
            let around = self.state.surroundings(x, y, &counts);
            let work = &mut *self.work;
            syntax::luma(&mut work.sink, &work.residual, &around, 0);
            syntax::chroma(&mut work.sink, &work.residual, &around);
            counts
        };
        let work = &mut *self.work;
        if work.sink.position() - start > MOST_BITS {
            work.qp = last;
            work.sink.go_to(place);
            self.code_pcm(x, y);
            return true;
        }
        work.tally.intra4 += 1;
        let counts = (!work.residual.is_empty()).then_some(&counts);
        self.state.set_modes(x, y, &modes);
        self.state.set(x, y, Vector::ZERO, Coding::Intra4, counts);
        work.residual.rebuild_chroma(kernels, quantisers.chroma(qp), &work.prediction, &mut work.result);
        self.target.store(x, y, &work.result);
        true
    }

    /// Chooses each block's mode and rebuilds luma into `work.result`; `None` once it costs more than `limit`.
    fn predict_4x4(&mut self, [left, above]: [Option<[u8; 4]>; 2], qp: u8, limit: u32) -> Option<([u8; 16], [u8; 16])> {
        let (kernels, quantiser, work) = (self.picture.kernels, self.picture.quantisers.luma(qp), &mut *self.work);
        let lambda = LAMBDA[usize::from(qp)];
        let (mut modes, mut expected) = ([intra4::DC; 16], [intra4::DC; 16]);
        let mut canvas = Canvas::new(&work.edges);
        let mut cost = 8 * lambda;
        work.residual.clear_luma();
        for (index, block) in BLOCK_RASTER.into_iter().enumerate() {
            let (bx, by) = (block % 4, block / 4);
            let before = |inside: bool, step: usize, outside: Option<[u8; 4]>, place: usize| {
                if inside { Some(modes[block - step]) } else { outside.map(|modes| modes[place]) }
            };
            // Where one is missing, DC is expected (8.3.1.1).
            let pair = before(bx > 0, 1, left, by).zip(before(by > 0, 4, above, bx));
            expected[block] = pair.map_or(intra4::DC, |(left, above)| left.min(above));
            let around = canvas.around(bx, by, &work.edges);
            let mut source = [0; 16];
            for (y, row) in source.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                row.copy_from_slice(&work.source.row(4 * by + y)[4 * bx..4 * bx + 4]);
            }
            let choice = (kernels.choose_4x4)(&around, &source, expected[block], lambda);
            modes[block] = choice.mode;
            cost += choice.cost;
            if cost >= limit {
                return None;
            }
            let mut samples = choice.prediction;
            if source != samples && work.residual.code_4x4(kernels, quantiser, qp, block, [&source, &samples]) {
                work.residual.luma_pattern |= 1 << (index / 4);
                samples = work.residual.rebuild_4x4(kernels, quantiser, &samples);
            }
            canvas.put(bx, by, &samples);
        }
        canvas.copy_to(work.result.luma_mut());
        Some((modes, expected))
    }
}

/// The best mode of luma, and its difference; leaves its prediction in `work.other`.
fn choose_luma(kernels: &Kernels, work: &mut Work) -> (u32, LumaMode) {
    let above = work.edges.above.first_chunk().expect("16 samples above");
    let costs = (kernels.luma_differences)(work.source.luma(), above, &work.edges.left, work.edges.luma_mean());
    let modes = [LumaMode::Dc, LumaMode::Vertical, LumaMode::Horizontal];
    let possible = costs.into_iter().zip(modes).filter(|(_, mode)| mode.is_possible(&work.edges));
    let mut best = possible.min_by_key(|(cost, _)| *cost).expect("DC is always possible");
    best.1.predict(&work.edges, work.other.luma_mut());
    // A plane is for what no edge describes.
    if best.0 >= 4 * 256 && LumaMode::Plane.is_possible(&work.edges) {
        LumaMode::Plane.predict(&work.edges, work.result.luma_mut());
        let cost = (kernels.difference)(work.source.luma(), work.result.luma());
        if cost < best.0 {
            best = (cost, LumaMode::Plane);
            *work.other.luma_mut() = *work.result.luma();
        }
    }
    best
}

/// The same of chroma.
fn choose_chroma(kernels: &Kernels, work: &mut Work) -> (u32, ChromaMode) {
    let (edges, source) = (&work.edges, work.source.chroma());
    let costs = (kernels.chroma_differences)(source, &edges.chroma_above, &edges.chroma_left, &edges.chroma_means());
    let modes = [ChromaMode::Dc, ChromaMode::Vertical, ChromaMode::Horizontal];
    let possible = costs.into_iter().zip(modes).filter(|(_, mode)| mode.is_possible(edges));
    let mut best = possible.min_by_key(|(cost, _)| *cost).expect("DC is always possible");
    best.1.predict(edges, work.other.chroma_mut());
    if best.0 >= 4 * 128 && ChromaMode::Plane.is_possible(edges) {
        ChromaMode::Plane.predict(edges, work.result.chroma_mut());
        let cost = (kernels.chroma_difference)(source, work.result.chroma());
        if cost < best.0 {
            best = (cost, ChromaMode::Plane);
            *work.other.chroma_mut() = *work.result.chroma();
        }
    }
    best
}

/// Luma of a macroblock as it is rebuilt, with its edges: a row above, a column on the left.
struct Canvas([[u8; 24]; 17]);

impl Canvas {
    fn new(edges: &crate::intra::Edges) -> Self {
        let mut rows = [[0; 24]; 17];
        rows[0][0] = edges.corner;
        rows[0][1..21].copy_from_slice(&edges.above);
        for (row, left) in rows[1..].iter_mut().zip(edges.left) {
            row[0] = left;
        }
        Self(rows)
    }

    fn around(&self, bx: usize, by: usize, edges: &crate::intra::Edges) -> Around {
        let (x, y) = (4 * bx, 4 * by);
        let mut above: [u8; 8] = self.0[y].as_slice()[x + 1..x + 9].try_into().expect("8 samples");
        // What is above on the right comes later in coding order for half of the blocks (6.4.11.4).
        let has_right = match (bx, by) {
            (3, 0) => edges.has_right,
            (_, 0) => true,
            (3, _) => false,
            _ => bx.is_multiple_of(2) || (bx == 1 && by == 2),
        };
        if !has_right {
            let last = above[3];
            above[4..].fill(last);
        }
        let left = (bx > 0 || edges.has_left).then(|| [1, 2, 3, 4].map(|row| self.0[y + row][x]));
        let above = (by > 0 || edges.has_above).then_some(above);
        Around::new(left, self.0[y][x], above)
    }

    fn put(&mut self, bx: usize, by: usize, samples: &[u8; 16]) {
        for (row, samples) in self.0[4 * by + 1..].iter_mut().zip(samples.as_chunks::<4>().0) {
            row[4 * bx + 1..4 * bx + 5].copy_from_slice(samples);
        }
    }

    fn copy_to(&self, luma: &mut [u8; 256]) {
        for (out, row) in luma.as_chunks_mut::<16>().0.iter_mut().zip(&self.0[1..]) {
            out.copy_from_slice(&row[1..17]);
        }
    }
}
