//! Constant quality under a ceiling: which QP the next picture gets, and which pictures are left out.
//!
//! A bucket holds [`WINDOW`] seconds of the ceiling and drains with capture time, not with the picture count: a
//! screen that rests earns the room for its next burst. What is in the bucket is on its way, so it is also how far a
//! viewer is behind whose link has just that rate. As long as the expected size fits, the QP is that of the quality;
//! otherwise it rises until it fits, but never so far that letters are lost: what does not fit at [`LEGIBLE`] overfills
//! the bucket, and pictures are left out. The one after that is then the newest there is.
//!
//! How long they are left out depends on what the next one will cost, which a dear one does not tell: it was the first,
//! or so much had changed since the one before. A page that scrolls costs little if it is coded again at once, and
//! everything once it has moved further than encoders look for it. So the next one is tried, and:
//!
//! ```text
//!           dear                    cheap: each pays for itself, and the bucket drains meanwhile
//!   ──────▶ Try ───────────────────▶ Pay
//!            │ dear again
//!            ▼
//!           Drain: none until the bucket is nearly empty; tried again after 2, 4, 8 … dear ones
//! ```
//!
//! The expected size comes from what pictures of its kind took. Small changes are a kind of their own: the bits per
//! pixel of a typed letter, its headers included, are those of the busiest spot and say nothing about a page.
//!
//! Why not the libraries' own rate control: both count pictures, so that 3 pictures/s get a twentieth of the bits
//! that 60 get; and both start blurry or polish a still picture.

use std::time::Duration;

use lunette_frame::{BitRate, Damage, Pts, UnitKind};

/// Seconds of the ceiling that may be sent at once. Over 3 s of steady overload that is 7 % above the ceiling.
const WINDOW: f64 = 0.2;
/// Seconds of the ceiling that may still be on their way when the first picture after some that were left out is coded.
const DRAINED: f64 = 0.05;
/// A picture that takes more seconds of the ceiling than this is dear.
const DEAR: f64 = 0.1;
/// The same for an encoder that finds what moved at any distance: what waits longer costs more, but only by what is new.
const DEAR_IF_GRADUAL: f64 = 0.4;
/// Of what each picture took, the next one waits this much while the bucket is too full.
const PAY: f64 = 1.25;
/// But no longer than what is above the window is made up for this many times: a picture that was a little larger than
/// expected stops nothing.
const MAKE_UP: f64 = 4.0;
/// Most doublings of the dear pictures between two tries.
const MAX_FAILURES: u32 = 5;
/// Coarsest QP for what the ceiling cannot take: text of 13 pixels is read without guessing. At 42 commas are lost, at 45
/// letters (docs/decisions/011).
const LEGIBLE: u8 = 40;
/// QP steps that halve a picture's bytes. Text falls slower than this, photographs faster.
const HALVING: f64 = 8.0;
/// Coarsest QP that there is.
const MAX_QP: u8 = 51;
/// Bits per pixel at QP 24 of a first picture full of text, before anything is known.
const FIRST_PICTURE: f64 = 0.6;
/// Side of the squares that are coded or skipped as one.
const MACROBLOCK: u32 = 16;
/// Most pixels of a small change: 64 macroblocks, a word rather than a line.
const SMALL: u64 = 64 * 256;

/// Decides QPs for one stream.
#[derive(Debug, Clone)]
pub(crate) struct RateLimit {
    base: u8,
    /// Finest QP at which the library could code this content; finer ones are not tried again.
    floor: u8,
    ceiling: f64,
    /// Bits sent and not yet drained.
    fill: f64,
    last: Option<Pts>,
    rest: Rest,
    /// Tries in a row that were dear.
    failures: u32,
    /// Dear pictures until the next try.
    untried: u32,
    /// Bits per coded pixel, seen and scaled to QP 0, for each [`Kind`].
    complexity: [f64; 3],
    coarse: bool,
    gradual: bool,
}

/// What is done while the bucket is too full.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Rest {
    /// The next picture is coded all the same.
    Try,
    /// The next picture waits for these seconds.
    Pay(f64),
    /// The next picture waits until the bucket is nearly empty.
    Drain,
}

