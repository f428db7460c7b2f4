//! The screen encoder: our own, always there. What it needs around it is a QP, a budget, and what moved.
//!
//! ```text
//!   Job ─▶ look: what differs from what was shown ─▶ find_moves: what of it moved ─▶ RateLimit: QP ─▶ encode
//!                                 │ nothing
//!                                 └─▶ settle: what is coarse becomes finer, as far as there is room
//! ```
//!
//! It does not believe in damage, so a picture that comes again changes nothing and is the time to settle.

use std::time::Duration;

use lunette_frame::{AccessUnit, Damage, PictureRef, PixelFormat, Pts, Quality, UnitKind};
use lunette_screen_h264::{self as codec, InTurn, Order, Point, Qp, Runner};

use crate::output::Output;
use crate::rate::{Extent, RateLimit};
use crate::slices::Threads;
use crate::{Applied, Change, EncodeError, Encoder, EncoderConfig, Job, Keyframe, SizeLimit, quality};

pub(crate) const NAME: &str = "screen";

/// What it takes is limited by its sides alone.
pub(crate) const MAX: SizeLimit =
    SizeLimit { side: codec::MAX_SIDE, pixels: codec::MAX_SIDE as u64 * codec::MAX_SIDE as u64 };

/// Pixels of a macroblock.
const MACROBLOCK: u64 = 256;
/// Changed macroblocks below which nothing is looked for that moved: they cost less than looking does.
const FEW: usize = 24;
/// Changed macroblocks from which threads gain more than they cost.
const MANY: usize = 400;
/// Steps of QP that a picture becomes finer by once it rests.
const SETTLES_BY: u8 = 8;
/// The finest that it becomes: below, what 4:2:0 loses is more than what the quantiser loses.
const FINEST: u8 = 16;
/// Part of the bucket that settling takes at once.
const SETTLING: f64 = 0.5;
/// So much is always settled, or it would never end.
const LEAST_SETTLED: usize = 1024;
/// Pictures of much change and no move in a row from which on motion is searched for: a new page is no video.
const LIKE_VIDEO: u32 = 3;
/// Most bytes of a picture for each of its macroblocks, whatever the ceiling: more than dense text takes. What would be
/// more becomes coarser, then waits.
const MOST_BYTES: usize = 192;
/// The same, where picture after picture changes everywhere: at 1080p so much is coded in 8 ms.
const MOST_BYTES_OF_VIDEO: usize = 48;
/// A ceiling from which on time is worth more than bytes.
const WIDE: u32 = 100_000_000;
/// How long nothing large may have changed before something settles beside small changes.
const QUIET: Duration = Duration::from_millis(300);

struct Screen {
    config: EncoderConfig,
    codec: codec::Encoder,
    rate: RateLimit,
    next_is_idr: bool,
    /// When much changed, or something settled beside what changed.
    busy: Pts,
    /// Pictures in a row in which much changed that did not move as it was.
    streak: u32,
    focus: Option<Point>,
    output: Output,
    unit: Vec<u8>,
}

/// Opens the encoder.
pub(crate) fn open(config: &EncoderConfig) -> Result<Box<dyn Encoder>, EncodeError> {
    let codec = make(config)?;
    Ok(Box::new(Screen {
        config: *config,
        codec,
        rate: RateLimit::new(base(config.quality), config.max_bitrate).gradual(),
        next_is_idr: true,
        busy: Pts::default(),
        streak: 0,
        focus: None,
        output: Output::default(),
        unit: Vec::new(),
    }))
}

fn make(config: &EncoderConfig) -> Result<codec::Encoder, EncodeError> {
    let size = config.size;
    if !MAX.allows(size) {
        return Err(EncodeError::Size { backend: NAME, size, max: MAX });
    }
    let settings = codec::Settings {
        size,
        pictures_per_second: config.fps.as_f64(),
        bits_per_second: config.max_bitrate.bits_per_second().into(),
    };
    codec::Encoder::new(settings).map_err(|error| failed("open an encoder", error))
}

fn failed(action: &'static str, error: impl std::error::Error + Send + Sync + 'static) -> EncodeError {
    EncodeError::Backend { backend: NAME, action, source: Box::new(error) }
}

/// QP of what changes.
fn base(quality: Quality) -> u8 {
    quality::qp_for_openh264(quality)
}

impl Screen {
    fn check(&self, picture: &PictureRef<'_>) -> Result<(), EncodeError> {
        let (size, format) = (self.config.size, PixelFormat::I420);
        if picture.size() == size && picture.format() == format {
            return Ok(());
        }
        Err(EncodeError::Picture {
            backend: NAME,
            expected: format!("{format} of {size}"),
            given: format!("{} of {}", picture.format(), picture.size()),
        })
    }

