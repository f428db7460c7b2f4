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
    /// For how much of each quarter of a second the viewer does nothing, what it says included.
    busy: Duration,
    /// When the picture was captured that the viewer shows.
    shows: Option<Duration>,
    ages: Vec<f64>,
}

impl Model {
    fn new(rate: f64) -> Self {
        let config = EncoderConfig {
            size: SIZE,
            fps: FrameRate::new(60, 1).expect("a rate"),
            quality: Quality::DEFAULT,
            max_bitrate: OPEN,
            threads: 1,
        };
        // A viewer that connects is pinged before it gets anything.
        let mut pacing = Pacing::new();
        pacing.round_trip(Duration::ZERO, WAY * 2);
        Self {
            encoder: open(&Choice::Named("screen".to_owned()), &config).expect("it is always there"),
            picture: Picture::new(PixelFormat::I420, SIZE).expect("memory"),
            line: 0,
            shown: None,
            pacing,
            now: Duration::from_secs(1),
            rate,
            waiting: VecDeque::new(),
            wire: VecDeque::new(),
            answers: VecDeque::new(),
            sent: 0,
            arrived: 0,
            told_at: Duration::ZERO,
            busy: Duration::ZERO,
            shows: None,
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
        let pts = Pts::from_nanos(u64::try_from(self.now.as_nanos()).expect("some seconds"));
        let rests = self.encoder.rests_until().is_some_and(|until| pts < until);
        let taken = self.waiting.is_empty() && self.pacing.may_send(self.now);
        if self.shown == Some(self.line) || !taken || rests {
            return;
        }
        self.shown = Some(self.line);
        terminal(&mut self.picture, self.line);
        let damage = Damage::full(SIZE);
        let job = Job { picture: self.picture.as_ref(), damage: &damage, pts, keyframe: Keyframe::Auto };
        let unit = self.encoder.encode(&job).expect("a picture is encoded").expect("all of it changed");
        self.waiting.push_back((self.now, unit.data.len()));
    }

    fn hand_over(&mut self) {
        while !self.waiting.is_empty() && self.pacing.may_send(self.now) {
            let (captured, bytes) = self.waiting.pop_front().expect("one waits");
            self.sent += bytes as u64;
            self.pacing.sent(self.now, bytes);
            self.wire.push_back(Sent { left: bytes as f64, captured, total: self.sent });
        }
        if let Some(rate) = self.pacing.poll_rate(self.now) {
            let change = Change { max_bitrate: Some(rate.unwrap_or(OPEN)), ..Change::default() };
            self.encoder.reconfigure(&change).expect("any rate is taken");
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
            let replaced = self.shows.replace(unit.captured).unwrap_or(unit.captured);
            self.ages.push((self.now + WAY - replaced).as_secs_f64() * 1e3);
            self.arrived = unit.total;
            self.wire.pop_front();
        }
    }

    fn answer(&mut self) {
        let is_busy = self.now.as_millis() % 250 < self.busy.as_millis();
        if self.now - self.told_at >= FEEDBACK && !is_busy {
            self.told_at = self.now;
            self.answers.push_back((self.now + WAY * 2, self.arrived));
        }
        while self.answers.front().is_some_and(|(at, _)| *at <= self.now) {
            let (_, total) = self.answers.pop_front().expect("there is a first");
            self.pacing.confirm(self.now, total);
        }
    }
}

/// How old each picture was when the next one took its place, in milliseconds, in order.
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
    model.run(3).assert("8 Mbit/s", 80, 60.0, 200.0);
    model.rate = 2e6;
    model.run(3).assert("2 Mbit/s, at first", 60, 280.0, 450.0);
    model.run(8).assert("2 Mbit/s", 220, 120.0, 250.0);
}

#[test]
fn a_busy_viewer_has_less_of_a_narrow_link_and_is_not_late() {
    for busy in [40, 80] {
        let mut model = Model::new(2e6);
        model.busy = Duration::from_millis(busy);
        model.run(3);
        model.run(8).assert(&format!("2 Mbit/s, {busy} ms of 250 busy"), 200, 120.0, 300.0);
    }
}
