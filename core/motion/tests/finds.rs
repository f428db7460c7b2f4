//! What moved is found, and little else.

#![forbid(unsafe_code)]

mod support;

use lunette_motion::{Area, Finder, Move};
use proptest::prelude::*;
use support::{BLOCK, Dice, Picture, Type, blocks, check, differs, equals_moved, is_covered};

/// Blocks of `part` that changed and could have moved by this much, and how many of them an answer moves.
fn movable(old: &Picture, new: &Picture, moves: &[Move], part: Area, (dx, dy): (i32, i32)) -> (usize, usize) {
    let inside = |block: &Area| {
        block.x >= part.x
            && block.y >= part.y
            && block.x + block.width <= part.x + part.width
            && block.y + block.height <= part.y + part.height
    };
    let all: Vec<Area> = blocks(new)
        .filter(|block| inside(block) && differs(old, new, *block))
        .filter(|&area| equals_moved(old, new, &Move { area, dx, dy }))
        .collect();
    (all.iter().filter(|block| is_covered(block, moves)).count(), all.len())
}

fn assert_found(old: &Picture, new: &Picture, damage: &[Area], parts: &[(Area, (i32, i32))]) {
    let mut finder = Finder::new(new.width, new.height);
    let moves = finder.find(&old.plane(), &new.plane(), damage);
    check(old, new, moves);
    for &(part, shift) in parts {
        let (found, all) = movable(old, new, moves, part, shift);
        assert!(found * 100 >= all * 95, "{found} of {all} blocks that moved by {shift:?} in {part:?}: {moves:?}");
    }
}

fn letters(seed: u64) -> Type {
    let cells = [(8, 19), (7, 14), (9, 16), (10, 20)];
    let cell = cells[usize::try_from(seed).expect("64 bits") % cells.len()];
    let (ink, paper) = if seed.is_multiple_of(2) { (208, 30) } else { (16, 235) };
    Type::new(cell, ink, paper, seed)
}

const SIZE: (usize, usize) = (800, 608);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn vertical_scrolls_are_found(seed in 0_u64..1000, by in 1_usize..200, back in any::<bool>()) {
        let page = letters(seed).page(SIZE.0, SIZE.1 + 200, &mut Dice::new(seed));
        let at = |y: usize| page.cut(Area::new(0, y, SIZE.0, SIZE.1));
        let (old, new) = if back { (at(by), at(0)) } else { (at(0), at(by)) };
        let dy = i32::try_from(by).unwrap() * if back { 1 } else { -1 };
        assert_found(&old, &new, &[old.all()], &[(old.all(), (0, dy))]);
    }

    #[test]
    fn horizontal_scrolls_are_found(seed in 0_u64..1000, by in 1_usize..200, back in any::<bool>()) {
        let page = letters(seed).page(SIZE.0 + 200, SIZE.1, &mut Dice::new(seed));
        let at = |x: usize| page.cut(Area::new(x, 0, SIZE.0, SIZE.1));
        let (old, new) = if back { (at(by), at(0)) } else { (at(0), at(by)) };
        let dx = i32::try_from(by).unwrap() * if back { 1 } else { -1 };
        assert_found(&old, &new, &[old.all()], &[(old.all(), (dx, 0))]);
    }

    #[test]
    fn moved_windows_are_found(
        seed in 0_u64..1000, from in (0_usize..300, 0_usize..200), to in (0_usize..300, 0_usize..200), busy in any::<bool>(),
    ) {
        prop_assume!(from != to);
        let letters = letters(seed);
        let mut dice = Dice::new(seed);
        let content = letters.page(400, 320, &mut dice);
        let behind = if busy { letters.page(SIZE.0, SIZE.1, &mut dice) } else { Picture::blank(SIZE.0, SIZE.1, 90) };
        let at = |at: (usize, usize)| {
            let mut picture = behind.clone();
            picture.draw(&content, content.all(), at);
            picture
        };
        let (old, new) = (at(from), at(to));
        let less = |to: usize, from: usize| i32::try_from(to).unwrap() - i32::try_from(from).unwrap();
        let shift = (less(to.0, from.0), less(to.1, from.1));
        assert_found(&old, &new, &[old.all()], &[(Area::new(to.0, to.1, 400, 320), shift)]);
    }

    #[test]
    fn two_panes_are_found(seed in 0_u64..1000, left in 1_usize..100, right in 1_usize..100) {
        let letters = letters(seed);
        let mut dice = Dice::new(seed);
        let pages = [letters.page(384, 800, &mut dice), letters.page(400, 800, &mut dice)];
        let at = |left: usize, right: usize| {
            let mut picture = Picture::blank(SIZE.0, SIZE.1, 120);
            picture.draw(&pages[0], Area::new(0, left, 384, SIZE.1), (0, 0));
            picture.draw(&pages[1], Area::new(0, right, 400, SIZE.1), (400, 0));
            picture
        };
        let (old, new) = (at(0, right), at(left, 0));
        let up = -i32::try_from(left).unwrap();
        let parts = [
            (Area::new(0, 0, 384, SIZE.1), (0, up)),
            (Area::new(400, 0, 400, SIZE.1), (0, i32::try_from(right).unwrap())),
        ];
        assert_found(&old, &new, &[old.all()], &parts);
    }
}

/// A terminal: lines of text, and below them a bar that stays.
struct Terminal {
    letters: Type,
    dice: Dice,
    screen: Picture,
}

const LINE: usize = 19;
const LINES: usize = 30;

impl Terminal {
    fn new() -> Self {
        let letters = Type::new((8, LINE), 208, 30, 7);
        let mut dice = Dice::new(8);
        let mut screen = letters.page(SIZE.0, SIZE.1, &mut dice);
        screen.fill(Area::new(0, LINES * LINE, SIZE.0, SIZE.1 - LINES * LINE), 140);
        letters.line(&mut screen, LINES * LINE + 9, &mut dice);
        Self { letters, dice, screen }
    }