/// Pictures whose sizes say something about each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Idr,
    Large,
    Small,
}

/// How much of a picture is coded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    /// Pixels that are coded.
    pub(crate) pixels: u64,
    /// Pixels of the picture.
    pub(crate) all: u64,
    /// Whether that is all of it.
    pub(crate) whole: bool,
}

impl Extent {
    /// What an encoder codes that goes by `damage` alone.
    pub(crate) fn of(damage: &Damage) -> Self {
        // Not by the area: rectangles that overlap may add up to the picture's without covering it.
        Self { pixels: coded_pixels(damage), all: damage.bounds().area(), whole: damage.is_full() }
    }
}

/// A picture about to be coded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planned {
    kind: Kind,
    pixels: f64,
    /// Pixels of the picture.
    all: f64,
    whole: bool,
    pub(crate) qp: u8,
}

impl RateLimit {
    pub(crate) fn new(base: u8, ceiling: BitRate) -> Self {
        let complexity = [FIRST_PICTURE / scale(24), 0.0, 0.0];
        Self {
            base,
            floor: 0,
            ceiling: bits(ceiling),
            fill: 0.0,
            last: None,
            rest: Rest::Pay(0.0),
            failures: 0,
            untried: 0,
            complexity,
            coarse: false,
            gradual: false,
        }
    }

    /// The same, but the fuller the bucket is, the smaller is the part of what is left that one picture may take.
    ///
    /// So what goes on and on gets coarser before it gets late, and settles where the bucket is half full. Only for an
    /// encoder that makes up for it by itself.
    pub(crate) fn gradual(self) -> Self {
        Self { gradual: true, ..self }
    }

    /// Changes the QP of the quality, and forgets what was too fine.
    pub(crate) fn set_base(&mut self, base: u8) {
        self.base = base;
        self.floor = 0;
    }

    /// Finest QP that is used.
    fn finest(&self) -> u8 {
        self.base.max(self.floor)
    }

    pub(crate) fn set_ceiling(&mut self, ceiling: BitRate) {
        self.ceiling = bits(ceiling);
    }

    /// Whether something on the screen was coded at a coarser QP than the quality asks for.
    pub(crate) fn is_coarse(&self) -> bool {
        self.coarse
    }

