//! One scene with one encoder.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use lunette_encode::{Candidate, Encoder, Job};

use super::report::Row;
use super::scene::{Reel, Scene};
use crate::bench::args::{Budget, CodingArgs};
use crate::bench::clock::process_cpu;
use crate::bench::fidelity::Recording;
use crate::bench::screen::Pace;
use crate::bench::stats::Samples;

/// Every n-th picture is compared with what a decoder makes of it.
const COMPARE_EVERY: u64 = 10;

/// Encodes pictures until the budget is spent; the first one does not count.
pub(super) fn measure(scene: Scene, candidate: &'static Candidate, coding: &CodingArgs, budget: Budget) -> Result<Row> {
    let config = coding.encoder_config(Pace(0).planned()?, coding.max_bitrate_or(CodingArgs::NO_CEILING));
    let mut encoder = candidate.open(&config).with_context(|| format!("cannot open {}", candidate.name))?;
    let mut reel = Reel::open(scene, encoder.input_format(), config.size)?;
    let mut recording = Recording::new(COMPARE_EVERY);
    let (mut cpu, mut bytes) = (Samples::default(), Samples::default());
    let started = Instant::now();
    let mut count = 0;
    while !budget.is_spent(count, started.elapsed()) || count < 2 {
        let counter = reel.advance()?;
        let (spent, size) = encode(&mut *encoder, scene, &reel, (count, counter), &mut recording)?;
        count += 1;
        if count > 1 {
            cpu.push_time(spent);
            bytes.push(size);
        }
    }
    Ok(Row {
        kind: scene.as_str(),
        encoder: candidate.name,
        encoded: count - 1,
        cpu_ms: cpu.spread(),
        bytes: bytes.spread(),
        fidelity: recording.judge(),
    })
}

/// Encodes the reel's picture; returns CPU time and bytes.
#[expect(clippy::cast_precision_loss, reason = "bytes of a picture")]
fn encode(
    encoder: &mut dyn Encoder,
    scene: Scene,
    reel: &Reel,
    (number, counter): (u64, u64),
    recording: &mut Recording,
) -> Result<(Duration, f64)> {
    let pts = Pace(0).capture_time(number, lunette_capture::now());
    let job = Job { picture: reel.picture().as_ref(), damage: reel.changed(), pts, keyframe: scene.keyframe() };
    let before = process_cpu();
    let unit = encoder.encode(&job).with_context(|| format!("{} failed at {}", encoder.name(), scene.as_str()))?;
    let spent = process_cpu().saturating_sub(before);
    let Some(unit) = unit else { return Ok((spent, 0.0)) };
    recording.keep(&unit, reel.picture(), counter);
    Ok((spent, unit.data.len() as f64))
}
