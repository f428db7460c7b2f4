//! A viewer's link, modelled: what it is sent must neither fall behind nor leave the link idle.

use std::collections::VecDeque;
use std::time::Duration;

use lunette_session::Pacing;

const STEP: Duration = Duration::from_millis(1);
/// How often a viewer says what it has.
const FEEDBACK: Duration = Duration::from_millis(20);

/// A link that carries `rate` bits per second, and an encoder that keeps to what it is told.
struct Model {
    pacing: Pacing,
    now: Duration,
    rate: f64,
    latency: Duration,
    /// What is on its way: bytes left, when it was captured, total up to it.
    wire: VecDeque<(f64, Duration, u64)>,
    /// Arrived at the viewer, not yet said: when it is said, total.
    answers: VecDeque<(Duration, u64)>,
    total: u64,
    /// Captured, not handed over: when.
    waiting: VecDeque<(Duration, f64)>,
    told: Option<f64>,
    fill: f64,
    last_feedback: Duration,
    arrived: u64,
    worst: Duration,
    delivered: u64,
}

impl Model {
    fn new(rate: f64, latency: Duration) -> Self {
        Self {
            pacing: Pacing::new(),
            now: Duration::from_secs(1),
            rate,
            latency,
            wire: VecDeque::new(),
            answers: VecDeque::new(),
            total: 0,
            waiting: VecDeque::new(),
            told: None,
            fill: 0.0,
            last_feedback: Duration::ZERO,
            arrived: 0,
            worst: Duration::ZERO,
            delivered: 0,
        }
    }

    /// Runs for `time` with 30 pictures a second of `size` bytes each where nothing limits them.
    fn run(&mut self, time: Duration, size: f64) {
        let end = self.now + time;
        self.worst = Duration::ZERO;
        self.delivered = 0;
        while self.now < end {
            self.now += STEP;
            if self.now.as_millis().is_multiple_of(33) {
                self.capture(size);
            }
            self.hand_over();
            self.carry();
            self.answer();
            if self.wire.is_empty() && self.pacing.in_flight() == 0 && self.now.as_millis().is_multiple_of(500) {
                self.pacing.round_trip(self.now, self.latency * 2);
            }
        }
    }

