//! The encoder, the pacing of a viewer and a link between them, in simulated time.

use std::collections::VecDeque;
use std::time::Duration;

use lunette_encode::{Change, Choice, Encoder, EncoderConfig, Job, Keyframe, open};
use lunette_frame::{BitRate, Damage, FrameRate, Picture, PixelFormat, Pts, Quality};
use lunette_session::Pacing;

use crate::terminal::{SIZE, terminal};

const STEP: Duration = Duration::from_millis(1);
/// The terminal shows another line this often.
const LINES: Duration = Duration::from_millis(33);
/// How often a viewer says what it has.
const FEEDBACK: Duration = Duration::from_millis(20);
/// The way there, and the way back.
const WAY: Duration = Duration::from_millis(5);
/// What an encoder may spend while nothing is known of the link.
const OPEN: BitRate = BitRate::from_bits_per_second(20_000_000);

/// A unit on its way: bytes that are still to go, when it was captured, total of all bytes up to its end.
struct Sent {
    left: f64,
    captured: Duration,
    total: u64,
}

struct Model {
    encoder: Box<dyn Encoder>,
    picture: Picture,
    line: usize,
    shown: Option<usize>,
    pacing: Pacing,
    now: Duration,
    rate: f64,
    /// Encoded, not handed over: when it was captured, bytes.
    waiting: VecDeque<(Duration, usize)>,
    wire: VecDeque<Sent>,
    /// Said by the viewer, not heard yet: when it is, total.
    answers: VecDeque<(Duration, u64)>,
    sent: u64,
    arrived: u64,
    told_at: Duration,
    ages: Vec<f64>,
}

impl Model {
    fn new(rate: f64) -> Self {
        let config = EncoderConfig {
            size: SIZE,
            fps: FrameRate::new(60, 1).unwrap(),
            quality: Quality::DEFAULT,
            max_bitrate: OPEN,
            threads: 1,
        };
        Self {
            encoder: open(&Choice::Named("screen".to_owned()), &config).unwrap(),
            picture: Picture::new(PixelFormat::I420, SIZE).unwrap(),
            line: 0,
            shown: None,
            pacing: Pacing::new(),
            now: Duration::from_secs(1),
            rate,
            waiting: VecDeque::new(),
            wire: VecDeque::new(),
            answers: VecDeque::new(),
            sent: 0,
            arrived: 0,
            told_at: Duration::ZERO,
            ages: Vec::new(),
        }
    }

    /// Runs for `seconds` while the terminal scrolls.
    fn run(&mut self, seconds: u64) -> Ages {
        let end = self.now + Duration::from_secs(seconds);
        while self.now < end {
            self.now += STEP;
            if self.now.as_millis().is_multiple_of(LINES.as_millis()) {
                self.line += 1;
            }
            self.encode();
            self.hand_over();
            self.carry();
            self.answer();
        }
        let mut ages = std::mem::take(&mut self.ages);
        ages.sort_by(f64::total_cmp);
        Ages(ages)
    }

    /// What nobody takes is not encoded.
    fn encode(&mut self) {
        let pts = Pts::from_nanos(u64::try_from(self.now.as_nanos()).unwrap());
        let rests = self.encoder.rests_until().is_some_and(|until| pts < until);
        let taken = self.waiting.is_empty() && self.pacing.may_send(self.now);
        if self.shown == Some(self.line) || !taken || rests {
            return;
        }
        self.shown = Some(self.line);
        terminal(&mut self.picture, self.line);
        let damage = Damage::full(SIZE);
        let job = Job { picture: self.picture.as_ref(), damage: &damage, pts, keyframe: Keyframe::Auto };
        let unit = self.encoder.encode(&job).unwrap().unwrap();
        self.waiting.push_back((self.now, unit.data.len()));
    }

    fn hand_over(&mut self) {
        while !self.waiting.is_empty() && self.pacing.may_send(self.now) {
            let (captured, bytes) = self.waiting.pop_front().unwrap();
            self.sent += bytes as u64;
            self.pacing.sent(self.now, bytes);
            self.wire.push_back(Sent { left: bytes as f64, captured, total: self.sent });
        }
        if let Some(rate) = self.pacing.poll_rate(self.now) {
            let change = Change { max_bitrate: Some(rate.unwrap_or(OPEN)), ..Change::default() };
            self.encoder.reconfigure(&change).unwrap();
        }
    }

    fn carry(&mut self) {
        let mut room = self.rate / 8.0 * STEP.as_secs_f64();
        while let Some(unit) = self.wire.front_mut() {
            let part = room.min(unit.left);
            unit.left -= part;
            room -= part;
            if unit.left > 0.0 {
                break;
            }
            self.ages.push((self.now + WAY - unit.captured).as_secs_f64() * 1e3);
            self.arrived = unit.total;
            self.wire.pop_front();
        }
    }

    fn answer(&mut self) {
        if self.now - self.told_at >= FEEDBACK {
            self.told_at = self.now;
            self.answers.push_back((self.now + WAY * 2, self.arrived));
        }
        while self.answers.front().is_some_and(|(at, _)| *at <= self.now) {
            let (_, total) = self.answers.pop_front().unwrap();
            self.pacing.confirm(self.now, total);
        }
    }
}

/// The ages at which pictures arrived, in milliseconds, in order.
#[derive(Debug)]
struct Ages(Vec<f64>);

impl Ages {
    fn percent(&self, share: usize) -> f64 {
        self.0[(self.0.len() - 1) * share / 100]
    }

    fn assert(&self, link: &str, least: usize, middle: f64, furthest: f64) {
        let (p50, worst) = (self.percent(50), self.percent(100));
        println!(
            "{link}: {} pictures, {p50:.0} / {:.0} / {worst:.0} ms p50 / p95 / furthest",
            self.0.len(),
            self.percent(95)
        );
        assert!(
            self.0.len() >= least && p50 <= middle && worst <= furthest,
            "{link}: {p50:.0}, {worst:.0} ms, {} pictures",
            self.0.len()
        );
    }
}

#[test]
fn from_eight_to_two_megabits_text_that_scrolls_is_a_moment_behind() {
    let mut model = Model::new(8e6);
    // The first picture takes as long as it takes.
    model.run(2);
    model.run(3).assert("8 Mbit/s", 80, 50.0, 200.0);
    model.rate = 2e6;
    model.run(3).assert("2 Mbit/s, at first", 75, 80.0, 150.0);
    model.run(8).assert("2 Mbit/s", 220, 60.0, 120.0);
}
