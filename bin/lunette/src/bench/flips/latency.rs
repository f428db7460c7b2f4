//! Which flip a picture came from, and how long it took.

use std::time::Duration;

use anyhow::{Context, Result};

use super::subscriber::Arrival;
use crate::bench::stats::Samples;

/// When flips were asked for, on the host's clock.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Flips {
    /// How far off the times may be.
    pub(super) doubt: Duration,
    /// Nanoseconds, in order.
    pub(super) asked: Vec<u64>,
}

impl Flips {
    /// Reads what `drm-flipper --times` wrote.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut lines = text.lines();
        let doubt = lines.next().and_then(|line| line.strip_prefix("doubt ")).context("no doubt")?;
        let asked = lines.map(|line| Ok(line.split_once(' ').context("a flip without a time")?.1.parse()?));
        Ok(Self { doubt: Duration::from_nanos(doubt.parse()?), asked: asked.collect::<Result<_>>()? })
    }

    /// Flips that were asked for between two times.
    pub(super) fn between(&self, from: u64, until: u64) -> usize {
        self.asked.iter().filter(|at| (from..until).contains(*at)).count()
    }

    /// From the flip to the arrival of each picture, in milliseconds. A picture is of the last flip that was asked for
    /// before it was captured: the next one could not be asked for until this one was done.
    pub(super) fn latencies(&self, arrivals: &[Arrival]) -> Samples {
        let mut samples = Samples::default();
        let doubt = u64::try_from(self.doubt.as_nanos()).unwrap_or(u64::MAX);
        for Arrival { captured, received } in arrivals {
            let before = self.asked.partition_point(|asked| *asked <= captured.saturating_add(doubt));
            if let Some(asked) = before.checked_sub(1).map(|index| self.asked[index]) {
                samples.push_time(Duration::from_nanos(received.saturating_sub(asked)));
            }
        }
        samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_belongs_to_the_last_flip_before_its_capture() {
        let flips = Flips::parse("doubt 10\n1 1000000\n2 17000000\n3 33000000\n").unwrap();
        assert_eq!((flips.asked.len(), flips.between(1_000_000, 33_000_000)), (3, 2));
        let arrival = |captured, received| Arrival { captured, received };
        let spread =
            flips.latencies(&[arrival(18_000_000, 22_000_000), arrival(32_999_995, 40_000_000), arrival(5, 9)]);
        let spread = spread.spread().unwrap();
        assert_eq!((spread.count, spread.min, spread.max), (2, 5.0, 7.0));
    }

    #[test]
    fn half_a_log_is_an_error() {
        assert!(
            Flips::parse("").is_err() && Flips::parse("doubt x\n").is_err() && Flips::parse("doubt 1\n7\n").is_err()
        );
    }
}
