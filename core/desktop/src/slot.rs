//! The number of a desktop on its machine, and what follows from it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// User ids of desktops begin here, far above people and services.
const FIRST_ID: u32 = 1_000_000;
/// Ids of one desktop.
const IDS: u32 = 65_536;
/// Subnets of four addresses per third byte of an address.
const SUBNETS_PER_BYTE: u16 = 64;

/// Unique among the desktops of a machine while one lives; free again afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Slot(u16);

impl Slot {
    /// As many as the subnets allow.
    pub const COUNT: u16 = 256 * SUBNETS_PER_BYTE;

    /// The slot with this number; `None` above the last.
    #[must_use]
    pub const fn new(number: u16) -> Option<Self> {
        if number < Self::COUNT { Some(Self(number)) } else { None }
    }

    /// The lowest that none of `live` has; `None` when all are taken.
    #[must_use]
    pub fn lowest_free(live: &BTreeSet<Self>) -> Option<Self> {
        // The first place where the sorted numbers leave a gap.
        let taken = live.iter().zip(0..).take_while(|(slot, number)| slot.0 == *number).count();
        u16::try_from(taken).ok().and_then(Self::new)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The user and group ids that are this desktop's 0 to 65535.
    #[must_use]
    pub fn ids(self) -> IdRange {
        IdRange { first: FIRST_ID + u32::from(self.0) * IDS, count: IDS }
    }

    /// The addresses of the two ends of its network link.
    #[must_use]
    pub fn subnet(self) -> Subnet {
        let third = (self.0 / SUBNETS_PER_BYTE).to_le_bytes()[0];
        let fourth = (self.0 % SUBNETS_PER_BYTE * 4).to_le_bytes()[0];
        Subnet { host: [10, 213, third, fourth + 1], desktop: [10, 213, third, fourth + 2], prefix: 30 }
    }
}

impl TryFrom<u16> for Slot {
    type Error = String;

    fn try_from(number: u16) -> Result<Self, Self::Error> {
        Self::new(number).ok_or_else(|| format!("slot {number} is above {}", Self::COUNT - 1))
    }
}

impl From<Slot> for u16 {
    fn from(slot: Slot) -> Self {
        slot.0
    }
}

/// Ids outside that are 0 and up inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdRange {
    /// What 0 is.
    pub first: u32,
    /// How many.
    pub count: u32,
}

/// A link of two addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subnet {
    /// Outside of the desktop.
    pub host: [u8; 4],
    /// The desktop's own.
    pub desktop: [u8; 4],
    /// Bits that both share.
    pub prefix: u8,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_free_slot_is_taken_again() {
        let live = |numbers: &[u16]| numbers.iter().copied().filter_map(Slot::new).collect::<BTreeSet<_>>();
        assert_eq!(Slot::lowest_free(&live(&[])), Slot::new(0));
        assert_eq!(Slot::lowest_free(&live(&[0, 1, 3])), Slot::new(2));
        assert_eq!(Slot::lowest_free(&live(&[1])), Slot::new(0));
        let all: Vec<u16> = (0..Slot::COUNT).collect();
        assert_eq!(Slot::lowest_free(&live(&all)), None);
    }

    #[test]
    fn no_two_slots_share_an_address_or_an_id() {
        let slots: Vec<Slot> = (0..Slot::COUNT).filter_map(Slot::new).collect();
        for pair in slots.windows(2) {
            assert_eq!(pair[1].ids().first - pair[0].ids().first, IDS);
            assert!(pair[1].subnet().host > pair[0].subnet().desktop);
        }
        assert_eq!(slots[slots.len() - 1].subnet().desktop, [10, 213, 255, 254]);
        assert_eq!(Slot::new(Slot::COUNT), None);
    }
}
