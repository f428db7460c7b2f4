//! What happened on one scanout, over all its pipelines since the start.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lunette_frame::{AccessUnit, Pts, ScanoutId};
use lunette_session::IdrReason;

use super::{Exposition, Histogram};

/// Counters of one scanout.
#[derive(Debug)]
pub struct ScanoutMetrics {
    /// Pictures taken from the source.
    pub captured: AtomicU64,
    /// Pictures that newer ones replaced before they were taken.
    pub replaced: AtomicU64,
    /// Pictures in which nothing had changed.
    pub unchanged: AtomicU64,
    /// Access units made, both encoders together.
    pub encoded: AtomicU64,
    /// Their bytes.
    pub encoded_bytes: AtomicU64,
    /// Pictures that an encoder failed on.
    pub failed: AtomicU64,
    /// When the last picture with a change was captured, monotonic nanoseconds; 0 before the first.
    last_changed: AtomicU64,
    /// When the last access unit was made, monotonic nanoseconds; 0 before the first.
    last_encoded: AtomicU64,
    /// Nanoseconds from the capture of its picture to that.
    last_latency: AtomicU64,
    idrs: [AtomicU64; IdrReason::ALL.len()],
    /// Changed part of each picture, 0 to 1.
    pub damage: Histogram,
    /// Time to compare a picture with the one before.
    pub diff: Histogram,
    /// Time to convert what changed.
    pub convert: Histogram,
    /// Time in the encoder, per access unit.
    pub encode: Histogram,
    /// Time from capture to the access unit being queued for subscribers.
    pub latency: Histogram,
}

/// Time since a moment in monotonic nanoseconds; `None` for 0.
fn since(at: &AtomicU64, now: Pts) -> Option<Duration> {
    let at = at.load(Ordering::Relaxed);
    (at != 0).then(|| now.since(Pts::from_nanos(at)))
}

impl Default for ScanoutMetrics {
    fn default() -> Self {
        let counter = || AtomicU64::new(0);
        let seconds = || Histogram::new(Histogram::SECONDS);
        Self {
            captured: counter(),
            replaced: counter(),
            unchanged: counter(),
            encoded: counter(),
            encoded_bytes: counter(),
            failed: counter(),
            last_changed: counter(),
            last_encoded: counter(),
            last_latency: counter(),
            idrs: Default::default(),
            damage: Histogram::new(Histogram::SHARES),
            diff: seconds(),
            convert: seconds(),
            encode: seconds(),
            latency: seconds(),
        }
    }
}

/// How far one scanout's pictures have come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StreamStanding {
    /// Since one was captured in which something had changed.
    pub change_age: Option<Duration>,
    /// Access units made.
    pub encoded: u64,
    /// Since the last of them was made.
    pub encode_age: Option<Duration>,
    /// From the capture of its picture to that.
    pub latency: Option<Duration>,
}

impl ScanoutMetrics {
    /// Counts a picture that was captured.
    pub fn count_capture(&self) {
        self.captured.fetch_add(1, Ordering::Relaxed);
    }

    /// Something had changed in the picture that was captured at `captured`: it is to be encoded.
    pub fn note_change(&self, captured: Pts) {
        self.last_changed.store(captured.as_nanos(), Ordering::Relaxed);
    }

    /// How far the pictures have come.
    #[must_use]
    pub fn standing(&self, now: Pts) -> StreamStanding {
        StreamStanding {
            change_age: since(&self.last_changed, now),
            encoded: self.encoded.load(Ordering::Relaxed),
            encode_age: self.age(now),
            latency: Some(self.last_latency.load(Ordering::Relaxed)).filter(|time| *time > 0).map(Duration::from_nanos),
        }
    }

