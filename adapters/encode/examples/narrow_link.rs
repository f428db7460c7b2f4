//! How far behind a viewer is whose link has just the ceiling's rate: the pattern `scroll` at 1080p, on virtual time.
//!
//! `cargo run --release -p lunette-encode --example narrow_link [seconds] [encoder]`
//!
//! Each row: pictures sent in each second; the seconds between capture and the last byte's arrival, for the first
//! picture, and from the third second on median and largest; and mean bytes of those.

use std::sync::Arc;

use lunette_capture::pattern::{Kind, PatternConfig, PatternScreens};
use lunette_capture::{Polled, ScanoutControl};
use lunette_encode::{Choice, EncoderConfig, Job, Keyframe, open};
use lunette_frame::{BitRate, Damage, FrameRate, Picture, PixelFormat, Pts, Quality, ScanoutId, Size};

type Failure = Box<dyn std::error::Error>;

const SIZE: Size = Size::new(1920, 1080);
/// From when on the first picture does not count any more.
const SETTLED: f64 = 3.0;

fn main() -> Result<(), Failure> {
    let seconds = std::env::args().nth(1).map_or(Ok(10), |text| text.parse())?;
    let choice: Choice = std::env::args().nth(2).as_deref().unwrap_or("auto").parse()?;
    println!("encoder: {}", choice.candidate()?.name);
    println!(
        "{:>10} {:>8} {:>7} {:>7} {:>7} {:>7} {:>8}",
        "bit/s", "captured", "sent", "first", "median", "max", "bytes"
    );
    for rate in [8_000_000, 2_000_000, 1_000_000, 500_000] {
        for fps in [5, 30, 60] {
            let sent = send(&choice, fps, rate, seconds)?;
            let settled = || sent.iter().filter(|one| one.captured >= SETTLED);
            let mut behind: Vec<_> = settled().map(|one| one.behind).collect();
            behind.sort_by(f64::total_cmp);
            let bytes = settled().map(|one| one.bytes).sum::<usize>() / behind.len().max(1);
            let at = |index: usize| behind.get(index).copied().unwrap_or(f64::NAN);
            let per_second = behind.len() as f64 / (f64::from(seconds) - SETTLED);
            let (median, max) = (at(behind.len() / 2), at(behind.len().saturating_sub(1)));
            let first = sent.first().map_or(f64::NAN, |one| one.behind);
            println!("{rate:10} {fps:8} {per_second:7.1} {first:7.2} {median:7.2} {max:7.2} {bytes:8}");
        }
    }
    Ok(())
}

struct Sent {
    captured: f64,
    behind: f64,
    bytes: usize,
}

/// What is sent when each picture is encoded that the encoder takes, and what changed since it took one.
fn send(choice: &Choice, fps: u32, rate: u32, seconds: u32) -> Result<Vec<Sent>, Failure> {
    let config = EncoderConfig {
        size: SIZE,
        fps: FrameRate::new(fps, 1)?,
        quality: Quality::DEFAULT,
        max_bitrate: BitRate::from_bits_per_second(rate),
        threads: 1,
    };
    let mut encoder = open(choice, &config)?;
    let screens = PatternScreens::new(PatternConfig { kind: Kind::Scroll, scanouts: 1, size: SIZE, fps })?;
    let mut source = screens.open(ScanoutId::new(0), &Arc::default())?;
    let mut picture = Picture::new(PixelFormat::I420, SIZE)?;
    let (mut free_at, mut sent) = (0.0_f64, Vec::new());
    for n in 1..=u64::from(fps * seconds) {
        let pts = Pts::from_nanos(n * 1_000_000_000 / u64::from(fps) + 1);
        if encoder.rests_until().is_some_and(|until| pts < until) {
            continue;
        }
        let Polled::Frame(frame) = source.poll(pts)? else { continue };
        let damage = Damage::full(SIZE);
        lunette_color::convert(&frame.picture, &damage, &mut picture)?;
        let job = Job { picture: picture.as_ref(), damage: &damage, pts, keyframe: Keyframe::Auto };
        let bytes = encoder.encode(&job)?.map_or(0, |unit| unit.data.len());
        let captured = pts.as_nanos() as f64 / 1e9;
        free_at = free_at.max(captured) + bytes as f64 * 8.0 / f64::from(rate);
        sent.push(Sent { captured, behind: free_at - captured, bytes });
    }
    Ok(sent)
}
