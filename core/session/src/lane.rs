//! One encoder's output: the group of pictures so far, and whether the next picture must be an IDR.

use std::time::Duration;

use lunette_frame::AccessUnit;

use crate::fanout::Limits;

/// Why an IDR is wanted; the first cause since the last IDR is the one that is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IdrReason {
    /// A subscriber joined and what came since the last IDR is not kept.
    Join,
    /// A subscriber fell behind and reads again.
    Resync,
    /// A subscriber asked for one.
    Requested,
    /// Two encodings of one scanout become one again.
    Merge,
    /// A subscriber takes much less than the others, and goes to the encoder of those who do.
    Slow,
    /// Nobody asked: the encoder's first picture, or a change of size.
    Encoder,
}

impl IdrReason {
    /// Every reason, for metrics that list them all.
    pub const ALL: [Self; 6] = [Self::Join, Self::Resync, Self::Requested, Self::Merge, Self::Slow, Self::Encoder];

    /// The reason in one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Resync => "resync",
            Self::Requested => "requested",
            Self::Merge => "merge",
            Self::Slow => "slow",
            Self::Encoder => "encoder",
        }
    }
}

/// What is known about one encoder's output.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    wanted: Option<IdrReason>,
    last_idr: Option<Duration>,
    /// Bytes of the last IDR.
    idr_bytes: usize,
    gop: Gop,
}

impl Lane {
    /// Asks for an IDR; several requests before the next one are one.
    pub(crate) fn want_idr(&mut self, reason: IdrReason) {
        self.wanted.get_or_insert(reason);
    }

    /// Whether an IDR is on its way.
    pub(crate) fn wants_idr(&self) -> bool {
        self.wanted.is_some()
    }

    /// Why the next picture must be an IDR, if it must be one at `now`.
    pub(crate) fn idr_due(&self, now: Duration, limits: &Limits) -> Option<IdrReason> {
        self.wanted.filter(|_| self.idr_not_before(limits).is_none_or(|at| now >= at))
    }

    /// When a wanted IDR becomes due; `None` when none is wanted.
    pub(crate) fn idr_due_at(&self, limits: &Limits) -> Option<Duration> {
        self.wanted.map(|_| self.idr_not_before(limits).unwrap_or(Duration::ZERO))
    }

    fn idr_not_before(&self, limits: &Limits) -> Option<Duration> {
        self.last_idr.map(|last| last + limits.idr_spacing)
    }

    /// Takes note of a unit that the encoder made at `now`; returns why it was wanted, if it answers a request.
    pub(crate) fn record(&mut self, now: Duration, unit: &AccessUnit, limits: &Limits) -> Option<IdrReason> {
        self.gop.record(unit, limits);
        if !unit.is_idr() {
            return None;
        }
        self.last_idr = Some(now);
        self.idr_bytes = unit.data.len();
        self.wanted.take()
    }

    /// What a new beginning costs, as far as the last one tells.
    pub(crate) fn idr_bytes(&self) -> usize {
        self.idr_bytes
    }

    /// Every unit from the last IDR on; `None` when there is no IDR yet, or too much came since.
    pub(crate) fn snapshot(&self) -> Option<&[AccessUnit]> {
        self.gop.whole.then_some(&*self.gop.units)
    }

    /// Forgets what the encoder made: nothing that comes refers to it.
    pub(crate) fn forget_units(&mut self) {
        self.gop = Gop::default();
    }

    /// Forgets what was made and wanted: nobody follows any more. Who comes and goes gets no IDR more often for that.
    pub(crate) fn clear(&mut self) {
        *self = Self { last_idr: self.last_idr, idr_bytes: self.idr_bytes, ..Self::default() };
    }
}

#[derive(Debug, Default)]
struct Gop {
    units: Vec<AccessUnit>,
    bytes: usize,
    whole: bool,
}

impl Gop {
    fn record(&mut self, unit: &AccessUnit, limits: &Limits) {
        if unit.is_idr() {
            self.units.clear();
            self.bytes = 0;
            self.whole = true;
        }
        if !self.whole {
            return;
        }
        self.bytes += unit.data.len();
        self.units.push(unit.clone());
        if self.units.len() > limits.gop_units || self.bytes > limits.gop_bytes {
            self.units.clear();
            self.whole = false;
        }
    }
}
