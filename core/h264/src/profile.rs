//! Profiles, constraint flags and levels: clause 7.4.2.1.1 and Annex A.

use std::fmt;

/// `profile_idc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Profile(pub u8);

impl Profile {
    /// 66.
    pub const BASELINE: Self = Self(66);
    /// 77.
    pub const MAIN: Self = Self(77);
    /// 88.
    pub const EXTENDED: Self = Self(88);
    /// 100.
    pub const HIGH: Self = Self(100);
    /// 110.
    pub const HIGH_10: Self = Self(110);
    /// 122.
    pub const HIGH_422: Self = Self(122);
    /// 244.
    pub const HIGH_444: Self = Self(244);
    /// 44: intra pictures only.
    pub const CAVLC_444_INTRA: Self = Self(44);

    /// Whether an SPS of this profile carries chroma format, bit depths and scaling lists (7.3.2.1.1).
    #[must_use]
    pub const fn has_chroma_format(self) -> bool {
        matches!(self.0, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135)
    }

    /// Whether it is one of the three of the first edition: Baseline, Main or Extended.
    #[must_use]
    pub const fn is_first_edition(self) -> bool {
        matches!(self.0, 66 | 77 | 88)
    }

    /// Whether `flags` make it a profile in which every picture is an IDR picture (A.2.8 to A.2.11).
    #[must_use]
    pub const fn is_intra_only(self, flags: ConstraintFlags) -> bool {
        self.0 == 44 || (matches!(self.0, 100 | 110 | 122 | 244) && flags.is_set(3))
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            66 => "Baseline",
            77 => "Main",
            88 => "Extended",
            100 => "High",
            110 => "High 10",
            122 => "High 4:2:2",
            244 => "High 4:4:4 Predictive",
            44 => "CAVLC 4:4:4 Intra",
            other => return write!(f, "profile {other}"),
        })
    }
}

/// The byte of `constraint_set0_flag` to `constraint_set5_flag` and two reserved bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConstraintFlags(pub u8);

impl ConstraintFlags {
    /// Whether `constraint_setN_flag` is set, for N of 0 to 5.
    #[must_use]
    pub const fn is_set(self, n: u8) -> bool {
        n < 6 && self.0 & 0x80 >> n != 0
    }
}

/// `level_idc`: ten times the level; 9 is level 1b.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Level(pub u8);

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            9 => f.write_str("1b"),
            idc => write!(f, "{}.{}", idc / 10, idc % 10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flag_zero_is_the_top_bit() {
        let flags = ConstraintFlags(0xd0);
        assert_eq!([0, 1, 2, 3, 4, 5].map(|n| flags.is_set(n)), [true, true, false, true, false, false]);
        assert!(!ConstraintFlags(0xff).is_set(6));
    }

    #[test]
    fn flag_three_means_intra_only_in_the_high_profiles_alone() {
        let set = ConstraintFlags(0x10);
        assert!(Profile::HIGH.is_intra_only(set) && !Profile::HIGH.is_intra_only(ConstraintFlags(0)));
        assert!(!Profile::BASELINE.is_intra_only(set) && !Profile::MAIN.is_intra_only(set));
        assert!(Profile::CAVLC_444_INTRA.is_intra_only(ConstraintFlags(0)));
    }

    #[test]
    fn names_are_those_of_annex_a() {
        assert_eq!(format!("{} {}", Profile::HIGH_422, Level(31)), "High 4:2:2 3.1");
        assert_eq!(format!("{} {}", Profile(1), Level(9)), "profile 1 1b");
    }
}
