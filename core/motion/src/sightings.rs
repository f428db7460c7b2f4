//! What was seen in the old picture and again in the new one, and which displacements that speaks for.
//!
//! A segment that is in the old picture once says where it went. One that is there a few times speaks for each of the
//! ways with less weight. One that is there often says nothing, unless nothing else does: see `unclear`.

use crate::grid::Shift;
use crate::kernels::BLOCK;
use crate::lattice::{Line, Samples};

/// Segments remembered of the old picture. With more than that, some are left out of both pictures, the same ones.
const REMEMBERED: usize = 4096;
/// Table slots; as the number of bits of an index.
const SLOT_BITS: u32 = 14;
/// What a slot holds when it holds nothing, and the most entries there are.
const NOTHING: u16 = u16::MAX;
/// Entries of a slot that are looked at.
const DEPTH: usize = 8;
/// Places that a segment may be at and still speak for each of them.
const PLACES: usize = 4;
/// Weight of a segment that was at one place only.
const SURE: u32 = 4;
/// Votes that are counted.
const VOTES: usize = 4096;
/// Hashes that are looked at at once.
const GROUP: usize = 16;
/// Segments at too many places that are kept for a second look, and how many of the places that one takes in.
const UNCLEAR: usize = 64;
const UNCLEAR_DEPTH: usize = 256;
/// What speaks for a candidate at least: two sure votes.
const LEAST: u32 = 2 * SURE;
/// Candidates that are returned.
const CANDIDATES: usize = 32;

#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u32,
    x: u16,
    y: u16,
    next: u16,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sample {
    hash: u32,
    x: u16,
    y: u16,
}

/// Where a vote was cast, as a block that lies wholly within the segment, or starts there.
#[derive(Debug, Clone, Copy)]
struct Vote {
    x: u16,
    y: u16,
    earlier: u16,
}

#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    shift: (i16, i16),
    weight: u32,
    latest: u16,
}

/// A displacement to try.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub(crate) shift: Shift,
    weight: u32,
    latest: u16,
}

/// See the head of this file.
#[derive(Debug)]
pub(crate) struct Sightings {
    slots: Vec<u16>,
    entries: Vec<Entry>,
    votes: Vec<Vote>,
    tallies: Vec<Tally>,
    candidates: Vec<Candidate>,
    picked: Picked,
    unclear: Vec<Sample>,
    unclear_seen: usize,
}

impl Sightings {
    pub(crate) fn new() -> Self {
        Self {
            slots: vec![NOTHING; 1 << SLOT_BITS],
            entries: Vec::with_capacity(2 * REMEMBERED),
            votes: Vec::with_capacity(VOTES),
            tallies: vec![Tally::default(); 2 * VOTES],
            candidates: Vec::with_capacity(VOTES),
            picked: Picked::default(),
            unclear: Vec::with_capacity(UNCLEAR),
            unclear_seen: 0,
        }
    }

    /// Forgets all, and takes in two pictures.
    pub(crate) fn collect(&mut self, old: &Samples, new: &Samples) {
        let thinning = thinning(old).max(thinning(new));
        self.slots.fill(NOTHING);
        self.entries.clear();
        self.unclear.clear();
        self.unclear_seen = 0;
        self.forget_votes();
        let mut picked = std::mem::take(&mut self.picked);
        for line in &old.lines {
            for &(hash, at) in picked.pick(&old.hashes, line, thinning) {
                self.remember(hash, line.at(at as usize));
            }
        }
        for line in &new.lines {
            for &(hash, at) in picked.pick(&new.hashes, line, thinning) {
                self.look_up(hash, line.at(at as usize));
            }
        }
        self.picked = picked;
    }

    /// Replaces all votes by those of the segments that were at too many places.
    pub(crate) fn ask_the_unclear(&mut self) {
        self.forget_votes();
        for index in 0..self.unclear.len() {
            let sample = self.unclear[index];
            let mut at = self.slots[slot(sample.hash)];
            for _ in 0..UNCLEAR_DEPTH {
                let Some(&entry) = self.entries.get(usize::from(at)) else { break };
                if entry.hash == sample.hash {
                    self.vote(entry, sample, 1);
                }
                at = entry.next;
            }
        }
    }

    /// Ranks the displacements that most speaks for.
    pub(crate) fn rank(&mut self) {
        self.candidates.clear();
        let heard = self.tallies.iter().filter(|tally| tally.weight >= LEAST);
        self.candidates.extend(heard.map(|tally| Candidate {
            shift: Shift { dx: i32::from(tally.shift.0), dy: i32::from(tally.shift.1) },
            weight: tally.weight,
            latest: tally.latest,
        }));
        // Of equals the shortest, which leaves the least uncovered; then anything that does not depend on the table.
        self.candidates.sort_unstable_by_key(|candidate| {
            let Shift { dx, dy } = candidate.shift;
            (u32::MAX - candidate.weight, dx.abs() + dy.abs(), dy, dx)
        });
        self.candidates.truncate(CANDIDATES);
    }

    /// A displacement by its rank, the best at 0.
    pub(crate) fn candidate(&self, rank: usize) -> Option<Candidate> {
        self.candidates.get(rank).copied()
    }

    /// The blocks, by column and row, at which was voted for a candidate.
    pub(crate) fn witnesses(&self, candidate: &Candidate) -> impl Iterator<Item = (usize, usize)> {
        let vote = |at: u16| self.votes.get(usize::from(at));
        let all = std::iter::successors(vote(candidate.latest), move |seen| vote(seen.earlier));
        all.map(|vote| (usize::from(vote.x), usize::from(vote.y)))
    }

