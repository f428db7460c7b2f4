//! Pictures to encode: text as a terminal shows it, noise, and markers that survive coding.

use lunette_frame::marker::{Corner, Marker};
use lunette_frame::{Picture, PixelFormat, ScanoutId, Size};

/// A small generator with a fixed sequence (xorshift64*).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D).to_be_bytes()[0]
    }

    fn below(&mut self, limit: usize) -> usize {
        (usize::from(self.byte()) << 8 | usize::from(self.byte())) % limit
    }
}

const GLYPH: (usize, usize) = (8, 16);
const BACKGROUND: u8 = 30;

/// A page of made-up text, light on dark, taller than the screen; it wraps around.
pub(crate) struct Page {
    width: usize,
    rows: usize,
    luma: Vec<u8>,
    chroma: [Vec<u8>; 2],
}

impl Page {
    /// A page of whole lines, `width` pixels wide.
    pub(crate) fn new(width: usize, lines: usize, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let rows = lines * GLYPH.1;
        let chroma_len = width.div_ceil(2) * rows / 2;
        let chroma = [vec![128; chroma_len], vec![128; chroma_len]];
        let mut page = Self { width, rows, luma: vec![BACKGROUND; width * rows], chroma };
        let glyphs: Vec<_> = (0..64).map(|_| glyph(&mut random)).collect();
        for line in 0..lines {
            page.line(line, &glyphs, &mut random);
        }
        page
    }

    fn line(&mut self, line: usize, glyphs: &[[u8; GLYPH.1]], random: &mut Random) {
        let columns = self.width / GLYPH.0;
        let length = columns / 8 + random.below(columns);
        let (luma, tint) = ([200, 235, 160, 180][random.below(4)], [[128; 2], [100, 140], [150, 110]][random.below(3)]);
        for column in (0..length.min(columns)).filter(|_| random.below(6) > 0).collect::<Vec<_>>() {
            let glyph = &glyphs[random.below(glyphs.len())];
            for (y, bits) in glyph.iter().enumerate() {
                for x in (0..GLYPH.0).filter(|x| bits >> x & 1 == 1) {
                    let (x, y) = (column * GLYPH.0 + x, line * GLYPH.1 + y);
                    self.luma[y * self.width + x] = luma;
                    let at = y / 2 * self.width.div_ceil(2) + x / 2;
                    self.chroma[0][at] = tint[0];
                    self.chroma[1][at] = tint[1];
                }
            }
        }
    }

    /// Fills the picture with what stands from row `top` on; an odd `top` is rounded down.
    pub(crate) fn show(&self, picture: &mut Picture, top: usize) {
        let size = picture.size();
        self.show_part(picture, (0, 0), size, top / 2 * 2);
    }

    /// Puts what stands from row `top` on into a part of the picture, which lies at `to`. Chroma is what an odd `top`
    /// makes of it: of two rows that share a sample, the mean.
    pub(crate) fn show_part(&self, picture: &mut Picture, to: (usize, usize), size: Size, top: usize) {
        let stands = [&self.luma, &self.chroma[0], &self.chroma[1]];
        for (index, ((target, stride), source)) in picture.planes_mut().into_iter().zip(stands).enumerate() {
            let (shift, row) = (usize::from(index > 0), PixelFormat::I420.row_bytes(index, size.width));
            let (source_width, source_rows) = ((self.width + shift) >> shift, self.rows >> shift);
            let line = |y: usize| &source[y % source_rows * source_width..][..row];
            let start = (to.1 >> shift) * stride + (to.0 >> shift);
            let rows = PixelFormat::I420.rows(index, size.height);
            for (y, out) in target[start..].chunks_mut(stride).take(rows).enumerate() {
                let (one, other) = (line((top >> shift) + y), line(((top + shift) >> shift) + y));
                out.iter_mut().zip(one).zip(other).for_each(|((out, one), other)| *out = u8::midpoint(*one, *other));
            }
        }
    }

    /// Copies a square of luma at `to`, from where the page stands at row `top`.
    pub(crate) fn show_square(&self, picture: &mut Picture, to: (usize, usize), side: usize, top: usize) {
        let stride = picture.stride(0);
        let plane = picture.plane_mut(0);
        for y in 0..side {
            let from = (top + y) % self.rows * self.width;
            plane[(to.1 + y) * stride + to.0..][..side].copy_from_slice(&self.luma[from..from + side]);
        }
    }
}

fn glyph(random: &mut Random) -> [u8; GLYPH.1] {
    let mut rows = [0; GLYPH.1];
    rows[3..13].fill_with(|| (random.byte() & random.byte() | 0x10) & 0x7E);
    rows
}

/// A black picture.
pub(crate) fn blank(size: Size) -> Picture {
    let mut picture = Picture::new(PixelFormat::I420, size).expect("a possible size");
    for (index, (plane, _)) in picture.planes_mut().into_iter().enumerate() {
        plane.fill(if index == 0 { 16 } else { 128 });
    }
    picture
}

/// A screen full of text, from row `top` of a page made for it.
pub(crate) fn text(size: Size, seed: u64, top: usize) -> Picture {
    let mut picture = blank(size);
    let lines = (size.height as usize).div_ceil(GLYPH.1) * 2;
    Page::new(size.width as usize, lines, seed).show(&mut picture, top);
    picture
}

/// Fills the luma with noise.
pub(crate) fn noise(picture: &mut Picture, seed: u64) {
    let mut random = Random::new(seed);
    picture.plane_mut(0).fill_with(|| 16 + random.byte() % 220);
}

/// Burns a frame counter into both corners.
pub(crate) fn burn(picture: &mut Picture, counter: u32) {
    let marker = Marker { counter, scanout: ScanoutId::new(1) };
    let size = picture.size();
    for corner in [Corner::TopLeft, Corner::BottomRight] {
        let Some(rect) = corner.rect(size) else { continue };
        let (width, height) = (rect.width as usize, rect.height as usize);
        let mut packed = vec![0; width * height * 4];
        marker.burn(&mut packed, width * 4, Size::new(rect.width, rect.height), Corner::TopLeft);
        let stride = picture.stride(0);
        let start = rect.y as usize * stride + rect.x as usize;
        for (line, row) in packed.chunks_exact(width * 4).zip(picture.plane_mut(0)[start..].chunks_mut(stride)) {
            for (pixel, sample) in line.chunks_exact(4).zip(row) {
                *sample = if pixel[0] == 0 { 16 } else { 235 };
            }
        }
    }
}
