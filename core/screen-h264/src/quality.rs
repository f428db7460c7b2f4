//! How well a macroblock is shown.

/// The QP at which a macroblock is shown, and above that how often its chroma was moved by odd pixels, which blurs it.
///
/// They order as they should: what drifted is coarser than any QP, and what was never shown is the coarsest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Quality(u8);

/// One odd move.
const DRIFT: u8 = 1 << 6;
/// Odd moves after which chroma is corrected: it lost 3 dB or so.
const MOST_DRIFT: u8 = 4;

impl Quality {
    /// Of what was never shown, or only as a placeholder.
    pub(crate) const UNSEEN: Self = Self(u8::MAX);

    /// Of what is coded with `qp`.
    pub(crate) const fn new(qp: u8) -> Self {
        Self(qp)
    }

    const fn qp(self) -> u8 {
        self.0 % DRIFT
    }

    /// Of what is made of parts of both.
    #[inline]
    pub(crate) fn and(self, other: Self) -> Self {
        Self((self.0 - self.qp()).max(other.0 - other.qp()) + self.qp().max(other.qp()))
    }

    /// After one more odd move; and whether chroma is to be corrected now.
    #[inline]
    pub(crate) fn drifted(self) -> (Self, bool) {
        let moves = self.0 / DRIFT + 1;
        if moves == MOST_DRIFT { (self, true) } else { (Self(self.qp() + moves * DRIFT), false) }
    }

    /// After chroma was coded with `qp`.
    pub(crate) fn corrected(self, qp: u8) -> Self {
        Self(self.qp().max(qp))
    }

    /// Whether it is coarser than `qp`.
    #[inline]
    pub(crate) fn is_coarser(self, qp: u8) -> bool {
        self.0 > qp
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fourth_odd_move_is_corrected_and_the_next_three_are_not() {
        let mut quality = Quality::new(24);
        for _ in 0..3 {
            for _ in 1..MOST_DRIFT {
                let (drifted, corrects) = quality.drifted();
                assert!(!corrects && drifted > quality && drifted.is_coarser(44));
                quality = drifted;
            }
            assert!(quality.drifted().1);
            quality = quality.corrected(20);
            assert_eq!(quality, Quality::new(24));
        }
    }

    #[test]
    fn what_is_made_of_two_has_the_worse_of_each() {
        let (fine, coarse) = (Quality::new(16).drifted().0, Quality::new(40));
        assert_eq!(fine.and(coarse), Quality::new(40).drifted().0);
        assert_eq!(coarse.and(fine), fine.and(coarse));
        assert_eq!(Quality::UNSEEN.and(fine), Quality::UNSEEN);
        assert!(Quality::UNSEEN.corrected(20).is_coarser(44));
    }
}
