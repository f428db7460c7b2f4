//! What a machine has.

use std::fmt;

use lunette_uevent::DeviceNumber;

use crate::PciAddress;

/// A device node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    /// Its path below `/dev`, such as `dri/card0`.
    pub name: String,
    /// Its number.
    pub number: DeviceNumber,
}

/// A graphics card: the DRM nodes of one device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Card {
    /// The driver's name in sysfs.
    pub driver: String,
    /// Where it is plugged in; not every device is.
    pub address: Option<PciAddress>,
    /// The node that sets modes.
    pub primary: Option<Node>,
    /// The node that only draws.
    pub render: Option<Node>,
    /// Its outputs, such as `Virtual-1`.
    pub connectors: Vec<String>,
    /// What NVIDIA's driver calls it.
    pub nvidia: Option<Nvidia>,
}

/// What NVIDIA's driver calls a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nvidia {
    /// Number of its node `nvidiaN`.
    pub minor: u32,
    /// Its name for good, `GPU-…`.
    pub uuid: Option<String>,
}

/// What a machine has for desktops.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Machine {
    /// Its cards, in any order.
    pub cards: Vec<Card>,
    /// Other nodes: `kfd`, `nvidia…`, `neuron…`.
    pub nodes: Vec<Node>,
    /// Whether somebody leases outputs of a virtual card.
    pub leases: bool,
}

impl Card {
    /// Its nodes.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.primary.iter().chain(&self.render)
    }
}

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.nodes().map(|node| node.name.as_str()).collect();
        write!(f, "{} ({}", names.join(" and "), self.driver)?;
        match self.address {
            Some(address) => write!(f, " at {address})"),
            None => write!(f, ")"),
        }
    }
}

impl Machine {
    /// Its cards, by where they are plugged in; those that are nowhere come last, by the numbers of their nodes.
    #[must_use]
    pub fn in_order(&self) -> Vec<&Card> {
        let mut cards: Vec<&Card> = self.cards.iter().collect();
        let number = |card: &Card| card.nodes().next().map(|node| node.number);
        cards.sort_by_key(|card| (card.address.is_none(), card.address, number(card)));
        cards
    }
}
