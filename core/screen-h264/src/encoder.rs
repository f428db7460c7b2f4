//! The encoder: looks at a picture, is told how to code it, and codes it.

use std::ops::Range;

use lunette_frame::{Damage, PictureRef, PixelFormat, Rect, Size};
use lunette_h264::{Level, NalType};
use lunette_motion::{Area, Finder, Plane};

use crate::bitmap::Bitmap;
use crate::defer::Point;
use crate::kernels::{self, Kernels};
use crate::picture::{Layout, Picture};
use crate::plan::{Move, Plan};
use crate::same::Luma;
use crate::slice::{Context, Slice};
use crate::source::Source;
use crate::state::State;
use crate::syntax::PictureKind;
use crate::transform::{COARSEST_QP, Quantisers};
use crate::work::{Tally, Work};
use crate::{level, parameters};

/// Most pixels on a side.
pub const MAX_SIDE: u32 = 8192;

/// Most slices of a picture; more threads than that gain nothing.
const MAX_SLICES: usize = 16;

/// What an encoder is made for. The stream says so in its level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Size of the pictures.
    pub size: Size,
    /// Most pictures per second.
    pub pictures_per_second: f64,
    /// Most bits per second.
    pub bits_per_second: u64,
}

/// Why an encoder cannot do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScreenError {
    /// No picture of this size can be coded.
    #[error("pictures of {0} cannot be coded: sides have 1 to {MAX_SIDE} pixels")]
    Size(Size),
    /// The picture is not what the encoder was made for.
    #[error("a picture of {given} in {format}, where {expected} in I420 was expected")]
    Picture {
        /// The size that the encoder was made for.
        expected: Size,
        /// The picture's size.
        given: Size,
        /// The picture's format.
        format: PixelFormat,
    },
}

/// A quantiser step: 0 is nearly lossless, 6 more are twice as coarse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Qp(u8);

impl Qp {
    /// The coarsest that this encoder uses.
    pub const COARSEST: Self = Self(COARSEST_QP);

    /// This one, or the coarsest.
    #[must_use]
    pub const fn new(qp: u8) -> Self {
        Self(if qp > COARSEST_QP { COARSEST_QP } else { qp })
    }

    /// Its number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// What changed in a picture that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Macroblocks that differ from what was shown, and did not just move.
    pub fresh: usize,
    /// Macroblocks that moved as they were.
    pub moved: usize,
}

/// How a picture is to be coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Whether it must be decodable by itself. The first one always is.
    pub keyframe: bool,
    /// QP of what changed.
    pub qp: Qp,
    /// QP that everything is to have once the screen rests.
    pub settled_qp: Qp,
    /// Whether what is coarser is coded again in this picture. What is coarser than `interim_qp` comes first, and gets
    /// that: a whole screen becomes readable before any part of it becomes perfect.
    pub settle: bool,
    /// The first step of settling, finer than which nothing becomes before everything is.
    pub interim_qp: Qp,
    /// Whether Intra_4x4 is tried: an eighth fewer bytes where everything is new, for a quarter more time.
    pub thorough: bool,
    /// Whether motion is searched for in what changed: for content like video.
    pub search: bool,
    /// Most changed macroblocks that are coded, about: the others wait for the next picture. An IDR has all.
    pub most: usize,
    /// Where somebody looks: what is near comes first.
    pub focus: Option<Point>,
    /// Bytes after which nothing more is coded, whatever it is; in an IDR picture, macroblocks become flat.
    pub budget: usize,
    /// Slices, which may be coded at once.
    pub slices: usize,
}

/// What became of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// Whether it is an IDR picture.
    pub idr: bool,
    /// What was coded.
    pub tally: Tally,
}

