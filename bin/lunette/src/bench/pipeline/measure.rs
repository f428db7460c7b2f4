//! One kind with one encoder.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use lunette_capture::pattern::Kind;
use lunette_capture::{Frame, Polled, now};
use lunette_encode::{Candidate, Encoder, Job, Keyframe};
use lunette_frame::{AccessUnit, Damage, Pts, PtsStamper};

use super::Plan;
use super::report::{Costs, Row};
use crate::bench::args::CodingArgs;
use crate::bench::clock::process_cpu;
use crate::bench::fidelity::{Fidelity, Recording};
use crate::bench::screen;
use crate::bench::stages::{StageCosts, Stages};
use crate::bench::stats::{Samples, millis};

/// Every n-th picture is compared with what a decoder makes of it.
const COMPARE_EVERY: u64 = 10;

/// Encodes frames until the budget is spent or the screen has no more.
pub(super) fn measure(kind: Kind, candidate: &'static Candidate, plan: &Plan<'_>) -> Result<Row> {
    let ceiling = plan.coding.max_bitrate_or(CodingArgs::SERVED);
    let config = plan.coding.encoder_config(plan.pace.planned()?, ceiling);
    let encoder = candidate.open(&config).with_context(|| format!("cannot open {}", candidate.name))?;
    let mut line = Line {
        owed: Damage::none(config.size),
        stages: Stages::new(encoder.input_format(), config.size)?,
        encoder,
        stamper: PtsStamper::default(),
        recording: Recording::new(COMPARE_EVERY),
        log: Log::default(),
    };
    let (mut source, doorbell) = screen::open(kind, config.size, plan.pace)?;
    let started = Instant::now();
    while !plan.budget.is_spent(line.log.captured, started.elapsed()) {
        let before = process_cpu();
        match source.poll(now())? {
            Polled::Frame(frame) => {
                line.log.paint.push_time(process_cpu().saturating_sub(before));
                line.take(&frame, plan).with_context(|| format!("{} failed at {}", candidate.name, kind.as_str()))?;
            }
            Polled::NotBefore(at) => doorbell.wait(Some(at.since(now()))),
            Polled::Idle | Polled::Ended => break,
        }
    }
    let fidelity = line.recording.judge();
    Ok(line.log.row(kind, candidate.name, plan, fidelity))
}

/// Everything between the source and the stream.
struct Line {
    stages: Stages,
    encoder: Box<dyn Encoder>,
    /// What changed and was not encoded yet: the ceiling may leave pictures out.
    owed: Damage,
    stamper: PtsStamper,
    recording: Recording,
    log: Log,
}

/// One picture that was encoded.
struct Entry {
    costs: StageCosts,
    encode: Duration,
    /// From the capture time to the access unit.
    latency: Duration,
    bytes: usize,
    number: u64,
}

impl Line {
    fn take(&mut self, frame: &Frame<'_>, plan: &Plan<'_>) -> Result<()> {
        self.log.capture(frame.number);
        let costs = self.stages.take(frame)?;
        self.log.shares.push(self.stages.changed().share());
        let captured = plan.pace.capture_time(frame.number, frame.captured);
        self.owed.accumulate(self.stages.changed());
        if self.owed.is_empty() || self.encoder.rests_until().is_some_and(|until| captured < until) {
            return Ok(());
        }
        let before = process_cpu();
        let Some(unit) = self.encode(captured)? else { return Ok(()) };
        self.owed.reset(self.owed.bounds());
        let encode = process_cpu().saturating_sub(before);
        let encoded = now();
        self.log.encoded(Entry {
            costs,
            encode,
            latency: encoded.since(frame.captured),
            bytes: unit.data.len(),
            number: frame.number,
        });
        self.recording.keep(&unit, self.stages.picture(), frame.number);
        Ok(())
    }

    fn encode(&mut self, captured: Pts) -> Result<Option<AccessUnit>> {
        let pts = self.stamper.stamp(captured);
        let picture = self.stages.picture().as_ref();
        let job = Job { picture, damage: &self.owed, pts, keyframe: Keyframe::Auto };
        Ok(self.encoder.encode(&job)?)
    }
}

