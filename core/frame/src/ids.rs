//! Newtypes for ids and units that cross crates.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

/// One output of the captured display device; 0 is the VM console, desktops use the others.
///
/// The wire carries it as a `u32` in payloads and as a `u16` in headers, so only 16-bit ids exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScanoutId(u16);

/// A scanout id that does not fit the header's 16 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("scanout id {0} is above 65535")]
pub struct ScanoutIdError(pub u32);

impl ScanoutId {
    /// The id with this number.
    #[must_use]
    pub const fn new(id: u16) -> Self {
        Self(id)
    }

    /// The id as the header carries it.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u32> for ScanoutId {
    type Error = ScanoutIdError;

    fn try_from(id: u32) -> Result<Self, Self::Error> {
        u16::try_from(id).map(Self).map_err(|_| ScanoutIdError(id))
    }
}

impl From<ScanoutId> for u32 {
    fn from(id: ScanoutId) -> Self {
        Self::from(id.0)
    }
}

impl fmt::Display for ScanoutId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A bit rate in bits per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BitRate(u32);

impl BitRate {
    /// A rate of this many bits per second.
    #[must_use]
    pub const fn from_bits_per_second(bits: u32) -> Self {
        Self(bits)
    }

    /// Bits per second.
    #[must_use]
    pub const fn bits_per_second(self) -> u32 {
        self.0
    }
}

impl fmt::Display for BitRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} Mbit/s", f64::from(self.0) / 1e6)
    }
}

/// A text that is no bit rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no bit rate such as 20M, 800k or 500000, up to 4294967295 bits per second")]
pub struct BitRateError(String);

impl FromStr for BitRate {
    type Err = BitRateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (digits, factor) = match text.char_indices().next_back() {
            Some((at, 'k' | 'K')) => (&text[..at], 1_000),
            Some((at, 'm' | 'M')) => (&text[..at], 1_000_000),
            _ => (text, 1),
        };
        let bits = digits.parse::<u32>().ok().and_then(|number| number.checked_mul(factor));
        bits.map(Self).ok_or_else(|| BitRateError(text.to_owned()))
    }
}

/// Frames per second as a fraction; both parts are above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameRate {
    numerator: NonZeroU32,
    denominator: NonZeroU32,
}

/// A frame rate with a zero part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("frame rate {numerator}/{denominator} has a zero part")]
pub struct FrameRateError {
    /// The refused numerator.
    pub numerator: u32,
    /// The refused denominator.
    pub denominator: u32,
}

impl FrameRate {
    /// `numerator / denominator` frames per second.
    ///
    /// # Errors
    /// When either part is 0.
    pub const fn new(numerator: u32, denominator: u32) -> Result<Self, FrameRateError> {
        match (NonZeroU32::new(numerator), NonZeroU32::new(denominator)) {
            (Some(numerator), Some(denominator)) => Ok(Self { numerator, denominator }),
            _ => Err(FrameRateError { numerator, denominator }),
        }
    }

    /// The numerator.
    #[must_use]
    pub const fn numerator(self) -> u32 {
        self.numerator.get()
    }

    /// The denominator.
    #[must_use]
    pub const fn denominator(self) -> u32 {
        self.denominator.get()
    }

    /// Frames per second as a float, for libraries that want one.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.numerator.get()) / f64::from(self.denominator.get())
    }
}

/// Picture quality from 0 (coarsest) to 100 (finest); each encoder maps it to its own scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quality(u8);

/// A quality above 100, or a text that is no number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("quality {0} is not in 0..=100")]
pub struct QualityError(String);

impl Quality {
    /// Text looks clean, bits are reasonable.
    pub const DEFAULT: Self = Self(70);

    /// A quality of `value` out of 100.
    ///
    /// # Errors
    /// When `value` is above 100.
    pub fn new(value: u8) -> Result<Self, QualityError> {
        if value > 100 { Err(QualityError(value.to_string())) } else { Ok(Self(value)) }
    }

    /// The value, 0 to 100.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl FromStr for Quality {
    type Err = QualityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map_err(|_| QualityError(text.to_owned())).and_then(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_may_have_a_unit() {
        assert_eq!("800k".parse(), Ok(BitRate(800_000)));
        assert_eq!("20M".parse(), Ok(BitRate(20_000_000)));
        assert_eq!("123456".parse(), Ok(BitRate(123_456)));
        for bad in ["", "M", "-1", "5000M", "1.5M", "20MM", "é"] {
            assert!(bad.parse::<BitRate>().is_err(), "{bad}");
        }
    }

    #[test]
    fn ids_above_the_header_field_are_refused() {
        assert_eq!(ScanoutId::try_from(65_535), Ok(ScanoutId::new(65_535)));
        assert_eq!(ScanoutId::try_from(65_536), Err(ScanoutIdError(65_536)));
    }

    #[test]
    fn a_zero_denominator_is_refused() {
        assert!(FrameRate::new(60, 0).is_err());
        assert!(FrameRate::new(0, 1).is_err());
        assert!((FrameRate::new(30_000, 1001).expect("valid").as_f64() - 29.97).abs() < 0.01);
    }

    #[test]
    fn quality_ends_at_100() {
        assert!(Quality::new(100).is_ok());
        assert!(Quality::new(101).is_err() && "101".parse::<Quality>().is_err() && "x".parse::<Quality>().is_err());
        assert_eq!("70".parse(), Ok(Quality::DEFAULT));
    }
}
