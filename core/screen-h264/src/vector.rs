//! Motion vectors and what a decoder expects of them: clauses 8.4.1.1 (P_Skip) and 8.4.1.3 (prediction).
//!
//! All vectors are whole pixels: a desktop's content moves by pixels. The stream counts in quarters.

/// A displacement in pixels, from a macroblock to what it is predicted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Vector {
    pub(crate) x: i16,
    pub(crate) y: i16,
}

impl Vector {
    pub(crate) const ZERO: Self = Self { x: 0, y: 0 };

    /// Whether chroma, which has half the samples, is between samples.
    pub(crate) const fn is_odd(self) -> bool {
        (self.x | self.y) & 1 == 1
    }
}

/// What the prediction of a vector knows of a macroblock next to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Neighbour {
    /// Outside of the slice.
    Absent,
    Intra,
    Inter(Vector),
}

impl Neighbour {
    const fn vector(self) -> Vector {
        match self {
            Self::Inter(vector) => vector,
            Self::Absent | Self::Intra => Vector::ZERO,
        }
    }

    const fn is_inter(self) -> bool {
        matches!(self, Self::Inter(_))
    }
}

fn median(a: i16, b: i16, c: i16) -> i16 {
    a.max(b).min(a.min(b).max(c))
}

/// The vector that is predicted from the macroblocks on the left, above, and above on the right (or the left, where that
/// is outside). With one reference picture, a neighbour either is inter or counts for nothing.
#[inline]
pub(crate) fn predict(left: Neighbour, above: Neighbour, corner: Neighbour) -> Vector {
    if above == Neighbour::Absent && corner == Neighbour::Absent && left != Neighbour::Absent {
        return left.vector();
    }
    match (left.is_inter(), above.is_inter(), corner.is_inter()) {
        (true, false, false) => left.vector(),
        (false, true, false) => above.vector(),
        (false, false, true) => corner.vector(),
        _ => {
            let (a, b, c) = (left.vector(), above.vector(), corner.vector());
            Vector { x: median(a.x, b.x, c.x), y: median(a.y, b.y, c.y) }
        }
    }
}

/// The vector of a skipped macroblock.
#[inline]
pub(crate) fn skip(left: Neighbour, above: Neighbour, corner: Neighbour) -> Vector {
    let still = |neighbour| matches!(neighbour, Neighbour::Absent | Neighbour::Inter(Vector::ZERO));
    if still(left) || still(above) { Vector::ZERO } else { predict(left, above, corner) }
}

#[cfg(test)]
mod tests {
    use super::Neighbour::{Absent, Inter, Intra};
    use super::*;

    const A: Vector = Vector { x: 1, y: -8 };
    const B: Vector = Vector { x: 5, y: 0 };
    const C: Vector = Vector { x: 3, y: 2 };

    #[test]
    fn the_median_of_three_is_predicted_by_component() {
        assert_eq!(predict(Inter(A), Inter(B), Inter(C)), Vector { x: 3, y: 0 });
        assert_eq!(predict(Inter(A), Intra, Inter(C)), Vector { x: 1, y: 0 });
        assert_eq!(predict(Intra, Absent, Absent), Vector::ZERO);
    }

    #[test]
    fn the_only_inter_neighbour_is_followed() {
        assert_eq!(predict(Inter(A), Intra, Absent), A);
        assert_eq!(predict(Intra, Inter(B), Intra), B);
        assert_eq!(predict(Absent, Absent, Inter(C)), C);
    }

    #[test]
    fn in_the_first_row_of_a_slice_the_left_is_followed() {
        assert_eq!(predict(Inter(A), Absent, Absent), A);
        assert_eq!(predict(Absent, Absent, Absent), Vector::ZERO);
    }

    #[test]
    fn a_skipped_macroblock_stays_where_a_neighbour_does() {
        assert_eq!(skip(Inter(Vector::ZERO), Inter(B), Inter(B)), Vector::ZERO);
        assert_eq!(skip(Inter(A), Absent, Absent), Vector::ZERO);
        assert_eq!(skip(Inter(B), Inter(B), Intra), B);
        assert_eq!(skip(Intra, Intra, Inter(C)), C);
    }
}
