//! Mounts for containers: id-mapped binds, overlays, tmpfs of a limited size, and taking all of it away again.
//!
//! ```text
//!   lower   bind(profile's root, ids 0.. seen as first..)   read-only
//!   layer   tmpfs, so many MiB: upper/ and work/
//!   root    overlay(lower, upper, work)
//!           unmount_below(folder) ends all three
//! ```
//!
//! Linux only: elsewhere the crate is empty.

#![deny(unsafe_code)]
#![cfg(target_os = "linux")]

mod error;
mod filesystems;
mod idmap;
mod namespace;
#[allow(unsafe_code, reason = "system calls that rustix does not have")]
mod raw;
mod table;

pub use error::MountError;
pub use filesystems::{Flags, bind, overlay, tmpfs};
pub use idmap::{IdMapping, UserNamespace};
pub use namespace::{in_mount_namespace_of_its_own, in_network_namespace};
pub use table::{mounts_below, unmount_below};