    /// As the encoder does: a picture is left out while those before it have not drained at the rate that it was told.
    fn capture(&mut self, size: f64) {
        // What nobody takes is not encoded.
        if self.waiting.len() >= 2 {
            return;
        }
        let size = match self.told {
            Some(rate) => {
                self.fill = (self.fill - rate / 8.0 * 0.033).max(0.0);
                if self.fill > rate / 8.0 * 0.2 {
                    return;
                }
                size.min((rate / 8.0 * 0.1).max(2000.0))
            }
            None => {
                self.fill = 0.0;
                size
            }
        };
        self.fill += size;
        self.waiting.push_back((self.now, size));
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a test's byte count")]
    fn hand_over(&mut self) {
        while !self.waiting.is_empty() && self.pacing.may_send(self.now) {
            let (at, size) = self.waiting.pop_front().expect("something waits");
            self.total += size as u64;
            self.pacing.sent(self.now, size as usize);
            self.wire.push_back((size, at, self.total));
        }
        if let Some(rate) = self.pacing.poll_rate(self.now) {
            self.told = rate.map(|rate| f64::from(rate.bits_per_second()));
        }
    }

    fn carry(&mut self) {
        let mut room = self.rate / 8.0 * STEP.as_secs_f64();
        while let Some((left, at, total)) = self.wire.front_mut() {
            let part = room.min(*left);
            *left -= part;
            room -= part;
            if *left > 0.0 {
                break;
            }
            let age = self.now + self.latency - *at;
            self.worst = self.worst.max(age);
            self.delivered += 1;
            self.arrived = *total;
            self.wire.pop_front();
        }
    }

    fn answer(&mut self) {
        if self.now - self.last_feedback >= FEEDBACK {
            self.last_feedback = self.now;
            self.answers.push_back((self.now + self.latency * 2, self.arrived));
        }
        while self.answers.front().is_some_and(|(at, _)| *at <= self.now) {
            let (_, total) = self.answers.pop_front().expect("there is a first");
            self.pacing.confirm(self.now, total);
        }
    }
}

#[test]
fn a_wide_link_is_never_held_up() {
    let mut model = Model::new(1e9, Duration::from_millis(1));
    model.run(Duration::from_secs(10), 60_000.0);
    assert!(model.worst < Duration::from_millis(40), "{:?}", model.worst);
    assert_eq!(model.told, None);
    assert!(model.delivered > 295);
}

#[test]
fn a_long_link_is_not_a_narrow_one() {
    let mut model = Model::new(1e9, Duration::from_millis(120));
    model.run(Duration::from_secs(10), 60_000.0);
    assert_eq!(model.told, None, "a way of 240 ms there and back says nothing about its width");
    assert!(model.delivered > 285, "{}", model.delivered);
}

#[test]
fn from_eight_to_two_megabits_nothing_is_half_a_second_behind() {
    let mut model = Model::new(8e6, Duration::from_millis(10));
    model.run(Duration::from_secs(10), 25_000.0);
    model.rate = 2e6;
    model.run(Duration::from_secs(20), 25_000.0);
    assert!(model.worst < Duration::from_millis(500), "{:?}", model.worst);
    assert!(model.delivered > 100, "{}", model.delivered);
    let told = model.told.unwrap();
    assert!((1.0e6..2.6e6).contains(&told), "{told}");
}

#[test]
fn half_a_megabit_is_used_and_not_overrun() {
    let mut model = Model::new(8e6, Duration::from_millis(10));
    model.run(Duration::from_secs(5), 25_000.0);
    model.rate = 5e5;
    model.run(Duration::from_secs(5), 25_000.0);
    model.run(Duration::from_secs(20), 25_000.0);
    assert!(model.worst < Duration::from_millis(700), "{:?}", model.worst);
    let told = model.told.unwrap();
    assert!((2.5e5..7e5).contains(&told), "{told}");
}

#[test]
fn a_link_that_widens_is_found_out() {
    let mut model = Model::new(2e6, Duration::from_millis(10));
    model.run(Duration::from_secs(10), 25_000.0);
    assert!(model.told.is_some());
    model.rate = 1e9;
    model.run(Duration::from_secs(60), 25_000.0);
    assert_eq!(model.told, None);
}

#[test]
fn one_hiccup_of_a_busy_machine_is_not_a_narrow_link() {
    let mut model = Model::new(1e9, Duration::from_millis(2));
    model.run(Duration::from_secs(3), 5_000.0);
    model.rate = 1.0;
    model.run(Duration::from_millis(200), 5_000.0);
    model.rate = 1e9;
    model.run(Duration::from_secs(2), 5_000.0);
    assert_eq!(model.told, None);
    assert!(model.delivered > 55, "{}", model.delivered);
}

#[test]
fn a_wide_link_that_stood_still_for_a_second_is_soon_wide_again() {
    let mut model = Model::new(1e9, Duration::from_millis(2));
    model.run(Duration::from_secs(3), 5_000.0);
    model.rate = 1.0;
    model.run(Duration::from_secs(1), 5_000.0);
    model.rate = 1e9;
    model.run(Duration::from_secs(1), 5_000.0);
    model.run(Duration::from_secs(2), 5_000.0);
    assert!(model.delivered > 55, "{}", model.delivered);
    assert!(model.worst < Duration::from_millis(60), "{:?}", model.worst);
}

#[test]
fn a_large_picture_on_a_narrow_link_is_followed_by_small_ones() {
    let mut model = Model::new(2e6, Duration::from_millis(10));
    model.run(Duration::from_millis(40), 160_000.0);
    model.run(Duration::from_secs(3), 4_500.0);
    model.run(Duration::from_secs(5), 4_500.0);
    assert!(model.delivered > 140, "{}", model.delivered);
    assert!(model.worst < Duration::from_millis(100), "{:?}", model.worst);
}

#[test]
fn a_way_that_became_longer_is_not_a_narrow_link_for_ever() {
    let mut model = Model::new(1e9, Duration::from_millis(2));
    model.run(Duration::from_secs(3), 5_000.0);
    model.latency = Duration::from_millis(150);
    model.run(Duration::from_secs(60), 5_000.0);
    model.run(Duration::from_secs(2), 5_000.0);
    assert!(model.delivered > 50, "{}", model.delivered);
}

#[test]
fn a_viewer_that_confirms_more_than_it_got_gains_nothing() {
    let mut pacing = Pacing::new();
    let second = Duration::from_secs(1);
    pacing.sent(second, 1000);
    pacing.confirm(second, u64::MAX);
    assert_eq!(pacing.in_flight(), 0);
    pacing.sent(second, 1000);
    assert_eq!(pacing.in_flight(), 1000, "and what comes after is counted as ever");
}

#[test]
fn a_viewer_that_confirms_nothing_is_sent_nothing_after_a_moment() {
    let mut pacing = Pacing::new();
    let mut now = Duration::from_secs(1);
    let mut sent = 0;
    for _ in 0..100 {
        now += Duration::from_millis(33);
        if pacing.may_send(now) {
            pacing.sent(now, 10_000);
            sent += 1;
        }
    }
    assert!(sent <= 20, "{sent}");
}
