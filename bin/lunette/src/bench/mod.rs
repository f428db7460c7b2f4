//! Measurements.
//!
//! ```text
//!   arguments ──▶ rows of plain fields ──▶ Document ──┬─▶ tables
//!                                                     └─▶ JSON
//! ```

mod args;
mod clock;
mod document;
mod e2e;
mod encode;
mod fanout;
mod fidelity;
mod flips;
mod lineup;
mod machine;
mod pipeline;
mod process;
mod record;
mod screen;
mod stages;
mod stats;
mod table;
mod units;

use anyhow::Result;
use clap::Subcommand;

/// What to measure.
#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// From a captured picture to its access unit, as frame-export does it, in one thread
    ///
    /// Compares, converts and encodes pictures of every kind with every encoder. Painting the pictures is not part of
    /// any cost; it is part of the latency, which counts from the time that the source puts on a picture.
    Pipeline(pipeline::PipelineArgs),
    /// An encoder alone, on pictures that are ready for it
    Encode(encode::EncodeArgs),
    /// One stream of frame-export to many subscribers over TCP
    ///
    /// Takes the frame-export that lies next to this program, as a process of its own, so that what it spends is not
    /// mixed with what the subscribers spend; without one, a server inside this process.
    Fanout(fanout::FanoutArgs),
    /// Page flips of a guest under QEMU, to pictures at subscribers over TCP
    ///
    /// Boots a test image, leases outputs, flips pages on them and subscribes to each. Every flip's time is known on
    /// this machine's clock, so that latency counts from the flip.
    Flips(flips::FlipsArgs),
    /// From a press to the picture that shows what it did, at a viewer of a running desktop
    E2e(e2e::E2eArgs),
    /// Write raw pictures to a file, for other programs and for `frame-export --source replay`
    Record(record::RecordArgs),
}

impl Bench {
    /// Measures; returns what to print.
    ///
    /// # Errors
    /// When nothing could be measured.
    pub(crate) fn run(&self) -> Result<String> {
        match self {
            Self::Pipeline(args) => pipeline::run(args),
            Self::Encode(args) => encode::run(args),
            Self::Fanout(args) => fanout::run(args),
            Self::Flips(args) => flips::run(args),
            Self::E2e(args) => e2e::run(args),
            Self::Record(args) => record::run(args),
        }
    }
}