/// What happened, in order.
#[derive(Default)]
struct Log {
    captured: u64,
    replaced: u64,
    next_number: u64,
    paint: Samples,
    shares: Samples,
    entries: Vec<Entry>,
}

impl Log {
    fn capture(&mut self, number: u64) {
        self.captured += 1;
        self.replaced += number.saturating_sub(self.next_number);
        self.next_number = number + 1;
    }

    fn encoded(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// The first picture takes memory and is an IDR, so it stands apart, unless it is the only one.
    fn steady(&self) -> &[Entry] {
        match self.entries.as_slice() {
            [_, rest @ ..] if !rest.is_empty() => rest,
            all => all,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts and bytes far below 2^52")]
    fn row(&self, kind: Kind, encoder: &'static str, plan: &Plan<'_>, fidelity: Fidelity) -> Row {
        let steady = self.steady();
        let spread = |pick: fn(&Entry) -> f64| steady.iter().map(pick).collect::<Samples>().spread();
        let wall: f64 = steady.iter().map(|entry| entry.latency.as_secs_f64()).sum();
        let bytes = steady.iter().map(|entry| entry.bytes).sum::<usize>() as f64;
        let frames = steady.len() as f64;
        Row {
            kind: kind.as_str(),
            encoder,
            captured: self.captured,
            replaced: self.replaced,
            encoded: self.entries.len(),
            frames_per_second: (wall > 0.0).then(|| frames / wall),
            cpu_ms: Costs {
                diff: spread(|entry| millis(entry.costs.diff)),
                convert: spread(|entry| millis(entry.costs.convert)),
                encode: spread(|entry| millis(entry.encode)),
                total: spread(Entry::total_ms),
            },
            first_picture_cpu_ms: self.entries.first().map(Entry::total_ms),
            paint_cpu_ms: self.paint.spread(),
            latency_ms: spread(|entry| millis(entry.latency)),
            kbit_per_second: self.seconds_of_stream(plan).map(|seconds| bytes * 8.0 / seconds / 1e3),
            kilobytes_per_frame: (frames > 0.0).then(|| bytes / frames / 1e3),
            damage_share: self.shares.spread(),
            fidelity,
        }
    }

    /// How long the stream without its first picture is at the source's rate; `None` for a single picture.
    #[expect(clippy::cast_precision_loss, reason = "frame numbers far below 2^52")]
    fn seconds_of_stream(&self, plan: &Plan<'_>) -> Option<f64> {
        let frames = self.entries.last()?.number - self.entries.first()?.number;
        (frames > 0).then(|| frames as f64 / f64::from(plan.pace.planned_hz()))
    }
}

impl Entry {
    fn total_ms(&self) -> f64 {
        millis(self.costs.diff + self.costs.convert + self.encode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(count: u64) -> Log {
        let mut log = Log::default();
        for number in 0..count {
            log.capture(number);
            log.encoded(Entry {
                costs: StageCosts { diff: Duration::from_millis(1), convert: Duration::from_millis(2) },
                encode: Duration::from_millis(if number == 0 { 50 } else { 5 }),
                latency: Duration::from_millis(12),
                bytes: 1000,
                number,
            });
        }
        log
    }

    #[test]
    fn the_first_picture_stands_apart_unless_it_is_the_only_one() {
        assert_eq!(log(3).steady().len(), 2);
        assert_eq!(log(3).steady()[0].total_ms(), 8.0);
        assert_eq!(log(1).steady()[0].total_ms(), 53.0);
        assert!(log(0).steady().is_empty());
    }

    #[test]
    fn frames_that_the_source_replaced_are_counted() {
        let mut log = Log::default();
        [0, 1, 4, 5].into_iter().for_each(|number| log.capture(number));
        assert_eq!((log.captured, log.replaced), (4, 2));
    }
}
