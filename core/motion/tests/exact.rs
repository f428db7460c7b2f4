//! Whatever is answered is true, whatever was asked.

#![forbid(unsafe_code)]

mod support;

use lunette_motion::{Area, Finder, MAX_SIDE, Plane};
use proptest::prelude::*;
use support::{BLOCK, Dice, Picture, Type, check, differs};

fn any_area() -> impl Strategy<Value = Area> {
    let number = || prop_oneof![0_usize..400, 0_usize..20, Just(usize::MAX), Just(usize::MAX / 2)];
    (number(), number(), number(), number()).prop_map(|(x, y, width, height)| Area::new(x, y, width, height))
}

/// A picture in which some parts came from elsewhere in another, one over the other.
fn shuffled(old: &Picture, dice: &mut Dice) -> Picture {
    let mut new = old.clone();
    for _ in 0..1 + dice.below(6) {
        let (width, height) = (1 + dice.below(old.width), 1 + dice.below(old.height));
        let mut corner = || (dice.below(old.width - width + 1), dice.below(old.height - height + 1));
        let (from, to) = (corner(), corner());
        new.draw(old, Area::new(from.0, from.1, width, height), to);
    }
    for _ in 0..dice.below(9) {
        let at = dice.below(new.pixels.len());
        new.pixels[at] ^= dice.byte();
    }
    new
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_pixel_of_a_move_is_where_it_says(
        seed in any::<u64>(), size in (1_usize..300, 1_usize..300), damage in prop::collection::vec(any_area(), 1..6),
        text in any::<bool>(), full in any::<bool>(),
    ) {
        let mut dice = Dice::new(seed);
        let old = if text {
            Type::new((7, 13), 208, 30, seed).page(size.0, size.1, &mut dice)
        } else {
            Picture::noise(size.0, size.1, seed)
        };
        let mut finder = Finder::new(size.0, size.1);
        let mut before = old;
        for _ in 0..3 {
            let new = shuffled(&before, &mut dice);
            let damage = if full { vec![new.all()] } else { damage.clone() };
            let moves = finder.find(&before.plane(), &new.plane(), &damage).to_vec();
            check(&before, &new, &moves);
            let changed = |x: usize, y: usize| {
                let (x, y) = (x * BLOCK, y * BLOCK);
                differs(&before, &new, Area::new(x, y, BLOCK.min(size.0 - x), BLOCK.min(size.1 - y)))
            };
            prop_assert_eq!(finder.find_among(&before.plane(), &new.plane(), &damage, changed), moves);
            before = new;
        }
    }

    #[test]
    fn padding_is_not_looked_at(seed in any::<u64>(), padding in [0_usize..40, 0..40], by in 1_usize..40) {
        let page = Type::new((8, 16), 208, 30, seed).page(250, 300, &mut Dice::new(seed));
        let [old, new] = [0, by].map(|y| page.cut(Area::new(0, y, 250, 250)));
        let padded = |picture: &Picture, padding: usize, colour: u8| -> Vec<u8> {
            picture.pixels.chunks(250).flat_map(|row| row.iter().copied().chain((0..padding).map(move |_| colour))).collect()
        };
        let (wide_old, wide_new) = (padded(&old, padding[0], 9), padded(&new, padding[1], 200));
        let plane = |pixels, padding| Plane::new(pixels, 250 + padding, 250, 250).unwrap();
        let (mut finder, mut other) = (Finder::new(250, 250), Finder::new(250, 250));
        let (wide_old, wide_new) = (plane(&wide_old, padding[0]), plane(&wide_new, padding[1]));
        prop_assert_eq!(
            finder.find(&old.plane(), &new.plane(), &[new.all()]),
            other.find(&wide_old, &wide_new, &[new.all()])
        );
    }
}

#[test]
fn an_answer_does_not_depend_on_the_ones_before() {
    let page = Type::new((8, 16), 208, 30, 1).page(320, 500, &mut Dice::new(2));
    let at = |y: usize| page.cut(Area::new(0, y, 320, 320));
    let mut used = Finder::new(320, 320);
    for by in [5, 90, 16, 1] {
        let (old, new) = (at(by), at(0));
        let again = used.find(&old.plane(), &new.plane(), &[old.all()]).to_vec();
        assert_eq!(again, Finder::new(320, 320).find(&old.plane(), &new.plane(), &[old.all()]));
        assert!(!again.is_empty());
    }
}

#[test]
fn pictures_of_another_size_and_of_no_size_have_no_moves() {
    let noise = Picture::noise(64, 64, 1);
    let all = [noise.all()];
    assert_eq!(Finder::new(64, 48).find(&noise.plane(), &noise.plane(), &all), []);
    let nothing = Picture::blank(0, 0, 0);
    assert_eq!(Finder::new(0, 0).find(&nothing.plane(), &nothing.plane(), &all), []);
    let long = Picture::blank(MAX_SIDE + 1, 1, 0);
    assert_eq!(Finder::new(MAX_SIDE + 1, 1).find(&long.plane(), &long.plane(), &[long.all()]), []);
}

#[test]
fn the_longest_sides_are_followed_from_end_to_end() {
    let page = Type::new((8, 16), 208, 30, 5).page(96, MAX_SIDE, &mut Dice::new(6));
    let mut old = Picture::blank(96, MAX_SIDE, 30);
    let mut new = old.clone();
    let part = Area::new(0, 0, 96, 480);
    old.draw(&page, part, (0, 0));
    new.draw(&page, part, (0, MAX_SIDE - 480));
    let mut finder = Finder::new(96, MAX_SIDE);
    let moves = finder.find(&old.plane(), &new.plane(), &[old.all()]);
    check(&old, &new, moves);
    assert!(moves.iter().all(|moved| moved.dy == i32::try_from(MAX_SIDE - 480).unwrap()), "{moves:?}");
    assert!(!moves.is_empty());
}
