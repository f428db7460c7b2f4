//! Child processes that do not outlive their parent, and that inherit only what they are given.
//!
//! On Linux the kernel kills a child of [`Lifetime::SpawningThread`] as soon as the thread that spawned it ends, for
//! whatever reason. Other systems have nothing alike; there a guard process has to do it.

#![deny(unsafe_code)]

mod exit;
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "the runtime is promised that a descriptor stays open")]
mod held;
#[allow(unsafe_code, reason = "what runs between fork and exec")]
mod spawn;
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "calls that have no safe form")]
mod trace;

#[cfg(target_os = "linux")]
pub use exit::adopt_orphans;
pub use exit::wait_without_reaping;
#[cfg(target_os = "linux")]
pub use held::Held;
pub use spawn::{Lifetime, Spawn};
#[cfg(target_os = "linux")]
pub use trace::{read_memory, trace};
