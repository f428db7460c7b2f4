//! The screen encoder: arbitrary changes, damage and moves, also wrong ones; what comes out must be H.264.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lunette_frame::{Damage, Picture, PixelFormat, Rect, Size};
use lunette_h264::AccessUnitFacts;
use lunette_screen_h264::{Encoder, InTurn, Move, Order, Point, Qp, Settings};

/// Bytes of the input, zeros after its end.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn below(&mut self, limit: u32) -> u32 {
        (u32::from(self.byte()) << 8 | u32::from(self.byte())) % limit.max(1)
    }

    fn rect(&mut self, size: Size) -> Rect {
        let (x, y) = (self.below(size.width), self.below(size.height));
        Rect::new(x, y, 1 + self.below(size.width), 1 + self.below(size.height))
    }
}

fn change(input: &mut Input<'_>, picture: &mut Picture) {
    let plane = usize::from(input.byte() % 3);
    let samples = picture.plane_mut(plane);
    let start = (usize::from(input.byte()) << 8 | usize::from(input.byte())) % samples.len();
    let (value, step) = (input.byte(), input.byte());
    let end = (start + 16 * usize::from(input.byte())).min(samples.len());
    let mut next = value;
    for sample in &mut samples[start..end] {
        *sample = next;
        next = next.wrapping_mul(5).wrapping_add(step);
    }
}

fn order(input: &mut Input<'_>) -> Order {
    let flags = input.byte();
    let is = |bit: u8| flags >> bit & 1 == 1;
    Order {
        keyframe: flags & 0xf == 0xf,
        qp: Qp::new(input.byte() % 52),
        settled_qp: Qp::new(input.byte() % 52),
        interim_qp: Qp::new(input.byte() % 52),
        settle: is(4),
        thorough: !is(2),
        search: is(5),
        most: if is(6) { input.byte().into() } else { usize::MAX },
        focus: is(1).then(|| Point { x: input.below(400), y: input.below(400) }),
        budget: if is(7) { 16 * usize::from(input.byte()) } else { usize::MAX },
        slices: usize::from(input.byte() % 6),
    }
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let size = Size::new(1 + input.below(150), 1 + input.below(150));
    let settings = Settings { size, pictures_per_second: 30.0, bits_per_second: 1_000_000 };
    let mut encoder = Encoder::new(settings).expect("a possible size");
    let mut picture = Picture::new(PixelFormat::I420, size).expect("a possible size");
    let mut unit = Vec::new();
    while !input.0.is_empty() {
        (0..input.byte() % 4).for_each(|_| change(&mut input, &mut picture));
        let mut damage = Damage::none(size);
        (0..input.byte() % 4).for_each(|_| damage.add(input.rect(size)));
        let moves: Vec<_> = (0..input.byte() % 3)
            .map(|_| {
                let (dx, dy) = (input.byte().cast_signed(), input.byte().cast_signed());
                Move { area: input.rect(size), dx: dx.into(), dy: i32::from(dy) * 5 }
            })
            .collect();
        encoder.look(&picture.as_ref(), &damage).expect("the right picture");
        encoder.find_moves(&picture.as_ref(), &damage).expect("the right picture");
        encoder.take_moves(&picture.as_ref(), &moves).expect("the right picture");
        unit.clear();
        let order = order(&mut input);
        let report = encoder.encode(&picture.as_ref(), &order, &mut InTurn, &mut unit).expect("the right picture");
        let facts = AccessUnitFacts::inspect(&unit).expect("Annex B");
        assert!(facts.is_one_picture() && facts.is_idr == report.idr, "{facts:?}");
    }
});