    /// Counts an access unit that was queued at `now`.
    pub fn count_unit(&self, unit: &AccessUnit, now: Pts, idr: Option<IdrReason>) {
        self.encoded.fetch_add(1, Ordering::Relaxed);
        self.encoded_bytes.fetch_add(unit.data.len() as u64, Ordering::Relaxed);
        self.last_encoded.store(now.as_nanos(), Ordering::Relaxed);
        let latency = now.since(unit.pts);
        self.last_latency.store(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.latency.observe_time(latency);
        if let Some(at) = idr.and_then(|idr| IdrReason::ALL.iter().position(|known| *known == idr)) {
            self.idrs[at].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Time since the last access unit; `None` before the first.
    #[must_use]
    pub fn age(&self, now: Pts) -> Option<Duration> {
        since(&self.last_encoded, now)
    }

    /// Writes the families of all scanouts.
    pub fn expose<M: AsRef<Self>>(all: &BTreeMap<ScanoutId, M>, now: Pts, text: &mut Exposition) {
        type Counter = fn(&ScanoutMetrics) -> &AtomicU64;
        let counters: [(&str, &str, Counter); 6] = [
            ("captured_frames", "Pictures taken from the source.", |m| &m.captured),
            ("replaced_frames", "Pictures that newer ones replaced before they were taken.", |m| &m.replaced),
            ("unchanged_frames", "Pictures in which nothing had changed, and which were not encoded.", |m| {
                &m.unchanged
            }),
            ("encoded_frames", "Access units made.", |m| &m.encoded),
            ("encoded_bytes", "Bytes of access units.", |m| &m.encoded_bytes),
            ("encode_failures", "Pictures that an encoder failed on.", |m| &m.failed),
        ];
        for (name, help, counter) in counters {
            let name = format!("frame_export_{name}_total");
            text.family(&name, "counter", help);
            for (id, metrics) in all {
                text.sample(&name, &[("scanout", id)], counter(metrics.as_ref()).load(Ordering::Relaxed));
            }
        }
        Self::expose_idrs(all, text);
        Self::expose_ages(all, now, text);
        Self::expose_histograms(all, text);
    }

    fn expose_idrs<M: AsRef<Self>>(all: &BTreeMap<ScanoutId, M>, text: &mut Exposition) {
        let name = "frame_export_idrs_total";
        text.family(name, "counter", "IDR pictures by what caused them.");
        for (id, metrics) in all {
            for (reason, count) in IdrReason::ALL.iter().zip(&metrics.as_ref().idrs) {
                let labels: [(&str, &dyn std::fmt::Display); 2] = [("scanout", id), ("reason", &reason.as_str())];
                text.sample(name, &labels, count.load(Ordering::Relaxed));
            }
        }
    }

    fn expose_ages<M: AsRef<Self>>(all: &BTreeMap<ScanoutId, M>, now: Pts, text: &mut Exposition) {
        let name = "frame_export_last_frame_age_seconds";
        text.family(name, "gauge", "Time since the last access unit; none before the first.");
        for (id, metrics) in all {
            if let Some(age) = metrics.as_ref().age(now) {
                text.sample(name, &[("scanout", id)], age.as_secs_f64());
            }
        }
    }

    fn expose_histograms<M: AsRef<Self>>(all: &BTreeMap<ScanoutId, M>, text: &mut Exposition) {
        type Pick = fn(&ScanoutMetrics) -> &Histogram;
        let histograms: [(&str, &str, Pick); 5] = [
            ("damage_share", "Changed part of each picture, 0 to 1.", |m| &m.damage),
            ("diff_seconds", "Time to compare a picture with the one before.", |m| &m.diff),
            ("convert_seconds", "Time to convert what changed.", |m| &m.convert),
            ("encode_seconds", "Time in the encoder per access unit.", |m| &m.encode),
            ("latency_seconds", "Time from capture to the access unit being queued for subscribers.", |m| &m.latency),
        ];
        for (name, help, pick) in histograms {
            let name = format!("frame_export_{name}");
            text.family(&name, "histogram", help);
            for (id, metrics) in all {
                text.histogram(&name, &[("scanout", id)], pick(metrics.as_ref()));
            }
        }
    }
}
