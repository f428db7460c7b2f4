//! "None of these numbers" as a list of patterns, each of which fixes some low bits.
//!
//! ```text
//!   none of {..01}  =  ..0 | ..11        the branches that leave the path to 01, bit by bit from the lowest
//! ```

/// All 32-bit numbers whose lowest `bits` bits are `value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pattern {
    value: u32,
    bits: u32,
}

impl Pattern {
    const ALL: Self = Self { value: 0, bits: 0 };

    /// One number.
    pub(super) const fn whole(value: u32) -> Self {
        Self { value, bits: u32::BITS }
    }

    /// All numbers with these low 16 bits.
    pub(super) const fn low_half(value: u32) -> Self {
        Self { value, bits: 16 }
    }

    pub(super) const fn mask(self) -> u32 {
        if self.bits == u32::BITS { u32::MAX } else { (1 << self.bits) - 1 }
    }

    pub(super) const fn value(self) -> u32 {
        self.value
    }

    const fn contains(self, number: u32) -> bool {
        number & self.mask() == self.value
    }

    const fn covers(self, other: Self) -> bool {
        self.bits <= other.bits && self.contains(other.value)
    }

    /// This pattern with one more bit fixed.
    const fn with(self, bit: u32) -> Self {
        Self { value: self.value | bit << self.bits, bits: self.bits + 1 }
    }
}

/// Patterns that hold every number which none of `patterns` holds, and no other, each once.
pub(super) fn complement(patterns: &[Pattern]) -> Vec<Pattern> {
    let mut out = Vec::new();
    let mut open = vec![Pattern::ALL];
    while let Some(branch) = open.pop() {
        if patterns.iter().any(|pattern| pattern.covers(branch)) {
            continue;
        }
        if patterns.iter().any(|pattern| branch.covers(*pattern)) {
            open.extend([branch.with(1), branch.with(0)]);
        } else {
            out.push(branch);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_to_leave_out_is_one_pattern_and_everything_is_none() {
        assert_eq!(complement(&[]), [Pattern::ALL]);
        assert_eq!(complement(&[Pattern::ALL]), []);
    }

    fn pattern() -> impl Strategy<Value = Pattern> {
        prop_oneof![any::<u32>().prop_map(Pattern::whole), (0..1_u32 << 16).prop_map(Pattern::low_half)]
    }

    proptest! {
        #[test]
        fn every_number_is_in_exactly_one_side(
            patterns in proptest::collection::vec(pattern(), 0..6),
            number in any::<u32>(),
            pick in any::<proptest::sample::Index>(),
            high in any::<u32>(),
        ) {
            // Numbers near a pattern, which random ones never are.
            let near = patterns.get(pick.index(patterns.len().max(1))).map_or(number, |p| p.value | high & !p.mask());
            for number in [number, near] {
                let inside = patterns.iter().any(|pattern| pattern.contains(number));
                let outside = complement(&patterns).iter().filter(|pattern| pattern.contains(number)).count();
                prop_assert_eq!(outside, usize::from(!inside));
            }
        }
    }
}