    fn encode_picture(&mut self, job: &Job<'_>, idr: bool) -> Result<AccessUnit, EncodeError> {
        let seen = if idr { None } else { Some(self.look(&job.picture, job.damage)?) };
        let fresh = seen.map_or(self.codec.macroblocks(), |seen| seen.fresh);
        let kind = if idr { UnitKind::Idr } else { UnitKind::Delta };
        self.streak = if !idr && fresh >= MANY { self.streak.saturating_add(1) } else { 0 };
        let extent = Extent {
            pixels: fresh as u64 * MACROBLOCK,
            all: self.codec.macroblocks() as u64 * MACROBLOCK,
            whole: fresh == self.codec.macroblocks(),
        };
        let planned = self.rate.plan_extent(job.pts, kind, extent, self.most_bytes());
        let settle = seen.is_some_and(|seen| self.settles(seen, job.pts));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "counts"
        )]
        let most = (fresh as f64 * self.rate.share_within(&planned, self.most_bytes())).ceil() as usize;
        let order = Order { most, ..self.order(idr, planned.qp, settle, job.damage) };
        self.unit.clear();
        let mut threads = Threads;
        let runner: &mut dyn Runner = if order.slices > 1 && fresh >= MANY { &mut threads } else { &mut InTurn };
        let coded = self.codec.encode(&job.picture, &order, runner, &mut self.unit);
        coded.map_err(|error| failed("encode a picture", error))?;
        if settle {
            self.rate.spent(self.unit.len());
        } else {
            self.rate.coded(planned, self.unit.len());
        }
        self.output.buffer().extend_from_slice(&self.unit);
        let unit = self.output.unit(kind, job.pts, self.codec.visible_size());
        unit.map_err(|error| failed("produce a valid stream", error))
    }

    /// Most bytes of a picture.
    fn most_bytes(&self) -> usize {
        let most = if self.streak >= LIKE_VIDEO { MOST_BYTES_OF_VIDEO } else { MOST_BYTES };
        (self.codec.macroblocks() * most).max(LEAST_SETTLED)
    }

    /// What changed, less what moved.
    fn look(&mut self, picture: &PictureRef<'_>, damage: &Damage) -> Result<codec::Seen, EncodeError> {
        let compared = |error| failed("compare the picture", error);
        let seen = self.codec.look(picture, damage).map_err(compared)?;
        if seen.fresh < FEW {
            return Ok(seen);
        }
        self.codec.find_moves(picture, damage).map_err(compared)
    }

    /// Whether this picture is one to settle: nothing changed, or little for a while.
    fn settles(&mut self, seen: codec::Seen, pts: Pts) -> bool {
        let quiet = pts.since(self.busy) >= QUIET;
        if seen.fresh + seen.moved >= FEW {
            self.busy = pts;
            return false;
        }
        if seen.fresh == 0 {
            return true;
        }
        if quiet {
            self.busy = pts;
        }
        quiet
    }

    fn order(&self, idr: bool, qp: u8, settle: bool, damage: &Damage) -> Order {
        let base = base(self.config.quality);
        let settled = base.saturating_sub(SETTLES_BY).max(FINEST).min(base);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number of bytes")]
        let room = (self.rate.room(SETTLING) / 8.0) as usize;
        // A picture that changes nearly everywhere is worth more than one slice.
        let slices = if idr || damage.area() * 2 >= damage.bounds().area() { self.config.threads } else { 1 };
        Order {
            keyframe: idr,
            qp: Qp::new(qp),
            settled_qp: Qp::new(settled),
            interim_qp: Qp::new(base),
            settle,
            thorough: self.config.max_bitrate.bits_per_second() < WIDE,
            search: self.streak >= LIKE_VIDEO,
            most: usize::MAX,
            focus: self.focus,
            budget: if settle { room.max(LEAST_SETTLED).min(self.most_bytes()) } else { self.most_bytes() },
            slices: slices.into(),
        }
    }
}

impl Encoder for Screen {
    fn name(&self) -> &'static str {
        NAME
    }

    fn input_format(&self) -> PixelFormat {
        PixelFormat::I420
    }

    fn encode(&mut self, job: &Job<'_>) -> Result<Option<AccessUnit>, EncodeError> {
        let idr = self.next_is_idr || job.keyframe == Keyframe::Force;
        // Whatever fails from here on: its damage was not shown, so the next one is whole.
        self.next_is_idr = true;
        self.check(&job.picture)?;
        let unit = if idr || !job.damage.is_empty() { Some(self.encode_picture(job, idr)?) } else { None };
        self.next_is_idr = false;
        Ok(unit)
    }

    fn reconfigure(&mut self, change: &Change) -> Result<Applied, EncodeError> {
        let config = self.config.changed_by(change);
        let resized = config.size != self.config.size;
        if resized {
            self.codec = make(&config)?;
            self.next_is_idr = true;
        }
        if config.quality != self.config.quality {
            self.rate.set_base(base(config.quality));
        }
        self.rate.set_ceiling(config.max_bitrate);
        self.config = config;
        Ok(if resized { Applied::WithIdr } else { Applied::Seamless })
    }

    fn config(&self) -> &EncoderConfig {
        &self.config
    }

    fn rests_until(&self) -> Option<Pts> {
        self.rate.rests_until()
    }

    fn owes_quality(&self) -> bool {
        self.codec.owes()
    }

    fn owes_changes(&self) -> bool {
        self.codec.deferred() > 0
    }

    fn look_at(&mut self, x: u32, y: u32) {
        self.focus = Some(Point { x, y });
    }
}
