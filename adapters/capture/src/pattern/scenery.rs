//! Large pictures that are painted once and shown in parts.

use super::font::{self, CELL_HEIGHT, CELL_WIDTH, Pixel};

pub(super) const PAPER: Pixel = [0x2E, 0x1E, 0x1E, 0xFF];
const INKS: [Pixel; 4] =
    [[0xF4, 0xD6, 0xCD, 0xFF], [0xA1, 0xE3, 0xA6, 0xFF], [0xFA, 0xB4, 0x89, 0xFF], [0xAF, 0xE2, 0xF9, 0xFF]];

/// Small deterministic random numbers (xorshift64).
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `limit`, which is above 0.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap_or(0) % limit
    }

    /// A letter, a digit or, often, a space.
    pub(super) fn character(&mut self) -> u8 {
        const TYPED: &[u8] = b"etaoinshrdlu etaoinshr   cmfwypvbgkqjxz 0123456789.:-/=_<>";
        TYPED[self.below(TYPED.len())]
    }
}

/// A terminal page of `width` by `height` pixels: lines of random words and lengths.
pub(super) fn page_of_text(width: usize, height: usize, random: &mut Random) -> Vec<u8> {
    let stride = width * 4;
    let mut pixels = PAPER.repeat(width * height);
    let columns = width / CELL_WIDTH;
    for line in 0..height / CELL_HEIGHT {
        let ink = INKS[random.below(INKS.len())];
        let length = if columns < 2 { columns } else { random.below(columns) };
        for column in 0..length {
            let at = (column * CELL_WIDTH, line * CELL_HEIGHT);
            font::draw(&mut pixels, stride, at, random.character(), ink, PAPER);
        }
    }
    pixels
}

/// Random bytes.
pub(super) fn noise(bytes: usize, random: &mut Random) -> Vec<u8> {
    let mut pixels = Vec::with_capacity(bytes + 8);
    while pixels.len() < bytes {
        pixels.extend_from_slice(&random.next().to_le_bytes());
    }
    pixels.truncate(bytes);
    pixels
}

/// Soft colours with edges here and there, like a photograph out of focus with things in front.
pub(super) fn landscape(width: usize, height: usize, random: &mut Random) -> Vec<u8> {
    let mut waves = || (random.below(90) + 40, random.below(90) + 40, random.below(256));
    let channels = [[waves(), waves()], [waves(), waves()], [waves(), waves()]];
    let mut pixels = Vec::with_capacity(width * height * 4);
    for y in 0..height {
        for x in 0..width {
            for [coarse, fine] in channels {
                let soft = triangle(x * 256 / (coarse.0 * 4) + y * 256 / (coarse.1 * 5) + coarse.2);
                let edge = if (x / fine.0 + y / fine.1).is_multiple_of(5) { 48 } else { 0 };
                pixels.push(soft.saturating_add(edge));
            }
            pixels.push(0xFF);
        }
    }
    pixels
}

/// A triangle wave of period 512 between 0 and 207.
fn triangle(phase: usize) -> u8 {
    let phase = phase % 512;
    let value = if phase < 256 { phase } else { 511 - phase };
    u8::try_from(value * 207 / 255).unwrap_or(u8::MAX)
}
