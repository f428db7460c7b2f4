//! Coding a macroblock that changed: which prediction it gets, and writing it.
//!
//! The measure is the sum of absolute differences between source and prediction, and a price for the bits that saying so
//! takes. On a desktop the best one is mostly exact: what was there before, what was there elsewhere, a flat colour.

use crate::intra::{ChromaMode, LumaMode};
use crate::quality::Quality;
use crate::slice::{Coded, Slice};
use crate::state::{Coding, Counts};
use crate::syntax;
use crate::tables::LAMBDA;
use crate::transform::Rounding;
use crate::vector::{self, Vector};

/// Most bits of a macroblock (A.3.1); I_PCM takes less than what takes more.
const MOST_BITS: usize = 3200;

/// A prediction without residual, and what it costs.
#[derive(Debug, Clone, Copy)]
struct InterChoice {
    cost: u32,
    vector: Vector,
}

impl Slice<'_> {
    /// Codes a macroblock that changed, or that is to become finer.
    pub(crate) fn code_changed(&mut self, x: usize, y: usize, qp: u8) -> Coded {
        let idr = self.picture.kind.is_idr();
        if self.work.sink.position() > self.budget {
            return if idr { self.sketch(x, y) } else { self.leave_out(x, y) };
        }
        self.picture.source.load(x, self.rows.start + y, &mut self.work.source);
        self.state.show(x, y, Quality::new(qp), self.picture.settled_qp);
        let inter = if idr { None } else { Some(self.choose_inter(x, y, qp)) };
        if let Some(InterChoice { cost: 0, vector }) = inter {
            self.work.residual.clear();
            return self.finish_inter(x, y, qp, vector);
        }
        self.work.edges.load(&self.target, x, y);
        let limit = inter.map_or(u32::MAX, |choice| choice.cost);
        match (self.choose_intra(limit, qp, idr), inter) {
            (Some(choice), _) => self.code_intra(x, y, qp, choice),
            (None, Some(InterChoice { vector, .. })) => self.code_inter(x, y, qp, vector),
            (None, None) => self.code_pcm(x, y),
        }
    }

    /// Leaves a changed macroblock as it was.
    fn leave_out(&mut self, x: usize, y: usize) -> Coded {
        self.work.tally.deferred += 1;
        if self.picture.fresh.get(x, self.rows.start + y) {
            self.state.defer(x, y);
        }
        if let Some(reference) = self.picture.reference {
            self.target.copy_run((x, x + 1), y, reference, self.rows.start + y, Vector::ZERO);
        }
        self.hold(x, y)
    }

    /// Predicts from the picture before, into `work.prediction`.
    fn fetch(&mut self, x: usize, y: usize, vector: Vector) {
        match self.picture.reference {
            Some(reference) => reference.fetch(x, self.rows.start + y, vector, &mut self.work.prediction),
            None => self.target.load(x, y, &mut self.work.prediction),
        }
    }

    fn difference(&self) -> u32 {
        let (kernels, work) = (self.picture.kernels, &*self.work);
        (kernels.difference)(work.source.luma(), work.prediction.luma())
            + (kernels.chroma_difference)(work.source.chroma(), work.prediction.chroma())
    }

    /// The best of what was here and what the hint and the neighbours say was elsewhere; leaves its prediction.
    fn choose_inter(&mut self, x: usize, y: usize, qp: u8) -> InterChoice {
        self.fetch(x, y, Vector::ZERO);
        let mut best = InterChoice { cost: self.difference(), vector: Vector::ZERO };
        if self.picture.reference.is_none() || best.cost == 0 {
            return best;
        }
        let [left, above, corner] = self.state.neighbours(x, y);
        let expected = vector::predict(left, above, corner);
        let mut tried = [Vector::ZERO; 2];
        // A search has tried what else there is.
        let candidates = if self.picture.search {
            [self.search(x, y, qp, [left, above, corner]), Vector::ZERO]
        } else {
            [self.picture.hint, expected]
        };
        for (nth, vector) in candidates.into_iter().enumerate() {
            if tried.contains(&vector) || !self.picture.layout.allows(x, self.rows.start + y, vector) {
                continue;
            }
            tried[nth] = vector;
            std::mem::swap(&mut self.work.prediction, &mut self.work.other);
            self.fetch(x, y, vector);
            let cost = self.difference() + LAMBDA[usize::from(qp)];
            if cost < best.cost {
                best = InterChoice { cost: cost - LAMBDA[usize::from(qp)], vector };
            } else {
                std::mem::swap(&mut self.work.prediction, &mut self.work.other);
            }
        }
        best
    }

    /// Codes chroma of a macroblock whose luma moved as it was; `None` if there is nothing to code.
    pub(crate) fn code_moved_chroma(&mut self, x: usize, y: usize, vector: Vector) -> Option<Coded> {
        let (kernels, quantiser, qp) =
            (self.picture.kernels, self.picture.quantisers.chroma(self.picture.qp), self.picture.qp);
        let work = &mut *self.work;
        self.picture.source.load_chroma(x, self.rows.start + y, &mut work.source);
        self.target.load_chroma(x, y, &mut work.prediction);
        work.residual.clear_luma();
        work.residual.code_chroma(kernels, quantiser, qp, [&work.source, &work.prediction], Rounding::Inter);
        if work.residual.is_empty() {
            return None;
        }
        let (place, start, last) = (work.sink.place(), work.sink.position(), work.qp);
        self.write_inter(x, y, vector);
        let counts = self.write_qp(qp);
        let around = self.state.surroundings(x, y, &counts);
        let work = &mut *self.work;
        syntax::chroma(&mut work.sink, &work.residual, &around);
        if work.sink.position() - start > MOST_BITS {
            work.qp = last;
            work.sink.go_to(place);
            self.picture.source.load(x, self.rows.start + y, &mut work.source);
            return Some(self.code_pcm(x, y));
        }
        work.tally.inter += 1;
        self.state.set(x, y, vector, Coding::Inter, Some(&counts));
        work.residual.rebuild_chroma(kernels, quantiser, &work.prediction, &mut work.result);
        self.target.store_chroma(x, y, &work.result);
        Some(Coded::inter(true, vector))
    }

    /// Codes what is left after an inter prediction.
    fn code_inter(&mut self, x: usize, y: usize, qp: u8, vector: Vector) -> Coded {
        let (kernels, quantisers, work) = (self.picture.kernels, self.picture.quantisers, &mut *self.work);
        let blocks = [&work.source, &work.prediction];
        work.residual.code_luma(kernels, quantisers.luma(qp), qp, blocks);
        work.residual.code_chroma(kernels, quantisers.chroma(qp), qp, blocks, Rounding::Inter);
        self.finish_inter(x, y, qp, vector)
    }

    /// Writes an inter macroblock with the prediction and residual at hand.
    fn finish_inter(&mut self, x: usize, y: usize, qp: u8, vector: Vector) -> Coded {
        let (kernels, quantisers) = (self.picture.kernels, self.picture.quantisers);
        if self.work.residual.is_empty() {
            self.work.tally.unchanged += 1;
            self.target.store(x, y, &self.work.prediction);
            let [left, above, corner] = self.state.neighbours(x, y);
            if vector::skip(left, above, corner) == vector {
                self.state.set(x, y, vector, Coding::Inter, None);
                return Coded::inter(false, vector);
            }
            self.write_inter(x, y, vector);
            return Coded::inter(true, vector);
        }
        self.work.tally.inter += 1;
        let (place, last) = (self.work.sink.place(), self.work.qp);
        let start = self.work.sink.position();
        self.write_inter(x, y, vector);
        let counts = self.write_qp(qp);
        let around = self.state.surroundings(x, y, &counts);
        let work = &mut *self.work;
        syntax::luma(&mut work.sink, &work.residual, &around, 0);
        syntax::chroma(&mut work.sink, &work.residual, &around);
        if work.sink.position() - start > MOST_BITS {
            (work.qp, work.tally.inter) = (last, work.tally.inter - 1);
            work.sink.go_to(place);
            return self.code_pcm(x, y);
        }
        self.state.set(x, y, vector, Coding::Inter, Some(&counts));
        let work = &mut *self.work;
        work.residual.rebuild_luma(kernels, quantisers.luma(qp), &work.prediction, &mut work.result);
        work.residual.rebuild_chroma(kernels, quantisers.chroma(qp), &work.prediction, &mut work.result);
        self.target.store(x, y, &work.result);
        Coded::inter(true, vector)
    }

    /// Writes the QP; gives the numbers of levels.
    pub(crate) fn write_qp(&mut self, qp: u8) -> Counts {
        let work = &mut *self.work;
        syntax::qp_delta(&mut work.sink, qp, work.qp);
        work.qp = qp;
        work.residual.counts()
    }

    /// Writes the source as it is: it would take more bits in any other way.
    pub(crate) fn code_pcm(&mut self, x: usize, y: usize) -> Coded {
        let work = &mut *self.work;
        work.tally.pcm += 1;
        work.sink.reserve();
        syntax::pcm(&mut work.sink, self.picture.kind, work.run);
        work.sink.bytes(work.source.luma());
        for plane in 0..2 {
            for row in work.source.chroma().as_chunks::<16>().0 {
                work.sink.bytes(&row[8 * plane..8 * plane + 8]);
            }
        }
        self.target.store(x, y, &work.source);
        self.state.set(x, y, Vector::ZERO, Coding::Intra, Some(&[16; 24]));
        self.state.show(x, y, Quality::new(0), self.picture.settled_qp);
        Coded::INTRA
    }
}

/// The best intra prediction of a whole macroblock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IntraChoice {
    pub(crate) luma: LumaMode,
    pub(crate) chroma: ChromaMode,
    /// Difference of luma.
    pub(crate) difference: u32,
}
