//! Which devices a desktop gets, by what the machine has and whose card was asked for.
//!
//! ```text
//!   Machine (cards, other nodes, lease socket) ─┐
//!   Vendor ─────────────────────────────────────┼─▶ choose ──▶ DeviceSet (nodes, lease, runtime, environment)
//!   index, counted by PCI address ──────────────┘
//! ```
//!
//! | Vendor | Devices |
//! |---|---|
//! | virtio, or one that is not known | with a lease socket: a lease, and its card's node alone; else every card's nodes |
//! | nvidia | its control nodes, its GPU nodes, nodes of its cards |
//! | amd | `kfd`, nodes of its cards |
//! | intel | nodes of its cards |
//! | neuron | its nodes; it draws nothing |
//! | none | nothing |
//!
//! Cards are counted by where they are plugged in. The numbers of their nodes follow from which driver was faster.

#![forbid(unsafe_code)]

mod choose;
mod environment;
mod error;
mod machine;
mod pci;
mod set;
mod vendor;

pub use choose::choose;
pub use error::{GpuError, Inventory};
pub use machine::{Card, Machine, Node, Nvidia};
pub use pci::PciAddress;
pub use set::{DeviceSet, Runtime};
pub use vendor::Vendor;
