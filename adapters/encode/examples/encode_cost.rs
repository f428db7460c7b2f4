//! CPU time per picture of encoders that work here, at 1080p with one thread.
//!
//! `cargo run --release -p lunette-encode --example encode_cost [pictures] [encoder] [scene]`
//!
//! From I420 to access unit, conversion and capture left out. Each row gives milliseconds of CPU: min, median, p99, max.

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
type Show = fn(&Page, &mut Picture, usize, &mut Damage);

/// What is measured.
struct Scene {
    name: &'static str,
    show: Show,
    keyframe: Keyframe,
}

const SCENES: [Scene; 7] = [
    Scene::new("scroll by 3", |page, picture, n, damage| scroll(page, picture, n * 3, damage)),
    Scene::new("scroll by 8", |page, picture, n, damage| scroll(page, picture, n * 8, damage)),
    Scene::new("scroll by 24", |page, picture, n, damage| scroll(page, picture, n * 24, damage)),
    Scene::new("window move", window),
    Scene::new("one 64x64 change", small),
    Scene::new("all new text", |page, picture, n, damage| scroll(page, picture, n * 1008, damage)),
    Scene {
        keyframe: Keyframe::Force,
        ..Scene::new("IDR", |page, picture, n, damage| scroll(page, picture, n * 8, damage))
    },
];

impl Scene {
    const fn new(name: &'static str, show: Show) -> Self {
        Self { name, show, keyframe: Keyframe::Auto }
    }
}

fn scroll(page: &Page, picture: &mut Picture, top: usize, damage: &mut Damage) {
    page.show_part(picture, (0, 0), SIZE, top);
    damage.add(SIZE.bounds());
}

fn small(page: &Page, picture: &mut Picture, n: usize, damage: &mut Damage) {
    page.show_square(picture, (800, 400), 64, n * 16);
    damage.add(Rect::new(800, 400, 64, 64));
}

/// A window of 800×600 before a page, 10 pixels to the right and 6 down from picture to picture, and back again.
fn window(page: &Page, picture: &mut Picture, n: usize, damage: &mut Damage) {
    let place = |n: usize| {
        let step = if n % 160 < 80 { n % 80 } else { 80 - n % 80 };
        (40 + 10 * step, 6 * step)
    };
    let (was, now) = (place(n.saturating_sub(1)), place(n));
    page.show_part(picture, (0, 0), SIZE, 0);
    page.show_part(picture, now, Size::new(800, 600), 2000);
    let narrow = |side: usize| u32::try_from(side).unwrap_or(0);
    for (x, y) in [was, now] {
        damage.add(Rect::new(narrow(x), narrow(y), 800, 600));
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let pictures = arguments.next().map_or(Ok(300), |text| text.parse())?;
    let wanted = [arguments.next(), arguments.next()];
    let page = Page::new(SIZE.width as usize, 256, 7);
    println!("{:16} {:18} {:>7} {:>7} {:>7} {:>7} {:>9}", "encoder", "scene", "min", "median", "p99", "max", "bytes");
    let is_wanted = |name: &str, wanted: &Option<String>| wanted.as_ref().is_none_or(|wanted| wanted == name);
    for candidate in CANDIDATES.iter().filter(|candidate| is_wanted(candidate.name, &wanted[0])) {
        for scene in SCENES.iter().filter(|scene| is_wanted(scene.name, &wanted[1])) {
            match measure(candidate, scene, &page, pictures) {
                Ok((times, bytes)) => {
                    let [min, median, p99, max] =
                        [0, 50, 99, 100].map(|percent| times[(times.len() - 1) * percent / 100]);
                    let (encoder, scene) = (candidate.name, scene.name);
                    println!("{encoder:16} {scene:18} {min:7.3} {median:7.3} {p99:7.3} {max:7.3} {bytes:9}");
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
    scene: &Scene,
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
        let job = Job { picture: picture.as_ref(), damage: &damage, pts, keyframe: scene.keyframe };
        let start = cpu_ms();
        let unit = encoder.encode(&job)?;
        let spent = cpu_ms() - start;
        if n > 0 {
            times.push(spent);
            bytes += unit.map_or(0, |unit| unit.data.len());
        }
        damage.reset(SIZE);
        (scene.show)(page, &mut picture, n + 1, &mut damage);
    }
    times.sort_by(f64::total_cmp);
    Ok((times, bytes / pictures.max(1)))
}

/// CPU time of all threads of this process.
fn cpu_ms() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 * 1e3 + now.tv_nsec as f64 / 1e6
}