    /// Until when nothing but an IDR should be coded: pictures at the coarsest QP have overfilled the bucket.
    pub(crate) fn rests_until(&self) -> Option<Pts> {
        let over = self.fill - self.ceiling * WINDOW;
        let last = self.last.filter(|_| over > 0.0)?;
        let drained = self.fill / self.ceiling - DRAINED;
        let seconds = match self.rest {
            Rest::Try => return None,
            Rest::Pay(seconds) => seconds.min(drained).min(over / self.ceiling * MAKE_UP),
            Rest::Drain => drained,
        };
        Some(last.after(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)))
    }

    /// What to do if the bucket is too full after a picture of so many seconds, which came to one that was `too_full`.
    fn rest_after(&mut self, seconds: f64, too_full: bool) -> Rest {
        if seconds <= if self.gradual { DEAR_IF_GRADUAL } else { DEAR } {
            (self.failures, self.untried) = (0, 0);
            return Rest::Pay(seconds * PAY);
        }
        // Two dear pictures are the most that is ever on its way.
        if too_full {
            self.failures = (self.failures + 1).min(MAX_FAILURES);
            self.untried = 1 << self.failures;
            return Rest::Drain;
        }
        let tries = self.untried == 0;
        self.untried = self.untried.saturating_sub(1);
        if tries { Rest::Try } else { Rest::Drain }
    }

    /// The QP of a picture captured at `pts` that codes what `damage` says, or all of it.
    pub(crate) fn plan(&mut self, pts: Pts, kind: UnitKind, damage: &Damage) -> Planned {
        self.plan_extent(pts, kind, Extent::of(damage), usize::MAX)
    }

    /// Bits that may be sent now without filling the bucket, and not more than `share` of it.
    pub(crate) fn room(&self, share: f64) -> f64 {
        (self.ceiling * WINDOW - self.fill).min(self.ceiling * WINDOW * share).max(0.0)
    }

    /// The QP of a picture captured at `pts` that codes so much, or all of it; it is to have `most` bytes at most.
    #[expect(clippy::cast_precision_loss, reason = "pixel counts are far below 2^52")]
    pub(crate) fn plan_extent(&mut self, pts: Pts, kind: UnitKind, extent: Extent, most: usize) -> Planned {
        let elapsed = self.last.map_or(0.0, |last| pts.since(last).as_secs_f64());
        self.last = Some(pts);
        self.fill = (self.fill - self.ceiling * elapsed).max(0.0);
        let room = (self.ceiling * WINDOW - self.fill).max(0.0);
        let part = if self.gradual { room / (self.ceiling * WINDOW) } else { 1.0 };
        let room = (room * part).min(most as f64 * 8.0);
        let (kind, pixels) = match (kind, extent.pixels) {
            (UnitKind::Idr, _) => (Kind::Idr, extent.all),
            (UnitKind::Delta, pixels) => (if pixels > SMALL { Kind::Large } else { Kind::Small }, pixels),
        };
        let (pixels, all) = (pixels.max(1) as f64, extent.all as f64);
        let expected = self.expected(kind) * pixels;
        let fits = |qp: &u8| expected * scale(*qp) <= room;
        let coarsest = LEGIBLE.max(self.finest());
        let qp = (self.finest()..coarsest).find(fits).unwrap_or(coarsest);
        Planned { kind, pixels, all, whole: kind == Kind::Idr || extent.whole, qp }
    }

    /// Part of the planned picture that is expected to fit into `bytes`.
    #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
    pub(crate) fn share_within(&self, planned: &Planned, bytes: usize) -> f64 {
        let expected = self.expected(planned.kind) * planned.pixels * scale(planned.qp);
        if expected > 0.0 { (bytes as f64 * 8.0 / expected).min(1.0) } else { 1.0 }
    }

    /// Bits per pixel at QP 0. The first large change may be as dear as an IDR: a page at a low ceiling is seconds.
    fn expected(&self, kind: Kind) -> f64 {
        let seen = self.complexity[kind as usize];
        if kind == Kind::Large && seen <= 0.0 { self.complexity[Kind::Idr as usize] } else { seen }
    }

    /// The same picture as an IDR, half as large: the library could not code it as planned. `None` at the coarsest.
    pub(crate) fn coarser(&mut self, planned: Planned) -> Option<Planned> {
        const STEP: u8 = 8;
        if planned.qp == MAX_QP {
            return None;
        }
        self.floor = (planned.qp + STEP).min(MAX_QP);
        Some(Planned { kind: Kind::Idr, pixels: planned.all, whole: true, qp: self.floor, ..planned })
    }

    /// Takes note of bytes that say nothing about the pictures to come.
    #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
    pub(crate) fn spent(&mut self, bytes: usize) -> f64 {
        let bits = bytes as f64 * 8.0;
        let too_full = self.fill > self.ceiling * WINDOW;
        self.fill += bits;
        self.rest = self.rest_after(bits / self.ceiling, too_full);
        bits
    }

    /// Takes note of how large the planned picture became.
    pub(crate) fn coded(&mut self, planned: Planned, bytes: usize) {
        let bits = self.spent(bytes);
        let seen = bits / planned.pixels / scale(planned.qp);
        let known = &mut self.complexity[planned.kind as usize];
        // Dearer content shows at once; a cheap picture in between does not make the next one overshoot.
        *known = if seen > *known { seen } else { (*known + seen) / 2.0 };
        if planned.qp > self.finest() {
            self.coarse = true;
        } else if planned.whole {
            self.coarse = false;
        }
    }
}

/// Pixels in the macroblocks that `damage` touches, at most the picture's.
fn coded_pixels(damage: &Damage) -> u64 {
    let bounds = damage.bounds();
    let touched = damage.rects().iter().map(|rect| rect.align_out(MACROBLOCK, bounds).area());
    touched.sum::<u64>().min(bounds.area())
}

