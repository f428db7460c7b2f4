//! The colour that tells a desktop from its neighbours.

use std::fmt;

use lunette_desktop::Slot;

/// Degrees between the hues of neighbouring slots: the golden angle, so that any few are far apart.
const STEP: f64 = 137.507_764;
const SATURATION: f64 = 0.55;
/// Dark enough for white text, light enough to be told from black.
const LIGHTNESS: f64 = 0.34;

/// Red, green and blue; shown as `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(pub [u8; 3]);

impl Colour {
    /// Of the desktop in this slot.
    #[must_use]
    pub fn of(slot: Slot) -> Self {
        Self::from_hue(hue(slot), lightness(slot))
    }

    /// The same hue, darker.
    #[must_use]
    pub fn darker(slot: Slot) -> Self {
        Self::from_hue(hue(slot), lightness(slot) * 0.6)
    }

    fn from_hue(hue: f64, lightness: f64) -> Self {
        let chroma = SATURATION * lightness.min(1.0 - lightness);
        let part = |offset: f64| {
            let k = (offset + hue / 30.0) % 12.0;
            let value = lightness - chroma * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 255")]
            let byte = (value * 255.0).round() as u8;
            byte
        };
        Self([part(0.0), part(8.0), part(4.0)])
    }
}

fn hue(slot: Slot) -> f64 {
    (f64::from(slot.get()) * STEP + 210.0) % 360.0
}

/// Alternates, since hues of a dozen desktops lie close together.
fn lightness(slot: Slot) -> f64 {
    LIGHTNESS + 0.06 * (f64::from(slot.get() % 3) - 1.0)
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_desktops_have_colours_far_apart() {
        let colours: Vec<Colour> = (0..16).filter_map(Slot::new).map(Colour::of).collect();
        for (index, one) in colours.iter().enumerate() {
            for other in &colours[..index] {
                let apart: i32 = one.0.iter().zip(other.0).map(|(a, b)| (i32::from(*a) - i32::from(b)).abs()).sum();
                assert!(apart >= 20, "{one} and {other}");
            }
        }
    }
}