/// Codes the slices of a picture: here, or on several threads.
pub trait Runner {
    /// Calls [`Slice::code`] of each slice once.
    fn run(&mut self, slices: &mut [Slice<'_>]);
}

/// One slice after another.
#[derive(Debug, Clone, Copy, Default)]
pub struct InTurn;

impl Runner for InTurn {
    fn run(&mut self, slices: &mut [Slice<'_>]) {
        slices.iter_mut().for_each(Slice::code);
    }
}

/// Codes pictures of one size into a constrained-baseline stream.
#[derive(Debug)]
pub struct Encoder {
    settings: Settings,
    visible: Size,
    level: Level,
    layout: Layout,
    kernels: &'static Kernels,
    quantisers: Quantisers,
    /// The reconstruction that is newest, and the one before it.
    pictures: [Picture; 2],
    newest: usize,
    /// Where the older one differs.
    stale: Bitmap,
    /// The source of each macroblock, as of when it was coded.
    shown: Picture,
    state: State,
    plan: Plan,
    finder: Finder,
    areas: Vec<Area>,
    generation: u32,
    number: u8,
    idr_id: u8,
    /// QP of what settles in this picture.
    settling_qp: Qp,
    started: bool,
    works: Vec<Work>,
}

impl Encoder {
    /// An encoder whose first picture will be an IDR.
    ///
    /// # Errors
    /// When pictures of this size cannot be coded.
    pub fn new(settings: Settings) -> Result<Self, ScreenError> {
        let sides = 1..=MAX_SIDE;
        let size = settings.size;
        if !sides.contains(&size.width) || !sides.contains(&size.height) {
            return Err(ScreenError::Size(size));
        }
        let visible = visible_size(size);
        let layout =
            Layout { columns: visible.width.div_ceil(16) as usize, rows: visible.height.div_ceil(16) as usize };
        Ok(Self {
            settings,
            visible,
            level: level::level(layout.columns, layout.rows, settings.pictures_per_second, settings.bits_per_second),
            layout,
            kernels: kernels::best(),
            quantisers: Quantisers::new(),
            pictures: [Picture::new(layout), Picture::new(layout)],
            newest: 0,
            stale: Bitmap::new(layout.columns, layout.rows),
            shown: Picture::new(layout),
            state: State::new(layout),
            plan: Plan::new(layout),
            finder: Finder::new(size.width as usize, size.height as usize),
            areas: Vec::new(),
            generation: 0,
            number: 0,
            idr_id: 0,
            settling_qp: Qp::COARSEST,
            started: false,
            works: vec![Work::new(layout.columns)],
        })
    }

    /// Uses the kernels that every machine has. The stream is the same to the bit.
    pub fn use_portable_kernels(&mut self) {
        self.kernels = kernels::portable();
    }

    /// The kernels in use.
    #[must_use]
    pub fn kernels(&self) -> &'static str {
        self.kernels.name
    }

    /// The size that the stream has: sides are even and 16 at least, the last column or row repeated.
    #[must_use]
    pub fn visible_size(&self) -> Size {
        self.visible
    }

    /// Macroblocks of a picture.
    #[must_use]
    pub fn macroblocks(&self) -> usize {
        self.layout.macroblocks()
    }

    /// Whether anything is coarser than it should be once the screen rests, or was left out.
    #[must_use]
    pub fn owes(&self) -> bool {
        !self.state.unsettled.is_empty() || !self.state.deferred.is_empty()
    }

    /// Macroblocks that changed and were left out.
    #[must_use]
    pub fn deferred(&self) -> usize {
        self.state.deferred.count()
    }

    fn check(&self, picture: &PictureRef<'_>) -> Result<(), ScreenError> {
        let (expected, given, format) = (self.settings.size, picture.size(), picture.format());
        if format == PixelFormat::I420 && expected == given {
            return Ok(());
        }
        Err(ScreenError::Picture { expected, given, format })
    }

    /// Compares a picture with what was shown last, within `damage`.
    ///
    /// # Errors
    /// When the picture is not what the encoder was made for.
    pub fn look(&mut self, picture: &PictureRef<'_>, damage: &Damage) -> Result<Seen, ScreenError> {
        self.check(picture)?;
        self.plan.look(&Source::new(picture), damage, &mut self.state, &self.shown);
        Ok(Seen { fresh: self.plan.fresh.count(), moved: 0 })
    }

    /// Finds what moved within `damage` of the picture just looked at.
    ///
    /// # Errors
    /// When the picture is not what the encoder was made for.
    pub fn find_moves(&mut self, picture: &PictureRef<'_>, damage: &Damage) -> Result<Seen, ScreenError> {
        self.check(picture)?;
        let (width, height) = (self.settings.size.width as usize, self.settings.size.height as usize);
        let now = picture.planes()[0];
        let planes = [(&self.shown.luma[..], self.layout.stride()), (now.data, now.stride)];
        let [Ok(old), Ok(new)] = planes.map(|(samples, stride)| Plane::new(samples, stride, width, height)) else {
            unreachable!("both pictures have all of their rows");
        };
        self.areas.clear();
        let area = |rect: &Rect| Area::new(rect.x as usize, rect.y as usize, rect.width as usize, rect.height as usize);
        self.areas.extend(damage.rects().iter().map(area));
        let moves = self.finder.find_among(&old, &new, &self.areas, |x, y| self.plan.fresh.get(x, y));
        let moves = moves.iter().filter_map(|found| {
            let Area { x, y, width, height } = found.area;
            let narrow = |side: usize| u32::try_from(side).ok();
            let area = Rect::new(narrow(x)?, narrow(y)?, narrow(width)?, narrow(height)?);
            Some(Move { area, dx: found.dx, dy: found.dy })
        });
        self.plan.take_moves(&Source::new(picture), moves, Luma::WasCompared, &self.state, &self.shown);
        Ok(self.seen())
    }

    /// Takes moves into account that somebody says happened in the picture just looked at. Each is checked.
    ///
    /// # Errors
    /// When the picture is not what the encoder was made for.
    pub fn take_moves(&mut self, picture: &PictureRef<'_>, moves: &[Move]) -> Result<Seen, ScreenError> {
        self.check(picture)?;
        let moves = moves.iter().copied();
        self.plan.take_moves(&Source::new(picture), moves, Luma::IsToBeCompared, &self.state, &self.shown);
        Ok(self.seen())
    }

    fn seen(&self) -> Seen {
        Seen { fresh: self.plan.fresh.count(), moved: self.plan.moved.count() }
    }

    /// Codes the picture just looked at, and appends it to `out` as an access unit.
    ///
    /// # Errors
    /// When the picture is not what the encoder was made for.
    pub fn encode(
        &mut self,
        picture: &PictureRef<'_>,
        order: &Order,
        runner: &mut dyn Runner,
        out: &mut Vec<u8>,
    ) -> Result<Report, ScreenError> {
        self.check(picture)?;
        let kind = self.begin(order);
        if kind.is_idr() {
            parameters::write(self.visible, self.level, out);
        }
        let flips = !kind.is_idr() && (!self.plan.moved.is_empty() || order.search);
        let slices = order.slices.clamp(1, MAX_SLICES.min(self.layout.rows));
        while self.works.len() < slices {
            self.works.push(Work::new(self.layout.columns));
        }
        self.code(picture, order, kind, (flips, slices), runner);
        let mut tally = Tally::default();
        for work in &self.works[..slices] {
            let unit = if kind.is_idr() { NalType::IdrSlice } else { NalType::Slice };
            parameters::push_nal(unit, work.sink.rbsp(), out);
            tally += work.tally;
        }
        self.end(flips);
        Ok(Report { idr: kind.is_idr(), tally })
    }

    fn begin(&mut self, order: &Order) -> PictureKind {
        self.generation = self.generation.wrapping_add(1);
        if self.generation == 0 {
            self.state.forget();
            self.generation = 1;
        }
        if order.keyframe || !self.started {
            self.started = true;
            self.plan.whole();
            self.number = 0;
            self.idr_id ^= 1;
            return PictureKind::Idr { id: self.idr_id };
        }
        self.number = self.number.wrapping_add(1);
        self.plan.leave_out(order.most, order.focus, &mut self.state);
        if order.settle {
            self.settle(order);
        }
        PictureKind::Delta
    }

    /// Chooses what becomes finer, and how fine.
    fn settle(&mut self, order: &Order) {
        let (settling, state) = (&mut self.plan.settling, &self.state);
        let coarser =
            |(x, y): &(usize, usize)| state.quality[y * self.layout.columns + x].is_coarser(order.interim_qp.0);
        state.unsettled.iter().filter(coarser).for_each(|(x, y)| settling.set(x, y));
        self.settling_qp = order.interim_qp.max(order.settled_qp);
        if settling.is_empty() {
            settling.copy_from(&state.unsettled);
            self.settling_qp = order.settled_qp;
        }
        settling.remove(&self.plan.fresh);
        settling.remove(&self.plan.moved);
    }

    fn code(
        &mut self,
        picture: &PictureRef<'_>,
        order: &Order,
        kind: PictureKind,
        (flips, slices): (bool, usize),
        runner: &mut dyn Runner,
    ) {
        let [first, second] = &mut self.pictures;
        let (newest, older) = if self.newest == 0 { (first, second) } else { (second, first) };
        let (reference, target) = if flips { (Some(&*newest), older) } else { (None, newest) };
        let context = Context {
            layout: self.layout,
            kernels: self.kernels,
            quantisers: &self.quantisers,
            kind,
            number: self.number,
            qp: order.qp.0,
            settled_qp: order.settled_qp.0,
            settling_qp: self.settling_qp.0,
            intra4: order.thorough,
            search: order.search && !kind.is_idr(),
            source: Source::new(picture),
            reference,
            stale: &self.stale,
            fresh: &self.plan.fresh,
            settling: &self.plan.settling,
            moved: &self.plan.moved,
            corrected: &self.plan.corrected,
            vectors: &self.plan.vectors,
            moved_quality: &self.plan.moved_quality,
            hint: self.plan.hint,
        };
        let bits = order.budget.saturating_mul(8);
        let (mut bands, mut state) = ((target.band(), self.shown.band()), self.state.band(self.generation));
        let mut cut = |rows: Range<usize>, work| {
            let count = rows.len();
            let (target, shown, part);
            (target, bands.0) = std::mem::take(&mut bands.0).split(count);
            (shown, bands.1) = std::mem::take(&mut bands.1).split(count);
            (part, state) = std::mem::take(&mut state).split(count);
            Slice { picture: &context, rows, target, shown, state: part, work, budget: bits / slices }
        };
        let rows = |slice: usize| self.layout.rows * slice / slices..self.layout.rows * (slice + 1) / slices;
        if slices == 1 {
            runner.run(&mut [cut(rows(0), &mut self.works[0])]);
        } else {
            let mut all: Vec<_> =
                self.works[..slices].iter_mut().enumerate().map(|(n, work)| cut(rows(n), work)).collect();
            runner.run(&mut all);
        }
    }

    /// Notes where the two reconstructions differ from now on.
    fn end(&mut self, flips: bool) {
        if flips {
            self.stale.clear();
            self.newest ^= 1;
        }
        for bits in [&self.plan.fresh, &self.plan.moved, &self.plan.settling] {
            self.stale.merge(bits);
        }
        self.plan.clear();
    }

    /// What a decoder shows, for tests and measurements: a picture of [`Encoder::visible_size`] in I420.
    ///
    /// # Panics
    /// When `out` has another size or format.
    pub fn copy_reconstruction(&self, out: &mut lunette_frame::Picture) {
        assert_eq!((out.size(), out.format()), (self.visible, PixelFormat::I420), "a picture that fits");
        let (from, stride) = (&self.pictures[self.newest], self.layout.stride());
        let parts = [(&from.luma, 0), (&from.chroma, 0), (&from.chroma, stride / 2)];
        for (index, ((plane, out_stride), (samples, part))) in out.planes_mut().into_iter().zip(parts).enumerate() {
            let row = PixelFormat::I420.row_bytes(index, self.visible.width);
            let rows = PixelFormat::I420.rows(index, self.visible.height);
            for (out, samples) in plane.chunks_mut(out_stride).zip(samples.chunks(stride)).take(rows) {
                out[..row].copy_from_slice(&samples[part..part + row]);
            }
        }
    }
}

/// The size in which pictures of `size` are coded: cropping goes in steps of two pixels, and nothing is smaller than a
/// macroblock.
fn visible_size(size: Size) -> Size {
    let side = |pixels: u32| pixels.next_multiple_of(2).max(16);
    Size::new(side(size.width), side(size.height))
}