    fn lines(&self) -> Area {
        Area::new(0, 0, SIZE.0, LINES * LINE)
    }

    fn print_line(&mut self) {
        let before = self.screen.clone();
        self.screen.draw(&before, Area::new(0, LINE, SIZE.0, (LINES - 1) * LINE), (0, 0));
        self.screen.fill(Area::new(0, (LINES - 1) * LINE, SIZE.0, LINE), 30);
        self.letters.line(&mut self.screen, (LINES - 1) * LINE, &mut self.dice);
    }
}

#[test]
fn a_terminal_that_prints_lines_above_a_status_bar_is_found() {
    let mut terminal = Terminal::new();
    for _ in 0..20 {
        let old = terminal.screen.clone();
        terminal.print_line();
        let up = (0, -i32::try_from(LINE).unwrap());
        assert_found(&old, &terminal.screen, &[old.all()], &[(terminal.lines(), up)]);
        assert_found(&old, &terminal.screen, &[terminal.lines()], &[(terminal.lines(), up)]);
    }
}

#[test]
fn lines_that_repeat_move_by_the_least_that_explains_them() {
    let letters = Type::new((8, 16), 208, 30, 3);
    let kinds = letters.page(SIZE.0, 3 * 16, &mut Dice::new(4));
    let at = |first: usize| {
        let mut picture = Picture::blank(SIZE.0, SIZE.1, 30);
        for line in 0..SIZE.1 / 16 {
            picture.draw(&kinds, Area::new(0, (first + line) % 3 * 16, SIZE.0, 16), (0, line * 16));
        }
        picture
    };
    let (old, new) = (at(0), at(1));
    let mut finder = Finder::new(SIZE.0, SIZE.1);
    let moves = finder.find(&old.plane(), &new.plane(), &[old.all()]);
    check(&old, &new, moves);
    let (found, all) = movable(&old, &new, moves, old.all(), (0, -16));
    assert!(all > 100 && found * 100 >= all * 95, "{found} of {all}");
    assert!(moves.iter().any(|moved| (moved.dx, moved.dy) == (0, -16)), "{moves:?}");
}

#[test]
fn a_full_hd_screen_in_three_parts_is_found() {
    let letters = Type::new((8, 19), 208, 30, 11);
    let mut dice = Dice::new(12);
    let pages = [640, 640, 640].map(|width| letters.page(width, 1300, &mut dice));
    let at = |offsets: [usize; 3]| {
        let mut picture = Picture::blank(1920, 1080, 30);
        for (pane, offset) in offsets.into_iter().enumerate() {
            picture.draw(&pages[pane], Area::new(0, offset, 640, 1080), (pane * 640, 0));
        }
        picture
    };
    let (old, new) = (at([0, 57, 100]), at([19, 0, 103]));
    let pane = |pane: usize, dy: i32| (Area::new(pane * 640, 0, 640, 1080), (0, dy));
    assert_found(&old, &new, &[old.all()], &[pane(0, -19), pane(1, 57), pane(2, -3)]);
}

#[test]
fn noise_and_other_pages_and_other_colours_do_not_move() {
    let none = |old: &Picture, new: &Picture| {
        let mut finder = Finder::new(new.width, new.height);
        let moves = finder.find(&old.plane(), &new.plane(), &[old.all()]).to_vec();
        check(old, new, &moves);
        moves
    };
    let noise = |seed| Picture::noise(SIZE.0, SIZE.1, seed);
    assert_eq!(none(&noise(1), &noise(2)), []);
    let blank = |colour| Picture::blank(SIZE.0, SIZE.1, colour);
    assert_eq!(none(&blank(1), &blank(2)), []);
    assert_eq!(none(&noise(3), &blank(2)), []);
    assert_eq!(none(&blank(2), &noise(3)), []);
    assert_eq!(none(&noise(4), &noise(4)), []);
}

#[test]
fn a_blank_background_stays_where_it_is() {
    let content = Type::new((8, 16), 208, 30, 3).page(320, 320, &mut Dice::new(4));
    let at = |x: usize| {
        let mut picture = Picture::blank(SIZE.0, SIZE.1, 60);
        picture.draw(&content, content.all(), (x, 96));
        picture
    };
    let (old, new) = (at(32), at(48));
    let mut finder = Finder::new(SIZE.0, SIZE.1);
    let moves = finder.find(&old.plane(), &new.plane(), &[old.all()]);
    let window = Area::new(32, 96, 336, 320);
    let inside = |moved: &&Move| {
        moved.area.x >= window.x
            && moved.area.y >= window.y
            && moved.area.x + moved.area.width <= window.x + window.width
            && moved.area.y + moved.area.height <= window.y + window.height
    };
    assert_eq!(moves.iter().filter(inside).count(), moves.len(), "{moves:?}");
    assert!(!moves.is_empty());
}

#[test]
fn a_little_damage_is_not_looked_at() {
    let page = Type::new((8, 16), 208, 30, 3).page(SIZE.0, SIZE.1 + 16, &mut Dice::new(4));
    let [old, new] = [0, 16].map(|y| page.cut(Area::new(0, y, SIZE.0, SIZE.1)));
    let mut finder = Finder::new(SIZE.0, SIZE.1);
    assert_eq!(finder.find(&old.plane(), &new.plane(), &[Area::new(0, 0, 5 * BLOCK, 3 * BLOCK)]), []);
    assert_ne!(finder.find(&old.plane(), &new.plane(), &[Area::new(0, 0, 12 * BLOCK, 12 * BLOCK)]), []);
}