    fn forget_votes(&mut self) {
        self.votes.clear();
        self.tallies.fill(Tally::default());
    }

    fn remember(&mut self, hash: u32, (x, y): (usize, usize)) {
        let (Ok(x), Ok(y), Ok(index)) = (u16::try_from(x), u16::try_from(y), u16::try_from(self.entries.len())) else {
            return;
        };
        if self.entries.len() < self.entries.capacity() {
            let next = std::mem::replace(&mut self.slots[slot(hash)], index);
            self.entries.push(Entry { hash, x, y, next });
        }
    }

    fn look_up(&mut self, hash: u32, (x, y): (usize, usize)) {
        let mut at = self.slots[slot(hash)];
        let (Ok(x), Ok(y)) = (u16::try_from(x), u16::try_from(y)) else { return };
        let sample = Sample { hash, x, y };
        let (mut places, mut found) = ([Entry { hash, x, y, next: 0 }; PLACES], 0);
        for _ in 0..DEPTH {
            let Some(&entry) = self.entries.get(usize::from(at)) else { break };
            at = entry.next;
            if entry.hash != hash {
                continue;
            }
            let Some(place) = places.get_mut(found) else { return self.keep_unclear(sample) };
            *place = entry;
            found += 1;
        }
        for place in &places[..found] {
            self.vote(*place, sample, SURE / u32::try_from(found).unwrap_or(SURE));
        }
    }

    /// Keeps a few out of all, whichever comes first.
    fn keep_unclear(&mut self, sample: Sample) {
        self.unclear_seen += 1;
        if self.unclear.len() < UNCLEAR {
            self.unclear.push(sample);
            return;
        }
        let place = self.unclear_seen.wrapping_mul(0x9E37_79B9) / 256 % self.unclear_seen;
        if let Some(kept) = self.unclear.get_mut(place) {
            *kept = sample;
        }
    }

    fn vote(&mut self, from: Entry, to: Sample, weight: u32) {
        let shift = (difference(to.x, from.x), difference(to.y, from.y));
        if shift == (0, 0) || self.votes.len() == VOTES {
            return;
        }
        let (Ok(latest), Ok(block)) = (u16::try_from(self.votes.len()), u16::try_from(BLOCK)) else { return };
        let tally = self.tally(shift);
        tally.weight += weight;
        let earlier = std::mem::replace(&mut tally.latest, latest);
        self.votes.push(Vote { x: to.x.div_ceil(block), y: to.y / block, earlier });
    }

    /// The count of a displacement. There are twice as many places as votes, so one is always free.
    fn tally(&mut self, shift: (i16, i16)) -> &mut Tally {
        let key = u32::from(shift.0.cast_unsigned()) << 16 | u32::from(shift.1.cast_unsigned());
        let mut at = (key.wrapping_mul(0x9E37_79B1) >> 12) as usize % self.tallies.len();
        while self.tallies[at].weight > 0 && self.tallies[at].shift != shift {
            at = (at + 1) % self.tallies.len();
        }
        let tally = &mut self.tallies[at];
        if tally.weight == 0 {
            *tally = Tally { shift, weight: 0, latest: NOTHING };
        }
        tally
    }
}

/// Sides are limited, so differences fit.
fn difference(to: u16, from: u16) -> i16 {
    to.wrapping_sub(from).cast_signed()
}

/// Bits that differ from those that `slot` takes, and that hashes of two colours only do not share.
fn scattered(hash: u32) -> u32 {
    (hash ^ hash >> 13) >> 8
}

fn slot(hash: u32) -> usize {
    // The multiplication carries every bit of a hash into the upper ones.
    (hash.wrapping_mul(0x9E37_79B1) >> (32 - SLOT_BITS)) as usize
}

/// By how many powers of two there is too much to remember.
fn thinning(samples: &Samples) -> u32 {
    let seen = samples.hashes.iter().filter(|&&hash| hash != 0).count();
    seen.div_ceil(REMEMBERED).next_power_of_two().ilog2().min(8)
}

/// The hashes of a line that are worth a look, with their distance from its start: not the blank ones, and of a row of
/// equal ones the first.
#[derive(Debug, Default)]
struct Picked(Vec<(u32, u32)>);

impl Picked {
    /// Looks at groups of hashes at once: most groups are blank, or thinned out.
    fn pick(&mut self, hashes: &[u32], line: &Line, thinning: u32) -> &[(u32, u32)] {
        self.0.clear();
        let line = &hashes[line.start..][..line.count];
        let dropped = (1_u32 << thinning) - 1;
        let wanted = |hash: u32, before: u32| (hash != 0) & (hash != before) & (scattered(hash) & dropped == 0);
        if let Some(&first) = line.first()
            && wanted(first, 0)
        {
            self.0.push((first, 0));
        }
        let rest = line.get(1..).unwrap_or_default();
        let mut at = 1;
        for (group, before) in rest.chunks(GROUP).zip(line.chunks(GROUP)) {
            let mut flags = [0_u8; GROUP];
            for ((flag, &hash), &before) in flags.iter_mut().zip(group).zip(before) {
                *flag = u8::from(wanted(hash, before));
            }
            let mut flags = u128::from_le_bytes(flags);
            while flags != 0 {
                let index = flags.trailing_zeros() / 8;
                self.0.push((group[index as usize], at + index));
                flags &= flags - 1;
            }
            at += 16;
        }
        &self.0
    }
}
