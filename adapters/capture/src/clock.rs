//! The one clock that capture times are read from.

use lunette_frame::Pts;

/// Now, on the host's monotonic clock: the clock of every [`Pts`], also across processes of one machine.
#[must_use]
pub fn now() -> Pts {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let part = |value: i64| u64::try_from(value).unwrap_or(0);
    Pts::from_nanos(part(time.tv_sec).saturating_mul(1_000_000_000).saturating_add(part(time.tv_nsec)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_does_not_go_back() {
        let first = now();
        assert!(first.as_nanos() > 0);
        assert!(now() >= first);
    }
}
