//! The level that a stream needs: clause A.3.1 and table A-1.

use lunette_h264::Level;

/// What a level allows.
struct Limits {
    level: u8,
    /// Macroblocks per second.
    rate: u64,
    /// Macroblocks of a picture.
    picture: u64,
    /// Thousands of bits per second, in the profiles without a factor.
    bits: u64,
}

const fn limits(level: u8, rate: u64, picture: u64, bits: u64) -> Limits {
    Limits { level, rate, picture, bits }
}

/// From level 3.1 on, which is the first that allows vectors of 512 rows; a moved window needs them.
const LEVELS: [Limits; 13] = [
    limits(31, 108_000, 3_600, 14_000),
    limits(32, 216_000, 5_120, 20_000),
    limits(40, 245_760, 8_192, 20_000),
    limits(41, 245_760, 8_192, 50_000),
    limits(42, 522_240, 8_704, 50_000),
    limits(50, 589_824, 22_080, 135_000),
    limits(51, 983_040, 36_864, 240_000),
    limits(52, 2_073_600, 36_864, 240_000),
    limits(60, 4_177_920, 139_264, 240_000),
    limits(61, 8_355_840, 139_264, 480_000),
    limits(62, 16_711_680, 139_264, 800_000),
    limits(62, u64::MAX, 139_264, u64::MAX),
    // Beyond the last level there is none; decoders that take such pictures do not ask.
    limits(62, u64::MAX, u64::MAX, u64::MAX),
];

/// Bits per second that no higher level is taken for. A ceiling above is none, and decoders that are asked for a level
/// beyond 5.2 refuse.
const MOST_BITS: u64 = 240_000_000;

/// The first level for pictures of so many macroblocks on each side, so many of them and bits per second.
pub(crate) fn level(width: usize, height: usize, pictures: f64, bits: u64) -> Level {
    let (width, height, bits) = (width as u64, height as u64, bits.min(MOST_BITS));
    let picture = width * height;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rates are positive and small")]
    #[expect(clippy::cast_precision_loss, reason = "pictures have fewer than 2^52 macroblocks")]
    let rate = (picture as f64 * pictures).ceil() as u64;
    let fits = |limits: &&Limits| {
        let side = 8 * u128::from(limits.picture);
        let square = |side: u64| u128::from(side).pow(2);
        rate <= limits.rate
            && picture <= limits.picture
            && square(width.max(height)) <= side
            && bits <= limits.bits.saturating_mul(1000)
    };
    let last = &LEVELS[LEVELS.len() - 1];
    Level(LEVELS.iter().find(fits).unwrap_or(last).level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_level_that_allows_everything_is_taken() {
        assert_eq!(level(20, 12, 30.0, 8_000_000), Level(31));
        assert_eq!(level(80, 45, 60.0, 8_000_000), Level(32));
        assert_eq!(level(120, 68, 30.0, 8_000_000), Level(40));
        assert_eq!(level(120, 68, 30.0, 30_000_000), Level(41));
        assert_eq!(level(120, 68, 60.0, 20_000_000), Level(42));
        assert_eq!(level(240, 135, 60.0, 20_000_000), Level(52));
        assert_eq!(level(480, 270, 30.0, 20_000_000), Level(60));
    }

    #[test]
    fn long_pictures_need_a_higher_one() {
        assert_eq!(level(170, 10, 1.0, 0), Level(32));
        assert_eq!(level(512, 1, 1.0, 0), Level(51));
    }

    #[test]
    fn no_ceiling_is_no_reason_for_a_level_that_decoders_refuse() {
        assert_eq!(level(120, 68, 60.0, u64::MAX), Level(51));
    }

    #[test]
    fn what_no_level_allows_is_the_last_one() {
        assert_eq!(level(512, 512, 60.0, 0), Level(62));
    }
}
