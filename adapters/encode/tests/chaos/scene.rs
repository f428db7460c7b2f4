//! A screen on which everything happens: text, fills, noise, moves, and damage that says too much.

use lunette_frame::{Damage, Picture, PixelFormat, Rect, Size};
use lunette_screen_h264::Move;

/// A small generator with a fixed sequence (xorshift64*).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        u32::try_from(self.next() % u64::from(limit.max(1))).expect("within bounds")
    }

    pub(crate) fn one_in(&mut self, count: u32) -> bool {
        self.below(count) == 0
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}

pub(crate) struct Scene {
    pub(crate) picture: Picture,
    pub(crate) damage: Damage,
    pub(crate) moves: Vec<Move>,
    pub(crate) random: Random,
}

impl Scene {
    pub(crate) fn new(size: Size, seed: u64) -> Self {
        let mut scene = Self {
            picture: Picture::new(PixelFormat::I420, size).expect("within bounds"),
            damage: Damage::full(size),
            moves: Vec::new(),
            random: Random::new(seed),
        };
        let all = size.bounds();
        scene.fill(all, [200, 120, 130]);
        (0..40).for_each(|_| scene.write_text());
        scene.gradient(Rect::new(size.width / 2, size.height / 2, size.width / 2, size.height / 2));
        scene
    }

    pub(crate) fn size(&self) -> Size {
        self.picture.size()
    }

    /// The next picture: none, one or several of the things that happen on a screen.
    pub(crate) fn step(&mut self) {
        self.damage.reset(self.size());
        self.moves.clear();
        let events = self.random.below(5);
        if self.random.one_in(4) {
            self.scroll();
        }
        for _ in 0..events {
            match self.random.below(9) {
                0..4 => self.write_text(),
                4 => {
                    let (rect, color) = (self.rect(), [self.random.byte(), self.random.byte(), self.random.byte()]);
                    self.fill(rect, color);
                }
                5 => {
                    let rect = self.rect();
                    self.gradient(rect);
                }
                6 => self.noise(),
                7 => self.cursor(),
                _ => {
                    // Damage where nothing changed, and a move that is none.
                    let rect = self.rect();
                    self.damage.add(rect);
                    self.moves.push(Move { area: rect, dx: 6, dy: -3 });
                }
            }
        }
    }

    fn rect(&mut self) -> Rect {
        let Size { width, height } = self.size();
        let (x, y) = (self.random.below(width), self.random.below(height));
        let rect = Rect::new(x, y, 1 + self.random.below(width / 3), 1 + self.random.below(height / 3));
        rect.intersect(self.size().bounds()).expect("within bounds")
    }

    fn fill(&mut self, rect: Rect, color: [u8; 3]) {
        self.paint(rect, |_, _, plane| color[plane]);
    }

    fn gradient(&mut self, rect: Rect) {
        let (a, b, base) = (self.random.below(7), self.random.below(7), self.random.below(120));
        self.paint(rect, |x, y, plane| (base + (a * x + b * y) / (2 << plane)).to_le_bytes()[0]);
    }

    fn noise(&mut self) {
        let rect = self.rect();
        let rect = Rect::new(rect.x, rect.y, rect.width.min(50), rect.height.min(50));
        let mut random = Random::new(self.random.next());
        let extreme = self.random.one_in(2);
        self.paint(rect, |_, _, _| if extreme { 255 * (random.byte() & 1) } else { random.byte() });
    }

    fn cursor(&mut self) {
        let rect = self.rect();
        self.fill(Rect::new(rect.x, rect.y, 2, rect.height.min(18)), [235, 128, 128]);
    }

    /// A line of made-up letters.
    fn write_text(&mut self) {
        let rect = self.rect();
        let seed = self.random.next();
        let ink = [[20, 128, 128], [235, 128, 128], [110, 90, 200]][self.random.below(3) as usize];
        let line = Rect::new(rect.x, rect.y, rect.width, rect.height.min(16));
        let letter = move |x: u32, y: u32| {
            let mut random = Random::new(seed ^ u64::from(x / 8) << 7);
            let bits = (0..=y).map(|_| random.byte() & 0x7e).last().unwrap_or(0);
            (2..13).contains(&y) && bits >> (x % 8) & 1 == 1
        };
        self.paint_if(line, |x, y, plane| {
            let shift = u32::from(plane > 0);
            letter(x << shift, y << shift).then_some(ink[plane])
        });
    }

    /// Moves a part of the picture, and tells.
    fn scroll(&mut self) {
        let size = self.size();
        let area = if self.random.one_in(2) { size.bounds() } else { self.rect() };
        let (mut dx, mut dy) = match self.random.below(3) {
            0 => (0, 8),
            1 => (0, i32::try_from(self.random.below(40)).expect("within bounds") - 20),
            _ => (
                i32::try_from(self.random.below(60)).expect("within bounds") - 30,
                i32::try_from(self.random.below(30)).expect("within bounds") - 15,
            ),
        };
        if self.random.one_in(2) {
            (dx, dy) = (dx / 2 * 2, dy / 2 * 2);
        }
        let before = self.picture.clone();
        let stands = |at: u32, step: i32, low: u32, high: u32| {
            let from = i64::from(at) - i64::from(step);
            (from >= i64::from(low) && from < i64::from(high)).then(|| u32::try_from(from).expect("within bounds"))
        };
        let old = before.as_ref();
        self.paint_if(area, |x, y, plane| {
            let shift = u32::from(plane > 0);
            let x = stands(x + (area.x >> shift), dx >> shift, area.x >> shift, area.right() >> shift)?;
            let y = stands(y + (area.y >> shift), dy >> shift, area.y >> shift, area.bottom() >> shift)?;
            Some(old.planes()[plane].row(y as usize, x as usize, 1)[0])
        });
        // All of it, or pieces: then what is skipped lies beside what moved.
        if self.random.one_in(2) {
            return self.moves.push(Move { area, dx, dy });
        }
        for _ in 0..20 {
            if let Some(piece) = self.rect().intersect(area) {
                self.moves.push(Move { area: piece, dx, dy });
            }
        }
    }

    fn paint(&mut self, rect: Rect, mut color: impl FnMut(u32, u32, usize) -> u8) {
        self.paint_if(rect, |x, y, plane| Some(color(x, y, plane)));
    }

    /// Paints samples by their place in the rectangle, where there is a value, and damages it.
    fn paint_if(&mut self, rect: Rect, mut color: impl FnMut(u32, u32, usize) -> Option<u8>) {
        for (plane, (samples, stride)) in self.picture.planes_mut().into_iter().enumerate() {
            let shift = u32::from(plane > 0);
            let (columns, rows) = (
                (rect.x >> shift)..rect.right().div_ceil(1 << shift),
                (rect.y >> shift)..rect.bottom().div_ceil(1 << shift),
            );
            for y in rows.clone() {
                for x in columns.clone() {
                    if let Some(value) = color(x - columns.start, y - rows.start, plane) {
                        samples[y as usize * stride + x as usize] = value;
                    }
                }
            }
        }
        self.damage.add(rect);
    }
}