/// Size at `qp` relative to QP 0.
fn scale(qp: u8) -> f64 {
    (-f64::from(qp) / HALVING).exp2()
}

fn bits(rate: BitRate) -> f64 {
    f64::from(rate.bits_per_second())
}

#[cfg(test)]
mod tests {
    use lunette_frame::{Rect, Size};

    use super::*;

    const CEILING: BitRate = BitRate::from_bits_per_second(4_000_000);
    const SIZE: Size = Size::new(1000, 1000);
    const PAGE: Size = Size::new(1920, 1080);

    #[test]
    fn what_the_library_could_not_code_is_planned_coarser_from_then_on() {
        let mut rate = RateLimit::new(10, BitRate::from_bits_per_second(1_000_000_000));
        let damage = Damage::full(SIZE);
        let planned = rate.plan(Pts::from_nanos(0), UnitKind::Delta, &damage);
        let planned = rate.coarser(planned).unwrap();
        assert_eq!((planned.kind, planned.qp), (Kind::Idr, 18));
        rate.coded(planned, 1000);
        assert!(!rate.is_coarse(), "trying again would fail again");
        assert_eq!(rate.plan(Pts::from_nanos(1), UnitKind::Delta, &damage).qp, 18);
        rate.set_base(12);
        assert_eq!(rate.plan(Pts::from_nanos(2), UnitKind::Delta, &damage).qp, 12);
    }

    #[test]
    fn what_overfills_the_bucket_is_waited_for() {
        let mut rate = RateLimit::new(24, CEILING);
        let planned = rate.plan(Pts::from_nanos(0), UnitKind::Delta, &Damage::full(SIZE));
        rate.coded(planned, 100_000);
        assert_eq!(rate.rests_until(), None, "a fifth of a second's worth fits");
        rate.coded(planned, 2_500);
        assert_eq!(rate.rests_until(), Some(Pts::from_nanos(6_250_000)), "a cheap one pays for itself");
        rate.coded(planned, 147_500);
        assert_eq!(rate.rests_until(), Some(Pts::from_nanos(450_000_000)), "a dear one waits until 0.05 s are left");
        rate.plan(Pts::from_nanos(450_000_000), UnitKind::Delta, &Damage::full(SIZE));
        assert_eq!(rate.rests_until(), None);
    }

    #[test]
    fn after_a_dear_picture_the_next_is_tried_and_no_third() {
        let mut rate = RateLimit::new(24, CEILING);
        let planned = rate.plan(Pts::from_nanos(0), UnitKind::Idr, &Damage::full(SIZE));
        rate.coded(planned, 200_000);
        assert_eq!(rate.rests_until(), None);
        rate.coded(planned, 200_000);
        assert_eq!(rate.rests_until(), Some(Pts::from_nanos(750_000_000)));
    }

    #[test]
    fn content_that_is_always_dear_is_tried_ever_more_rarely() {
        let mut rate = RateLimit::new(24, CEILING);
        let mut tries = Vec::new();
        for pts in (0..3000).map(|n| Pts::from_nanos(n * 33_333_333)) {
            if rate.rests_until().is_none_or(|until| pts >= until) {
                let planned = rate.plan(pts, UnitKind::Delta, &Damage::full(SIZE));
                rate.coded(planned, 200_000);
                tries.push(rate.rest == Rest::Try);
            }
        }
        assert!(tries[0] && !tries[1], "the first is followed by a try, which fails");
        let count = tries.iter().filter(|tried| **tried).count();
        assert!((5..=12).contains(&count), "{count} tries for {} pages", tries.len());
    }

    #[test]
    fn nothing_is_coarser_than_the_coarsest() {
        let mut rate = RateLimit::new(MAX_QP, CEILING);
        let planned = rate.plan(Pts::from_nanos(0), UnitKind::Idr, &Damage::full(SIZE));
        assert!(rate.coarser(planned).is_none());
    }

