//! Fixtures: the program, its clients, what it reports about itself and what the system reports about it.
//!
//! ```text
//!   Server ──spawns──▶ frame-export ◀──HXFR── Client ──Frame──▶ Eye (decodes, reads the burnt-in counter)
//!     ├─ metrics(), get()  over HTTP
//!     └─ usage()           out of /proc
//! ```

mod client;
mod eye;
mod machine;
mod namespace;
mod process;
mod reader;
mod scrape;
mod secret;
mod server;

use std::time::{Duration, Instant};

pub(crate) use client::{Arrival, Client, Frame, bytes_of, kilobits, raw};
pub(crate) use eye::{Eye, Seen, is_idr, picture_size};
pub(crate) use machine::{Machine, until_connected};
pub(crate) use namespace::Namespace;
pub(crate) use process::{Usage, child_of};
pub(crate) use reader::Reader;
pub(crate) use scrape::Metrics;
pub(crate) use secret::{LEASE, SECRET, SecretFile};
pub(crate) use server::{Server, program, refused};

/// How long anything may take that should happen at once, on a machine that is busy with other tests.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// Whether the tests that take long were asked for.
pub(crate) fn long() -> bool {
    std::env::var_os("LUNETTE_LONG").is_some_and(|value| value == "1")
}

/// Says that something cannot be tested on this machine.
pub(crate) fn not_run(what: &str, why: &str) {
    println!("NOT RUN: {what}: {why}");
}

/// Waits until `condition` holds.
///
/// # Panics
/// When that takes longer than [`SOON`].
#[track_caller]
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    const PAUSE: Duration = Duration::from_millis(5);
    let deadline = Instant::now() + SOON;
    while !condition() {
        assert!(Instant::now() < deadline, "still not after {SOON:?}: {what}");
        std::thread::sleep(PAUSE);
    }
}

/// Numbers that look random and are the same in every run.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 11
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll()).expect("64-bit machine") % end
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.roll().to_le_bytes()[0]).collect()
    }
}
