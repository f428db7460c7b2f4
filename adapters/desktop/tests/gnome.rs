//! GNOME's interfaces: stand-ins of older and newer versions on a bus of the test's own, and a real GNOME Shell.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

#[path = "gnome/fixture.rs"]
mod fixture;
#[path = "gnome/mock.rs"]
mod mock;
#[path = "gnome/real.rs"]
mod real;
#[path = "gnome/versions.rs"]
mod versions;
