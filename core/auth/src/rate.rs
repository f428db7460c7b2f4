//! How often somebody may: on virtual time, and with bounded memory.
//!
//! ```text
//!   Bucket      burst ──take──▶ burst-1 … 0 ──▶ Err(how long until the next)      one more every `every`
//!   Attempts    wrong × free ──▶ wait 1 s ──wrong──▶ 2 s ──▶ 4 s … ≤ MAX_WAIT      forgotten after FORGET
//! ```

use core::net::{IpAddr, Ipv6Addr};
use std::collections::BTreeMap;
use std::time::Duration;

/// So many at once, and then one in so long a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// At once; 0 counts as 1.
    pub burst: u32,
    /// The time in which one more is allowed.
    pub every: Duration,
}

impl Rate {
    /// Until a bucket from which `count` were taken is full again.
    fn span(self, count: u32) -> Duration {
        self.every.saturating_mul(count)
    }
}

/// One limited thing. Full at first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bucket {
    full_at: Duration,
}

impl Bucket {
    /// Takes one.
    ///
    /// # Errors
    /// How long to wait, when there is none. Nothing is taken then.
    pub fn take(&mut self, rate: Rate, now: Duration) -> Result<(), Duration> {
        let full_at = self.full_at.max(now).saturating_add(rate.every);
        let latest = now.saturating_add(rate.span(rate.burst.max(1)));
        if full_at > latest {
            return Err(full_at - latest);
        }
        self.full_at = full_at;
        Ok(())
    }
}

/// A bucket for each peer, of as many peers as there is room for.
#[derive(Debug)]
pub struct Buckets<K> {
    rate: Rate,
    most: usize,
    buckets: BTreeMap<K, Bucket>,
}

impl<K: Ord + Clone> Buckets<K> {
    /// At most `most` peers are remembered: then the one that took least is forgotten for another.
    #[must_use]
    pub const fn new(rate: Rate, most: usize) -> Self {
        Self { rate, most, buckets: BTreeMap::new() }
    }

    /// Takes one for this peer.
    ///
    /// # Errors
    /// How long it has to wait.
    pub fn take(&mut self, peer: &K, now: Duration) -> Result<(), Duration> {
        if let Some(bucket) = self.buckets.get_mut(peer) {
            return bucket.take(self.rate, now);
        }
        if self.buckets.len() >= self.most {
            self.buckets.retain(|_, bucket| bucket.full_at > now);
        }
        if self.buckets.len() >= self.most {
            forget_least(&mut self.buckets, |bucket| bucket.full_at);
        }
        self.buckets.entry(peer.clone()).or_default().take(self.rate, now)
    }

    /// How many peers are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.buckets.len()
    }

    /// Whether nobody took anything of late.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }
}

/// Wrong tokens, for each address. Judge the token first: a right one does not wait for others behind its address.
#[derive(Debug)]
pub struct Attempts<K> {
    free: u32,
    most: usize,
    records: BTreeMap<K, Record>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Record {
    wrong: u32,
    last: Duration,
}

impl<K: Ord + Clone> Attempts<K> {
    /// The longest wait.
    pub const MAX_WAIT: Duration = Duration::from_secs(300);
    /// After so long without a wrong one all is forgotten.
    pub const FORGET: Duration = Duration::from_secs(3600);
    const FIRST_WAIT: Duration = Duration::from_secs(1);

    /// `free` wrong ones cost nothing. Of more than `most` addresses the one with the fewest wrong ones is forgotten.
    #[must_use]
    pub const fn new(free: u32, most: usize) -> Self {
        Self { free, most, records: BTreeMap::new() }
    }

    /// Whether this address may try.
    ///
    /// # Errors
    /// How long it has to wait.
    pub fn may_try(&self, address: &K, now: Duration) -> Result<(), Duration> {
        let Some(record) = self.records.get(address).filter(|record| !record.is_over(now, Self::FORGET)) else {
            return Ok(());
        };
        let until = record.last + self.wait_after(record.wrong);
        if now >= until { Ok(()) } else { Err(until - now) }
    }

    /// It tried, and was wrong.
    pub fn wrong(&mut self, address: &K, now: Duration) {
        if !self.records.contains_key(address) && self.records.len() >= self.most {
            self.records.retain(|_, record| !record.is_over(now, Self::FORGET));
            if self.records.len() >= self.most {
                forget_least(&mut self.records, |record| (record.wrong, record.last));
            }
        }
        let record = self.records.entry(address.clone()).or_default();
        let before = if record.is_over(now, Self::FORGET) { 0 } else { record.wrong };
        *record = Record { wrong: before.saturating_add(1), last: now.max(record.last) };
    }

    /// It was right.
    pub fn right(&mut self, address: &K) {
        self.records.remove(address);
    }

    /// How many addresses are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether nobody was wrong of late.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    fn wait_after(&self, wrong: u32) -> Duration {
        match wrong.saturating_sub(self.free) {
            0 => Duration::ZERO,
            paid => Self::FIRST_WAIT.saturating_mul(2_u32.saturating_pow(paid - 1)).min(Self::MAX_WAIT),
        }
    }
}

impl Record {
    fn is_over(&self, now: Duration, forget: Duration) -> bool {
        now >= self.last + forget
    }
}

