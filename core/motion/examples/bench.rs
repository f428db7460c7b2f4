//! What a search costs: `cargo run --release -p lunette-motion --example bench`.

#![forbid(unsafe_code)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Instant;

use lunette_motion::{Area, Finder, Move};
use support::{Dice, Picture, Type, blocks, differs, is_covered};

const RUNS: usize = 2000;
const WIDTH: usize = 1920;
const HEIGHT: usize = 1080;

fn main() {
    let letters = Type::new((8, 19), 208, 30, 1);
    let page = letters.page(WIDTH, 2 * HEIGHT, &mut Dice::new(2));
    let scrolled = |by: usize| (window(&page, 0), window(&page, by));
    let still = window(&page, 0);
    println!("{:26} {:>7} {:>7} {:>7} ms   moves, share of the changed blocks", "1920x1080", "min", "median", "p99");
    measure("still", &still, &still);
    for by in [8, 24, 3, 19, 57] {
        let (old, new) = scrolled(by);
        measure(&format!("scroll by {by}"), &old, &new);
        measure(&format!("scroll back by {by}"), &new, &old);
    }
    let (old, new) = panes(&page, &letters.page(WIDTH, 2 * HEIGHT, &mut Dice::new(6)));
    measure("two panes", &old, &new);
    let (old, new) = moved_window(&page);
    measure("window move", &old, &new);
    let dense = Picture::noise(WIDTH + 64, HEIGHT + 64, 9);
    let dense_at = |x: usize, y: usize| dense.cut(Area::new(x, y, WIDTH, HEIGHT));
    measure("map dragged", &dense_at(0, 0), &dense_at(13, 7));
    measure("noise", &Picture::noise(WIDTH, HEIGHT, 3), &Picture::noise(WIDTH, HEIGHT, 4));
    measure("another page", &still, &letters.page(WIDTH, HEIGHT, &mut Dice::new(5)));
    measure("another colour", &Picture::blank(WIDTH, HEIGHT, 3), &Picture::blank(WIDTH, HEIGHT, 4));
}

fn window(page: &Picture, y: usize) -> Picture {
    page.cut(Area::new(0, y, WIDTH, HEIGHT))
}

fn panes(page: &Picture, other: &Picture) -> (Picture, Picture) {
    let at = |left: usize, right: usize| {
        let mut picture = Picture::blank(WIDTH, HEIGHT, 60);
        picture.draw(page, Area::new(0, left, 940, HEIGHT), (0, 0));
        picture.draw(other, Area::new(0, right, 960, HEIGHT), (960, 0));
        picture
    };
    (at(100, 500), at(119, 443))
}

fn moved_window(page: &Picture) -> (Picture, Picture) {
    let at = |x: usize, y: usize| {
        let mut picture = Picture::blank(WIDTH, HEIGHT, 60);
        picture.fill(Area::new(x - 2, y - 20, 804, 622), 200);
        picture.draw(page, Area::new(0, 0, 800, 600), (x, y));
        picture
    };
    (at(300, 200), at(323, 211))
}

/// Prints what the full damage of a picture costs, both pictures in the cache as far as they fit.
fn measure(name: &str, old: &Picture, new: &Picture) {
    let mut finder = Finder::new(WIDTH, HEIGHT);
    let damage = [old.all()];
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            let moves = finder.find(&old.plane(), &new.plane(), &damage).len();
            assert!(moves <= lunette_motion::MAX_MOVES);
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let (min, median, p99) = (times[0], times[RUNS / 2], times[RUNS * 99 / 100]);
    let moves = finder.find(&old.plane(), &new.plane(), &damage);
    println!("{name:26} {min:7.3} {median:7.3} {p99:7.3}      {:4}  {}", moves.len(), share(moves, old, new));
}

fn share(moves: &[Move], old: &Picture, new: &Picture) -> String {
    let changed: Vec<Area> = blocks(new).filter(|&block| differs(old, new, block)).collect();
    let moved = changed.iter().filter(|block| is_covered(block, moves)).count();
    format!("{moved} of {}", changed.len())
}