    /// Codes `count` full pictures, `gap_ms` apart, that have `at_zero` bits at QP 0, but those that are to be left out;
    /// gives bits and last QP.
    fn run(rate: &mut RateLimit, start_ms: u64, count: u64, gap_ms: u64, at_zero: f64) -> (f64, u8) {
        let mut total = 0.0;
        let mut qp = 0;
        for n in 0..count {
            let pts = Pts::from_nanos((start_ms + n * gap_ms) * 1_000_000);
            if rate.rests_until().is_some_and(|until| pts < until) {
                continue;
            }
            let planned = rate.plan(pts, UnitKind::Delta, &Damage::full(SIZE));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a test's byte count")]
            let bytes = (at_zero * (-f64::from(planned.qp) / 7.0).exp2() / 8.0) as usize;
            rate.coded(planned, bytes);
            total += bytes as f64 * 8.0;
            qp = planned.qp;
        }
        (total, qp)
    }

    #[test]
    fn pictures_that_fit_keep_the_quality() {
        let mut rate = RateLimit::new(24, CEILING);
        assert_eq!(run(&mut rate, 0, 600, 16, 100_000.0).1, 24);
        assert!(!rate.is_coarse());
    }

    #[test]
    fn steady_overload_stays_near_the_ceiling() {
        let mut rate = RateLimit::new(24, CEILING);
        let (total, qp) = run(&mut rate, 0, 180, 16, 4_000_000.0);
        let allowed = 4_000_000.0 * 180.0 * 0.016;
        assert!(qp > 30 && total < allowed * 1.3 && total > allowed * 0.8, "QP {qp}, {total} of {allowed}");
    }

    /// How far behind a link of 500 kbit/s is when each of many pages of `bytes` at QP 24 has arrived, and their QP.
    fn pages_behind(bytes: f64) -> (f64, u8, usize) {
        let mut rate = RateLimit::new(24, BitRate::from_bits_per_second(500_000));
        let (mut busy_until, mut worst, mut coarsest, mut count) = (0.0_f64, 0.0_f64, 0, 0);
        for pts in (0..600).map(|n| Pts::from_nanos(n * 33_333_333)) {
            if rate.rests_until().is_some_and(|until| pts < until) {
                continue;
            }
            let planned = rate.plan(pts, UnitKind::Delta, &Damage::full(PAGE));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a test's byte count")]
            let coded = (bytes * (-f64::from(planned.qp - 24) / 12.0).exp2()) as usize;
            rate.coded(planned, coded);
            let now = pts.as_nanos() as f64 / 1e9;
            busy_until = busy_until.max(now) + coded as f64 * 8.0 / 500_000.0;
            worst = worst.max(busy_until - now);
            coarsest = coarsest.max(planned.qp);
            count += 1;
        }
        (worst, coarsest, count)
    }

    #[test]
    fn letters_are_not_given_up_for_pictures_and_no_delay_grows() {
        // A page of text is 195 kB at QP 24 and 77 kB at QP 40, which takes this link 1.24 s.
        let (worst, coarsest, count) = pages_behind(195_000.0);
        assert_eq!(coarsest, LEGIBLE);
        assert!(worst < 0.2 + 2.0 * 1.24, "{worst:.2} s behind, {count} pages in 20 s");
        assert!(count >= 15, "{count} pages in 20 s");
        // What fits is never that late.
        let (worst, _, count) = pages_behind(4_000.0);
        assert!(worst < 0.3 && count > 500, "{worst:.2} s behind, {count} pictures of 600");
    }

    #[test]
    fn a_rest_earns_room_for_a_burst() {
        let mut rate = RateLimit::new(24, CEILING);
        run(&mut rate, 0, 60, 16, 4_000_000.0);
        assert!(rate.is_coarse());
        let (_, qp) = run(&mut rate, 60 * 16 + 2000, 1, 0, 4_000_000.0);
        let (_, later) = run(&mut rate, 60 * 16 + 4000, 3, 1000, 2_000_000.0);
        assert!(qp < 32 && later == 24, "QP {qp}, then {later}");
        assert!(!rate.is_coarse(), "a whole picture at the base QP makes good");
    }

