//! Debian packages by way of the machine's own apt: its mirror, its keys, its proxy, and nothing else of its state.

mod archive;
mod configuration;
mod sources;

pub(crate) use archive::{Apt, Archive, Ground, Package};
