//! What stands in for udevd in a desktop: a database of its own devices, nodes to look at, and events.
//!
//! ```text
//!   machine's kernel ── Hotplug ──▶ Passage: of this desktop? ──▶ Relay ──▶ libudev in the desktop's network namespace
//!                                        │ entries
//!   Database ── data/, tags/, control ◀──┘   mounted there as /run/udev
//!   make_node ── nodes/dri/card0, mode 0     mounted there below /dev
//! ```

#![forbid(unsafe_code)]

mod database;
mod error;
mod hotplug;
mod nodes;
mod passage;
mod relay;
mod sysfs;

pub use database::Database;
pub use error::UdevError;
pub use hotplug::{Heard, Hotplug};
pub use nodes::make_node;
pub use passage::{CardDevice, Passage, forward};
pub use relay::Relay;
pub use sysfs::devpath;