    #[test]
    fn the_count_of_pictures_does_not_matter_only_time_does() {
        let bits_per_second = |count: u64, gap| {
            let mut rate = RateLimit::new(20, CEILING);
            let seconds = (count * gap) as f64 / 1000.0;
            run(&mut rate, 0, count, gap, 8_000_000.0).0 / seconds
        };
        let (many, few) = (bits_per_second(600, 16), bits_per_second(48, 200));
        assert!((many / few - 1.0).abs() < 0.25, "{many} and {few}");
    }

    #[test]
    fn overlapping_damage_does_not_make_good_for_the_rest_of_the_screen() {
        let mut rate = RateLimit::new(24, CEILING);
        run(&mut rate, 0, 60, 16, 4_000_000.0);
        let mut crossing = Damage::none(SIZE);
        crossing.add(Rect::new(0, 200, 1000, 600));
        crossing.add(Rect::new(200, 0, 600, 1000));
        assert!(crossing.area() == SIZE.area() && !crossing.is_full(), "the corners are not in it");
        for (ms, damage, coarse) in [(5000, &crossing, true), (9000, &Damage::full(SIZE), false)] {
            let planned = rate.plan(Pts::from_nanos(ms * 1_000_000), UnitKind::Delta, damage);
            rate.coded(planned, 100);
            assert_eq!((planned.qp, rate.is_coarse()), (24, coarse), "after {ms} ms");
        }
    }

    #[test]
    fn typing_says_nothing_about_the_next_page() {
        let mut rate = RateLimit::new(24, BitRate::from_bits_per_second(8_000_000));
        let mut now = Pts::from_nanos(0);
        let mut code = |kind, damage: &Damage, bytes| {
            now = now.after(std::time::Duration::from_millis(100));
            let planned = rate.plan(now, kind, damage);
            rate.coded(planned, bytes);
            planned.qp
        };
        let page = Damage::full(PAGE);
        assert_eq!([code(UnitKind::Idr, &page, 90_000), code(UnitKind::Delta, &page, 90_000)], [24, 24]);
        for column in 0..100 {
            let mut letter = Damage::none(PAGE);
            letter.add(Rect::new(7 + column * 12, 500, 12, 18));
            assert_eq!(code(UnitKind::Delta, &letter, 120), 24);
        }
        assert!(code(UnitKind::Delta, &page, 90_000) <= 26, "a page of 90 kB fits into a second of 8 Mbit");
    }

    #[test]
    fn small_changes_stay_under_the_ceiling_too() {
        let mut rate = RateLimit::new(24, BitRate::from_bits_per_second(500_000));
        let mut noise = Damage::none(SIZE);
        noise.add(Rect::new(0, 0, 96, 96));
        let mut total = 0;
        for pts in (1..=300).map(|n| Pts::from_nanos(n * 16_000_000)) {
            if rate.rests_until().is_some_and(|until| pts < until) {
                continue;
            }
            let planned = rate.plan(pts, UnitKind::Delta, &noise);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a test's byte count")]
            let bytes = (5000.0 * scale(planned.qp - 24)) as usize;
            rate.coded(planned, bytes);
            total += bytes * 8;
        }
        let allowed = 500_000.0 * 300.0 * 0.016;
        assert!((total as f64) < allowed * 1.3, "{total} of {allowed}");
    }

    #[test]
    fn a_first_picture_respects_a_low_ceiling() {
        let qp = |ceiling| {
            let mut rate = RateLimit::new(24, BitRate::from_bits_per_second(ceiling));
            rate.plan(Pts::from_nanos(0), UnitKind::Idr, &Damage::full(PAGE)).qp
        };
        assert_eq!(qp(20_000_000), 24);
        assert!(qp(1_000_000) > 34);
    }

    #[test]
    fn a_raised_ceiling_counts_at_once() {
        let mut rate = RateLimit::new(24, CEILING);
        let (_, low) = run(&mut rate, 0, 120, 16, 4_000_000.0);
        rate.set_ceiling(BitRate::from_bits_per_second(16_000_000));
        let (_, high) = run(&mut rate, 120 * 16, 120, 16, 4_000_000.0);
        rate.set_base(40);
        let (_, coarse) = run(&mut rate, 240 * 16, 1, 16, 4_000_000.0);
        assert!(high + 4 < low && coarse >= 40, "{low} {high} {coarse}");
    }
}
