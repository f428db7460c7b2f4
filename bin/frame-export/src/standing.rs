//! How a scanout is doing, in the protocol's words.

use lunette_capture::{Presence, ScanoutStatus};
use lunette_frame::Pts;
use lunette_wire::hxfr::{self, Standing};

/// What STATUS_RESP says at this time.
pub(crate) fn of(status: &ScanoutStatus, now: Pts) -> Standing {
    let ScanoutStatus { presence, size, newest, pictures, cursor_changes } = *status;
    let presence = match presence {
        Presence::Absent => hxfr::Presence::Absent,
        Presence::Off => hxfr::Presence::Off,
        Presence::On => hxfr::Presence::On,
    };
    let age = |newest: Pts| u32::try_from(now.since(newest).as_millis()).unwrap_or(u32::MAX).min(Standing::OLDEST_MS);
    Standing { presence, size, age_ms: newest.map(age), pictures, cursor_changes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_that_is_too_large_to_tell_is_not_told_as_none() {
        let mut status = ScanoutStatus::empty(Presence::On);
        assert_eq!(of(&status, Pts::from_nanos(1)).age_ms, None);
        status.newest = Some(Pts::from_nanos(2_000_000));
        assert_eq!(of(&status, Pts::from_nanos(5_999_999)).age_ms, Some(3));
        assert_eq!(of(&status, Pts::from_nanos(1)).age_ms, Some(0), "captured while this was asked");
        assert_eq!(of(&status, Pts::from_nanos(u64::MAX)).age_ms, Some(Standing::OLDEST_MS));
    }
}
