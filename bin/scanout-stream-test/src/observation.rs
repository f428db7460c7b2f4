//! Counts what arrives on one subscription.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use lunette_frame::UnitKind;
use serde::Serialize;

use crate::report::{Report, Source};
use crate::stats::{Gaps, LatencyMeter, Samples, millis};
use crate::verify::VerifyReport;
use crate::{Frame, Monotonic, StreamCheck};

/// Everything that is counted while pictures come in.
#[derive(Debug, Clone)]
pub struct Observation {
    connecting_since: Monotonic,
    subscribed_at: Monotonic,
    first_at: Option<Monotonic>,
    idr: Samples,
    delta: Samples,
    bytes: u64,
    gaps: Gaps,
    latency: LatencyMeter,
    stream: StreamCheck,
}

/// Why a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "why", content = "detail", rename_all = "snake_case")]
pub enum Ended {
    /// The time asked for is over.
    Time,
    /// As many pictures as asked for arrived.
    Frames,
    /// Somebody stopped it.
    Interrupted,
    /// The server closed the connection.
    Closed,
    /// The server sent ERROR, or the connection broke.
    Failed(String),
}

impl Observation {
    /// Counts from zero, on a subscription that was asked for and granted at these times.
    #[must_use]
    pub fn new(connecting_since: Monotonic, subscribed_at: Monotonic) -> Self {
        Self {
            connecting_since,
            subscribed_at,
            first_at: None,
            idr: Samples::default(),
            delta: Samples::default(),
            bytes: 0,
            gaps: Gaps::default(),
            latency: LatencyMeter::new(subscribed_at),
            stream: StreamCheck::default(),
        }
    }

    /// Counts a picture; returns its access unit.
    pub fn add(&mut self, frame: &Frame) -> Bytes {
        let unit = frame.unit.nals.access_unit();
        let size = unit.len() as u64;
        match self.stream.add(&frame.unit, &unit) {
            UnitKind::Idr => self.idr.push(size),
            UnitKind::Delta => self.delta.push(size),
        }
        self.bytes += size;
        self.first_at.get_or_insert(frame.received_at);
        self.gaps.add(frame.received_at);
        if let Some(pts) = frame.unit.pts {
            self.latency.add(pts, frame.received_at);
        }
        unit
    }

    /// Pictures so far.
    #[must_use]
    pub fn frames(&self) -> u64 {
        (self.idr.len() + self.delta.len()) as u64
    }

    /// The report of a run that ended at `end`.
    #[must_use]
    pub fn report(&self, source: Source, end: Monotonic, ended: Ended, verify: Option<VerifyReport>) -> Report {
        let observed = end.since(self.subscribed_at);
        let mut report = Report {
            source,
            seconds: observed.as_secs_f64(),
            ended,
            first_frame_ms: self.first_at.map(|at| millis(at.since(self.connecting_since))),
            frames: self.frames(),
            frames_per_second: per_second(self.frames(), observed),
            bits_per_second: per_second(self.bytes * 8, observed),
            idr: self.idr.sizes(),
            p: self.delta.sizes(),
            gaps: self.gaps.tally(end),
            latency: self.latency.latency(),
            stream: self.stream.tally().clone(),
            verify,
            faults: Vec::new(),
        };
        report.faults = report.find_faults();
        report
    }
}

fn per_second(count: u64, time: Duration) -> f64 {
    if time.is_zero() { 0.0 } else { count as f64 / time.as_secs_f64() }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time => f.write_str("the time is over"),
            Self::Frames => f.write_str("enough pictures"),
            Self::Interrupted => f.write_str("interrupted"),
            Self::Closed => f.write_str("the server closed the connection"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}
