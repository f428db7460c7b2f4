//! Pictures of things that look like text, and what must be true of moves between them.

#![allow(dead_code, unreachable_pub, reason = "each program uses a part")]

use lunette_motion::{Area, Move, Plane};

pub const BLOCK: usize = 16;

/// Numbers that look random and are the same each time.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(2).wrapping_add(1))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 ^ (self.0 >> 29)) >> 16
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next()).unwrap_or(0) % limit.max(1)
    }

    pub fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}

/// A picture that owns its pixels.
#[derive(Clone, PartialEq)]
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<u8>,
}

impl Picture {
    pub fn blank(width: usize, height: usize, colour: u8) -> Self {
        Self { width, height, pixels: vec![colour; width * height] }
    }

    pub fn noise(width: usize, height: usize, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        Self { width, height, pixels: (0..width * height).map(|_| dice.byte()).collect() }
    }

    pub fn plane(&self) -> Plane<'_> {
        Plane::new(&self.pixels, self.width, self.width, self.height).expect("all rows are there")
    }

    pub fn all(&self) -> Area {
        Area::new(0, 0, self.width, self.height)
    }

    fn row(&self, x: usize, y: usize, width: usize) -> &[u8] {
        &self.pixels[y * self.width + x..][..width]
    }

    /// A part, as a picture of its own.
    pub fn cut(&self, part: Area) -> Self {
        let mut picture = Self::blank(part.width, part.height, 0);
        picture.draw(self, part, (0, 0));
        picture
    }

    pub fn fill(&mut self, area: Area, colour: u8) {
        for y in area.y..area.y + area.height {
            self.pixels[y * self.width + area.x..][..area.width].fill(colour);
        }
    }

    /// Copies a part of another picture.
    pub fn draw(&mut self, from: &Self, part: Area, (x, y): (usize, usize)) {
        for row in 0..part.height {
            let source = &from.pixels[(part.y + row) * from.width + part.x..][..part.width];
            self.pixels[(y + row) * self.width + x..][..part.width].copy_from_slice(source);
        }
    }
}

/// All blocks of a picture, cut at its edges.
pub fn blocks(picture: &Picture) -> impl Iterator<Item = Area> {
    let (width, height) = (picture.width, picture.height);
    let corners = (0..height).step_by(BLOCK).flat_map(move |y| (0..width).step_by(BLOCK).map(move |x| (x, y)));
    corners.map(move |(x, y)| Area::new(x, y, BLOCK.min(width - x), BLOCK.min(height - y)))
}

/// Whether something of an area changed.
pub fn differs(old: &Picture, new: &Picture, area: Area) -> bool {
    (area.y..area.y + area.height).any(|y| old.row(area.x, y, area.width) != new.row(area.x, y, area.width))
}

/// Whether a move says the truth.
pub fn equals_moved(old: &Picture, new: &Picture, moved: &Move) -> bool {
    let Move { area, dx, dy } = *moved;
    let from = |start: usize, shift: i32| start.checked_add_signed(-isize::try_from(shift).expect("64 bits"));
    let (Some(x), Some(y)) = (from(area.x, dx), from(area.y, dy)) else { return false };
    x + area.width <= old.width
        && y + area.height <= old.height
        && (0..area.height).all(|row| old.row(x, y + row, area.width) == new.row(area.x, area.y + row, area.width))
}

/// Whether a block belongs to a move.
pub fn is_covered(block: &Area, moves: &[Move]) -> bool {
    moves.iter().any(|moved| moved.area.overlaps(block))
}

/// Asserts that moves are true, do not overlap, are not idle, and consist of whole blocks.
pub fn check(old: &Picture, new: &Picture, moves: &[Move]) {
    for (at, moved) in moves.iter().enumerate() {
        let Area { x, y, width, height } = moved.area;
        assert!(width > 0 && height > 0 && x + width <= new.width && y + height <= new.height, "{moved:?}");
        assert!(equals_moved(old, new, moved), "{moved:?}");
        assert_ne!((moved.dx, moved.dy), (0, 0), "{moved:?}");
        assert!(moves[..at].iter().all(|other| !other.area.overlaps(&moved.area)), "{moved:?}");
        let whole = |start: usize, length: usize, end: usize| {
            start.is_multiple_of(BLOCK) && (length.is_multiple_of(BLOCK) || start + length == end)
        };
        assert!(whole(x, width, new.width) && whole(y, height, new.height), "{moved:?}");
    }
}

/// Letters in cells, lines of words.
pub struct Type {
    glyphs: Vec<Vec<u8>>,
    cell: (usize, usize),
    paper: u8,
}

impl Type {
    /// Letters of random strokes, in cells of this size, with grey rims.
    pub fn new(cell: (usize, usize), ink: u8, paper: u8, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let glyphs = (0..60).map(|_| glyph(&mut dice, cell, ink, paper)).collect();
        Self { glyphs, cell, paper }
    }

    /// A page of lines, each as long as it happens to be, some empty.
    pub fn page(&self, width: usize, height: usize, dice: &mut Dice) -> Picture {
        let mut page = Picture::blank(width, height, self.paper);
        for line in 0..height / self.cell.1 {
            self.line(&mut page, line * self.cell.1, dice);
        }
        page
    }

    /// Words from the left edge on, at the height `y`.
    pub fn line(&self, page: &mut Picture, y: usize, dice: &mut Dice) {
        let columns = page.width / self.cell.0;
        let mut left = if dice.below(6) == 0 { 0 } else { dice.below(columns) };
        let mut column = 2 * dice.below(4);
        while left > 0 && column < columns {
            let word = (1 + dice.below(9)).min(left).min(columns - column);
            for letter in 0..word {
                // Some letters are much more common than others.
                let limit = 1 + dice.below(self.glyphs.len());
                self.letter(page, ((column + letter) * self.cell.0, y), dice.below(limit));
            }
            column += word + 1;
            left -= word;
        }
    }

    fn letter(&self, page: &mut Picture, (x, y): (usize, usize), which: usize) {
        let (width, height) = self.cell;
        for (row, pixels) in self.glyphs[which].chunks_exact(width).enumerate().take(height) {
            page.pixels[(y + row) * page.width + x..][..width].copy_from_slice(pixels);
        }
    }
}

fn glyph(dice: &mut Dice, (width, height): (usize, usize), ink: u8, paper: u8) -> Vec<u8> {
    let mut pixels = vec![paper; width * height];
    let grey = ink / 2 + paper / 2;
    for _ in 0..3 {
        let upright = dice.below(2) == 0;
        let (x, y) = (dice.below(width - 2), height / 6 + dice.below(height * 2 / 3));
        let length = if upright { 2 + dice.below(height / 2) } else { 2 + dice.below(width - 3) };
        for step in 0..length {
            let (x, y) = if upright { (x, y + step) } else { (x + step, y) };
            if x + 1 < width && y < height {
                pixels[y * width + x] = ink;
                pixels[y * width + x + 1] = grey;
            }
        }
    }
    pixels
}
