//! How a scanout is doing, in the protocol's words.

use std::num::NonZeroU32;
use std::time::Duration;

use lunette_capture::{Presence, ScanoutStatus};
use lunette_frame::Pts;
use lunette_wire::hxfr::{self, EncoderStanding, Standing};

use crate::metrics::StreamStanding;

/// What STATUS_RESP says at this time.
pub(crate) fn of(status: &ScanoutStatus, stream: Option<StreamStanding>, now: Pts) -> Standing {
    let ScanoutStatus { presence, size, newest, pictures, cursor_changes } = *status;
    let presence = match presence {
        Presence::Absent => hxfr::Presence::Absent,
        Presence::Off => hxfr::Presence::Off,
        Presence::On => hxfr::Presence::On,
    };
    let encoder = stream.map(|stream| EncoderStanding {
        units: stream.encoded,
        age_ms: stream.encode_age.map(millis),
        change_ms: stream.change_age.map(millis),
        latency_us: stream.latency.and_then(micros),
    });
    let age_ms = newest.map(|newest| millis(now.since(newest)));
    Standing { presence, size, age_ms, pictures, cursor_changes, encoder }
}

fn millis(age: Duration) -> u32 {
    u32::try_from(age.as_millis()).unwrap_or(u32::MAX).min(Standing::OLDEST_MS)
}

fn micros(time: Duration) -> Option<NonZeroU32> {
    NonZeroU32::new(u32::try_from(time.as_micros()).unwrap_or(u32::MAX).min(EncoderStanding::LONGEST_US))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_that_is_too_large_to_tell_is_not_told_as_none() {
        let mut status = ScanoutStatus::empty(Presence::On);
        assert_eq!(of(&status, None, Pts::from_nanos(1)).age_ms, None);
        status.newest = Some(Pts::from_nanos(2_000_000));
        assert_eq!(of(&status, None, Pts::from_nanos(5_999_999)).age_ms, Some(3));
        assert_eq!(of(&status, None, Pts::from_nanos(1)).age_ms, Some(0), "captured while this was asked");
        assert_eq!(of(&status, None, Pts::from_nanos(u64::MAX)).age_ms, Some(Standing::OLDEST_MS));
    }

    #[test]
    fn an_encoder_is_told_of_while_somebody_watches() {
        let status = ScanoutStatus::empty(Presence::On);
        assert_eq!(of(&status, None, Pts::from_nanos(1)).encoder, None);
        let change_age = Some(Duration::from_millis(30));
        let stream =
            StreamStanding { change_age, encoded: 7, encode_age: None, latency: Some(Duration::from_micros(2500)) };
        let encoder =
            EncoderStanding { units: 7, age_ms: None, change_ms: Some(30), latency_us: NonZeroU32::new(2500) };
        assert_eq!(of(&status, Some(stream), Pts::from_nanos(1)).encoder, Some(encoder));
    }
}