/// The addresses that one customer has: all of an IPv4 address, and the upper half of an IPv6 one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Neighbourhood(IpAddr);

impl From<IpAddr> for Neighbourhood {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
            address @ IpAddr::V4(_) => address,
        })
    }
}

fn forget_least<K: Ord + Clone, V, O: Ord>(map: &mut BTreeMap<K, V>, order: impl Fn(&V) -> O) {
    let least = map.iter().min_by_key(|(_, value)| order(value)).map(|(key, _)| key.clone());
    if let Some(least) = least {
        map.remove(&least);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATE: Rate = Rate { burst: 3, every: Duration::from_secs(10) };

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_burst_and_then_one_in_a_time() {
        let mut bucket = Bucket::default();
        assert!((0..3).all(|_| bucket.take(RATE, s(100)).is_ok()));
        assert_eq!(bucket.take(RATE, s(100)), Err(s(10)));
        assert_eq!(bucket.take(RATE, s(109)), Err(s(1)));
        assert_eq!(bucket.take(RATE, s(110)), Ok(()));
        assert_eq!(bucket.take(RATE, s(110)), Err(s(10)));
    }

    #[test]
    fn extremes_do_not_overflow() {
        let never = Rate { burst: u32::MAX, every: Duration::MAX };
        let _ = Bucket::default().take(never, Duration::MAX);
        assert_eq!(Bucket::default().take(Rate { burst: 0, every: s(1) }, s(0)), Ok(()));
    }

    #[test]
    fn one_peer_does_not_use_up_the_other() {
        let mut buckets = Buckets::new(RATE, 2);
        assert!((0..3).all(|_| buckets.take(&"a", s(0)).is_ok()));
        assert!(buckets.take(&"a", s(0)).is_err());
        assert!(buckets.take(&"b", s(0)).is_ok());
    }

    #[test]
    fn a_newcomer_does_not_free_who_took_most() {
        let mut buckets = Buckets::new(RATE, 2);
        (0..3).for_each(|_| buckets.take(&0, s(0)).unwrap());
        for peer in 1..100 {
            assert!(buckets.take(&peer, s(0)).is_ok());
            assert!(buckets.len() <= 2);
        }
        assert!(buckets.take(&0, s(0)).is_err());
    }

    #[test]
    fn every_wrong_one_doubles_the_wait() {
        let mut attempts = Attempts::new(2, 10);
        let mut waits = Vec::new();
        for _ in 0..12 {
            attempts.wrong(&"a", s(50));
            waits.push(attempts.may_try(&"a", s(50)).err().map_or(0, |wait| wait.as_secs()));
        }
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
        assert_eq!(attempts.may_try(&"a", s(350)), Ok(()));
        assert_eq!(attempts.may_try(&"b", s(50)), Ok(()));
    }

    #[test]
    fn wrong_ones_are_forgotten_in_time_and_by_a_right_one() {
        let mut attempts = Attempts::new(0, 10);
        (0..9).for_each(|_| attempts.wrong(&1, s(0)));
        attempts.wrong(&1, s(3600));
        assert_eq!(attempts.may_try(&1, s(3600)), Err(s(1)));
        attempts.right(&1);
        assert_eq!(attempts.may_try(&1, s(3600)), Ok(()));
        assert!(attempts.is_empty());
    }

    #[test]
    fn a_flood_of_addresses_frees_nobody_who_was_wrong_often() {
        let mut attempts = Attempts::new(0, 5);
        (0..9).for_each(|_| attempts.wrong(&0, s(0)));
        (1..1000).for_each(|address| attempts.wrong(&address, s(1)));
        assert_eq!(attempts.len(), 5);
        assert!(attempts.may_try(&0, s(2)).is_err());
    }

    #[test]
    fn neighbours_share_half_an_ipv6_address() {
        let of = |text: &str| Neighbourhood::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:0:0:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
    }

    proptest! {
        #[test]
        fn never_more_than_a_burst_and_one_in_a_time(
            burst in 1..20_u32,
            every in 1..50_u64,
            pauses in proptest::collection::vec(0..40_u64, 1..200),
        ) {
            let rate = Rate { burst, every: Duration::from_millis(every) };
            let (mut bucket, mut now, mut taken) = (Bucket::default(), 0, Vec::new());
            for pause in pauses {
                now += pause;
                match bucket.take(rate, Duration::from_millis(now)) {
                    Ok(()) => taken.push(now),
                    Err(wait) => prop_assert!(wait > Duration::ZERO && wait <= rate.every),
                }
            }
            for (first, start) in taken.iter().enumerate() {
                for (last, end) in taken.iter().enumerate().skip(first) {
                    let allowed = u64::from(burst) + (end - start) / every;
                    prop_assert!((last - first + 1) as u64 <= allowed, "{taken:?}");
                }
            }
        }

        #[test]
        fn who_waits_as_told_is_let_in(burst in 1..5_u32, takes in 1..50_usize) {
            let rate = Rate { burst, every: Duration::from_millis(7) };
            let (mut bucket, mut now) = (Bucket::default(), Duration::ZERO);
            for _ in 0..takes {
                if let Err(wait) = bucket.take(rate, now) {
                    now += wait;
                    prop_assert_eq!(bucket.take(rate, now), Ok(()));
                }
            }
        }
    }
}
