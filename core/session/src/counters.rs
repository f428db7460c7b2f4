//! What happened to subscribers, viewers and input, counted where it happens; whoever shows it asks.

use std::time::Duration;

/// Why a subscriber did not get a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DropReason {
    /// Its queue was full.
    Full,
    /// What waited in its queue was given up as too old.
    Late,
    /// It did not read since it fell behind.
    Stalled,
    /// It waited for an IDR.
    Waiting,
}

impl DropReason {
    /// Every reason, for metrics that list them all.
    pub const ALL: [Self; 4] = [Self::Full, Self::Late, Self::Stalled, Self::Waiting];

    /// The reason in one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Late => "late",
            Self::Stalled => "stalled",
            Self::Waiting => "waiting",
        }
    }
}

/// Units that were not delivered, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Drops([u64; DropReason::ALL.len()]);

impl Drops {
    /// So many for one reason.
    #[must_use]
    pub const fn of(&self, reason: DropReason) -> u64 {
        self.0[reason as usize]
    }

    /// So many for any reason.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    pub(crate) const fn count(&mut self, reason: DropReason, units: u64) {
        self.0[reason as usize] += units;
    }

    fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, more)| *sum += more);
    }
}

/// What happened to one subscriber.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Units handed to the reader.
    pub delivered: u64,
    /// Bytes handed to the reader.
    pub delivered_bytes: u64,
    /// Units it did not get.
    pub drops: Drops,
    /// Times that its queue overflowed or was given up.
    pub stalls: u64,
    /// Units in its queue now.
    pub queued: usize,
}

impl Counters {
    /// What is queued is nobody's when a subscriber is gone.
    pub(crate) fn add_gone(&mut self, gone: &Self) {
        self.add(&Self { queued: 0, ..*gone });
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.delivered += other.delivered;
        self.delivered_bytes += other.delivered_bytes;
        self.drops.add(&other.drops);
        self.stalls += other.stalls;
        self.queued += other.queued;
    }
}

/// What went through a fan-out so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Units that came from encoders.
    pub units: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// What happened to all subscribers, those who left included.
    pub subscribers: Counters,
}

/// What happened on one viewer's connection, or on several.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ViewerCounters {
    /// Pictures that were handed to the socket.
    pub pictures: u64,
    /// Those of them that a decoder can start at.
    pub keyframes: u64,
    /// Bytes of pictures, with their heads.
    pub bytes: u64,
    /// Times that what waited was too old for it.
    pub fell_behind: u64,
    /// Messages of the client that made no sense.
    pub nonsense: u64,
    /// How long pings took while nothing else was on its way.
    pub round_trips: RoundTrips,
}

impl ViewerCounters {
    /// Counts another connection in.
    pub fn add(&mut self, other: &Self) {
        self.pictures += other.pictures;
        self.keyframes += other.keyframes;
        self.bytes += other.bytes;
        self.fell_behind += other.fell_behind;
        self.nonsense += other.nonsense;
        self.round_trips.add(&other.round_trips);
    }
}

/// Round trips, counted by upper bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RoundTrips {
    counts: [u64; RoundTrips::BOUNDS_MS.len() + 1],
    sum: Duration,
}

impl RoundTrips {
    /// The upper bounds, in milliseconds.
    pub const BOUNDS_MS: [u64; 11] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000];

    pub(crate) fn note(&mut self, time: Duration) {
        let at = Self::BOUNDS_MS.iter().position(|bound| time <= Duration::from_millis(*bound));
        self.counts[at.unwrap_or(Self::BOUNDS_MS.len())] += 1;
        self.sum = self.sum.saturating_add(time);
    }

    /// Each upper bound with how many round trips took no longer.
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        let within = self.counts.iter().scan(0, |sum, count| {
            *sum += count;
            Some(*sum)
        });
        Self::BOUNDS_MS.into_iter().map(Duration::from_millis).zip(within)
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// All of them together.
    #[must_use]
    pub const fn sum(&self) -> Duration {
        self.sum
    }

    fn add(&mut self, other: &Self) {
        self.counts.iter_mut().zip(other.counts).for_each(|(sum, more)| *sum += more);
        self.sum = self.sum.saturating_add(other.sum);
    }
}

/// What became of input events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InputCounters {
    /// Handed to the desktop.
    pub accepted: u64,
    /// Left out, since they do not follow from what is held down.
    pub senseless: u64,
    /// Refused: a person has the input.
    pub held_by_person: u64,
    /// Refused: an agent has the input.
    pub held_by_agent: u64,
    /// Refused: the token does not allow any.
    pub view_only: u64,
    /// Refused for another reason.
    pub other: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_trip_counts_at_its_bound_and_above() {
        let mut times = RoundTrips::default();
        for ms in [1, 7, 3000] {
            times.note(Duration::from_millis(ms));
        }
        let within: Vec<_> = times.buckets().map(|(bound, count)| (bound.as_millis(), count)).collect();
        assert_eq!(within[..4], [(1, 1), (2, 1), (5, 1), (10, 2)]);
        assert_eq!((within[10], times.count(), times.sum()), ((2000, 2), 3, Duration::from_millis(3008)));
    }

    #[test]
    fn what_is_queued_goes_with_its_subscriber_and_the_rest_stays() {
        let mut drops = Drops::default();
        drops.count(DropReason::Late, 3);
        let one = Counters { delivered: 5, delivered_bytes: 50, drops, stalls: 1, queued: 2 };
        let mut sum = one;
        sum.add_gone(&one);
        assert_eq!((sum.delivered, sum.drops.of(DropReason::Late), sum.drops.total(), sum.queued), (10, 6, 6, 2));
    }
}
