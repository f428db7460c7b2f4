//! A terminal that scrolls over a narrow link: what the screen encoder is for.

mod link;
mod terminal;

use lunette_encode::{Choice, EncoderConfig, Job, Keyframe, open};
use lunette_frame::{BitRate, Damage, FrameRate, Picture, PixelFormat, Pts, Quality};

use terminal::{SIZE, terminal};

const RATE: u32 = 2_000_000;
const FPS: u64 = 30;

#[test]
fn a_terminal_that_scrolls_stays_live_over_two_megabits() {
    let config = EncoderConfig {
        size: SIZE,
        fps: FrameRate::new(30, 1).unwrap(),
        quality: Quality::DEFAULT,
        max_bitrate: BitRate::from_bits_per_second(RATE),
        threads: 1,
    };
    let mut encoder = open(&Choice::Auto, &config).unwrap();
    let mut picture = Picture::new(PixelFormat::I420, SIZE).unwrap();
    let damage = Damage::full(SIZE);
    let (mut free_at, mut steps, mut late) = (0.0_f64, Vec::new(), 0.0_f64);
    for step in 0..90 {
        let time = step as f64 / FPS as f64;
        let pts = Pts::from_nanos(1 + step as u64 * 1_000_000_000 / FPS);
        if encoder.rests_until().is_some_and(|until| pts < until) {
            continue;
        }
        terminal(&mut picture, step);
        let job = Job { picture: picture.as_ref(), damage: &damage, pts, keyframe: Keyframe::Auto };
        let bytes = encoder.encode(&job).unwrap().unwrap().data.len();
        free_at = free_at.max(time) + bytes as f64 * 8.0 / f64::from(RATE);
        // The first picture takes as long as it takes.
        if time > 1.0 {
            steps.push(bytes);
            late = late.max(free_at - time);
        }
    }
    let mean = steps.iter().sum::<usize>() / steps.len();
    println!("{} pictures, {mean} bytes each, {late:.3} s behind at most", steps.len());
    assert!(steps.len() >= 55, "{} pictures", steps.len());
    assert!(mean < 8000, "{mean} bytes a step");
    assert!(late < 0.5, "{late:.3} s behind");
}
