//! Guest images: built from Debian packages by the recipe in `guest/`, kept in a cache of the user.
//!
//! ```text
//!   recipe ──▶ Plan ──▶ key ──▶ in the cache and unharmed? ──────────────────────────────────▶ Image
//!   (guest/)  (one image,           │ no                                                       ▲
//!              arch, kernel)        ▼                                                          │ rename
//!              apt: which packages? ──▶ fetch them ──▶ unpack ──▶ modules ──▶ initrd ──┬──▶ <key>.partial
//!              (the machine's own mirror, keys and proxy)                              │
//!                                          desktop: mmdebstrap ──▶ tar ──▶ EROFS ──────┘
//! ```
//!
//! No network is touched when the image is in the cache. Programs of the guest come in an [`Overlay`], appended to the
//! initrd at boot, so that a new program needs no new image.

#![forbid(unsafe_code)]

mod additions;
mod apt;
mod bootstrap;
mod build;
mod cache;
mod cpio;
mod disk;
mod elf;
mod erofs;
mod error;
mod files;
mod image;
mod initrd;
mod manifest;
mod modules;
mod overlay;
mod plan;
mod profile;
mod progress;
mod recipe;
mod root_plan;
mod tar;
mod target;
mod tool;
mod tree;
mod unpack;

pub use build::Builder;
pub use cache::{Cache, Stored};
pub use error::Error;
pub use image::{Image, Root};
pub use manifest::{KernelFacts, Manifest, Output, PackageVersion};
pub use overlay::Overlay;
pub use profile::ProfileFile;
pub use progress::{Phase, Progress};
pub use recipe::Recipe;
pub use target::{Arch, ImageName, Kernel, RootTarget, Subject, Target};

/// What every part of this crate returns.
pub type Result<T> = std::result::Result<T, Error>;
