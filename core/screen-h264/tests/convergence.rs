//! Whatever is damaged, left out or coarse: in the end the screen shows what the source shows, as close as the QP says.

use lunette_frame::{Damage, Picture, PixelFormat, Rect, Size};
use lunette_screen_h264::{Encoder, InTurn, Move, Order, Point, Qp, Settings};
use proptest::prelude::*;

const SIZE: Size = Size::new(150, 100);
const FRESH: u8 = 28;
const SETTLED: u8 = 16;

/// A rectangle of one luma value, or of stripes as wide as letters' stems.
#[derive(Debug, Clone)]
struct Change {
    rect: Rect,
    value: u8,
    striped: bool,
}

fn change() -> impl Strategy<Value = Change> {
    (0..150u32, 0..100u32, 1..60u32, 1..40u32, any::<u8>(), any::<bool>()).prop_map(
        |(x, y, width, height, value, striped)| {
            let rect = Rect::new(x, y, width, height).intersect(SIZE.bounds()).expect("it starts inside");
            Change { rect, value, striped }
        },
    )
}

struct Screen {
    encoder: Encoder,
    picture: Picture,
    order: Order,
}

impl Screen {
    fn new() -> Self {
        let settings = Settings { size: SIZE, pictures_per_second: 30.0, bits_per_second: 1_000_000 };
        let mut picture = Picture::new(PixelFormat::I420, SIZE).expect("a possible size");
        picture.planes_mut().into_iter().for_each(|(plane, _)| plane.fill(120));
        let order = Order {
            keyframe: false,
            qp: Qp::new(FRESH),
            settled_qp: Qp::new(SETTLED),
            settle: false,
            interim_qp: Qp::new(FRESH),
            thorough: true,
            search: false,
            most: usize::MAX,
            focus: None,
            budget: usize::MAX,
            slices: 1,
        };
        let mut screen = Self { encoder: Encoder::new(settings).expect("a possible size"), picture, order };
        screen.encode(&Damage::full(SIZE), &order);
        screen
    }

    fn apply(&mut self, changes: &[Change]) -> Damage {
        let mut damage = Damage::none(SIZE);
        let stride = self.picture.stride(0);
        for Change { rect, value, striped } in changes {
            for y in rect.y..rect.bottom() {
                for x in rect.x..rect.right() {
                    let value = if *striped && x % 4 < 2 { 255 - value } else { *value };
                    self.picture.plane_mut(0)[y as usize * stride + x as usize] = value;
                }
            }
            damage.add(*rect);
        }
        damage
    }

    fn encode(&mut self, damage: &Damage, order: &Order) {
        let picture = self.picture.as_ref();
        self.encoder.look(&picture, damage).expect("the right picture");
        self.encoder.encode(&picture, order, &mut InTurn, &mut Vec::new()).expect("the right picture");
    }

    /// The largest difference of luma between what is shown and the source.
    fn error(&self) -> u8 {
        let mut shown = Picture::new(PixelFormat::I420, self.encoder.visible_size()).expect("a possible size");
        self.encoder.copy_reconstruction(&mut shown);
        let (shown, picture) = (shown.as_ref(), self.picture.as_ref());
        let rows = (0..SIZE.height as usize).map(|y| [&shown, &picture].map(|one| one.planes()[0].row(y, 0, 150)));
        let differences = rows.flat_map(|[a, b]| a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)));
        differences.max().unwrap_or(0)
    }
}

/// How far a sample may be off: coefficients by less than a step each, of which few are off at once.
fn bound(qp: u8) -> f64 {
    3.0 * 0.625 * (f64::from(qp) / 6.0).exp2()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_shown_is_the_source_within_the_bound_of_its_qp(
        pictures in prop::collection::vec(prop::collection::vec(change(), 0..6), 1..6)
    ) {
        let mut screen = Screen::new();
        for changes in &pictures {
            let damage = screen.apply(changes);
            let order = screen.order;
            screen.encode(&damage, &order);
            prop_assert!(f64::from(screen.error()) <= bound(FRESH), "{}", screen.error());
        }
    }

    #[test]
    fn what_was_left_out_comes_without_further_damage(
        changes in prop::collection::vec(change(), 1..12),
        most in 0..20usize,
        budget in 0..400usize,
        focus in prop::option::of((0..150u32, 0..100u32)),
    ) {
        let mut screen = Screen::new();
        let damage = screen.apply(&changes);
        let focus = focus.map(|(x, y)| Point { x, y });
        screen.encode(&damage, &Order { most, focus, budget, ..screen.order });
        let mut rounds = 0;
        while screen.encoder.deferred() > 0 {
            rounds += 1;
            prop_assert!(rounds < 80);
            screen.encode(&Damage::none(SIZE), &Order { most, focus, budget: budget + 50 * rounds, ..screen.order });
        }
        prop_assert!(f64::from(screen.error()) <= bound(FRESH), "{}", screen.error());
    }

    #[test]
    fn a_screen_that_rests_becomes_fine_and_owes_nothing(changes in prop::collection::vec(change(), 1..12)) {
        let mut screen = Screen::new();
        let damage = screen.apply(&changes);
        screen.encode(&damage, &Order { qp: Qp::new(40), ..screen.order });
        let mut rounds = 0;
        while screen.encoder.owes() {
            rounds += 1;
            prop_assert!(rounds < 40);
            screen.encode(&Damage::none(SIZE), &Order { settle: true, budget: 600, ..screen.order });
        }
        prop_assert!(f64::from(screen.error()) <= bound(SETTLED), "{}", screen.error());
        screen.encode(&Damage::full(SIZE), &screen.order.clone());
        prop_assert!(!screen.encoder.owes(), "nothing became coarse again");
    }
}

/// Fills a picture with rows of a page from row `top` on, which is higher than it.
fn show_page(picture: &mut Picture, top: usize) {
    for (index, (plane, stride)) in picture.planes_mut().into_iter().enumerate() {
        let step = if index == 0 { 1 } else { 2 };
        for (y, row) in plane.chunks_mut(stride).enumerate() {
            let [value, ..] = ((step * y + top) * 53 % 200 + 20).to_le_bytes();
            row.fill(value);
        }
    }
}

#[test]
fn chroma_is_corrected_with_every_fourth_odd_move_and_with_no_other() {
    let mut screen = Screen::new();
    let mut corrected = Vec::new();
    show_page(&mut screen.picture, 0);
    let order = screen.order;
    screen.encode(&Damage::full(SIZE), &Order { keyframe: true, ..order });
    for top in 1..=12 {
        show_page(&mut screen.picture, top);
        let (picture, encoder) = (screen.picture.as_ref(), &mut screen.encoder);
        encoder.look(&picture, &Damage::full(SIZE)).expect("the right picture");
        let up = Move { area: SIZE.bounds(), dx: 0, dy: -1 };
        let seen = encoder.take_moves(&picture, &[up]).expect("the right picture");
        assert_eq!((seen.moved, seen.fresh), (60, 10), "all but the last row of macroblocks");
        let report = encoder.encode(&picture, &order, &mut InTurn, &mut Vec::new()).expect("the right picture");
        corrected.push(report.tally.inter >= 30);
    }
    assert_eq!(corrected, [[false, false, false, true]; 3].concat());
}
