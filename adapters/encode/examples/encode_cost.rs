//! CPU time per picture of every encoder that works here, at 1080p with one thread.
//!
//! `cargo run --release -p lunette-encode --example encode_cost [pictures]`
//!
//! From I420 to access unit, conversion and capture left out. Each row gives milliseconds of CPU: min, median, max.

#[path = "../tests/conformance/content.rs"]
#[expect(dead_code, reason = "shared with the conformance suite, which uses all of it")]
mod content;

use content::Page;
use lunette_encode::{CANDIDATES, Candidate, EncodeError, EncoderConfig, Job, Keyframe};
use lunette_frame::{BitRate, Damage, FrameRate, Picture, Pts, Quality, Rect, Size};
use rustix::time::{ClockId, clock_gettime};

const SIZE: Size = Size::new(1920, 1080);
const TICK: u64 = 16_666_667;

/// Changes the picture for frame `n` and says what changed.
type Scene = fn(&Page, &mut Picture, usize, &mut Damage);

const SCENES: [(&str, Scene); 3] = [("scroll by 8", scroll), ("one 64x64 change", small), ("all new text", all_new)];

fn scroll(page: &Page, picture: &mut Picture, n: usize, damage: &mut Damage) {
    page.show(picture, n * 8);
    damage.add(SIZE.bounds());
}

fn small(page: &Page, picture: &mut Picture, n: usize, damage: &mut Damage) {
    page.show_square(picture, (800, 400), 64, n * 16);
    damage.add(Rect::new(800, 400, 64, 64));
}

fn all_new(page: &Page, picture: &mut Picture, n: usize, damage: &mut Damage) {
    page.show(picture, n * 1008);
    damage.add(SIZE.bounds());
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pictures = std::env::args().nth(1).map_or(Ok(300), |text| text.parse())?;
    let page = Page::new(SIZE.width as usize, 256, 7);
    println!("{:16} {:18} {:>7} {:>7} {:>7} {:>9}", "encoder", "scene", "min", "median", "max", "bytes");
    for candidate in CANDIDATES {
        for (name, scene) in SCENES {
            match measure(candidate, scene, &page, pictures) {
                Ok((times, bytes)) => {
                    let [min, median, max] = [0, times.len() / 2, times.len() - 1].map(|at| times[at]);
                    println!("{:16} {name:18} {min:7.2} {median:7.2} {max:7.2} {bytes:9}", candidate.name);
                }
                Err(error) => {
                    println!("{error}");
                    break;
                }
            }
        }
    }
    Ok(())
}

/// Sorted times in milliseconds and mean bytes of all pictures but the first.
fn measure(
    candidate: &Candidate,
    scene: Scene,
    page: &Page,
    pictures: usize,
) -> Result<(Vec<f64>, usize), EncodeError> {
    let config = EncoderConfig {
        size: SIZE,
        fps: FrameRate::new(60, 1).expect("not zero"),
        quality: Quality::DEFAULT,
        max_bitrate: BitRate::from_bits_per_second(2_000_000_000),
        threads: 1,
    };
    let mut encoder = candidate.open(&config)?;
    let mut picture = content::blank(SIZE);
    page.show(&mut picture, 0);
    let (mut damage, mut times, mut bytes) = (Damage::full(SIZE), Vec::new(), 0);
    for n in 0..=pictures {
        let pts = Pts::from_nanos((n as u64 + 1) * TICK);
        let job = Job { picture: picture.as_ref(), damage: &damage, pts, keyframe: Keyframe::Auto };
        let start = cpu_ms();
        let unit = encoder.encode(&job)?;
        let spent = cpu_ms() - start;
        if n > 0 {
            times.push(spent);
            bytes += unit.map_or(0, |unit| unit.data.len());
        }
        damage.reset(SIZE);
        scene(page, &mut picture, n + 1, &mut damage);
    }
    times.sort_by(f64::total_cmp);
    Ok((times, bytes / pictures.max(1)))
}

/// CPU time of all threads of this process.
fn cpu_ms() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 * 1e3 + now.tv_nsec as f64 / 1e6
}
