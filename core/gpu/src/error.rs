//! What can go wrong.

use std::fmt;

use crate::{Machine, Vendor};

/// Why a desktop cannot have what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GpuError {
    /// No such card.
    #[error("no card of {}; {cards}", .vendor.name())]
    NoCard {
        /// Whose.
        vendor: Vendor,
        /// What there is.
        cards: Inventory,
    },
    /// Fewer cards than the index needs.
    #[error("no card {index} of {}, which has {count}; {cards}", .vendor.name())]
    NoIndex {
        /// Whose.
        vendor: Vendor,
        /// Counted from 0.
        index: u32,
        /// How many of that vendor there are.
        count: usize,
        /// What there is.
        cards: Inventory,
    },
    /// A card that its driver does not tell more of.
    #[error("{card}: NVIDIA's driver does not say which of its nodes belongs to it")]
    NoMinor {
        /// The card.
        card: String,
    },
}

/// The cards of a machine, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory(Vec<String>);

impl Inventory {
    pub(crate) fn of(machine: &Machine) -> Self {
        Self(machine.in_order().into_iter().map(ToString::to_string).collect())
    }
}

impl fmt::Display for Inventory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("this machine has no card at all");
        }
        write!(f, "this machine has {}", self.0.join(", "))
    }
}
