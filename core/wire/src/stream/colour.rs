//! What tells the pointers of several people apart.

use std::fmt;
use std::str::FromStr;

use super::StreamWireError;
use super::fields::Fields;

/// Red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Colour(pub [u8; 3]);

/// Text that is not `#RRGGBB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a colour is `#` and six hexadecimal digits")]
pub struct ColourError;

impl Colour {
    /// Given to one participant after the other.
    pub const PALETTE: [Self; 12] = [
        Self([0xf2, 0x48, 0x22]),
        Self([0xff, 0x72, 0x62]),
        Self([0xff, 0xcd, 0x29]),
        Self([0x14, 0xae, 0x5c]),
        Self([0x0d, 0x99, 0xff]),
        Self([0x97, 0x47, 0xff]),
        Self([0xff, 0x6b, 0x6b]),
        Self([0x4e, 0xcd, 0xc4]),
        Self([0x45, 0xb7, 0xd1]),
        Self([0x96, 0xce, 0xb4]),
        Self([0xff, 0xea, 0xa7]),
        Self([0xdd, 0xa0, 0xdd]),
    ];

    /// For whoever has none.
    pub const FALLBACK: Self = Self([0x0d, 0x99, 0xff]);

    /// The colour of the participant that came after `earlier` others.
    #[must_use]
    pub const fn of_turn(earlier: usize) -> Self {
        Self::PALETTE[earlier % Self::PALETTE.len()]
    }

    /// Appends the length and the text.
    pub(super) fn put(self, out: &mut impl bytes::BufMut) {
        out.put_u8(7);
        out.put_slice(self.to_string().as_bytes());
    }

    /// Text that is no colour is no reason to lose a pointer.
    pub(super) fn take(fields: &mut Fields<'_>) -> Result<Self, StreamWireError> {
        let length = fields.u8()?;
        let text = fields.take(length.into())?;
        Ok(str::from_utf8(text).ok().and_then(|text| text.parse().ok()).unwrap_or(Self::FALLBACK))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([red, green, blue]) = self;
        write!(f, "#{red:02X}{green:02X}{blue:02X}")
    }
}

impl FromStr for Colour {
    type Err = ColourError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('#').ok_or(ColourError)?;
        if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(ColourError);
        }
        let value = u32::from_str_radix(digits, 16).map_err(|_| ColourError)?;
        let [_, rgb @ ..] = value.to_be_bytes();
        Ok(Self(rgb))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_palette_goes_round() {
        assert_eq!(Colour::of_turn(0).to_string(), "#F24822");
        assert_eq!(Colour::of_turn(23).to_string(), "#DDA0DD");
        assert_eq!(Colour::of_turn(4), Colour::FALLBACK);
    }

    #[test]
    fn only_six_digits_are_a_colour() {
        assert_eq!("#0d99Ff".parse(), Ok(Colour::FALLBACK));
        for bad in ["", "#", "0D99FF", "#0D99F", "#0D99FF0", "#+D99FF", "#é99FF", "blue"] {
            assert_eq!(bad.parse::<Colour>(), Err(ColourError), "{bad}");
        }
    }
}
