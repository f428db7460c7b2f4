//! A report for people.

use std::fmt;

use crate::Report;
use crate::stats::{Latency, Sizes};
use crate::stream_check::SpsSummary;
use crate::verify::VerifyReport;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = &self.source;
        writeln!(f, "scanout {} of {}, {:.1} s, {}\n", source.scanout, source.server, self.seconds, self.ended)?;
        row(f, "frames", format_args!("{}, {:.1} a second", self.frames, self.frames_per_second))?;
        row(f, "  IDR", SizesText(&self.idr))?;
        row(f, "  P", SizesText(&self.p))?;
        row(f, "bit rate", format_args!("{:.3} Mbit/s", self.bits_per_second / 1e6))?;
        if let Some(first) = self.first_frame_ms {
            row(f, "first frame", format_args!("{first:.1} ms after connecting"))?;
        }
        let gaps = &self.gaps;
        row(f, "gaps", format_args!("{} above 100 ms, longest {:.1} ms", gaps.over_100_ms, gaps.longest_ms))?;
        row(f, "latency", LatencyText(&self.latency))?;
        match &self.stream.sps {
            Some(sps) => row(f, "stream", SpsText(sps))?,
            None => row(f, "stream", "no SPS")?,
        }
        if let Some(verify) = &self.verify {
            row(f, "markers", MarkersText(verify))?;
        }
        self.notes(f)?;
        self.result(f)
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, value: impl fmt::Display) -> fmt::Result {
    writeln!(f, "{name:<12} {value}")
}

impl Report {
    fn notes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queue_full = self.verify.as_ref().map_or(0, |verify| verify.queue_full);
        let notes = [
            (self.stream.sps_changes, "changes of the SPS"),
            (self.stream.nal_count_not_one, "messages with another number of blobs than 1"),
            (self.source.skipped_messages, "messages skipped"),
            (queue_full, "waits for the verifying thread: latency reads too high"),
        ];
        for (count, what) in notes.iter().filter(|(count, _)| *count > 0) {
            row(f, "note", format_args!("{count} {what}"))?;
        }
        Ok(())
    }

    fn result(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_fine() {
            return row(f, "result", "fine");
        }
        for fault in &self.faults {
            row(f, "FAULT", fault)?;
        }
        Ok(())
    }
}

struct SizesText<'a>(&'a Sizes);

impl fmt::Display for SizesText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sizes { count, min, median, max } = *self.0;
        match count {
            0 => f.write_str("0"),
            _ => write!(f, "{count}, {min} / {median} / {max} bytes (min / median / max)"),
        }
    }
}

struct LatencyText<'a>(&'a Latency);

impl fmt::Display for LatencyText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Latency::OtherClock => f.write_str("not comparable: other clock"),
            Latency::NothingLive => f.write_str("nothing was captured since the subscription"),
            Latency::Measured(found) => write!(
                f,
                "p50 {:.2} ms, p95 {:.2} ms, p99 {:.2} ms, max {:.2} ms, of {}",
                found.p50_ms, found.p95_ms, found.p99_ms, found.max_ms, found.count
            ),
        }
    }
}

struct SpsText<'a>(&'a SpsSummary);

impl fmt::Display for SpsText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sps = self.0;
        write!(f, "{}x{} (coded {}x{}), ", sps.width, sps.height, sps.coded_width, sps.coded_height)?;
        write!(f, "{} {}, {}, ", sps.profile, sps.level, sps.codec)?;
        match sps.reorder {
            Some(0) => f.write_str("no reordering"),
            Some(pictures) => write!(f, "reorders up to {pictures}"),
            None => f.write_str("may reorder"),
        }
    }
}

struct MarkersText<'a>(&'a VerifyReport);

impl fmt::Display for MarkersText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let VerifyReport { units, markers, .. } = self.0;
        write!(f, "{} of {units} right", markers.right)?;
        if markers.repeated > 0 {
            write!(f, ", {} of them repeated", markers.repeated)?;
        }
        write!(f, "; {} frames replaced in {} gaps", markers.replaced, markers.gaps)
    }
}

#[cfg(test)]
mod tests {
    use lunette_frame::ScanoutId;
    use serde_json::json;

    use super::*;
    use crate::report::Source;
    use crate::{Ended, Monotonic, Observation};

    fn empty(ended: Ended) -> Report {
        let start = Monotonic::from_nanos(0);
        let source = Source { server: "unix:/x".to_owned(), scanout: ScanoutId::new(3).get(), skipped_messages: 2 };
        Observation::new(start, start).report(source, Monotonic::from_nanos(2_000_000_000), ended, None)
    }

    #[test]
    fn a_run_without_pictures_is_a_fault() {
        let report = empty(Ended::Time);
        assert_eq!(report.faults, ["no picture arrived"]);
        let text = report.to_string();
        assert!(text.starts_with("scanout 3 of unix:/x, 2.0 s, the time is over\n"), "{text}");
        assert!(text.contains("note         2 messages skipped\n"), "{text}");
        assert!(text.ends_with("FAULT        no picture arrived\n"), "{text}");
    }

    #[test]
    fn an_error_of_the_server_is_a_fault_with_its_text() {
        let report = empty(Ended::Failed("the server sent ERROR -99: reset".to_owned()));
        assert_eq!(report.faults[0], "the stream ended after 2.0 s: the server sent ERROR -99: reset");
        assert!(empty(Ended::Interrupted).faults.len() == 1, "only that there is no picture");
    }

    #[test]
    fn json_has_this_shape() {
        let found = serde_json::to_value(empty(Ended::Closed)).unwrap();
        let none = json!({ "count": 0, "min": 0, "median": 0, "max": 0 });
        let expected = json!({
            "server": "unix:/x", "scanout": 3, "skipped_messages": 2,
            "seconds": 2.0, "ended": { "why": "closed" }, "first_frame_ms": null,
            "frames": 0, "frames_per_second": 0.0, "bits_per_second": 0.0,
            "idr": none, "p": none,
            "gaps": { "over_100_ms": 0, "longest_ms": 0.0 },
            "latency": { "state": "nothing_live" },
            "stream": {
                "sps": null, "sps_changes": 0, "started_without_keyframe": false, "idr_without_sps_pps": 0,
                "wrong_keyframe_flag": 0, "pts_not_increasing": 0, "pts_missing": 0, "malformed": 0,
                "malformed_because": null, "not_one_picture": 0, "nal_count_not_one": 0,
            },
            "verify": null,
            "faults": ["the stream ended after 2.0 s: the server closed the connection", "no picture arrived"],
        });
        assert_eq!(found, expected);
    }
}
