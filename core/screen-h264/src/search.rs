//! Looking for motion where nobody told of any: a diamond search over whole pixels.
//!
//! For content like video, whose blocks move a little from picture to picture. It starts at the best of what the
//! neighbours did, and goes downhill in steps of 4, 2 and 1 pixels.

use crate::slice::Slice;
use crate::tables::LAMBDA;
use crate::vector::{self, Neighbour, Vector};

/// Steps in one direction at each size.
const MOST_STEPS: usize = 6;

impl Slice<'_> {
    /// The best vector that was found for the macroblock in `work.source`; zero where none is better.
    pub(crate) fn search(&self, x: usize, y: usize, qp: u8, [left, above, corner]: [Neighbour; 3]) -> Vector {
        let Some(reference) = self.picture.reference else { return Vector::ZERO };
        let (row, lambda) = (self.rows.start + y, LAMBDA[usize::from(qp)]);
        let expected = vector::predict(left, above, corner);
        let difference = self.picture.kernels.difference_in_plane;
        let stride = self.picture.layout.stride();
        let cost = |vector: Vector| {
            if !self.picture.layout.allows(x, row, vector) {
                return u32::MAX;
            }
            let bits = bits(vector.x, expected.x) + bits(vector.y, expected.y);
            difference(self.work.source.luma(), reference.luma_at(x, row, vector), stride) + lambda * bits
        };
        let mut best = (cost(Vector::ZERO), Vector::ZERO);
        let known = [left, above].map(|neighbour| match neighbour {
            Neighbour::Inter(vector) => vector,
            _ => Vector::ZERO,
        });
        for vector in
            [known[0], known[1], expected, self.picture.hint].into_iter().filter(|vector| *vector != Vector::ZERO)
        {
            best = best.min((cost(vector), vector));
        }
        for step in [4, 2, 1] {
            for _ in 0..MOST_STEPS {
                let Vector { x, y } = best.1;
                let around = [(step, 0), (-step, 0), (0, step), (0, -step)];
                let around = around.map(|(dx, dy)| Vector { x: x + dx, y: y + dy });
                let next = around.into_iter().map(|vector| (cost(vector), vector)).min().unwrap_or(best);
                if next.0 >= best.0 {
                    break;
                }
                best = next;
            }
        }
        best.1
    }
}

/// Bits of a vector's component, which counts in quarters.
fn bits(value: i16, expected: i16) -> u32 {
    let quarters = 4 * (i32::from(value) - i32::from(expected)).unsigned_abs();
    2 * (u32::BITS - (2 * quarters + 1).leading_zeros()) - 1
}
