//! What decoders show is what the encoder says that they show, byte for byte, whatever happens on the screen.

mod decoders;
mod scene;

use decoders::{Player, check_ffmpeg};
use lunette_frame::{Picture, PixelFormat, Size};
use lunette_screen_h264::{Encoder, InTurn, Order, Point, Qp, Settings, Tally};
use scene::Scene;

fn encoder(size: Size) -> Encoder {
    Encoder::new(Settings { size, pictures_per_second: 30.0, bits_per_second: 8_000_000 }).expect("within bounds")
}

/// Any order.
fn order(scene: &mut Scene) -> Order {
    let random = &mut scene.random;
    let number = |value: u32| u8::try_from(value).expect("within bounds");
    Order {
        keyframe: random.one_in(40),
        qp: Qp::new(number(10 + random.below(35))),
        settled_qp: Qp::new(number(10 + random.below(12))),
        settle: random.one_in(3),
        interim_qp: Qp::new(number(10 + random.below(30))),
        thorough: !random.one_in(5),
        search: random.one_in(3),
        most: if random.one_in(5) { random.below(200) as usize } else { usize::MAX },
        focus: random.one_in(2).then(|| Point { x: random.below(700), y: random.below(400) }),
        budget: if random.one_in(6) { random.below(4000) as usize } else { usize::MAX },
        slices: if random.one_in(3) { 1 + random.below(5) as usize } else { 1 },
    }
}

struct Run {
    stream: Vec<u8>,
    pictures: Vec<Picture>,
    tally: Tally,
}

/// Codes a scene of `count` pictures, each checked with OpenH264.
fn run(size: Size, seed: u64, count: usize, portable: bool) -> Run {
    let mut scene = Scene::new(size, seed);
    let mut encoder = encoder(size);
    if portable {
        encoder.use_portable_kernels();
    }
    let mut player = Player::new();
    let mut run = Run { stream: Vec::new(), pictures: Vec::new(), tally: Tally::default() };
    for number in 0..count {
        if number > 0 {
            scene.step();
        }
        let picture = scene.picture.clone();
        encoder.look(&picture.as_ref(), &scene.damage).expect("within bounds");
        if number % 3 == 0 {
            encoder.find_moves(&picture.as_ref(), &scene.damage).expect("within bounds");
        }
        encoder.take_moves(&picture.as_ref(), &scene.moves).expect("within bounds");
        let order = order(&mut scene);
        let mut unit = Vec::new();
        let report = encoder.encode(&picture.as_ref(), &order, &mut InTurn, &mut unit).expect("within bounds");
        run.tally += report.tally;
        let mut shown = Picture::new(PixelFormat::I420, encoder.visible_size()).expect("within bounds");
        encoder.copy_reconstruction(&mut shown);
        player.check(number, &unit, &shown);
        run.stream.extend_from_slice(&unit);
        run.pictures.push(shown);
    }
    run
}

#[test]
fn both_decoders_show_what_was_reconstructed() {
    let mut tally = Tally::default();
    for (seed, (width, height), count) in [(1, (320, 192), 300), (2, (640, 360), 80), (3, (1040, 600), 40)] {
        let run = run(Size::new(width, height), seed, count, false);
        check_ffmpeg(&run.stream, &run.pictures);
        tally += run.tally;
    }
    println!("{tally:?}");
    let Tally { held, moved_free, moved, inter, unchanged, intra16, intra4, pcm, deferred } = tally;
    for count in [held, moved_free, moved, inter, unchanged, intra16, intra4, pcm, deferred] {
        assert!(count > 50, "{tally:?}");
    }
}

#[test]
#[ignore = "takes minutes: `cargo xtask e2e codec`"]
fn both_decoders_show_twenty_thousand_pictures() {
    let sizes = [(320, 192), (640, 360), (402, 266), (1280, 720)];
    for (seed, (width, height)) in (100..).zip(sizes.into_iter().cycle()).take(80) {
        let run = run(Size::new(width, height), seed, 250, seed % 5 == 0);
        check_ffmpeg(&run.stream, &run.pictures);
        println!("seed {seed}: {:?}", run.tally);
    }
}

#[test]
fn any_size_is_cropped() {
    for (seed, (width, height)) in (10..).zip([(1, 1), (17, 33), (321, 181), (16, 400), (1000, 18), (250, 131)]) {
        let run = run(Size::new(width, height), seed, 25, false);
        check_ffmpeg(&run.stream, &run.pictures);
    }
}

#[test]
fn every_machine_makes_the_same_stream() {
    let size = Size::new(400, 300);
    assert!(run(size, 20, 60, false).stream == run(size, 20, 60, true).stream);
}
